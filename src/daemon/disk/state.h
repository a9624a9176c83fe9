/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DISK_STATE_H
#define NACLD_DAEMON_DISK_STATE_H

/*
 * The text in the descriptor becomes last-good.conf of the state folder ($STATE_DIRECTORY, set by
 * systemd), replaced atomically. A failure is a warning in the log.
 */
void state_save(int text);

#endif
