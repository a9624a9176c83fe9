/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drop table: what makes a flow, what is folded when it is full and what never is, and that it
 * reads whatever a hostile writer has put there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/drops/drop_table.h"

#define RULE_NOISE  0
#define RULE_OTHER  200
#define NOW         1700000000u
#define FLOOD       1000000u
#define VICTIM_PORT 8443

static struct drop_table *table;

static int set_up(void **state)
{
	(void)state;
	table = drop_table_new();
	return table == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	drop_table_free(table);
	return 0;
}

static struct drop drop_from(uint32_t remote, uint16_t port, uint16_t rule)
{
	return (struct drop){
		.packet = {.src = addr_from_ipv4(remote),
			   .dst = addr_from_ipv4(0xc0000201),
			   .len = 60,
			   .protocol = PROTOCOL_TCP,
			   .l4 = PACKET_L4_PORTS,
			   .sport = 40000,
			   .dport = port},
		.rule = rule,
		.direction = INBOUND,
		.hook = HOOK_INPUT,
	};
}

static void count(uint32_t remote, uint16_t port, uint16_t rule, uint32_t now_s)
{
	struct drop drop = drop_from(remote, port, rule);

	drop_table_count(table, &drop, now_s);
}

/* What the table holds, summed. */
struct sum {
	uint64_t lines;
	uint64_t packets;
	uint64_t bytes;
	uint64_t folds[DROP_FOLDS];
};

static struct sum sum_up(void)
{
	struct sum sum = {0};
	struct drop drop;
	uint32_t at = 0;

	while (drop_table_next(table, &at, &drop)) {
		sum.lines++;
		sum.packets += drop.packets;
		sum.bytes += drop.bytes;
		sum.folds[drop.fold]++;
	}
	return sum;
}

/* The line of its own that a flow has; packets 0: it has none. */
static struct drop find(uint32_t remote, uint16_t port, uint16_t rule)
{
	struct addr wanted = addr_from_ipv4(remote);
	struct drop drop;
	uint32_t at = 0;

	while (drop_table_next(table, &at, &drop))
		if (drop.fold == DROP_FLOW && drop.rule == rule && drop.packet.dport == port &&
		    addr_equal(drop_remote(&drop), &wanted))
			return drop;
	return (struct drop){0};
}

static uint32_t random32(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 32);
}

static void packets_of_a_flow_add_up(void **state)
{
	struct drop drop;

	(void)state;
	count(0xcb007109, 23, RULE_NOISE, NOW);
	count(0xcb007109, 23, RULE_NOISE, NOW + 5);
	count(0xcb007109, 23, RULE_NOISE, NOW + 3); /* the clock was set back */
	count(0xcb007109, 24, RULE_NOISE, NOW);
	count(0xcb007109, 23, RULE_OTHER, NOW);
	drop = find(0xcb007109, 23, RULE_NOISE);
	assert_int_equal(drop.packets, 3);
	assert_int_equal(drop.bytes, 180);
	assert_int_equal(drop.flows, 1);
	assert_int_equal(drop.first_s, NOW);
	assert_int_equal(drop.last_s, NOW + 5);
	assert_int_equal(sum_up().lines, 3);
	assert_int_equal(sum_up().packets, 5);
}

/* The source port is no part of it: a client that tries again is one flow. */
static void a_new_source_port_is_no_new_flow(void **state)
{
	struct drop drop = drop_from(0xcb007109, 23, RULE_NOISE);

	(void)state;
	for (uint16_t port = 40000; port < 40010; port++) {
		drop.packet.sport = port;
		drop_table_count(table, &drop, NOW);
	}
	assert_int_equal(sum_up().lines, 1);
	assert_int_equal(find(0xcb007109, 23, RULE_NOISE).packet.sport, 40009);
}

/* One address, many ports: it has the whole table while that is free. */
static void it_is_complete_until_nearly_full(void **state)
{
	struct sum sum;

	(void)state;
	for (uint16_t port = 1; port <= 4000; port++)
		count(0xcb007109, port, RULE_NOISE, NOW);
	sum = sum_up();
	assert_int_equal(sum.packets, 4000);
	assert_int_equal(sum.folds[DROP_FLOW], 4000);
}

static void a_loud_peer_has_its_ports_folded_and_pushes_nobody_out(void **state)
{
	struct sum sum;

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		count(0xcb007200 + i, 22, RULE_NOISE, NOW);
	for (uint32_t i = 0; i < 65535 * 2; i++)
		count(0xc6336401, (uint16_t)i, RULE_NOISE, NOW + i / 10000);
	for (uint32_t i = 200; i < 400; i++)
		count(0xcb007200 + i, 22, RULE_NOISE, NOW + 20);
	for (uint32_t i = 0; i < 400; i++)
		assert_int_equal(find(0xcb007200 + i, 22, RULE_NOISE).packets, 1);
	sum = sum_up();
	assert_int_equal(sum.packets, 400 + 65535 * 2);
	assert_int_equal(sum.bytes, sum.packets * 60);
	assert_int_equal(sum.folds[DROP_PEERS], 0);
	assert_true(sum.folds[DROP_PORTS] >= 1);
	assert_true(sum.lines <= DROP_TABLE_FLOWS);
}

/*
 * A million sources, each once, at 100,000 a second, and somebody who tries three times meanwhile,
 * refused by the same rule. How many of a hundred such are there at the end?
 */
static void who_tries_three_times_is_found_in_a_flood(void **state)
{
	enum { VICTIMS = 100 };
	unsigned int found = 0;
	struct sum sum;

	(void)state;
	for (uint32_t i = 0; i < FLOOD; i++) {
		uint32_t at = i % (FLOOD / 10), second = i / (FLOOD / 10);
		uint32_t which = at / (FLOOD / 10 / VICTIMS);

		count(random32(), (uint16_t)random32(), RULE_NOISE, NOW + second);
		if (at % (FLOOD / 10 / VICTIMS) == 0 && (second == 2 || second == 3 || second == 5))
			count(0xcb007100 + which, VICTIM_PORT, RULE_NOISE, NOW + second);
	}
	for (uint32_t i = 0; i < VICTIMS; i++)
		found += find(0xcb007100 + i, VICTIM_PORT, RULE_NOISE).packets > 0;
	sum = sum_up();
	print_message("%u of %d found, %llu lines\n", found, VICTIMS,
		      (unsigned long long)sum.lines);
	assert_true(found >= VICTIMS * 95 / 100);
	assert_int_equal(sum.packets, FLOOD + 3 * VICTIMS);
	assert_int_equal(sum.folds[DROP_PEERS], 1);
}

/* Of another rule, or replies: whoever is there stays, whatever the flood's flows are. */
static void a_flood_of_one_rule_leaves_others_alone(void **state)
{
	struct drop reply = drop_from(0xc0000201, 38091, RULE_NOISE);

	(void)state;
	reply.packet.dst = addr_from_ipv4(0xcb007109);
	reply.direction = OUTBOUND;
	reply.answers = 1;
	for (uint32_t i = 0; i < FLOOD; i++) {
		count(random32(), (uint16_t)random32(), RULE_NOISE, NOW);
		if (i == FLOOD / 2) {
			count(0xcb007109, 25, RULE_OTHER, NOW);
			drop_table_count(table, &reply, NOW);
		}
	}
	assert_int_equal(find(0xcb007109, 25, RULE_OTHER).packets, 1);
	assert_int_equal(find(0xcb007109, 38091, RULE_NOISE).packets, 1);
	assert_int_equal(sum_up().packets, FLOOD + 2);
}

/* Rules without end (a reload renumbers them all): the last line takes the rest. */
static void rules_are_bounded_too(void **state)
{
	struct sum sum;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++)
		count(random32(), 22, (uint16_t)(1 + i % RULE_NUMBER_MAX), NOW);
	sum = sum_up();
	assert_int_equal(sum.packets, 200000);
	assert_int_equal(sum.folds[DROP_RULES], 1);
	assert_true(sum.lines <= DROP_TABLE_FLOWS + DROP_TABLE_RULES);
}

/* What was there for hours gives way to what happens now. */
static void the_past_makes_room(void **state)
{
	(void)state;
	for (int again = 0; again < 8; again++)
		for (uint32_t i = 0; i < 2 * DROP_TABLE_FLOWS; i++)
			count(0x0a000000 + i, 22, RULE_NOISE, NOW);
	count(0xcb007109, 22, RULE_NOISE, NOW + 3600);
	assert_int_equal(find(0xcb007109, 22, RULE_NOISE).packets, 1);
}

/* A judging child may write anything: each byte that is read is within its bounds, or nothing. */
static void hostile_contents_are_read_without_harm(void **state)
{
	uint8_t *memory;
	struct drop drop;
	uint32_t at = 0;

	(void)state;
	memcpy(&memory, table, sizeof(memory)); /* its first member: the shared part */
	for (size_t i = 0; i < DROP_TABLE_BYTES - 256 * 1024; i++)
		memory[i] = (uint8_t)random32();
	while (drop_table_next(table, &at, &drop)) {
		assert_true(drop.fold < DROP_FOLDS && drop.hook < HOOKS &&
			    drop.reason < PACKET_REASONS && drop.direction <= OUTBOUND);
		assert_true(drop.packet.l4 <= PACKET_L4_ICMP);
	}
	for (uint32_t i = 0; i < 10000; i++)
		count(random32(), (uint16_t)random32(), RULE_NOISE, NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(packets_of_a_flow_add_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_source_port_is_no_new_flow, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(it_is_complete_until_nearly_full, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_loud_peer_has_its_ports_folded_and_pushes_nobody_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_tries_three_times_is_found_in_a_flood, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_flood_of_one_rule_leaves_others_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(rules_are_bounded_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_past_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_contents_are_read_without_harm, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
