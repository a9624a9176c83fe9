/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_NOTIFY_H
#define NACLD_COMMON_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Telling the service manager, in the protocol of sd_notify(3): "READY=1", "STATUS=...". One
 * socket, connected once, so that nothing is opened for a message: a program that has no descriptor
 * left, or has given up the right to open sockets, still tells. Where there is no service manager
 * nothing happens.
 */

/* $NOTIFY_SOCKET, connected, for the caller to close; -1: nobody is to be told. */
int notify_open(void);

/*
 * A message, with descriptors if count is not 0 (at most NOTIFY_FDS_MAX; they stay the caller's).
 * True when it was sent, or when `notify` is -1. Waits NOTIFY_WAIT_MS at most for room.
 */
#define NOTIFY_FDS_MAX 3
#define NOTIFY_WAIT_MS 1000
bool notify_send(int notify, const char *state);
bool notify_send_fds(int notify, const char *state, const int *fds, size_t count);

/*
 * Waits until the service manager has taken what was sent before; false when that takes longer, or
 * when there is no telling. Two descriptors meanwhile.
 */
bool notify_settle(int notify, int timeout_ms);

/* One message of a program that sends few: opens, sends, closes. */
void notify(const char *state);

#endif
