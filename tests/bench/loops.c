/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The yardsticks: NFQUEUE loops that filter nothing.
 *
 *   loops usual   QUEUE DROP   one recv, one verdict a packet, whole packets, no GSO: how most do
 *                 it
 *   loops gso     QUEUE DROP   the same with the GSO flag
 *   loops ceiling QUEUE DROP   recvmmsg and batch verdicts, 256 bytes a packet, GSO: the least
 *                              there is
 *
 * Every DROP-th packet is dropped (0: none, 1: all). Prints "ready" when bound. Ends with SIGTERM.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#define BATCH   256
#define SLOT    1024
#define MAXLEN  65536
#define VERDICT 32

struct loop {
	struct mnl_socket *socket;
	unsigned int queue;
	unsigned int drop;
	unsigned int seen;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void configure(struct loop *loop, unsigned int range, uint32_t flags)
{
	int one = 1, size = 256 << 20;
	char buf[1024];
	struct nlmsghdr *nlh;

	loop->socket = mnl_socket_open(NETLINK_NETFILTER);
	if (!loop->socket || mnl_socket_bind(loop->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		fail("netlink");
	setsockopt(mnl_socket_get_fd(loop->socket), SOL_NETLINK, NETLINK_NO_ENOBUFS, &one,
		   sizeof(one));
	setsockopt(mnl_socket_get_fd(loop->socket), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		   sizeof(size));
	nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, loop->queue);
	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	if (mnl_socket_sendto(loop->socket, nlh, nlh->nlmsg_len) < 0)
		fail("bind");
	nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, loop->queue);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, (int)range);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, MAXLEN);
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
	if (mnl_socket_sendto(loop->socket, nlh, nlh->nlmsg_len) < 0)
		fail("configure");
	puts("ready");
	fflush(stdout);
}

static uint32_t next_verdict(struct loop *loop)
{
	loop->seen++;
	return loop->drop && loop->seen % loop->drop == 0 ? NF_DROP : NF_ACCEPT;
}

static int answer_one(const struct nlmsghdr *nlh, void *data)
{
	struct loop *loop = data;
	struct nlattr *attr[NFQA_MAX + 1] = {0};
	const struct nfqnl_msg_packet_hdr *header;
	struct nlmsghdr *reply;
	char buf[256];

	if (nfq_nlmsg_parse(nlh, attr) < 0 || !attr[NFQA_PACKET_HDR])
		return MNL_CB_OK;
	header = mnl_attr_get_payload(attr[NFQA_PACKET_HDR]);
	reply = nfq_nlmsg_put(buf, NFQNL_MSG_VERDICT, loop->queue);
	nfq_nlmsg_verdict_put(reply, (int)ntohl(header->packet_id), (int)next_verdict(loop));
	mnl_socket_sendto(loop->socket, reply, reply->nlmsg_len);
	return MNL_CB_OK;
}

static void run_usual(struct loop *loop)
{
	static char buf[0xffff + 4096];

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(loop->socket, buf, sizeof(buf));

		if (n > 0)
			mnl_cb_run(buf, (size_t)n, 0, 0, answer_one, loop);
	}
}

static bool packet_id(const char *slot, size_t len, uint32_t *id)
{
	const struct nlmsghdr *nlh = (const void *)slot;
	const struct nlattr *attr;

	if (!mnl_nlmsg_ok(nlh, (int)len) ||
	    nlh->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		return false;
	attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg)); /* always the first */
	*id = ((const struct nfqnl_msg_packet_hdr *)mnl_attr_get_payload(attr))->packet_id;
	return true;
}

static void run_ceiling(struct loop *loop)
{
	static char slots[BATCH][SLOT], out[BATCH * VERDICT];
	static struct mmsghdr messages[BATCH];
	static struct iovec vectors[BATCH];

	for (int i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){slots[i], SLOT};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	for (;;) {
		struct nfqnl_msg_verdict_hdr *last = NULL;
		size_t len = 0;
		int n = recvmmsg(mnl_socket_get_fd(loop->socket), messages, BATCH, MSG_WAITFORONE,
				 NULL);

		for (int i = 0; i < n; i++) {
			struct nfqnl_msg_verdict_hdr verdict;
			struct nlmsghdr *nlh;

			if (!packet_id(slots[i], messages[i].msg_len, &verdict.id))
				continue;
			verdict.verdict = htonl(next_verdict(loop));
			if (last && last->verdict == verdict.verdict) {
				last->id = verdict.id;
				continue;
			}
			nlh = nfq_nlmsg_put(out + len, NFQNL_MSG_VERDICT_BATCH, loop->queue);
			last = (void *)((char *)mnl_nlmsg_get_payload_tail(nlh) + MNL_ATTR_HDRLEN);
			mnl_attr_put(nlh, NFQA_VERDICT_HDR, sizeof(verdict), &verdict);
			len += nlh->nlmsg_len;
		}
		if (len)
			mnl_socket_sendto(loop->socket, out, len);
	}
}

int main(int argc, char **argv)
{
	struct loop loop = {0};

	if (argc != 4) {
		fprintf(stderr, "usage: loops usual|gso|ceiling QUEUE DROP\n");
		return 2;
	}
	loop.queue = (unsigned int)atoi(argv[2]);
	loop.drop = (unsigned int)atoi(argv[3]);
	if (strcmp(argv[1], "ceiling") == 0) {
		configure(&loop, 256, NFQA_CFG_F_GSO);
		run_ceiling(&loop);
	} else {
		configure(&loop, 0xffff, strcmp(argv[1], "gso") == 0 ? NFQA_CFG_F_GSO : 0);
		run_usual(&loop);
	}
	return 0;
}
