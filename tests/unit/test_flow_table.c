/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow table: what makes a flow, what is added up, the bound, and the exchange of tables while
 * a worker counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "daemon/flowlog/tables.h"
#include "daemon/path/shared.h"

static const struct rule rule_120 = {.number = 120};

static struct packet packet_of(const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct packet packet = {
		.len = 60,
		.protocol = PROTOCOL_TCP,
		.l4 = PACKET_L4_PORTS,
		.sport = sport,
		.dport = dport,
	};

	assert_true(addr_parse(src, &packet.src));
	assert_true(addr_parse(dst, &packet.dst));
	return packet;
}

static void count(struct flow_table *table, const struct packet *packet, int64_t now_s)
{
	struct policy_step step = {.rule = &rule_120, .acl = 1, .direction = INBOUND};

	flow_table_count(table, HOOK_INPUT, packet, &step, ACTION_ALLOW, now_s);
	flow_table_settle(table);
}

static const struct flow *only(const struct flow_table *table)
{
	static struct flow flow, other;
	uint32_t at = 0;

	assert_true(flow_table_next(table, &at, &flow));
	assert_false(flow_table_next(table, &at, &other));
	assert_int_equal(flow_table_used(table), 1);
	return &flow;
}

static void packets_of_a_flow_add_up(void **state)
{
	struct flow_table *table = flow_table_new(64, false);
	struct packet packet = packet_of("2001:db8::1", 40000, "2001:db8::2", 443);
	struct flow_tuple tuple;
	const struct flow *flow;

	(void)state;
	packet.tcp_flags = 0x02;
	count(table, &packet, 1000);
	packet.tcp_flags = 0x10;
	packet.len = 1500;
	count(table, &packet, 1030);
	packet.tcp_flags = 0x11;
	count(table, &packet, 1029); /* the clock was set back */
	flow = only(table);
	tuple = flow_table_tuple(flow);
	assert_int_equal(flow->packets, 3);
	assert_int_equal(flow->bytes, 3060);
	assert_int_equal(flow->first_s, 1000);
	assert_int_equal(flow->span_s, 30);
	assert_int_equal(flow->tcp_flags, 3);
	assert_int_equal(flow->rule, 120);
	assert_int_equal(flow->acl, 1);
	assert_true(addr_equal(&tuple.src, &packet.src));
	assert_true(addr_equal(&tuple.dst, &packet.dst));
	assert_int_equal(tuple.sport, 40000);
	assert_int_equal(tuple.dport, 443);
	assert_int_equal(tuple.protocol, 6);
	assert_int_equal(tuple.hook, HOOK_INPUT);
	assert_int_equal(tuple.direction, INBOUND);
	assert_int_equal(tuple.action, ACTION_ALLOW);
	flow_table_free(table);
}

/* Each differs from the first in one thing. */
static void what_differs_is_another_flow(void **state)
{
	struct packet first = packet_of("192.0.2.1", 1, "192.0.2.2", 2),
		      variants[] = {
			      packet_of("192.0.2.3", 1, "192.0.2.2", 2),
			      packet_of("192.0.2.1", 1, "192.0.2.3", 2),
			      packet_of("192.0.2.1", 3, "192.0.2.2", 2),
			      packet_of("192.0.2.1", 1, "192.0.2.2", 3),
			      first,
			      packet_of("c000:201::", 1,
					"c000:202::", 2), /* the same bits, another family */
		      };
	struct policy_step step = {.direction = INBOUND};
	struct flow_table *table = flow_table_new(64, false);
	size_t n = sizeof(variants) / sizeof(variants[0]);

	(void)state;
	variants[4].protocol = PROTOCOL_UDP;
	flow_table_count(table, HOOK_FORWARD, &first, &step, ACTION_ALLOW, 1);
	for (size_t i = 0; i < n; i++)
		flow_table_count(table, HOOK_FORWARD, &variants[i], &step, ACTION_ALLOW, 1);
	flow_table_count(table, HOOK_FORWARD, &first, &step, ACTION_DENY, 1);
	flow_table_count(table, HOOK_INPUT, &first, &step, ACTION_ALLOW, 1);
	step.direction = OUTBOUND;
	flow_table_count(table, HOOK_FORWARD, &first, &step, ACTION_ALLOW, 1);
	flow_table_settle(table);
	assert_int_equal(flow_table_used(table), 1 + n + 3);
	flow_table_count(table, HOOK_FORWARD, &first, &step, ACTION_ALLOW, 1);
	flow_table_settle(table);
	assert_int_equal(flow_table_used(table), 1 + n + 3);
	flow_table_free(table);
}

/* Whatever the batch's length, and however the flows come after each other. */
static void packets_that_wait_are_settled_in_order(void **state)
{
	struct packet packet = packet_of("192.0.2.1", 0, "192.0.2.2", 443);
	struct policy_step step = {.direction = INBOUND};

	(void)state;
	for (unsigned int n = 0; n <= 3 * FLOWS_AHEAD; n++) {
		struct flow_table *table = flow_table_new(64, false);
		uint64_t packets = 0, bytes = 0;
		struct flow flow;
		uint32_t at = 0;

		for (unsigned int i = 0; i < n; i++) {
			packet.sport = (uint16_t)(i % 3);
			packet.len = i + 1;
			flow_table_count(table, HOOK_INPUT, &packet, &step, ACTION_ALLOW, 100 + i);
		}
		flow_table_settle(table);
		assert_int_equal(flow_table_used(table), n < 3 ? n : 3);
		while (flow_table_next(table, &at, &flow)) {
			packets += flow.packets;
			bytes += flow.bytes;
			assert_int_equal(flow.first_s, 100 + flow_table_tuple(&flow).sport);
			assert_int_equal(flow.span_s, 3 * (flow.packets - 1));
		}
		assert_int_equal(packets, n);
		assert_int_equal(bytes, n * (n + 1) / 2);
		flow_table_free(table);
	}
}

static void types_are_not_ports(void **state)
{
	struct packet packet = packet_of("192.0.2.1", 0, "192.0.2.2", 0);
	struct flow_table *table = flow_table_new(64, false);
	struct flow_tuple tuple;

	(void)state;
	packet.protocol = PROTOCOL_ICMP;
	packet.l4 = PACKET_L4_ICMP;
	packet.sport = packet.dport = 7; /* left over: means nothing */
	packet.icmp_type = 8;
	count(table, &packet, 1);
	packet.icmp_type = 0;
	count(table, &packet, 1);
	tuple = flow_table_tuple(only(table));
	assert_int_equal(tuple.sport, 0);
	assert_int_equal(tuple.dport, 0);
	flow_table_free(table);
}

static void a_full_table_counts_what_it_loses(void **state)
{
	struct packet packet = packet_of("192.0.2.1", 0, "192.0.2.2", 443);
	struct flow_table *table = flow_table_new(100, false);

	(void)state;
	for (unsigned int port = 0; port < 150; port++) {
		packet.sport = (uint16_t)port;
		count(table, &packet, 1);
	}
	assert_int_equal(flow_table_limit(table), 100);
	assert_int_equal(flow_table_used(table), 100);
	assert_int_equal(flow_table_lost(table), 50);
	packet.sport = 99; /* what is in goes on */
	count(table, &packet, 1);
	assert_int_equal(flow_table_lost(table), 50);
	flow_table_clear(table);
	assert_int_equal(flow_table_used(table) + flow_table_lost(table), 0);
	packet.sport = 149;
	count(table, &packet, 1);
	assert_int_equal(flow_table_tuple(only(table)).sport, 149);
	flow_table_free(table);
}

/* Whatever the random keys are: with a single product one table in 150 was unlucky. */
static void ports_in_a_row_find_their_places(void **state)
{
	struct packet packet = packet_of("192.0.2.1", 0, "192.0.2.2", 443);

	(void)state;
	for (int tables = 0; tables < 1000; tables++) {
		struct flow_table *table = flow_table_new(4096, false);

		for (unsigned int port = 1; port <= 4096; port++) {
			packet.sport = (uint16_t)port;
			count(table, &packet, 1);
		}
		assert_int_equal(flow_table_lost(table), 0);
		flow_table_free(table);
	}
}

/* The limit is reached without probing too far, and every flow is found again. */
static void a_large_table_fills_to_its_limit(void **state)
{
	struct packet packet = packet_of("198.51.100.0", 0, "192.0.2.2", 443);
	struct flow_table *table = flow_table_new(FLOW_LOG_FLOWS_DEFAULT, false);
	uint32_t at = 0, seen = 0;
	struct flow flow;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (uint64_t i = 0; i < FLOW_LOG_FLOWS_DEFAULT; i++) {
			packet.src.hi = (uint64_t)0xc6336400 << 32 | (i >> 4) << 32;
			packet.sport = (uint16_t)(i & 15);
			count(table, &packet, 1);
		}
	}
	assert_int_equal(flow_table_lost(table), 0);
	assert_int_equal(flow_table_used(table), FLOW_LOG_FLOWS_DEFAULT);
	while (flow_table_next(table, &at, &flow)) {
		assert_int_equal(flow.packets, 3);
		seen++;
	}
	assert_int_equal(seen, FLOW_LOG_FLOWS_DEFAULT);
	flow_table_free(table);
}

#define PLACES 128 /* of a table for 64 flows */

static void a_flow_as_large_as_its_counter_stays_there(void **state)
{
	struct packet packet = packet_of("192.0.2.1", 1, "192.0.2.2", 2);
	struct flow_table *table = flow_table_new(64, true);
	struct flow *flow;

	(void)state;
	count(table, &packet, 1);
	/* As a child would write it. */
	flow = shared_attach(flow_table_fd(table), SHARED_PART, PLACES * sizeof(*flow), true);
	assert_non_null(flow);
	for (int i = 0; flow->packets == 0; i++, flow++)
		assert_true(i < PLACES);
	flow->packets = UINT32_MAX - 1;
	count(table, &packet, 1);
	count(table, &packet, 1);
	assert_int_equal(only(table)->packets, UINT32_MAX);
	assert_int_equal(flow_table_lost(table), 1);
	flow_table_free(table);
}

/* A worker in small: batches between two increments of a sequence. */
struct counting {
	struct flow_tables *set;
	uint64_t sequence;
	int stop;
	uint64_t packets;
};

static void *count_many(void *arg)
{
	struct policy_step step = {.direction = INBOUND};
	struct counting *c = arg;
	struct packet packet = packet_of("192.0.2.1", 0, "192.0.2.2", 443);

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		struct flow_table *table;

		__atomic_fetch_add(&c->sequence, 1, __ATOMIC_SEQ_CST);
		table = __atomic_load_n(&c->set->active[0], __ATOMIC_SEQ_CST);
		for (int i = 0; i < 61; i++) {
			packet.sport = (uint16_t)(c->packets++ % 50);
			flow_table_count(table, HOOK_INPUT, &packet, &step, ACTION_ALLOW, 1);
		}
		flow_table_settle(table);
		__atomic_fetch_add(&c->sequence, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void pass(const struct counting *c)
{
	uint64_t seen = __atomic_load_n(&c->sequence, __ATOMIC_SEQ_CST);

	while (seen & 1 && __atomic_load_n(&c->sequence, __ATOMIC_SEQ_CST) == seen)
		;
}

static uint64_t collect(struct flow_table *table)
{
	uint64_t packets = 0;
	struct flow flow;
	uint32_t at = 0;

	while (flow_table_next(table, &at, &flow))
		packets += flow.packets;
	flow_table_clear(table);
	return packets;
}

static struct flow_tables *set_of(const char *format, unsigned int workers)
{
	struct policy *policy = policy_new();
	struct flow_log log = {.file = (char *)"/nowhere",
			       .format = (char *)format,
			       .account = (char *)"-",
			       .window_s = 60,
			       .flows = 64};
	struct flow_tables *set;

	assert_non_null(policy_add_acl(policy, "web"));
	assert_int_equal(policy_set_flow_log(policy, &log), 0);
	set = flow_tables_new(policy, workers);
	policy_free(policy);
	return set;
}

static void exchanged_tables_lose_no_packet(void **state)
{
	struct counting c = {.set = set_of("${srcport}", 1)};
	uint64_t packets = 0;
	pthread_t thread;

	(void)state;
	assert_non_null(c.set);
	assert_int_equal(pthread_create(&thread, NULL, count_many, &c), 0);
	for (int window = 0; window < 2000 || packets < 1000000; window++) {
		flow_tables_swap(c.set);
		pass(&c);
		packets += collect(c.set->spare[0]);
	}
	__atomic_store_n(&c.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	packets += collect(c.set->active[0]);
	assert_int_equal(packets, c.packets);
	flow_tables_free(c.set);
}

static void a_set_outlives_its_policy(void **state)
{
	struct flow_tables *set = set_of("${acl-name} ${bytes}", 2);

	(void)state;
	assert_string_equal(set->acls[0], "web");
	assert_int_equal(set->acl_count, 1);
	assert_int_equal(set->format.count, 2);
	assert_string_equal(set->file, "/nowhere");
	flow_tables_free(set);
	assert_null(set_of("${no-such-field}", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_a_flow_add_up),
		cmocka_unit_test(what_differs_is_another_flow),
		cmocka_unit_test(packets_that_wait_are_settled_in_order),
		cmocka_unit_test(types_are_not_ports),
		cmocka_unit_test(a_full_table_counts_what_it_loses),
		cmocka_unit_test(ports_in_a_row_find_their_places),
		cmocka_unit_test(a_large_table_fills_to_its_limit),
		cmocka_unit_test(a_flow_as_large_as_its_counter_stays_there),
		cmocka_unit_test(exchanged_tables_lose_no_packet),
		cmocka_unit_test(a_set_outlives_its_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
