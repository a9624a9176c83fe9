/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONTROL_SERVER_H
#define NACLD_DAEMON_CONTROL_SERVER_H

#include <poll.h>

#include "common/protocol.h"
#include "daemon/daemon.h"

/*
 * The control socket's server: runs in the main thread, never blocks, and cannot be made to use
 * more than PROTOCOL_CLIENTS_MAX connections. The contract is common/protocol.h.
 */
struct control;

/* Most descriptors control_poll ever asks for. */
#define CONTROL_POLL_MAX (PROTOCOL_CLIENTS_MAX + 1)

/*
 * Listens at `path`; its folder is made when missing, a socket nobody answers on is replaced. The
 * file is for its owner and group (the group nacld where it exists). 0, or -EADDRINUSE (another
 * daemon answers there), -EEXIST (a file that is no socket; it stays) or another -errno.
 */
int control_open(const char *path, struct control **out);

/* Closes every connection and removes the socket's file. NULL is fine. */
void control_close(struct control *control);

/*
 * Fills `polls` (CONTROL_POLL_MAX long) with what to wait for; returns how many. *timeout_ms is
 * lowered to when the next client runs out of time (-1: never).
 */
unsigned int control_poll(const struct control *control, struct pollfd *polls, int *timeout_ms);

/* Does what `polls` says is ready: accepts, reads, answers, writes, closes. */
void control_serve(struct control *control, const struct pollfd *polls, unsigned int count,
		   struct daemon *daemon);

#endif
