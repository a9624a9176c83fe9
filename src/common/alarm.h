/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_ALARM_H
#define NACLD_COMMON_ALARM_H

/* Entries of the journal's catalog (systemd/nacld.catalog): `journalctl -x` explains them. */
#define ALARM_STEERING_LOST      "0c652d4a2a374976b28fb530659f9670"
#define ALARM_STEERING_CONTESTED "d8e5e017b89549b5a931846c728a9d84"
#define ALARM_REPLY_DROPPED      "2a2ab63281c94b08a2ba0629c658f706"
#define ALARM_PACKET_DROPPED     "f948534b94c84080ba24fad5420d0b0b"

/*
 * An error that needs action. As log_error; where the journal listens, its line also
 * has the id of its entry in the catalog.
 */
void alarm_raise(const char *message_id, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
