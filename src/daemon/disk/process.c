/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop of the process that writes. It does one thing after the other and may wait for a disk as
 * long as that takes; meanwhile requests fill their sockets, and the daemon counts what finds no
 * room.
 *
 * It ends when the daemon has: a request that was sent is still served then, so that the last lines
 * and the last policy are written.
 */
#include "daemon/disk/process.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/disk/capture.h"
#include "daemon/disk/flowfile.h"
#include "daemon/disk/state.h"

static void take_fd(struct msghdr *message, int *fd)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);

	*fd = -1;
	if (control && control->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(control), sizeof(*fd));
}

/* False: the other end is gone. Anything that is no request is passed over as an empty one. */
static bool receive(int socket, struct disk_request *request, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = request, .iov_len = sizeof(*request)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	take_fd(&message, fd);
	if ((size_t)n < offsetof(struct disk_request, bytes) ||
	    request->len != (size_t)n - offsetof(struct disk_request, bytes))
		request->len = 0;
	return true;
}

static bool serve_order(int socket, struct disk_request *request, struct disk_progress *progress)
{
	int fd;

	if (!receive(socket, request, &fd))
		return false;
	if (request->kind == DISK_STATE) {
		__atomic_store_n(&progress->state_err,
				 state_save((enum disk_state)request->number, fd),
				 __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&progress->states, 1, __ATOMIC_SEQ_CST);
	} else if (request->kind == DISK_PACKET) {
		capture_save(request->number, request->bytes, request->len, request->wire_len);
		__atomic_add_fetch(&progress->packets, 1, __ATOMIC_SEQ_CST);
	}
	if (fd >= 0)
		close(fd);
	return true;
}

static int open_log(struct flowfile *file, char *path)
{
	if (path[0])
		return flowfile_open(file, path);
	flowfile_close(file);
	return 0;
}

static int write_log(struct flowfile *file, const struct disk_request *request, uint64_t *lost)
{
	char *room = flowfile_room(file, request->len);

	if (!room)
		return -EMSGSIZE;
	memcpy(room, request->bytes, request->len);
	flowfile_line(file, request->len);
	return flowfile_flush(file, lost);
}

static bool serve_flow_log(int socket, struct disk_request *request, struct flowfile *file)
{
	struct disk_answer answer = {0};
	int fd;

	if (!receive(socket, request, &fd))
		return false;
	if (fd >= 0)
		close(fd);
	request->bytes[request->len] = '\0';
	if (request->kind == DISK_OPEN)
		answer.err = open_log(file, request->bytes);
	else if (request->kind == DISK_LINES)
		answer.err = write_log(file, request, &answer.lost);
	send(socket, &answer, sizeof(answer), MSG_NOSIGNAL);
	return true;
}

void disk_process_run(struct disk_progress *progress)
{
	struct pollfd polls[] = {{.fd = LAUNCH_DISK_ORDERS, .events = POLLIN},
				 {.fd = LAUNCH_DISK_FLOW_LOG, .events = POLLIN}};
	static struct disk_request request;
	static struct flowfile file;

	flowfile_init(&file);
	while (polls[0].fd >= 0 || polls[1].fd >= 0) {
		if (poll(polls, 2, -1) < 0)
			continue;
		if (polls[0].revents && !serve_order(polls[0].fd, &request, progress))
			polls[0].fd = -1;
		if (polls[1].revents && !serve_flow_log(polls[1].fd, &request, &file))
			polls[1].fd = -1;
	}
}
