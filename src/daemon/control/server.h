/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONTROL_SERVER_H
#define NACLD_DAEMON_CONTROL_SERVER_H

#include "common/protocol.h"
#include "daemon/daemon.h"
#include "daemon/poller.h"

/*
 * The control socket's server: runs in the main thread, never blocks, and cannot be made to use
 * more than PROTOCOL_CLIENTS_MAX connections. The contract is common/protocol.h.
 */
struct control;

/*
 * Listens at `path`; its folder is made when missing, a dead socket is replaced. The
 * file is for its owner and group (the group nacld where it exists). 0, or -EADDRINUSE (another
 * daemon answers there), -EEXIST (a file that is not a socket; it stays) or another -errno.
 */
int control_open(const char *path, struct control **out);

/* Closes every connection and removes the socket's file. NULL is fine. */
void control_close(struct control *control);

/* From here on clients are accepted, read, answered and closed. */
void control_start(struct control *control, struct daemon *daemon, struct poller *poller);

#endif
