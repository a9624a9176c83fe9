/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_LINKS_H
#define NACLD_DAEMON_LINKS_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/path/snapshot.h"
#include "daemon/poller.h"

/*
 * The names of this host's interfaces, followed as they come, go and are renamed. The kernel tells
 * of a packet only the interface's index; log lines want its name, and edges with different ACLs
 * are known by it.
 */
struct links {
	struct poller_source source; /* fd -1: closed, names are unknown */
	struct link *items;
	size_t count;
};

/*
 * Opens the socket and tells the snapshot what is there; before the sandbox. Where that is refused
 * the log says so, and no name is known.
 */
void links_open(struct links *links, struct snapshot *snapshot);
void links_close(struct links *links); /* closed already is fine */

/* Takes in what the kernel has told, and passes it on to the snapshot. Never blocks. */
void links_work(struct links *links, struct snapshot *snapshot);

/* Tells a new snapshot all that is known, before it is used. */
void links_fill(const struct links *links, struct snapshot *snapshot);

/* The name, valid until the next links_work; NULL: unknown. */
const char *links_name(const struct links *links, uint32_t device);

#endif
