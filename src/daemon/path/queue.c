/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel queue over netlink (linux/netfilter/nfnetlink_queue.h): bind, configure, receive,
 * send.
 *
 * Receive: recvmmsg with MSG_WAITFORONE sleeps until the first packet and takes all that are there.
 * Send: all verdicts of a batch leave in one call.
 *
 * NFQA_CFG_FLAGS is set once with all flags: of two such attributes the kernel keeps the last.
 */
#include "daemon/path/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include "daemon/path/counter.h"

/* Socket memory one queued message costs at this copy range: a 1,024 byte buffer and its skb. */
#define MESSAGE_TRUESIZE 1536

struct queue {
	struct mnl_socket *socket;
	int fd;
	int buffers_fd;
	uint16_t number;
	bool is_new;
	struct batch batch;
	struct mmsghdr messages[BATCH_LEN];
	struct iovec vectors[BATCH_LEN];
};

uint16_t queue_number(const struct queue *queue)
{
	return queue->number;
}

/* Sends a configuration message and waits for its acknowledgement: before the queue is bound. */
static int request(struct queue *queue, struct nlmsghdr *nlh)
{
	char answer[4096];
	ssize_t len;

	nlh->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(queue->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	len = mnl_socket_recvfrom(queue->socket, answer, sizeof(answer));
	if (len < 0)
		return -errno;
	return mnl_cb_run(answer, (size_t)len, 0, 0, NULL, NULL) < 0 ? -errno : 0;
}

static struct nlmsghdr *config_message(struct queue *queue, char *buf)
{
	return nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, queue->number);
}

static void put_limits(struct nlmsghdr *nlh, uint32_t length, enum policy_failure on_failure)
{
	uint32_t flags = NFQA_CFG_F_GSO;

	if (on_failure == POLICY_FAIL_ACCEPT)
		flags |= NFQA_CFG_F_FAIL_OPEN;
	nfq_nlmsg_cfg_put_qmaxlen(nlh, length);
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
}

/* A full queue must fit, or the kernel drops what it could not copy to us. */
static void size_receive_buffer(int fd, uint32_t length)
{
	uint64_t wanted = (uint64_t)length * MESSAGE_TRUESIZE;
	int size = wanted > INT_MAX / 2 ? INT_MAX / 2 : (int)wanted;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int queue_configure(struct queue *queue, uint32_t length, enum policy_failure on_failure)
{
	char buf[256];
	struct nlmsghdr *nlh = config_message(queue, buf);

	size_receive_buffer(queue->fd, length);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, QUEUE_COPY_RANGE);
	put_limits(nlh, length, on_failure);
	/* No acknowledgement: it would arrive among the worker's packets. */
	return mnl_socket_sendto(queue->socket, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

static int bind_queue(struct queue *queue, uint32_t length, enum policy_failure on_failure)
{
	char buf[256];
	struct nlmsghdr *nlh = config_message(queue, buf);
	int err;

	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	err = request(queue, nlh);
	if (err < 0)
		return err;
	/*
	 * No packet comes before there is a copy mode, so that the answer to a request is the next
	 * message. Then the first packet may come at once, and an answer would come after it.
	 */
	nlh = config_message(queue, buf);
	put_limits(nlh, length, on_failure);
	err = request(queue, nlh);
	return err < 0 ? err : queue_configure(queue, length, on_failure);
}

/*
 * The kernel answers a bind with EPERM both without the capability and when another program owns
 * the queue. PF_BIND no longer does anything, but needs the same capability, and no queue.
 * (The process's own capabilities say less: they may not reach this network namespace.)
 */
static bool may_configure(struct queue *queue)
{
	char buf[256];
	struct nlmsghdr *nlh = config_message(queue, buf);

	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_PF_BIND);
	return queue->socket && request(queue, nlh) == 0;
}

static int explain_bind(struct queue *queue, int err, char error[static QUEUE_ERROR_LEN])
{
	uint16_t number = queue->number;

	if (err == -EBUSY || (err == -EPERM && may_configure(queue))) {
		snprintf(error, QUEUE_ERROR_LEN,
			 "queue %u belongs to another program: stop it, or choose another "
			 "queue.first (see /proc/net/netfilter/nfnetlink_queue)",
			 number);
		return -EBUSY;
	}
	if (err == -EPERM) {
		snprintf(error, QUEUE_ERROR_LEN,
			 "queue %u: no permission: run as root or with CAP_NET_ADMIN", number);
		return -EPERM;
	}
	if (err == -EINVAL || err == -ENOSYS || err == -EPROTONOSUPPORT) {
		snprintf(error, QUEUE_ERROR_LEN,
			 "this kernel has no NFQUEUE: it needs "
			 "CONFIG_NETFILTER_NETLINK_QUEUE (module nfnetlink_queue)");
		return -ENOSYS;
	}
	snprintf(error, QUEUE_ERROR_LEN, "queue %u: %s", number, strerror(-err));
	return err;
}

static int open_socket(struct queue *queue, uint32_t length)
{
	int one = 1;

	queue->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!queue->socket)
		return -errno;
	if (mnl_socket_bind(queue->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	queue->fd = mnl_socket_get_fd(queue->socket);
	/* One overrun would otherwise stop all delivery until the socket is drained. */
	if (setsockopt(queue->fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one, sizeof(one)) < 0)
		return -errno;
	size_receive_buffer(queue->fd, length);
	return 0;
}

static void point_at_slots(struct queue *queue)
{
	for (unsigned int i = 0; i < BATCH_LEN; i++) {
		queue->vectors[i] = (struct iovec){.iov_base = queue->batch.region->slots[i].bytes,
						   .iov_len = BATCH_SLOT_SIZE};
		queue->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &queue->vectors[i], .msg_iovlen = 1};
	}
}

static int new_buffers(struct queue *queue)
{
	int err;

	queue->buffers_fd = memfd_create("nacld-queue", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (queue->buffers_fd < 0)
		return -errno;
	err = batch_init(&queue->batch, queue->buffers_fd);
	if (err)
		return err;
	/* Whoever gets hold of it cannot shrink the memory under us. */
	fcntl(queue->buffers_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	point_at_slots(queue);
	queue->is_new = true;
	return 0;
}

struct batch *queue_batch(struct queue *queue)
{
	return &queue->batch;
}

struct queue_fds queue_fds(const struct queue *queue)
{
	return (struct queue_fds){.socket = queue->fd, .buffers = queue->buffers_fd};
}

bool queue_is_new(const struct queue *queue)
{
	return queue->is_new;
}

unsigned int queue_leftover(const struct queue *queue)
{
	return queue->batch.filled;
}

uint32_t queue_poisoned(const struct queue *queue)
{
	return __atomic_load_n(&queue->batch.region->poisoned, __ATOMIC_RELAXED);
}

struct batch_told *queue_told(struct queue *queue)
{
	return &queue->batch.region->told;
}

void queue_count_poison(struct queue *queue)
{
	__atomic_fetch_add(&queue->batch.region->poisoned, 1, __ATOMIC_RELAXED);
}

/* Takes the descriptors over, also on failure. */
static struct queue *queue_new(uint16_t number, struct queue_fds fds)
{
	struct queue *queue = calloc(1, sizeof(*queue));

	if (queue) {
		queue->number = number;
		queue->fd = fds.socket;
		queue->buffers_fd = fds.buffers;
		return queue;
	}
	if (fds.socket >= 0)
		close(fds.socket);
	if (fds.buffers >= 0)
		close(fds.buffers);
	return NULL;
}

int queue_open(uint16_t number, uint32_t length, enum policy_failure on_failure,
	       char error[static QUEUE_ERROR_LEN], struct queue **out)
{
	struct queue *queue = queue_new(number, (struct queue_fds){-1, -1});
	int err = -ENOMEM;

	if (!queue) {
		snprintf(error, QUEUE_ERROR_LEN, "out of memory");
		return err;
	}
	err = open_socket(queue, length);
	if (!err)
		err = new_buffers(queue);
	if (!err)
		err = bind_queue(queue, length, on_failure);
	if (err) {
		err = explain_bind(queue, err, error);
		queue_close(queue);
		return err;
	}
	*out = queue;
	return 0;
}

/*
 * Not through libmnl's error path: the queue answers only when a verdict is wrong, among its
 * packets.
 */
static int send_verdict(struct queue *queue, uint16_t type, uint32_t id, uint32_t verdict)
{
	char buf[256];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, type, queue->number);

	nfq_nlmsg_verdict_put(nlh, (int)id, (int)verdict);
	return mnl_socket_sendto(queue->socket, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

void queue_drop_one(struct queue *queue, uint32_t id)
{
	send_verdict(queue, NFQNL_MSG_VERDICT, id, NF_DROP);
}

/*
 * A program of another version has died here, and what its buffers mean is not known but for where
 * the messages are. What it had read goes through the kernel's hook once more (NF_REPEAT) and comes
 * back under new ids.
 */
static int replace_foreign_buffers(struct queue *queue)
{
	int foreign = queue->buffers_fd, err;
	bool known;
	uint32_t id;

	if (batch_foreign_last_id(foreign, &id, &known))
		send_verdict(queue, NFQNL_MSG_VERDICT_BATCH, id, NF_REPEAT);
	if (!known)
		return -EBADF;
	err = new_buffers(queue);
	close(foreign);
	return err;
}

static int adopt(struct queue *queue)
{
	int err;

	queue->socket = mnl_socket_fdopen(queue->fd);
	if (!queue->socket || mnl_socket_get_portid(queue->socket) == 0)
		return -EBADF;
	/* A mode of the open socket, not of the process: whoever kept it may have changed it. */
	fcntl(queue->fd, F_SETFL, fcntl(queue->fd, F_GETFL) & ~O_NONBLOCK);
	err = batch_adopt(&queue->batch, queue->buffers_fd);
	if (err == -EPROTO)
		return replace_foreign_buffers(queue);
	if (!err)
		point_at_slots(queue);
	return err;
}

int queue_adopt(uint16_t number, struct queue_fds fds, uint32_t length,
		enum policy_failure on_failure, char error[static QUEUE_ERROR_LEN],
		struct queue **out)
{
	struct queue *queue = queue_new(number, fds);
	int err = -ENOMEM;

	if (queue)
		err = adopt(queue);
	if (!err)
		err = queue_configure(queue, length, on_failure);
	if (err) {
		snprintf(error, QUEUE_ERROR_LEN, "queue %u cannot be taken over: %s", number,
			 strerror(-err));
		queue_close(queue);
		return err;
	}
	*out = queue;
	return 0;
}

void queue_close(struct queue *queue)
{
	if (!queue)
		return;
	if (queue->socket)
		mnl_socket_close(queue->socket);
	else if (queue->fd >= 0)
		close(queue->fd);
	batch_fini(&queue->batch);
	if (queue->buffers_fd >= 0)
		close(queue->buffers_fd);
	free(queue);
}

unsigned int queue_recv(struct queue *queue, uint64_t errors[static BATCH_ERRORS])
{
	struct batch_region *region = queue->batch.region;
	int n = recvmmsg(queue->fd, queue->messages, BATCH_LEN, MSG_WAITFORONE, NULL);

	if (n < 0) {
		if (errno == ENOBUFS)
			counter_add(&errors[BATCH_ERROR_OVERRUN], 1);
		else if (errno != EINTR)
			counter_add(&errors[BATCH_ERROR_RECEIVE], 1);
		return 0;
	}
	for (int i = 0; i < n; i++) {
		region->slots[i].len = queue->messages[i].msg_len;
		region->slots[i].truncated = queue->messages[i].msg_hdr.msg_flags & MSG_TRUNC;
	}
	queue->batch.filled = (unsigned int)n;
	return (unsigned int)n;
}

bool queue_send(struct queue *queue, uint64_t errors[static BATCH_ERRORS])
{
	size_t len = queue->batch.verdict_count * sizeof(queue->batch.verdicts[0]);

	while (len > 0 && mnl_socket_sendto(queue->socket, queue->batch.verdicts, len) < 0) {
		if (errno == EINTR)
			continue;
		counter_add(&errors[BATCH_ERROR_SEND], 1);
		return false;
	}
	batch_clear(&queue->batch);
	return true;
}
