/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking out of nftables what is ours, by handle and name, without a tool: so that it works when a
 * tool is missing, fails, or cannot print the table that our rules stand in. One transaction: all
 * or nothing.
 */
#include "steer/kernel/nftables.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>

#include "steer/netlink.h"

#define MESSAGE_LEN 256 /* the longest: two names and a handle */

struct batch {
	char *buf;
	size_t len;
	unsigned int seq;
	struct nlmsghdr *last; /* but for the one that ends the batch */
};

static struct nlmsghdr *put(struct batch *batch, int type, uint8_t family, uint16_t resource)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(batch->buf + batch->len);
	struct nfgenmsg *head;

	message->nlmsg_type = (uint16_t)type;
	message->nlmsg_flags = NLM_F_REQUEST;
	message->nlmsg_seq = ++batch->seq;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	head->res_id = htons(resource);
	return message;
}

static void end(struct batch *batch, const struct nlmsghdr *message)
{
	batch->len += MNL_ALIGN(message->nlmsg_len);
}

static void put_edge(struct batch *batch, int type)
{
	end(batch, put(batch, type, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

static struct nlmsghdr *put_nft(struct batch *batch, int type, uint8_t family)
{
	batch->last = put(batch, NFNL_SUBSYS_NFTABLES << 8 | type, family, 0);
	return batch->last;
}

static void put_jump(struct batch *batch, const struct nftables_object *object)
{
	struct nlmsghdr *message = put_nft(batch, NFT_MSG_DELRULE, object->family);

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, object->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, object->chain);
	mnl_attr_put_u64(message, NFTA_RULE_HANDLE, htobe64(object->handle));
	end(batch, message);
}

/* Without a handle: all rules of the chain. */
static void put_rules(struct batch *batch, const struct nftables_object *object)
{
	struct nlmsghdr *message = put_nft(batch, NFT_MSG_DELRULE, object->family);

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, object->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, object->chain);
	end(batch, message);
}

static void put_chain(struct batch *batch, const struct nftables_object *object)
{
	struct nlmsghdr *message = put_nft(batch, NFT_MSG_DELCHAIN, object->family);

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, object->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, object->chain);
	end(batch, message);
}

static void put_table(struct batch *batch)
{
	struct nlmsghdr *message = put_nft(batch, NFT_MSG_DELTABLE, NFPROTO_INET);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, "nacld");
	end(batch, message);
}

/* In steps: a chain goes only when nothing is in it any more, and nothing jumps to it. */
static void put_step(struct batch *batch, const struct nftables_object *object, int step)
{
	if (step == 0 && object->kind == NFTABLES_JUMP)
		put_jump(batch, object);
	if (step == 1 && object->kind == NFTABLES_CHAIN)
		put_rules(batch, object);
	if (step == 2 && object->kind == NFTABLES_CHAIN)
		put_chain(batch, object);
}

/* Puts what is to be removed into the batch. */
static void put_all(struct batch *batch, const struct nftables *tables, unsigned int parts,
		    bool (*only)(const struct nftables_object *, const void *), const void *context)
{
	for (int step = 0; step < 3; step++) {
		for (size_t i = 0; i < tables->count; i++) {
			const struct nftables_object *object = &tables->objects[i];

			if (object->family != NFPROTO_INET && nftables_part(object) & parts &&
			    (!only || only(object, context)))
				put_step(batch, object, step);
		}
	}
	if (parts & NFTABLES_INET && nftables_count(tables, NFTABLES_INET, NFTABLES_CHAIN) > 0)
		put_table(batch);
}

/*
 * The last message is answered in any case, a message that is wrong too: then nothing was done.
 * (Were all of them answered, the answers of a long batch would not fit into the socket.)
 */
static int take_answer(struct mnl_socket *nl, unsigned int last)
{
	char buf[8192] __attribute__((aligned(__alignof__(struct nlmsghdr))));

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (struct nlmsghdr *at = (void *)buf; mnl_nlmsg_ok(at, left);
		     at = mnl_nlmsg_next(at, &left)) {
			const struct nlmsgerr *answer = mnl_nlmsg_get_payload(at);

			if (at->nlmsg_type != NLMSG_ERROR)
				continue;
			if (answer->error || at->nlmsg_seq == last)
				return answer->error;
		}
	}
}

static size_t room(const struct nftables *tables)
{
	size_t messages = 4; /* begin, table, end */

	for (size_t i = 0; i < tables->count; i++)
		messages += tables->objects[i].kind != NFTABLES_RULE ? 2 : 0;
	return messages * MESSAGE_LEN;
}

static int send_batch(struct mnl_socket *nl, const struct batch *batch, size_t size)
{
	int buffer = size > INT_MAX ? INT_MAX : (int)size, fd = mnl_socket_get_fd(nl);

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	batch->last->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(nl, batch->buf, batch->len) < 0)
		return -errno;
	return take_answer(nl, batch->last->nlmsg_seq);
}

int nftables_remove(const struct nftables *tables, unsigned int parts,
		    bool (*only)(const struct nftables_object *object, const void *context),
		    const void *context)
{
	size_t size = room(tables);
	struct batch batch = {.buf = calloc(1, size)};
	struct mnl_socket *nl;
	int err = 0;

	if (!batch.buf)
		return -ENOMEM;
	put_edge(&batch, NFNL_MSG_BATCH_BEGIN);
	put_all(&batch, tables, parts, only, context);
	put_edge(&batch, NFNL_MSG_BATCH_END);
	nl = batch.last ? steer_netlink_open(NETLINK_NETFILTER, 0, 0) : NULL;
	if (nl) {
		err = send_batch(nl, &batch, size);
		mnl_socket_close(nl);
	} else if (batch.last) {
		err = -errno;
	}
	free(batch.buf);
	return err;
}
