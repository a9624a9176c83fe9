/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From messages to verdicts: every packet gets exactly one verdict, to its queue, for its id, on
 * every path; equal verdicts in a row become one message. The messages are made by hand, byte for
 * byte as the kernel lays them out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <sys/socket.h>

#include "daemon/path/filter.h"
#include "messages.h"

static struct batch batch;
static struct filter filter;
static struct filter_counters counters;
static struct event_ring ring;
static struct snapshot *snapshot;
static unsigned int used; /* slots */

/* Inbound: TCP 443 from anywhere. */
static struct policy *web_policy(void)
{
	struct rule rule = {
		.number = 100,
		.action = ACTION_ALLOW,
		.protocol = PROTOCOL_TCP,
		.port_first = 443,
		.port_last = 443,
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
	};
	struct policy *policy = policy_new();
	struct acl *acl;

	assert_non_null(policy);
	acl = policy_add_acl(policy, "web");
	assert_non_null(acl);
	assert_int_equal(prefix_parse("0.0.0.0/0", &rule.prefix, NULL), PREFIX_OK);
	assert_int_equal(acl_add_rule(acl, INBOUND, &rule), 0);
	policy->host.acl = 0;
	assert_null(policy_finish(policy));
	return policy;
}

static int set_up(void **state)
{
	(void)state;
	memset(&filter, 0, sizeof(filter));
	event_ring_init(&ring);
	ring.wakeup.armed = 0; /* nobody to wake */
	filter.events = &ring;
	filter.counters = &counters;
	memset(&counters, 0, sizeof(counters));
	used = 0;
	return snapshot_new(web_policy(), 1, 1, &snapshot) != 0 || batch_init(&batch, -1) != 0;
}

static int tear_down(void **state)
{
	(void)state;
	batch_fini(&batch);
	snapshot_free(snapshot);
	return 0;
}

static struct nlmsghdr *new_message(uint16_t type, uint8_t family, uint16_t queue)
{
	return message_begin(&batch.region->slots[used], type, family, queue);
}

static void end_message(const struct nlmsghdr *nlh)
{
	message_end(&batch.region->slots[used++], nlh);
}

static void add_packet_at(uint8_t family, uint8_t hook, uint16_t queue, uint32_t id, uint16_t port)
{
	struct nlmsghdr *nlh =
		new_message(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, family, queue);

	message_put_header(nlh, id, hook);
	message_put_syn(nlh, port);
	end_message(nlh);
}

static void add_packet(uint32_t id, uint16_t port)
{
	add_packet_at(PF_INET, NF_INET_LOCAL_IN, 3, id, port);
}

static void run(void)
{
	filter_batch(&filter, snapshot, &batch, used);
}

static void assert_verdict(unsigned int i, uint16_t queue, uint32_t id, uint32_t verdict)
{
	assert_true(i < batch.verdict_count);
	assert_int_equal(batch.verdicts[i].netlink.nlmsg_len, 32);
	assert_int_equal(batch.verdicts[i].netlink.nlmsg_type,
			 NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH);
	assert_int_equal(batch.verdicts[i].attribute.nla_type, NFQA_VERDICT_HDR);
	assert_int_equal(batch.verdicts[i].attribute.nla_len, 12);
	assert_int_equal(ntohs(batch.verdicts[i].nfnetlink.res_id), queue);
	assert_int_equal(ntohl(batch.verdicts[i].verdict.id), id);
	assert_int_equal(ntohl(batch.verdicts[i].verdict.verdict), verdict);
}

static void equal_verdicts_in_a_row_are_one_message(void **state)
{
	(void)state;
	add_packet(10, 443);
	add_packet(11, 443);
	add_packet(12, 80);
	add_packet(13, 81);
	add_packet(14, 443);
	run();
	assert_int_equal(batch.verdict_count, 3);
	assert_verdict(0, 3, 11, NF_ACCEPT);
	assert_verdict(1, 3, 13, NF_DROP);
	assert_verdict(2, 3, 14, NF_ACCEPT);
	assert_int_equal(filter.counters->packets, 5);
	assert_int_equal(filter.counters->accepted, 3);
	assert_int_equal(filter.counters->dropped, 2);
	assert_int_equal(snapshot_counter(snapshot, 0).packets, 3);
	assert_int_equal(snapshot_counter(snapshot, 0).bytes, 3 * MESSAGE_SYN_LEN);
	assert_int_equal(snapshot_counter(snapshot, 1).packets, 2);
}

static void verdicts_go_to_the_queue_the_packet_came_from(void **state)
{
	(void)state;
	add_packet_at(PF_INET, NF_INET_LOCAL_IN, 3, 1, 443);
	add_packet_at(PF_INET, NF_INET_LOCAL_IN, 4, 2, 443);
	run();
	assert_int_equal(batch.verdict_count, 2);
	assert_verdict(0, 3, 1, NF_ACCEPT);
	assert_verdict(1, 4, 2, NF_ACCEPT);
}

static void a_full_batch_that_alternates_fits(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BATCH_LEN; i++)
		add_packet(i, i % 2 ? 443 : 80);
	run();
	assert_int_equal(batch.verdict_count, BATCH_LEN);
	assert_verdict(BATCH_LEN - 1, 3, BATCH_LEN - 1, NF_ACCEPT);
}

/* One packet that cannot be judged, and the failure counter it belongs to. */
static void assert_failure(enum policy_failure on_failure, enum filter_failure failure)
{
	snapshot->policy->on_failure = on_failure;
	run();
	assert_int_equal(batch.verdict_count, 1);
	assert_verdict(0, 3, 7, on_failure == POLICY_FAIL_ACCEPT ? NF_ACCEPT : NF_DROP);
	assert_int_equal(filter.counters->failures[failure], 1);
	assert_int_equal(filter.counters->packets, 1);
}

static void add_headless(void)
{
	struct nlmsghdr *nlh = new_message(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, PF_INET, 3);

	message_put_header(nlh, 7, NF_INET_LOCAL_IN);
	end_message(nlh);
}

static void no_payload_gets_the_failure_verdict(void **state)
{
	(void)state;
	add_headless();
	assert_failure(POLICY_FAIL_DROP, FILTER_NO_PAYLOAD);
}

static void no_payload_passes_where_failures_pass(void **state)
{
	(void)state;
	add_headless();
	assert_failure(POLICY_FAIL_ACCEPT, FILTER_NO_PAYLOAD);
}

static void another_family_gets_the_failure_verdict(void **state)
{
	(void)state;
	add_packet_at(PF_BRIDGE, NF_INET_LOCAL_IN, 3, 7, 443);
	assert_failure(POLICY_FAIL_DROP, FILTER_OTHER_FAMILY);
}

static void another_hook_gets_the_failure_verdict(void **state)
{
	(void)state;
	add_packet_at(PF_INET, NF_INET_INGRESS, 3, 7, 443);
	assert_failure(POLICY_FAIL_ACCEPT, FILTER_OTHER_HOOK);
}

/* ACL "web" at eth0, and a second one at eth1 that allows nothing. */
static void two_edges(void)
{
	struct policy *policy = web_policy();

	snapshot_free(snapshot);
	policy->host.acl = POLICY_NO_ACL;
	assert_non_null(policy_add_acl(policy, "closed"));
	assert_int_equal(policy_add_edge(policy, "eth0", 0), 0);
	assert_int_equal(policy_add_edge(policy, "eth1", 1), 0);
	assert_null(policy_finish(policy));
	assert_int_equal(snapshot_new(policy, 1, 1, &snapshot), 0);
	snapshot_set_device(snapshot, 5, "eth0");
	snapshot_set_device(snapshot, 6, "eth1");
}

static void add_packet_by(uint8_t hook, uint32_t id, uint32_t indev, uint32_t outdev)
{
	struct nlmsghdr *nlh = new_message(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, PF_INET, 3);

	message_put_header(nlh, id, hook);
	indev = htonl(indev);
	outdev = htonl(outdev);
	message_put(nlh, NFQA_IFINDEX_INDEV, &indev, sizeof(indev));
	message_put(nlh, NFQA_IFINDEX_OUTDEV, &outdev, sizeof(outdev));
	message_put_syn(nlh, 443);
	end_message(nlh);
}

static void each_edge_asks_its_own_acl(void **state)
{
	struct event event;

	(void)state;
	two_edges();
	add_packet_by(NF_INET_PRE_ROUTING, 1, 5, 6);  /* enters by eth0 */
	add_packet_by(NF_INET_PRE_ROUTING, 2, 6, 5);  /* enters by eth1 */
	add_packet_by(NF_INET_POST_ROUTING, 3, 6, 5); /* leaves by eth0: no outbound rule */
	run();
	assert_int_equal(batch.verdict_count, 2);
	assert_int_equal(counters.accepted, 1);
	assert_true(event_ring_take(&ring, &event));
	assert_int_equal(event.acl, 1);
	assert_int_equal(event.device, 6);
	assert_int_equal(event.hook, HOOK_PREROUTING);
	assert_true(event_ring_take(&ring, &event));
	assert_int_equal(event.acl, 0);
	assert_int_equal(event.direction, OUTBOUND);
	assert_int_equal(event.device, 5);
}

static void an_unknown_edge_gets_the_failure_verdict(void **state)
{
	(void)state;
	two_edges();
	add_packet_by(NF_INET_PRE_ROUTING, 7, 9, 0);
	assert_failure(POLICY_FAIL_DROP, FILTER_OTHER_EDGE);
}

/* Kernel rules of an older configuration bring them, until `steer up`: never past every list. */
static void an_edge_of_no_acl_gets_the_failure_verdict(void **state)
{
	(void)state;
	add_packet_by(NF_INET_POST_ROUTING, 7, 0, 5);
	assert_failure(POLICY_FAIL_DROP, FILTER_OTHER_EDGE);
}

static void a_malformed_packet_is_dropped_even_where_failures_pass(void **state)
{
	(void)state;
	snapshot->policy->on_failure = POLICY_FAIL_ACCEPT;
	add_packet_at(PF_INET6, NF_INET_LOCAL_IN, 3, 7, 443); /* its nibble says IPv4 */
	run();
	assert_int_equal(batch.verdict_count, 1);
	assert_verdict(0, 3, 7, NF_DROP);
	assert_int_equal(filter.counters->reasons[PACKET_BAD_VERSION], 1);
}

static void a_truncated_message_is_answered_by_its_id(void **state)
{
	(void)state;
	add_packet(7, 443);
	/* Cut inside the payload attribute: the kernel's length says more than there is. */
	batch.region->slots[0].len -= 8;
	batch.region->slots[0].truncated = 1;
	assert_failure(POLICY_FAIL_DROP, FILTER_NO_PAYLOAD);
	assert_int_equal(filter.errors[BATCH_ERROR_TRUNCATED], 1);
}

static void messages_that_are_no_packets_are_counted_and_not_answered(void **state)
{
	static const int codes[] = {-ENOENT, -EPERM, -ENODEV, -EINVAL, 0};
	struct nlmsghdr *nlh;

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		nlh = new_message(NLMSG_ERROR, 0, 0);
		nlh->nlmsg_len = NLMSG_LENGTH(sizeof(struct nlmsgerr));
		memcpy(NLMSG_DATA(nlh), &codes[i], sizeof(codes[i]));
		end_message(nlh);
	}
	nlh = new_message(NLMSG_ERROR, 0, 0); /* an error without its body */
	end_message(nlh);
	nlh = new_message(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, PF_INET, 3); /* no id */
	end_message(nlh);
	nlh = new_message(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, PF_INET, 3);
	message_put_header(nlh, 7, NF_INET_LOCAL_IN);
	end_message(nlh);
	nlh->nlmsg_len += 4;                 /* more than arrived */
	batch.region->slots[used++].len = 3; /* not even a header */
	run();
	assert_int_equal(batch.verdict_count, 0);
	assert_int_equal(filter.counters->packets, 0);
	assert_int_equal(filter.errors[BATCH_ERROR_ENOENT], 1);
	assert_int_equal(filter.errors[BATCH_ERROR_EPERM], 1);
	assert_int_equal(filter.errors[BATCH_ERROR_ENODEV], 1);
	assert_int_equal(filter.errors[BATCH_ERROR_NETLINK], 1);
	assert_int_equal(filter.errors[BATCH_ERROR_MALFORMED], 4);
}

static void attribute_lengths_that_lie_stay_inside_the_message(void **state)
{
	struct nlmsghdr *nlh = new_message(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, PF_INET, 3);
	struct nlattr liar = {.nla_type = NFQA_PAYLOAD, .nla_len = 60000};

	(void)state;
	message_put_header(nlh, 7, NF_INET_LOCAL_IN);
	memcpy((uint8_t *)nlh + nlh->nlmsg_len, &liar, sizeof(liar));
	nlh->nlmsg_len += sizeof(liar);
	end_message(nlh);
	assert_failure(POLICY_FAIL_DROP, FILTER_NO_PAYLOAD);
}

static void the_original_length_is_told_apart_from_the_copy(void **state)
{
	struct nlmsghdr *nlh = new_message(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, PF_INET, 3);
	uint32_t cap_len = htonl(1500);
	struct batch_packet packet;

	(void)state;
	message_put_header(nlh, 7, NF_INET_LOCAL_IN);
	message_put(nlh, NFQA_CAP_LEN, &cap_len, sizeof(cap_len));
	message_put_syn(nlh, 443);
	end_message(nlh);
	assert_true(batch_packet_at(&batch, 0, filter.errors, &packet));
	assert_int_equal(packet.copy_len, MESSAGE_SYN_LEN);
	assert_int_equal(packet.wire_len, 1500);
}

static void monitor_mode_accepts_and_counts_what_it_would_drop(void **state)
{
	struct event event;

	(void)state;
	snapshot->policy->mode = POLICY_MONITOR;
	add_packet(1, 443);
	add_packet(2, 80);
	run();
	assert_int_equal(batch.verdict_count, 1);
	assert_verdict(0, 3, 2, NF_ACCEPT);
	assert_int_equal(filter.counters->would_drop, 1);
	assert_int_equal(filter.counters->dropped, 0);
	assert_true(event_ring_take(&ring, &event));
	assert_int_equal(event.packet.dport, 80);
	assert_int_equal(event.rule, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(equal_verdicts_in_a_row_are_one_message),
		T(verdicts_go_to_the_queue_the_packet_came_from),
		T(a_full_batch_that_alternates_fits),
		T(no_payload_gets_the_failure_verdict),
		T(no_payload_passes_where_failures_pass),
		T(another_family_gets_the_failure_verdict),
		T(another_hook_gets_the_failure_verdict),
		T(each_edge_asks_its_own_acl),
		T(an_unknown_edge_gets_the_failure_verdict),
		T(an_edge_of_no_acl_gets_the_failure_verdict),
		T(a_malformed_packet_is_dropped_even_where_failures_pass),
		T(a_truncated_message_is_answered_by_its_id),
		T(messages_that_are_no_packets_are_counted_and_not_answered),
		T(attribute_lengths_that_lie_stay_inside_the_message),
		T(the_original_length_is_told_apart_from_the_copy),
		T(monitor_mode_accepts_and_counts_what_it_would_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
