/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's end of the process that writes: starting it, and speaking to it.
 *
 * It is forked while there is one thread, and before any queue is open; what a predecessor left in
 * the descriptor store is closed there. It ignores what ends the daemon, and ends when the sockets
 * have no other end: so it can be late, but what was sent is written. The daemon does not wait
 * until it is there, since packets would wait too.
 */
#include "daemon/disk.h"

#include <errno.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/disk/process.h"
#include "daemon/path/shared.h"

enum { ORDERS = STDERR_FILENO + 1, FLOW_LOG, CHILD_FDS };

/* Nothing but the standard streams, `orders` and `flow_log`, under the numbers above. */
static int keep_only(int orders, int flow_log)
{
	int high = dup(flow_log); /* not one of the numbers it could be overwritten under */
	int err = 0;

	if (high < 0 || dup2(orders, ORDERS) < 0)
		return -errno;
	if (high == ORDERS || dup2(high, FLOW_LOG) < 0)
		err = -EBADF;
	if (!err && syscall(SYS_close_range, CHILD_FDS, ~0u, 0) < 0)
		err = -errno;
	return err;
}

static void run_child(const int orders[2], const int flow_log[2], struct sandbox *folders,
		      bool required, struct disk_progress *progress)
{
	prctl(PR_SET_NAME, "nacld-disk");
	folders->quiet = true; /* the daemon says what the kernel lacks */
	if (keep_only(orders[1], flow_log[1]) < 0 || (sandbox_enter(folders) < 0 && required))
		_exit(1);
	disk_process_run(ORDERS, FLOW_LOG, progress);
}

/* Takes the sockets over, also on failure. */
static int spawn(struct disk *disk, const int orders[2], const int flow_log[2],
		 struct sandbox *folders, bool required)
{
	pid_t pid = fork();
	int err = pid < 0 ? -errno : 0;

	if (pid == 0)
		run_child(orders, flow_log, folders, required, disk->progress);
	close(orders[1]);
	close(flow_log[1]);
	disk->orders = orders[0];
	disk->flow_log = flow_log[0];
	return err;
}

int disk_start(struct disk *disk, struct sandbox *folders, bool required)
{
	int orders[2], flow_log[2];

	*disk = (struct disk){.orders = -1, .flow_log = -1};
	disk->progress = shared_new(sizeof(*disk->progress));
	if (!disk->progress)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, orders) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, flow_log) < 0) {
		close(orders[0]);
		close(orders[1]);
		return -ENFILE;
	}
	return spawn(disk, orders, flow_log, folders, required);
}

void disk_stop(struct disk *disk)
{
	if (disk->orders >= 0)
		close(disk->orders);
	if (disk->flow_log >= 0)
		close(disk->flow_log);
	shared_free(disk->progress, sizeof(*disk->progress));
	*disk = (struct disk){.orders = -1, .flow_log = -1};
}

static ssize_t send_request(int socket, struct disk_request *header, const void *bytes, size_t len,
			    int fd, int flags)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec parts[] = {
		{.iov_base = header, .iov_len = offsetof(struct disk_request, bytes)},
		{.iov_base = (void *)bytes, .iov_len = len}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	header->len = (uint32_t)len;
	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
							    .cmsg_type = SCM_RIGHTS,
							    .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(fd));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL | flags);
}

/* An order: it is taken now or not at all. */
static bool order(struct disk *disk, struct disk_request *header, const void *bytes, size_t len,
		  int fd)
{
	if (disk->orders >= 0 &&
	    send_request(disk->orders, header, bytes, len, fd, MSG_DONTWAIT) >= 0)
		return true;
	__atomic_add_fetch(&disk->lost, 1, __ATOMIC_RELAXED);
	if (errno != EAGAIN && errno != EMFILE &&
	    !__atomic_exchange_n(&disk->gone, true, __ATOMIC_RELAXED))
		log_error("the process that writes files has ended: nothing is saved any more and "
			  "no flow log written; traffic goes on. Restart nacld when that suits");
	return false;
}

bool disk_is_busy(const struct disk *disk)
{
	return disk->progress &&
	       __atomic_load_n(&disk->progress->states, __ATOMIC_SEQ_CST) != disk->states;
}

bool disk_save_state(struct disk *disk, int text)
{
	struct disk_request header = {.kind = DISK_STATE};

	if (disk_is_busy(disk) || !order(disk, &header, NULL, 0, text))
		return false;
	disk->states++;
	return true;
}

void disk_save_packet(struct disk *disk, uint16_t queue, const struct batch_packet *packet)
{
	struct disk_request header = {
		.kind = DISK_PACKET, .number = queue, .wire_len = (uint32_t)packet->wire_len};

	if (!order(disk, &header, packet->data, packet->data ? packet->copy_len : 0, -1))
		log_error("queue %u: its packet is not saved: the disk is busy", queue);
}

/* A request of the flow log's, and its answer. */
static int ask(const struct disk *disk, uint32_t kind, const char *bytes, size_t len,
	       struct disk_answer *answer)
{
	struct disk_request header = {.kind = kind};
	ssize_t n;

	if (disk->flow_log < 0 || send_request(disk->flow_log, &header, bytes, len, -1, 0) < 0)
		return -EPIPE;
	do
		n = recv(disk->flow_log, answer, sizeof(*answer), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*answer) ? 0 : -EPIPE;
}

static int open_flow_log(void *owner, const char *path)
{
	struct disk_answer answer;
	int err = ask(owner, DISK_OPEN, path, strlen(path), &answer);

	return err ? err : answer.err;
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static int write_flow_log(void *owner, const char *text, size_t len, uint64_t *lost)
{
	struct disk_answer answer;
	int err = ask(owner, DISK_LINES, text, len, &answer);

	*lost = err ? count_lines(text, len) : answer.lost;
	return err ? err : answer.err;
}

struct flow_sink disk_flow_sink(struct disk *disk)
{
	return (struct flow_sink){.owner = disk, .open = open_flow_log, .write = write_flow_log};
}
