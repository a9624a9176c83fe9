/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges one batch of 256 packets, over and over, for callgrind to count the instructions between
 * receive buffer and verdict message. The messages carry the attributes the kernel sends for a TCP
 * packet on INPUT; the policy has 40 rules, and every eighth packet matches none of them.
 * Dropped ones are reported and not entered in a drop table, which costs them 300 more: what is
 * held here is the price of a packet that passes.
 *
 * With "edge" the same ACL stands at an edge, and the packets come by PREROUTING.
 *
 * usage: instructions ROUNDS [edge]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <sys/socket.h>

#include "../unit/messages.h"
#include "daemon/path/filter.h"

#define RULES 40

static struct batch batch;
static struct event_ring ring;
static struct filter_counters counters;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Allow TCP 1000, 1010, ... from anywhere. */
static struct policy *forty_rules(bool edge)
{
	struct policy *policy = policy_new();
	struct acl *acl = policy ? policy_add_acl(policy, "bench") : NULL;
	struct rule rule = {
		.action = ACTION_ALLOW,
		.protocol = PROTOCOL_TCP,
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
	};

	if (!acl || prefix_parse("0.0.0.0/0", &rule.prefix, NULL) != PREFIX_OK)
		fail("policy");
	for (uint16_t i = 0; i < RULES; i++) {
		rule.number = (uint16_t)(100 + 10 * i);
		rule.port_first = rule.port_last = (uint16_t)(1000 + 10 * i);
		if (acl_add_rule(acl, INBOUND, &rule))
			fail("rule");
	}
	if (!edge)
		policy->host.acl = 0;
	if ((edge && policy_add_edge(policy, "eth0", 0)) || policy_finish(policy))
		fail("policy");
	return policy;
}

/* The order and kinds of net/netfilter/nfnetlink_queue.c, nfqnl_build_packet_message. */
static void add_message(uint32_t i, bool edge)
{
	struct batch_slot *slot = &batch.region->slots[i];
	struct nlmsghdr *nlh =
		message_begin(slot, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, PF_INET, 0);
	struct nfqnl_msg_packet_hw hw = {.hw_addrlen = htons(6)};
	uint32_t device = htonl(2), info = htonl(1);

	message_put_header(nlh, i + 1, edge ? NF_INET_PRE_ROUTING : NF_INET_LOCAL_IN);
	message_put(nlh, NFQA_IFINDEX_INDEV, &device, sizeof(device));
	message_put(nlh, NFQA_HWADDR, &hw, sizeof(hw));
	message_put(nlh, NFQA_SKB_INFO, &info, sizeof(info));
	message_put_syn(nlh, i % 8 == 7 ? 999 : (uint16_t)(1000 + 10 * (i % RULES)));
	message_end(slot, nlh);
}

int main(int argc, char **argv)
{
	struct filter filter = {.events = &ring, .counters = &counters};
	bool edge = argc == 3 && strcmp(argv[2], "edge") == 0;
	long rounds = argc == 2 || edge ? atol(argv[1]) : 0;
	struct snapshot *snapshot;
	struct event event;

	if (rounds <= 0) {
		fprintf(stderr, "usage: instructions ROUNDS [edge]\n");
		return 2;
	}
	event_ring_init(&ring);
	ring.wakeup.armed = 0;
	if (batch_init(&batch, -1) || snapshot_new(forty_rules(edge), 1, 1, &snapshot))
		fail("set up");
	for (uint32_t i = 0; i < BATCH_LEN; i++)
		add_message(i, edge);
	for (long round = 0; round < rounds; round++) {
		filter_batch(&filter, snapshot, &batch, BATCH_LEN);
		batch_clear(&batch);
		while (event_ring_take(&ring, &event))
			;
	}
	printf("%llu accepted, %llu dropped\n", (unsigned long long)filter.counters->accepted,
	       (unsigned long long)filter.counters->dropped);
	snapshot_free(snapshot);
	batch_fini(&batch);
	return 0;
}
