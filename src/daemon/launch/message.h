/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_LAUNCH_MESSAGE_H
#define NACLD_DAEMON_LAUNCH_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

#include "daemon/launcher.h"

/*
 * One message with descriptors (SCM_RIGHTS of unix(7)), which stay the caller's. The bytes sent, or
 * -errno.
 */
ssize_t message_send(int socket, const void *bytes, size_t len, const int *fds, size_t count);

/*
 * Receives one of at most `len` bytes: how many, 0 when there is no other end, or -errno.
 * *count is how many descriptors came, now the caller's and closed on exec.
 */
ssize_t message_receive(int socket, void *bytes, size_t len, int fds[LAUNCHER_FDS_MAX],
			size_t *count);

#endif
