/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_NOTIFY_H
#define NACLD_COMMON_NOTIFY_H

/*
 * Notifies the service manager, as sd_notify(3) does: "READY=1", "STATUS=...". Nothing happens
 * where there is none. naclctl is small, and this is all that it would want of libsystemd.
 */
void notify(const char *state);

#endif
