/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel queue over netlink (linux/netfilter/nfnetlink_queue.h): bind, configure, receive, send.
 *
 * Receive: recvmmsg with MSG_WAITFORONE sleeps until the first packet and takes all that are there.
 * Send: all verdicts of a batch leave in one call.
 *
 * NFQA_CFG_FLAGS is set once with all flags: of two such attributes the kernel keeps the last.
 */
#include "daemon/queue.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include "daemon/counter.h"
#include "daemon/privilege.h"

/* Socket memory one queued message costs at this copy range: a 1,024 byte buffer and its skb. */
#define MESSAGE_TRUESIZE 1536

struct queue {
	struct mnl_socket *socket;
	int fd;
	uint16_t number;
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

static void put_settings(struct nlmsghdr *nlh, uint32_t length, enum policy_failure on_failure)
{
	uint32_t flags = NFQA_CFG_F_GSO;

	if (on_failure == POLICY_FAIL_ACCEPT)
		flags |= NFQA_CFG_F_FAIL_OPEN;
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, QUEUE_COPY_RANGE);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, length);
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
}

int queue_configure(struct queue *queue, uint32_t length, enum policy_failure on_failure)
{
	char buf[256];
	struct nlmsghdr *nlh = config_message(queue, buf);

	put_settings(nlh, length, on_failure);
	/* No acknowledgement: it would arrive among the worker's packets. */
	return mnl_socket_sendto(queue->socket, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

/* A full queue must fit, or the kernel drops what it could not copy to us. */
static void size_receive_buffer(int fd, uint32_t length)
{
	uint64_t wanted = (uint64_t)length * MESSAGE_TRUESIZE;
	int size = wanted > INT_MAX / 2 ? INT_MAX / 2 : (int)wanted;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int explain_bind(int err, uint16_t number, char error[static QUEUE_ERROR_LEN])
{
	if ((err == -EPERM || err == -EBUSY) && privilege_has_net_admin()) {
		snprintf(error, QUEUE_ERROR_LEN,
			 "queue %u is taken by another program: stop it, or choose another "
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

static int bind_queue(struct queue *queue, uint32_t length, enum policy_failure on_failure)
{
	char buf[256];
	struct nlmsghdr *nlh = config_message(queue, buf);
	int err;

	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	err = request(queue, nlh);
	if (err < 0)
		return err;
	nlh = config_message(queue, buf);
	put_settings(nlh, length, on_failure);
	return request(queue, nlh);
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

static int map_batch(struct queue *queue)
{
	int err = batch_init(&queue->batch);

	for (unsigned int i = 0; !err && i < BATCH_LEN; i++) {
		queue->vectors[i] = (struct iovec){.iov_base = queue->batch.region->slots[i].bytes,
						   .iov_len = BATCH_SLOT_SIZE};
		queue->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &queue->vectors[i], .msg_iovlen = 1};
	}
	return err;
}

struct batch *queue_batch(struct queue *queue)
{
	return &queue->batch;
}

int queue_open(uint16_t number, uint32_t length, enum policy_failure on_failure,
	       char error[static QUEUE_ERROR_LEN], struct queue **out)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	int err = -ENOMEM;

	if (!queue) {
		snprintf(error, QUEUE_ERROR_LEN, "out of memory");
		return err;
	}
	queue->number = number;
	err = open_socket(queue, length);
	if (!err)
		err = map_batch(queue);
	if (!err)
		err = bind_queue(queue, length, on_failure);
	if (err) {
		err = explain_bind(err, number, error);
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
	batch_fini(&queue->batch);
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
	region->head = 0;
	region->filled = (uint32_t)n;
	return (unsigned int)n;
}

void queue_send(struct queue *queue, uint64_t errors[static BATCH_ERRORS])
{
	static const struct timespec pause = {.tv_nsec = 1000000};
	size_t len = queue->batch.verdict_count * sizeof(queue->batch.verdicts[0]);

	while (len > 0 && mnl_socket_sendto(queue->socket, queue->batch.verdicts, len) < 0) {
		if (errno == EINTR)
			continue;
		counter_add(&errors[BATCH_ERROR_SEND], 1);
		nanosleep(&pause, NULL); /* out of socket memory: the one thing time mends */
	}
	batch_clear(&queue->batch);
}
