/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of rules: order, the implicit deny, statelessness, and sizes beyond AWS's quotas. */
#include "samples.h"

#include "core/acl.h"

#define ANY4 "0.0.0.0/0"
#define ANY6 "::/0"
#define TCP  PROTOCOL_TCP
#define UDP  PROTOCOL_UDP
#define ALL  PROTOCOL_ALL
#define ICMP PROTOCOL_ICMP

static void add(struct acl *acl, enum direction direction, struct rule rule)
{
	assert_null(rule_invalid(&rule));
	assert_int_equal(acl_add_rule(acl, direction, &rule), 0);
}

/* The number of the rule that decides, 0 for the implicit one. */
static unsigned int decides(const struct acl *acl, enum direction direction, struct packet packet)
{
	const struct rule *rule = acl_eval(&acl->lists[direction], direction, &packet);

	return rule ? rule->number : 0;
}

static void empty_list_denies(void **state)
{
	struct acl acl = {0};

	(void)state;
	assert_true(acl_sort(&acl));
	assert_int_equal(decides(&acl, INBOUND, packet_of(6, "203.0.113.9", "192.0.2.1")), 0);
	assert_int_equal(decides(&acl, OUTBOUND, packet_of(6, "2001:db8::1", "2001:db8::2")), 0);
	acl_fini(&acl);
}

/* Ascending number, whatever the order they were written in; the first match decides. */
static void first_match_in_ascending_order(void **state)
{
	struct acl acl = {0};

	(void)state;
	add(&acl, INBOUND, rule_of(32766, ACTION_ALLOW, ALL, "203.0.113.0/24"));
	add(&acl, INBOUND, port_rule_of(200, ACTION_DENY, TCP, ANY4, 22, 22));
	add(&acl, INBOUND, port_rule_of(100, ACTION_ALLOW, TCP, "203.0.113.9/32", 22, 22));
	add(&acl, INBOUND, rule_of(1, ACTION_DENY, ALL, "203.0.113.66/32"));
	add(&acl, INBOUND, port_rule_of(110, ACTION_ALLOW, TCP, ANY6, 22, 22));
	assert_true(acl_sort(&acl));
	for (size_t i = 1; i < acl.lists[INBOUND].count; i++)
		assert_true(acl.lists[INBOUND].rules[i - 1].number <
			    acl.lists[INBOUND].rules[i].number);

	assert_int_equal(decides(&acl, INBOUND, ports_of(TCP, "203.0.113.9", 9, "192.0.2.1", 22)),
			 100);
	assert_int_equal(decides(&acl, INBOUND, ports_of(TCP, "203.0.113.8", 9, "192.0.2.1", 22)),
			 200);
	assert_int_equal(decides(&acl, INBOUND, ports_of(TCP, "203.0.113.8", 9, "192.0.2.1", 23)),
			 32766);
	assert_int_equal(decides(&acl, INBOUND, ports_of(TCP, "203.0.113.66", 9, "192.0.2.1", 22)),
			 1);
	assert_int_equal(decides(&acl, INBOUND, ports_of(TCP, "198.51.100.1", 9, "192.0.2.1", 23)),
			 0);
	assert_int_equal(decides(&acl, INBOUND, ports_of(TCP, "2001:db8::9", 9, "2001:db8::1", 22)),
			 110);
	assert_int_equal(decides(&acl, INBOUND, ports_of(TCP, "2001:db8::9", 9, "2001:db8::1", 23)),
			 0);
	acl_fini(&acl);
}

/* A number stands once in a list, families together; the other direction has its own numbers. */
static void number_stands_once(void **state)
{
	static const struct {
		uint16_t a, b;
		enum direction where_b;
		const char *cidr_b;
		bool fine;
	} table[] = {
		{100, 110, INBOUND, ANY4, true},  {100, 100, INBOUND, ANY4, false},
		{100, 100, INBOUND, ANY6, false}, {100, 100, OUTBOUND, ANY4, true},
		{100, 100, OUTBOUND, ANY6, true}, {32766, 32766, INBOUND, ANY6, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct acl acl = {0};

		add(&acl, INBOUND, rule_of(table[i].a, ACTION_ALLOW, ALL, ANY4));
		add(&acl, INBOUND, rule_of(105, ACTION_ALLOW, ALL, ANY4));
		add(&acl, table[i].where_b,
		    rule_of(table[i].b, ACTION_ALLOW, ALL, table[i].cidr_b));
		if (acl_sort(&acl) != table[i].fine)
			fail_msg("case %zu", i);
		acl_fini(&acl);
	}
}

/*
 * Nothing is remembered. A web server's two lists: requests come in on 443, and what leaves is
 * judged by the outbound list alone, however often the inbound one has said yes to its connection.
 */
static void stateless(void **state)
{
	static const uint16_t client_ports[] = {1024, 32768, 38091, 49152, 60999, 65535};
	static const struct {
		const char *here, *there, *any;
	} families[] = {{"192.0.2.1", "203.0.113.9", ANY4}, {"2001:db8::1", "2001:db8:9::9", ANY6}};

	(void)state;
	for (size_t f = 0; f < COUNT(families); f++) {
		const char *here = families[f].here, *there = families[f].there;
		struct acl acl = {0};

		add(&acl, INBOUND, port_rule_of(100, ACTION_ALLOW, TCP, families[f].any, 443, 443));
		add(&acl, OUTBOUND,
		    port_rule_of(100, ACTION_ALLOW, TCP, families[f].any, 443, 443));
		assert_true(acl_sort(&acl));
		for (size_t i = 0; i < COUNT(client_ports); i++) {
			struct packet request = ports_of(TCP, there, client_ports[i], here, 443);
			struct packet reply = ports_of(TCP, here, 443, there, client_ports[i]);

			assert_int_equal(decides(&acl, INBOUND, request), 100);
			assert_int_equal(decides(&acl, OUTBOUND, reply), 0);
		}
		add(&acl, OUTBOUND,
		    port_rule_of(110, ACTION_ALLOW, TCP, families[f].any, 49152, 65535));
		assert_true(acl_sort(&acl));
		for (size_t i = 0; i < COUNT(client_ports); i++)
			assert_int_equal(decides(&acl, OUTBOUND,
						 ports_of(TCP, here, 443, there, client_ports[i])),
					 client_ports[i] >= 49152 ? 110 : 0);
		acl_fini(&acl);
	}
}

/* ICMP errors are related to nothing: path MTU discovery and traceroute need rules of their own. */
static void icmp_errors_need_rules(void **state)
{
	struct packet too_big4 = icmp_of(ICMP, "203.0.113.9", "192.0.2.1", 3, 4);
	struct packet exceeded = icmp_of(ICMP, "203.0.113.9", "192.0.2.1", 11, 0);
	struct packet too_big6 = icmp_of(PROTOCOL_ICMPV6, "2001:db8::9", "2001:db8::1", 2, 0);
	struct acl acl = {0};

	(void)state;
	add(&acl, INBOUND, rule_of(100, ACTION_ALLOW, TCP, ANY4));
	add(&acl, INBOUND, rule_of(110, ACTION_ALLOW, TCP, ANY6));
	assert_true(acl_sort(&acl));
	assert_int_equal(decides(&acl, INBOUND, too_big4), 0);
	assert_int_equal(decides(&acl, INBOUND, too_big6), 0);
	add(&acl, INBOUND, icmp_rule_of(120, ACTION_ALLOW, ICMP, ANY4, 3, 4));
	add(&acl, INBOUND, icmp_rule_of(130, ACTION_ALLOW, PROTOCOL_ICMPV6, ANY6, 2, -1));
	add(&acl, INBOUND, icmp_rule_of(140, ACTION_ALLOW, ICMP, ANY4, 11, 0));
	assert_true(acl_sort(&acl));
	assert_int_equal(decides(&acl, INBOUND, too_big4), 120);
	assert_int_equal(decides(&acl, INBOUND, too_big6), 130);
	assert_int_equal(decides(&acl, INBOUND, exceeded), 140);
	assert_int_equal(decides(&acl, OUTBOUND, too_big4), 0);
	acl_fini(&acl);
}

/* A later fragment passes over the rules that look at ports, allowing and denying ones alike. */
static void fragments_pass_over_port_rules(void **state)
{
	struct packet fragment = later_fragment_of(UDP, "203.0.113.9", "192.0.2.1");
	struct acl acl = {0};

	(void)state;
	add(&acl, INBOUND, port_rule_of(100, ACTION_ALLOW, UDP, ANY4, 53, 53));
	add(&acl, INBOUND, port_rule_of(110, ACTION_DENY, UDP, ANY4, 0, 1023));
	assert_true(acl_sort(&acl));
	assert_int_equal(decides(&acl, INBOUND, fragment), 0);
	add(&acl, INBOUND, rule_of(120, ACTION_ALLOW, UDP, ANY4));
	assert_true(acl_sort(&acl));
	assert_int_equal(decides(&acl, INBOUND, fragment), 120);
	acl_fini(&acl);
}

/* Every number there is, added backwards; quotas are advice, not limits. */
static void all_numbers(void **state)
{
	struct acl acl = {0};

	(void)state;
	for (unsigned int n = RULE_NUMBER_MAX; n >= RULE_NUMBER_MIN; n--)
		add(&acl, OUTBOUND,
		    port_rule_of((uint16_t)n, ACTION_ALLOW, TCP, ANY4, (uint16_t)n, (uint16_t)n));
	assert_true(acl_sort(&acl));
	assert_int_equal(acl.lists[OUTBOUND].count, 32766);
	for (size_t i = 0; i < 32766; i++)
		assert_int_equal(acl.lists[OUTBOUND].rules[i].number, i + 1);
	for (unsigned int port = 0; port <= 32767; port += 7)
		assert_int_equal(
			decides(&acl, OUTBOUND,
				ports_of(TCP, "192.0.2.1", 1, "203.0.113.9", (uint16_t)port)),
			port <= 32766 ? port : 0);
	acl_fini(&acl);
}

/* A rule over a set of 100,000 is one rule, and what comes before it still comes before it. */
static void large_set(void **state)
{
	enum { PREFIXES = 100000 };
	char name[] = "blocklist";
	struct prefix *prefixes = calloc(PREFIXES, sizeof(*prefixes));
	struct prefix_set set = {.name = name, .prefixes = prefixes, .count = PREFIXES};
	struct rule blocked = rule_of(20, ACTION_DENY, ALL, ANY4);
	struct acl acl = {0};

	(void)state;
	assert_non_null(prefixes);
	for (uint32_t i = 0; i < PREFIXES; i++) /* every second address from 10.0.0.0 on */
		prefixes[i] =
			(struct prefix){.addr = addr_from_ipv4(0x0a000000 + 2 * i), .len = 32};
	prefixes[PREFIXES - 1] = prefix_of("2001:db8:bad::/48");
	blocked.set = &set;
	add(&acl, INBOUND, rule_of(10, ACTION_ALLOW, ALL, "10.0.0.4/32"));
	add(&acl, INBOUND, blocked);
	add(&acl, INBOUND, rule_of(30, ACTION_ALLOW, ALL, ANY4));
	add(&acl, INBOUND, rule_of(40, ACTION_ALLOW, ALL, ANY6));
	assert_true(acl_sort(&acl));
	assert_int_equal(acl.lists[INBOUND].count, 4);
	assert_int_equal(decides(&acl, INBOUND, packet_of(6, "10.0.0.0", "192.0.2.1")), 20);
	assert_int_equal(decides(&acl, INBOUND, packet_of(6, "10.0.0.1", "192.0.2.1")), 30);
	assert_int_equal(decides(&acl, INBOUND, packet_of(6, "10.0.0.4", "192.0.2.1")), 10);
	assert_int_equal(decides(&acl, INBOUND, packet_of(6, "10.3.13.60", "192.0.2.1")), 20);
	assert_int_equal(decides(&acl, INBOUND, packet_of(6, "10.3.13.62", "192.0.2.1")), 30);
	assert_int_equal(decides(&acl, INBOUND, packet_of(6, "2001:db8:bad::1", "2001:db8::1")),
			 20);
	assert_int_equal(decides(&acl, INBOUND, packet_of(6, "2001:db8:bae::1", "2001:db8::1")),
			 40);
	acl_fini(&acl);
	free(prefixes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_list_denies),
		cmocka_unit_test(first_match_in_ascending_order),
		cmocka_unit_test(number_stands_once),
		cmocka_unit_test(stateless),
		cmocka_unit_test(icmp_errors_need_rules),
		cmocka_unit_test(fragments_pass_over_port_rules),
		cmocka_unit_test(all_numbers),
		cmocka_unit_test(large_set),
	};

	return cmocka_run_group_tests_name("acl", tests, NULL, NULL);
}
