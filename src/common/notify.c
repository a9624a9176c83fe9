/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams to $NOTIFY_SOCKET: a path or, behind an '@', an abstract name (sd_notify(3)). Whether
 * they were taken shows a pipe whose one end is sent with BARRIER=1: the service manager closes it
 * when all before it is done (sd_notify_barrier(3)).
 *
 * libsystemd's calls open a socket for each message, which the daemon cannot after its sandbox.
 */
#include "common/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int notify_open(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = name ? strlen(name) : 0;
	int fd;

	if (len < 2 || len >= sizeof(address.sun_path) || (name[0] != '/' && name[0] != '@'))
		return -1;
	memcpy(address.sun_path, name, len);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	len += offsetof(struct sockaddr_un, sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const void *)&address, (socklen_t)len) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void put_fds(struct msghdr *message, const int *fds, size_t count)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(count * sizeof(*fds));
	memcpy(CMSG_DATA(control), fds, count * sizeof(*fds));
	message->msg_controllen = CMSG_SPACE(count * sizeof(*fds));
}

bool notify_send_fds(int notify, const char *state, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(NOTIFY_FDS_MAX * sizeof(int))];
	} control = {0};
	struct iovec text = {.iov_base = (void *)state, .iov_len = strlen(state)};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
	struct pollfd room = {.fd = notify, .events = POLLOUT};

	if (notify < 0)
		return true;
	if (count > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		put_fds(&message, fds, count);
	}
	while (sendmsg(notify, &message, MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN && poll(&room, 1, NOTIFY_WAIT_MS) == 0)
			return false;
		if (errno != EAGAIN && errno != EINTR)
			return false;
	}
	return true;
}

bool notify_send(int notify, const char *state)
{
	return notify_send_fds(notify, state, NULL, 0);
}

bool notify_settle(int notify, int timeout_ms)
{
	struct pollfd closed = {.fd = -1};
	int ends[2];
	bool done;

	if (notify < 0)
		return true;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	closed.fd = ends[0];
	done = notify_send_fds(notify, "BARRIER=1", &ends[1], 1);
	close(ends[1]);
	done = done && poll(&closed, 1, timeout_ms) == 1;
	close(ends[0]);
	return done;
}

void notify(const char *state)
{
	int fd = notify_open();

	/* Where nobody hears it, the service manager's time limit will say so. */
	notify_send(fd, state);
	if (fd >= 0)
		close(fd);
}
