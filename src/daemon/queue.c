/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel queue over netlink (linux/netfilter/nfnetlink_queue.h).
 *
 * Receive: recvmmsg with MSG_WAITFORONE sleeps until the first packet and takes all that are there.
 * Answer: NFQNL_MSG_VERDICT_BATCH settles every waiting packet up to its id, so a run of equal
 * verdicts costs one message, and all runs of a batch leave in one send. That is right only because
 * ids are answered in the order the kernel gave them and every packet read is answered.
 *
 * Netlink errors come back as messages of their own (no acknowledgement is asked for): a verdict for
 * a packet that is gone is ENOENT, and so on. They are counted; the traffic goes on.
 *
 * NFQA_CFG_FLAGS is set once with all flags: of two such attributes the kernel keeps the last.
 */
#include "daemon/queue.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include "daemon/counter.h"
#include "daemon/privilege.h"

/* Socket memory one queued message costs at this copy range: a 1,024 byte buffer and its skb. */
#define MESSAGE_TRUESIZE 1536

/* NFQNL_MSG_VERDICT_BATCH as it goes to the kernel: headers, one attribute, no padding. */
struct verdict_message {
	struct nlmsghdr netlink;
	struct nfgenmsg nfnetlink;
	struct nlattr attribute;
	struct nfqnl_msg_verdict_hdr verdict;
};
_Static_assert(sizeof(struct verdict_message) == 32, "a verdict message has no padding");

struct queue {
	struct mnl_socket *socket;
	int fd;
	uint16_t number;
	struct queue_region *region;
	struct mmsghdr messages[QUEUE_BATCH];
	struct iovec vectors[QUEUE_BATCH];
	unsigned int verdict_count; /* runs: the last one may still grow */
	struct verdict_message verdicts[QUEUE_BATCH];
};

const char *queue_error_name(enum queue_error error)
{
	static const char *const names[QUEUE_ERRORS] = {"enoent",
							"eperm",
							"enodev",
							"netlink",
							"overrun",
							"malformed-message",
							"truncated-message",
							"receive",
							"send"};

	return names[error];
}

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

static int map_region(struct queue *queue)
{
	struct queue_region *region = mmap(NULL, sizeof(*region), PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (region == MAP_FAILED)
		return -errno;
	region->magic = QUEUE_REGION_MAGIC;
	region->layout = QUEUE_REGION_LAYOUT;
	region->slot_count = QUEUE_BATCH;
	region->slot_size = QUEUE_SLOT_SIZE;
	queue->region = region;
	for (unsigned int i = 0; i < QUEUE_BATCH; i++) {
		queue->vectors[i] = (struct iovec){.iov_base = region->slots[i].bytes,
						   .iov_len = QUEUE_SLOT_SIZE};
		queue->messages[i].msg_hdr =
			(struct msghdr){.msg_iov = &queue->vectors[i], .msg_iovlen = 1};
	}
	return 0;
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
		err = map_region(queue);
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
	if (queue->region)
		munmap(queue->region, sizeof(*queue->region));
	free(queue);
}

unsigned int queue_recv(struct queue *queue, uint64_t errors[static QUEUE_ERRORS])
{
	struct queue_region *region = queue->region;
	int n = recvmmsg(queue->fd, queue->messages, QUEUE_BATCH, MSG_WAITFORONE, NULL);

	if (n < 0) {
		if (errno == ENOBUFS)
			counter_add(&errors[QUEUE_ERROR_OVERRUN], 1);
		else if (errno != EINTR)
			counter_add(&errors[QUEUE_ERROR_RECEIVE], 1);
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

static void count_error_message(const struct nlmsghdr *nlh, uint64_t errors[static QUEUE_ERRORS])
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err)) {
		counter_add(&errors[QUEUE_ERROR_MALFORMED], 1);
		return;
	}
	switch (err->error) {
	case 0: /* an acknowledgement nobody asked for */
		break;
	case -ENOENT:
		counter_add(&errors[QUEUE_ERROR_ENOENT], 1);
		break;
	case -EPERM:
		counter_add(&errors[QUEUE_ERROR_EPERM], 1);
		break;
	case -ENODEV:
		counter_add(&errors[QUEUE_ERROR_ENODEV], 1);
		break;
	default:
		counter_add(&errors[QUEUE_ERROR_NETLINK], 1);
	}
}

static uint32_t load_be32(const void *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return ntohl(value);
}

/* Takes one attribute in; true when it is the packet header, which must be there. */
static bool read_attribute(const struct nlattr *attr, size_t len, size_t *cap_len,
			   struct queue_packet *out)
{
	const uint8_t *value = (const uint8_t *)(attr + 1);

	switch (attr->nla_type & NLA_TYPE_MASK) {
	case NFQA_PACKET_HDR:
		if (len < sizeof(struct nfqnl_msg_packet_hdr))
			return false;
		out->id = load_be32(value + offsetof(struct nfqnl_msg_packet_hdr, packet_id));
		out->hook = value[offsetof(struct nfqnl_msg_packet_hdr, hook)];
		return true;
	case NFQA_PAYLOAD:
		out->data = value;
		out->copy_len = len;
		break;
	case NFQA_CAP_LEN:
		if (len >= sizeof(uint32_t))
			*cap_len = load_be32(value);
		break;
	default:
		break;
	}
	return false;
}

/*
 * Fills in what the attributes say; false when there is no packet header, hence no id. A dozen
 * attributes a packet: they are walked here, without a library call for each.
 */
static bool read_attributes(const struct nlmsghdr *nlh, struct queue_packet *out)
{
	const uint8_t *at = (const uint8_t *)nlh + NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	const uint8_t *end = (const uint8_t *)nlh + nlh->nlmsg_len;
	bool identified = false;
	size_t cap_len = 0;

	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *attr = (const void *)at;

		if (attr->nla_len < sizeof(*attr) || attr->nla_len > end - at)
			break;
		identified |= read_attribute(attr, attr->nla_len - sizeof(*attr), &cap_len, out);
		at += NLA_ALIGN(attr->nla_len);
	}
	out->wire_len = cap_len > out->copy_len ? cap_len : out->copy_len;
	return identified;
}

bool queue_packet_at(struct queue *queue, unsigned int i, uint64_t errors[static QUEUE_ERRORS],
		     struct queue_packet *out)
{
	struct queue_slot *slot = &queue->region->slots[i];
	struct nlmsghdr *nlh = (void *)slot->bytes;
	const struct nfgenmsg *gen;

	if (slot->truncated) {
		/* The packet header comes first: its id can still be answered. */
		counter_add(&errors[QUEUE_ERROR_TRUNCATED], 1);
		if (slot->len >= MNL_NLMSG_HDRLEN)
			nlh->nlmsg_len = slot->len;
	}
	if (slot->len < NLMSG_HDRLEN || nlh->nlmsg_len < NLMSG_HDRLEN ||
	    nlh->nlmsg_len > slot->len) {
		counter_add(&errors[QUEUE_ERROR_MALFORMED], 1);
		return false;
	}
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		count_error_message(nlh, errors);
		return false;
	}
	if (nlh->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) ||
	    nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(*gen)) {
		counter_add(&errors[QUEUE_ERROR_MALFORMED], 1);
		return false;
	}
	gen = (const void *)(slot->bytes + NLMSG_HDRLEN);
	*out = (struct queue_packet){.pf = gen->nfgen_family, .queue = ntohs(gen->res_id)};
	if (!read_attributes(nlh, out)) {
		counter_add(&errors[QUEUE_ERROR_MALFORMED], 1);
		return false;
	}
	return true;
}

void queue_answer(struct queue *queue, const struct queue_packet *packet, enum action action)
{
	struct nfqnl_msg_verdict_hdr verdict = {
		.verdict = htonl(action == ACTION_ALLOW ? NF_ACCEPT : NF_DROP),
		.id = htonl(packet->id),
	};
	uint16_t number_be = htons(packet->queue);
	struct verdict_message *last = &queue->verdicts[queue->verdict_count];

	if (queue->verdict_count > 0 && last[-1].verdict.verdict == verdict.verdict &&
	    last[-1].nfnetlink.res_id == number_be) {
		last[-1].verdict.id = verdict.id;
		return;
	}
	*last = (struct verdict_message){
		.netlink = {.nlmsg_len = sizeof(*last),
			    .nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH,
			    .nlmsg_flags = NLM_F_REQUEST},
		.nfnetlink = {.version = NFNETLINK_V0, .res_id = number_be},
		.attribute = {.nla_len = sizeof(last->attribute) + sizeof(last->verdict),
			      .nla_type = NFQA_VERDICT_HDR},
		.verdict = verdict,
	};
	queue->verdict_count++;
}

void queue_send(struct queue *queue, uint64_t errors[static QUEUE_ERRORS])
{
	static const struct timespec pause = {.tv_nsec = 1000000};
	size_t len = queue->verdict_count * sizeof(queue->verdicts[0]);

	while (len > 0 && mnl_socket_sendto(queue->socket, queue->verdicts, len) < 0) {
		if (errno == EINTR)
			continue;
		counter_add(&errors[QUEUE_ERROR_SEND], 1);
		nanosleep(&pause, NULL); /* out of socket memory: the one thing time mends */
	}
	queue->verdict_count = 0;
	queue->region->head = queue->region->filled = 0;
}
