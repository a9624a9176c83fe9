/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One rule: what it may say, what it matches, and what it names as the reason when it does not. */
#include "samples.h"

#define HERE4  "192.0.2.1"
#define THERE4 "203.0.113.9"
#define HERE6  "2001:db8::1"
#define THERE6 "2001:db8:9::9"
#define BLOCK4 "203.0.113.0/24"
#define BLOCK6 "2001:db8:9::/48"
#define OTHER4 "198.51.100.0/24"
#define ANY4   "0.0.0.0/0"
#define ANY6   "::/0"
#define ICMP   PROTOCOL_ICMP
#define ICMP6  PROTOCOL_ICMPV6
#define TCP    PROTOCOL_TCP
#define UDP    PROTOCOL_UDP
#define ALL    PROTOCOL_ALL
#define ALLOW  ACTION_ALLOW

struct rule_case {
	const char *name;
	struct rule rule;
	struct packet packet;
	enum rule_mismatch expected;
};

/*
 * Each packet goes from there to here, and each rule's CIDR is about there: so as it stands it is
 * an inbound case. Turned round it is the outbound one, and must have the same answer: the CIDR is
 * the remote end, and the port is the packet's destination port in either direction.
 */
static void check_both_directions(const struct rule_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct packet p = cases[i].packet;
		enum rule_mismatch in, out;

		in = rule_compare(&cases[i].rule, INBOUND, &p);
		p.src = cases[i].packet.dst;
		p.dst = cases[i].packet.src;
		out = rule_compare(&cases[i].rule, OUTBOUND, &p);
		if (in != cases[i].expected || out != cases[i].expected)
			fail_msg("%s: inbound %d, outbound %d, expected %d", cases[i].name, in, out,
				 cases[i].expected);
		assert_int_equal(rule_matches(&cases[i].rule, OUTBOUND, &p), out == RULE_MATCHES);
	}
}

static void address_and_family(void **state)
{
	const struct rule_case cases[] = {
		{"inside", rule_of(1, ALLOW, ALL, BLOCK4), packet_of(47, THERE4, HERE4),
		 RULE_MATCHES},
		{"inside, v6", rule_of(1, ALLOW, ALL, BLOCK6), packet_of(47, THERE6, HERE6),
		 RULE_MATCHES},
		{"outside", rule_of(1, ALLOW, ALL, OTHER4), packet_of(47, THERE4, HERE4),
		 RULE_OTHER_ADDRESS},
		{"the near end is not looked at", rule_of(1, ALLOW, ALL, "192.0.2.0/24"),
		 packet_of(47, THERE4, HERE4), RULE_OTHER_ADDRESS},
		{"v4 rule, v6 packet", rule_of(1, ALLOW, ALL, ANY4), packet_of(47, THERE6, HERE6),
		 RULE_OTHER_FAMILY},
		{"v6 rule, v4 packet", rule_of(1, ALLOW, ALL, ANY6), packet_of(47, THERE4, HERE4),
		 RULE_OTHER_FAMILY},
		{"family comes before protocol", rule_of(1, ALLOW, TCP, ANY4),
		 packet_of(47, THERE6, HERE6), RULE_OTHER_FAMILY},
		{"protocol comes before address", rule_of(1, ALLOW, TCP, OTHER4),
		 packet_of(47, THERE4, HERE4), RULE_OTHER_PROTOCOL},
		{"address comes before port", port_rule_of(1, ALLOW, TCP, OTHER4, 22, 22),
		 ports_of(TCP, THERE4, 40000, HERE4, 443), RULE_OTHER_ADDRESS},
	};

	(void)state;
	check_both_directions(cases, COUNT(cases));
}

static void ports_are_compared(void **state)
{
	const struct packet web4 = ports_of(TCP, THERE4, 40000, HERE4, 443);
	const struct packet web6 = ports_of(TCP, THERE6, 40000, HERE6, 443);
	const struct packet dns = ports_of(UDP, THERE4, 53, HERE4, 40000);
	struct packet reset = web4;
	const struct rule_case cases[] = {
		{"the port", port_rule_of(1, ALLOW, TCP, ANY4, 443, 443), web4, RULE_MATCHES},
		{"the port, v6", port_rule_of(1, ALLOW, TCP, ANY6, 443, 443), web6, RULE_MATCHES},
		{"first of the range", port_rule_of(1, ALLOW, TCP, ANY4, 443, 500), web4,
		 RULE_MATCHES},
		{"last of the range", port_rule_of(1, ALLOW, TCP, ANY4, 400, 443), web4,
		 RULE_MATCHES},
		{"below the range", port_rule_of(1, ALLOW, TCP, ANY4, 444, 500), web4,
		 RULE_OTHER_PORT},
		{"above the range", port_rule_of(1, ALLOW, TCP, ANY4, 400, 442), web4,
		 RULE_OTHER_PORT},
		{"above the range, v6", port_rule_of(1, ALLOW, TCP, ANY6, 400, 442), web6,
		 RULE_OTHER_PORT},
		{"all ports", rule_of(1, ALLOW, TCP, ANY4), web4, RULE_MATCHES},
		{"the source port is never looked at",
		 port_rule_of(1, ALLOW, TCP, ANY4, 40000, 40000), web4, RULE_OTHER_PORT},
		{"nor that of UDP", port_rule_of(1, ALLOW, UDP, ANY4, 53, 53), dns,
		 RULE_OTHER_PORT},
		{"UDP", port_rule_of(1, ALLOW, UDP, ANY4, 1024, 65535), dns, RULE_MATCHES},
		{"a UDP rule is not for TCP", port_rule_of(1, ALLOW, UDP, ANY4, 443, 443), web4,
		 RULE_OTHER_PROTOCOL},
		{"all protocols", rule_of(1, ALLOW, ALL, ANY4), web4, RULE_MATCHES},
		{"port 0", port_rule_of(1, ALLOW, TCP, ANY4, 0, 0),
		 ports_of(TCP, THERE4, 1, HERE4, 0), RULE_MATCHES},
		{"port 65535", port_rule_of(1, ALLOW, TCP, ANY4, 65535, 65535),
		 ports_of(TCP, THERE4, 1, HERE4, 65535), RULE_MATCHES},
		{"UDP-Lite has no ports here", rule_of(1, ALLOW, 136, ANY4),
		 packet_of(136, THERE4, HERE4), RULE_MATCHES},
	};

	(void)state;
	check_both_directions(cases, COUNT(cases));
	/* No flag makes a difference: there is no "established". */
	for (unsigned int flags = 0; flags < 256; flags++) {
		reset.tcp_flags = (uint8_t)flags;
		assert_true(rule_matches(&cases[0].rule, INBOUND, &reset));
		assert_false(rule_matches(&cases[4].rule, INBOUND, &reset));
	}
}

static void types_and_codes_are_compared(void **state)
{
	const struct packet ping = icmp_of(ICMP, THERE4, HERE4, 8, 0);
	const struct packet too_big = icmp_of(ICMP, THERE4, HERE4, 3, 4);
	const struct packet too_big6 = icmp_of(ICMP6, THERE6, HERE6, 2, 0);
	const struct packet v6_over_v4 = packet_of(ICMP6, THERE4, HERE4);
	const struct packet v4_over_v6 = packet_of(ICMP, THERE6, HERE6);
	const struct rule_case cases[] = {
		{"any type", icmp_rule_of(1, ALLOW, ICMP, ANY4, -1, -1), ping, RULE_MATCHES},
		{"the type, any code", icmp_rule_of(1, ALLOW, ICMP, ANY4, 3, -1), too_big,
		 RULE_MATCHES},
		{"type and code", icmp_rule_of(1, ALLOW, ICMP, ANY4, 3, 4), too_big, RULE_MATCHES},
		{"another code", icmp_rule_of(1, ALLOW, ICMP, ANY4, 3, 3), too_big,
		 RULE_OTHER_TYPE},
		{"another type", icmp_rule_of(1, ALLOW, ICMP, ANY4, 8, -1), too_big,
		 RULE_OTHER_TYPE},
		{"type 0 is not any", icmp_rule_of(1, ALLOW, ICMP, ANY4, 0, -1), ping,
		 RULE_OTHER_TYPE},
		{"code 0 is not any", icmp_rule_of(1, ALLOW, ICMP, ANY4, 3, 0), too_big,
		 RULE_OTHER_TYPE},
		{"type 255", icmp_rule_of(1, ALLOW, ICMP, ANY4, 255, 255),
		 icmp_of(ICMP, THERE4, HERE4, 255, 255), RULE_MATCHES},
		{"all protocols", rule_of(1, ALLOW, ALL, ANY4), too_big, RULE_MATCHES},
		{"v6, the type", icmp_rule_of(1, ALLOW, ICMP6, ANY6, 2, 0), too_big6, RULE_MATCHES},
		{"v6, another type", icmp_rule_of(1, ALLOW, ICMP6, ANY6, 128, -1), too_big6,
		 RULE_OTHER_TYPE},
		{"an ICMP rule is not for ICMPv6", icmp_rule_of(1, ALLOW, ICMP, ANY6, -1, -1),
		 too_big6, RULE_OTHER_PROTOCOL},
		{"58 with a v4 CIDR is every type", rule_of(1, ALLOW, ICMP6, ANY4), v6_over_v4,
		 RULE_MATCHES},
		{"1 over IPv6, any type", rule_of(1, ALLOW, ICMP, ANY6), v4_over_v6, RULE_MATCHES},
		{"1 over IPv6 has no type", icmp_rule_of(1, ALLOW, ICMP, ANY6, 8, 0), v4_over_v6,
		 RULE_NO_TRANSPORT},
	};

	(void)state;
	check_both_directions(cases, COUNT(cases));
}

/* What another protocol's rule says of ports and types is ignored. */
static void other_protocols(void **state)
{
	static const uint8_t numbers[] = {0, 2, 4, 33, 41, 47, 50, 51, 59, 89, 132, 136, 254, 255};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		const struct rule_case cases[] = {
			{"v4", rule_of(1, ALLOW, numbers[i], ANY4),
			 packet_of(numbers[i], THERE4, HERE4), RULE_MATCHES},
			{"v6", rule_of(1, ALLOW, numbers[i], ANY6),
			 packet_of(numbers[i], THERE6, HERE6), RULE_MATCHES},
			{"all", rule_of(1, ALLOW, ALL, ANY4), packet_of(numbers[i], THERE4, HERE4),
			 RULE_MATCHES},
			{"another", rule_of(1, ALLOW, numbers[i], ANY4),
			 packet_of(numbers[i] ^ 1, THERE4, HERE4), RULE_OTHER_PROTOCOL},
		};

		check_both_directions(cases, COUNT(cases));
	}
}

/* A later fragment has no ports and no type: it matches only rules that look at none. */
static void fragments(void **state)
{
	const struct packet tcp = later_fragment_of(TCP, THERE4, HERE4);
	const struct packet udp6 = later_fragment_of(UDP, THERE6, HERE6);
	const struct packet ping = later_fragment_of(ICMP, THERE4, HERE4);
	const struct packet ping6 = later_fragment_of(ICMP6, THERE6, HERE6);
	struct packet first = ports_of(TCP, THERE4, 40000, HERE4, 443);
	first.fragment = 1;
	const struct rule_case cases[] = {
		{"a port", port_rule_of(1, ALLOW, TCP, ANY4, 443, 443), tcp, RULE_NO_TRANSPORT},
		{"port 0 is a port", port_rule_of(1, ALLOW, TCP, ANY4, 0, 0), tcp,
		 RULE_NO_TRANSPORT},
		{"almost all ports", port_rule_of(1, ALLOW, TCP, ANY4, 1, 65535), tcp,
		 RULE_NO_TRANSPORT},
		{"almost all ports, v6", port_rule_of(1, ALLOW, UDP, ANY6, 0, 65534), udp6,
		 RULE_NO_TRANSPORT},
		{"all ports", rule_of(1, ALLOW, TCP, ANY4), tcp, RULE_MATCHES},
		{"all ports, v6", rule_of(1, ALLOW, UDP, ANY6), udp6, RULE_MATCHES},
		{"all protocols", rule_of(1, ALLOW, ALL, ANY4), tcp, RULE_MATCHES},
		{"another protocol", rule_of(1, ALLOW, UDP, ANY4), tcp, RULE_OTHER_PROTOCOL},
		{"a type", icmp_rule_of(1, ALLOW, ICMP, ANY4, 0, 0), ping, RULE_NO_TRANSPORT},
		{"a type, any code", icmp_rule_of(1, ALLOW, ICMP, ANY4, 0, -1), ping,
		 RULE_NO_TRANSPORT},
		{"any type", rule_of(1, ALLOW, ICMP, ANY4), ping, RULE_MATCHES},
		{"a type, v6", icmp_rule_of(1, ALLOW, ICMP6, ANY6, 0, 0), ping6, RULE_NO_TRANSPORT},
		{"any type, v6", rule_of(1, ALLOW, ICMP6, ANY6), ping6, RULE_MATCHES},
		{"a first fragment has ports", port_rule_of(1, ALLOW, TCP, ANY4, 443, 443), first,
		 RULE_MATCHES},
		{"and they count", port_rule_of(1, ALLOW, TCP, ANY4, 22, 22), first,
		 RULE_OTHER_PORT},
	};

	(void)state;
	check_both_directions(cases, COUNT(cases));
}

static struct rule over(const struct prefix_set *set, struct rule rule)
{
	rule.set = set;
	return rule;
}

static void sets(void **state)
{
	char set_name[] = "set";
	struct prefix mixed_prefixes[] = {prefix_of(OTHER4), prefix_of("203.0.113.9"),
					  prefix_of(BLOCK6)};
	struct prefix v4_prefixes[] = {prefix_of(OTHER4)};
	const struct prefix_set mixed = {.name = set_name, .prefixes = mixed_prefixes, .count = 3};
	const struct prefix_set v4 = {.name = set_name, .prefixes = v4_prefixes, .count = 1};
	const struct prefix_set empty = {.name = set_name};
	const struct packet web = ports_of(TCP, THERE4, 40000, HERE4, 443);
	const struct packet web6 = ports_of(TCP, THERE6, 40000, HERE6, 443);
	const struct rule any = rule_of(1, ALLOW, ALL, ANY4);
	const struct rule_case cases[] = {
		{"any prefix of it", over(&mixed, any), web, RULE_MATCHES},
		{"any prefix of it, v6", over(&mixed, any), web6, RULE_MATCHES},
		{"none of it", over(&mixed, any), packet_of(6, "203.0.113.8", HERE4),
		 RULE_OTHER_ADDRESS},
		{"none of its family", over(&v4, any), web6, RULE_OTHER_FAMILY},
		{"protocol comes first here", over(&v4, rule_of(1, ALLOW, UDP, ANY4)), web6,
		 RULE_OTHER_PROTOCOL},
		{"nothing in it", over(&empty, any), web, RULE_OTHER_FAMILY},
		{"ports still count", over(&mixed, port_rule_of(1, ALLOW, TCP, ANY4, 22, 22)), web,
		 RULE_OTHER_PORT},
		{"protocol too", over(&mixed, rule_of(1, ALLOW, UDP, ANY4)), web,
		 RULE_OTHER_PROTOCOL},
		{"ICMPv6, its type", over(&mixed, icmp_rule_of(1, ALLOW, ICMP6, ANY6, 128, 0)),
		 icmp_of(ICMP6, THERE6, HERE6, 128, 0), RULE_MATCHES},
		{"ICMPv6, another type", over(&mixed, icmp_rule_of(1, ALLOW, ICMP6, ANY6, 128, 0)),
		 icmp_of(ICMP6, THERE6, HERE6, 129, 0), RULE_OTHER_TYPE},
		{"58 from a v4 prefix is every type",
		 over(&mixed, icmp_rule_of(1, ALLOW, ICMP6, ANY6, 128, 0)),
		 packet_of(ICMP6, THERE4, HERE4), RULE_MATCHES},
	};
	size_t count;

	(void)state;
	check_both_directions(cases, COUNT(cases));
	assert_ptr_equal(rule_prefixes(&cases[0].rule, &count), mixed_prefixes);
	assert_int_equal(count, 3);
	assert_ptr_equal(rule_prefixes(&any, &count), &any.prefix);
	assert_int_equal(count, 1);
}

static struct rule number(uint16_t n)
{
	return rule_of(n, ALLOW, ALL, ANY4);
}

static void validity(void **state)
{
	char set_name[] = "set";
	const struct prefix_set set = {.name = set_name};
	const struct {
		struct rule rule;
		bool valid;
	} cases[] = {
		{number(0), false},
		{number(1), true},
		{number(32766), true},
		{number(32767), false}, /* the implicit rules of AWS */
		{number(32768), false},
		{number(65535), false},
		{rule_of(1, ALLOW, -2, ANY4), false},
		{rule_of(1, ALLOW, -1, ANY4), true},
		{rule_of(1, ALLOW, 0, ANY4), true},
		{rule_of(1, ALLOW, 255, ANY6), true},
		{rule_of(1, ALLOW, 256, ANY4), false},
		{port_rule_of(1, ALLOW, TCP, ANY4, 0, 65535), true},
		{port_rule_of(1, ALLOW, TCP, ANY4, 443, 442), false},
		{port_rule_of(1, ALLOW, UDP, ANY6, 53, 53), true},
		{port_rule_of(1, ALLOW, ICMP, ANY4, 0, 1), false},
		{port_rule_of(1, ALLOW, ALL, ANY4, 80, 80), false},
		{port_rule_of(1, ALLOW, 132, ANY4, 80, 80), false},
		{icmp_rule_of(1, ALLOW, ICMP, ANY4, 8, 0), true},
		{icmp_rule_of(1, ALLOW, ICMP, ANY4, 255, 255), true},
		{icmp_rule_of(1, ALLOW, ICMP, ANY4, 256, 0), false},
		{icmp_rule_of(1, ALLOW, ICMP, ANY4, 8, 256), false},
		{icmp_rule_of(1, ALLOW, ICMP, ANY4, -2, -1), false},
		{icmp_rule_of(1, ALLOW, ICMP, ANY4, 8, -2), false},
		{icmp_rule_of(1, ALLOW, ICMP, ANY4, 8, -1), true},
		{icmp_rule_of(1, ALLOW, ICMP, ANY4, -1, 0), false},
		{icmp_rule_of(1, ALLOW, ICMP6, ANY6, 128, 0), true},
		{icmp_rule_of(1, ALLOW, ICMP6, ANY4, 128, 0), false},
		{icmp_rule_of(1, ALLOW, ICMP6, ANY4, -1, -1), true},
		{over(&set, icmp_rule_of(1, ALLOW, ICMP6, ANY4, 128, 0)), true},
		{icmp_rule_of(1, ALLOW, TCP, ANY4, 8, 0), false},
		{icmp_rule_of(1, ALLOW, ALL, ANY4, 8, -1), false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *wrong = rule_invalid(&cases[i].rule);

		if (!wrong != cases[i].valid)
			fail_msg("rule %zu: %s", i, wrong ? wrong : "accepted");
	}
}

static void only_equal_rules_are_the_same(void **state)
{
	char blocked_name[] = "blocked", again_name[] = "blocked", other_name[] = "other";
	const struct prefix_set blocked = {.name = blocked_name}, again = {.name = again_name};
	const struct prefix_set other = {.name = other_name};
	const struct rule base = port_rule_of(100, ALLOW, TCP, BLOCK4, 80, 443);
	const struct rule different[] = {
		port_rule_of(101, ALLOW, TCP, BLOCK4, 80, 443),
		port_rule_of(100, ACTION_DENY, TCP, BLOCK4, 80, 443),
		port_rule_of(100, ALLOW, UDP, BLOCK4, 80, 443),
		port_rule_of(100, ALLOW, TCP, OTHER4, 80, 443),
		port_rule_of(100, ALLOW, TCP, "203.0.113.0/25", 80, 443),
		port_rule_of(100, ALLOW, TCP, BLOCK4, 81, 443),
		port_rule_of(100, ALLOW, TCP, BLOCK4, 80, 444),
		icmp_rule_of(100, ALLOW, TCP, BLOCK4, 8, -1),
		icmp_rule_of(100, ALLOW, TCP, BLOCK4, -1, 0),
		over(&blocked, port_rule_of(100, ALLOW, TCP, BLOCK4, 80, 443)),
	};
	struct rule copy = base, a = over(&blocked, base), b = over(&again, base);

	(void)state;
	copy.counter = 77; /* where it counts is not what it means */
	assert_true(rule_same(&base, &copy));
	for (size_t i = 0; i < COUNT(different); i++) {
		struct rule changed = different[i];

		if (i == 7 || i == 8) /* the type alone */
			changed.port_first = base.port_first, changed.port_last = base.port_last;
		assert_false(rule_same(&base, &changed));
		assert_false(rule_same(&changed, &base));
	}
	assert_true(rule_same(&a, &b));
	b = over(&other, base);
	assert_false(rule_same(&a, &b));
}

static void protocols_have_names(void **state)
{
	static const struct {
		const char *text;
		int number; /* -2: refused */
	} table[] = {
		{"all", -1},    {"icmp", 1},       {"tcp", 6},         {"udp", 17},  {"gre", 47},
		{"icmpv6", 58}, {"0", 0},          {"6", 6},           {"255", 255}, {"256", -2},
		{"", -2},       {"-1", -2},        {"06", -2},         {"6 ", -2},   {"TCP", 6},
		{"icmp6", 58},  {"ipv6-icmp", 58}, {"IPv6-ICMP", 58},  {"any", -1},  {"icmp7", -2},
		{"tc", -2},     {"tcpx", -2},      {"4294967302", -2}, {"+6", -2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int protocol = -2;

		assert_int_equal(protocol_parse(table[i].text, &protocol), table[i].number != -2);
		assert_int_equal(protocol, table[i].number);
	}
	for (int protocol = -1; protocol <= 255; protocol++) {
		const char *name = protocol_name(protocol);
		int back = -2;

		if (!name)
			continue;
		assert_true(protocol_parse(name, &back));
		assert_int_equal(back, protocol);
	}
	assert_null(protocol_name(254));
	assert_string_equal(direction_name(INBOUND), "inbound");
	assert_string_equal(direction_name(OUTBOUND), "outbound");
	assert_string_equal(action_name(ACTION_ALLOW), "allow");
	assert_string_equal(action_name(ACTION_DENY), "deny");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_and_family),
		cmocka_unit_test(ports_are_compared),
		cmocka_unit_test(types_and_codes_are_compared),
		cmocka_unit_test(other_protocols),
		cmocka_unit_test(fragments),
		cmocka_unit_test(sets),
		cmocka_unit_test(validity),
		cmocka_unit_test(only_equal_rules_are_the_same),
		cmocka_unit_test(protocols_have_names),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
