/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONTROL_PEER_H
#define NACLD_DAEMON_CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Who is at the other end of a unix socket, as the kernel knows it from the moment of connecting.
 */
struct peer {
	int fd; /* its connection */
	uid_t uid;
	bool in_group; /* of nacld's: as primary or as supplementary group */
};

/* The group of this name; (gid_t)-1: there is none. Reads the system's databases. */
gid_t peer_group(const char *name);

/* 0 or -errno. `group` (gid_t)-1: it has no members. */
int peer_read(int fd, gid_t group, struct peer *out);

/* Has it closed its connection? Not when it only says that it will send no more. */
bool peer_has_gone(const struct peer *peer);

/* May it change things? Root, the daemon's own user, and the members of the group. */
bool peer_may_change(const struct peer *peer);

#endif
