/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peer credentials (unix(7), socket(7)): SO_PEERCRED gives user and primary group, SO_PEERGROUPS
 * the supplementary ones. Both are those of the moment in which the peer connected, kept by the
 * kernel; nothing the peer says counts, and no database is asked: membership is what the peer's
 * process has.
 *
 * Root may change things; so may the daemon's own user, as which systemd runs ExecReload, and the
 * members of the group nacld, whose purpose that is. Anyone else who may open the socket
 * only reads.
 */
#include "daemon/control/peer.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

gid_t peer_group(const char *name)
{
	const struct group *group = getgrnam(name);

	return group ? group->gr_gid : (gid_t)-1;
}

/*
 * A process has at most 65,536 groups, usually a handful: the kernel says how much room they want.
 */
static bool has_group(int fd, gid_t group)
{
	socklen_t len = 0;
	gid_t *groups;
	bool found = false;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
		return false; /* none at all, or not known here */
	groups = malloc(len);
	if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; !found && i < len / sizeof(*groups); i++)
			found = groups[i] == group;
	free(groups);
	return found;
}

int peer_read(int fd, gid_t group, struct peer *out)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	out->fd = fd;
	out->uid = peer.uid;
	out->in_group = group != (gid_t)-1 && (peer.gid == group || has_group(fd, group));
	return 0;
}

bool peer_has_gone(const struct peer *peer)
{
	struct pollfd end = {.fd = peer->fd};

	return poll(&end, 1, 0) == 1 && (end.revents & (POLLHUP | POLLERR));
}

bool peer_may_change(const struct peer *peer)
{
	return peer->uid == 0 || peer->uid == geteuid() || peer->in_group;
}
