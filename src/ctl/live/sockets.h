/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_LIVE_SOCKETS_H
#define NACLD_CTL_LIVE_SOCKETS_H

#include <stddef.h>

#include "core/packet.h"
#include "core/way/way.h"

/* An established TCP connection of this network namespace: what it receives next. */
struct live_connection {
	struct packet in;
	uint32_t inode; /* of its socket; 0: nobody holds it any more */
};

/*
 * All of them but those over loopback, and with this host itself. The kernel is asked (sock_diag in
 * netlink(7)'s family), which needs no privilege. 0 and *out, the caller's; or -errno.
 */
int live_connections(struct live_connection **out, size_t *count);

/* The interface by which packets to this address leave, or "": there is no route. Returns buf. */
const char *live_interface_to(const struct addr *remote, char buf[static WAY_INTERFACE_LEN]);

#define LIVE_NAME_LEN 16 /* of a process, NUL included */

/* The name of a process that holds the socket, or "a process"; root sees all. Returns buf. */
const char *live_process(uint32_t inode, char buf[static LIVE_NAME_LEN]);

#endif
