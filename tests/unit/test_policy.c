/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which list is asked for which packet, in which order, and what is exempt from being asked.
 */
#include "policies.h"

#define HOST4   "192.0.2.1"
#define HOST6   "2001:db8::1"
#define REMOTE4 "203.0.113.9"
#define REMOTE6 "2001:db8:9::9"
#define ICMP6   PROTOCOL_ICMPV6

static struct packet tcp(const char *src, const char *dst, uint16_t port)
{
	return ports_of(PROTOCOL_TCP, src, 40000, dst, port);
}

static void the_host_has_one_list_a_direction(void **state)
{
	struct policy *policy = four_acls();

	(void)state;
	EXPECT(policy, HOOK_INPUT, "eth0", tcp(REMOTE4, HOST4, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{0, INBOUND, 10}}});
	EXPECT(policy, HOOK_INPUT, NULL, tcp(REMOTE6, HOST6, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{0, INBOUND, 11}}});
	EXPECT(policy, HOOK_INPUT, "eth0", tcp(REMOTE4, HOST4, TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{0, INBOUND, 0}}});
	EXPECT(policy, HOOK_OUTPUT, "eth0", tcp(HOST4, REMOTE4, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{0, OUTBOUND, 20}}});
	EXPECT(policy, HOOK_OUTPUT, NULL, tcp(HOST6, REMOTE6, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{0, OUTBOUND, 21}}});
	EXPECT(policy, HOOK_OUTPUT, "eth0", tcp(HOST6, REMOTE6, 40000),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{0, OUTBOUND, 0}}});
	/* An address of the host inside a subnet is the host's all the same: not routed. */
	EXPECT(policy, HOOK_INPUT, "eth0", tcp(REMOTE4, "10.0.1.1", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{0, INBOUND, 10}}});
	policy_free(policy);
}

static void host_interfaces(void **state)
{
	struct policy *policy = four_acls();
	const struct expected judged = {ACTION_DENY, POLICY_JUDGED, 1, {{0, INBOUND, 0}}};
	const struct expected passed = {ACTION_ALLOW, POLICY_UNPROTECTED, 0, {{0}}};

	(void)state;
	assert_int_equal(policy_add_host_interface(policy, "eth1"), 0);
	assert_int_equal(policy_add_host_interface(policy, "fifteen-letters"), 0);
	assert_true(policy_add_host_interface(policy, "sixteen-letters!") < 0);
	assert_int_equal(policy->host.interface_count, 2);
	EXPECT(policy, HOOK_INPUT, "eth1", tcp(REMOTE4, HOST4, TELNET), judged);
	EXPECT(policy, HOOK_INPUT, "fifteen-letters", tcp(REMOTE4, HOST4, TELNET), judged);
	EXPECT(policy, HOOK_INPUT, NULL, tcp(REMOTE4, HOST4, TELNET), judged);
	EXPECT(policy, HOOK_INPUT, "eth0", tcp(REMOTE4, HOST4, TELNET), passed);
	EXPECT(policy, HOOK_INPUT, "eth11", tcp(REMOTE4, HOST4, TELNET), passed);
	EXPECT(policy, HOOK_OUTPUT, "eth", tcp(HOST4, REMOTE4, TELNET), passed);
	policy_free(policy);
}

static void no_acl(void **state)
{
	struct policy *policy = four_acls(), *empty = policy_new();
	const struct expected passed = {ACTION_ALLOW, POLICY_UNPROTECTED, 0, {{0}}};

	(void)state;
	policy->host.acl = POLICY_NO_ACL;
	EXPECT(policy, HOOK_INPUT, "eth0", tcp(REMOTE4, HOST4, TELNET), passed);
	EXPECT(policy, HOOK_OUTPUT, NULL, tcp(HOST6, REMOTE6, TELNET), passed);
	EXPECT(policy, HOOK_FORWARD, NULL, tcp(REMOTE4, "10.0.4.1", TELNET), passed);
	EXPECT(policy, HOOK_FORWARD, NULL, tcp(REMOTE6, "2001:db8:3::1", TELNET), passed);
	assert_non_null(empty);
	assert_null(policy_finish(empty));
	assert_int_equal(empty->counter_count, 0);
	EXPECT(empty, HOOK_INPUT, "eth0", tcp(REMOTE4, HOST4, TELNET), passed);
	EXPECT(empty, HOOK_FORWARD, "eth0", tcp(REMOTE4, HOST4, TELNET), passed);
	policy_free(policy);
	policy_free(empty);
	policy_free(NULL);
}

static void subnets_are_crossed_in_and_out(void **state)
{
	struct policy *policy = four_acls();

	(void)state;
	EXPECT(policy, HOOK_FORWARD, "eth0", tcp(REMOTE4, "10.0.1.5", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{1, INBOUND, 110}}});
	EXPECT(policy, HOOK_FORWARD, "eth0", tcp("10.0.1.5", REMOTE4, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{1, OUTBOUND, 120}}});
	EXPECT(policy, HOOK_FORWARD, NULL, tcp(REMOTE6, "2001:db8:2::5", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{2, INBOUND, 211}}});
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("2001:db8:2::5", REMOTE6, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{2, OUTBOUND, 221}}});
	EXPECT(policy, HOOK_FORWARD, NULL, tcp(REMOTE4, "10.0.3.255", TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{3, INBOUND, 0}}});
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("10.0.3.0", REMOTE4, TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{3, OUTBOUND, 0}}});
	policy_free(policy);
}

/* From one protected subnet to another: out of the one, then, if that allowed, into the other. */
static void between_subnets(void **state)
{
	struct policy *policy = four_acls();

	(void)state;
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("10.0.1.5", "10.0.2.5", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 2, {{1, OUTBOUND, 120}, {2, INBOUND, 210}}});
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("2001:db8:2::5", "2001:db8:1::5", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 2, {{2, OUTBOUND, 221}, {1, INBOUND, 111}}});
	/* Neither list: the first says so, the second is not asked. */
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("10.0.1.5", "10.0.2.5", TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{1, OUTBOUND, 0}}});

	/* The first allows, the second denies. */
	add_rule(policy, 1, OUTBOUND, port_rule_of(130, 1, 6, "10.0.2.0/24", 2222, 2222));
	add_rule(policy, 2, OUTBOUND, port_rule_of(230, 1, 6, "2001:db8:1::/64", 2222, 2222));
	assert_null(policy_finish(policy));
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("10.0.1.5", "10.0.2.5", 2222),
	       {ACTION_DENY, POLICY_JUDGED, 2, {{1, OUTBOUND, 130}, {2, INBOUND, 0}}});
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("2001:db8:2::5", "2001:db8:1::5", 2222),
	       {ACTION_DENY, POLICY_JUDGED, 2, {{2, OUTBOUND, 230}, {1, INBOUND, 0}}});

	/* The first denies, the second would allow: it is not asked. */
	add_rule(policy, 2, INBOUND, port_rule_of(240, 1, 6, "10.0.1.0/24", 3333, 3333));
	assert_null(policy_finish(policy));
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("10.0.1.5", "10.0.2.5", 3333),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{1, OUTBOUND, 0}}});
	/* From outside it would have been let in by its port, but the rule names the subnet. */
	EXPECT(policy, HOOK_FORWARD, NULL, tcp(REMOTE4, "10.0.2.5", 3333),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{2, INBOUND, 0}}});
	policy_free(policy);
}

/* Within one subnet nothing is filtered; two subnets of one ACL are still two. */
static void within_subnet(void **state)
{
	struct policy *policy = four_acls();

	(void)state;
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("10.0.1.5", "10.0.1.6", TELNET),
	       {ACTION_ALLOW, POLICY_WITHIN_SUBNET, 0, {{0}}});
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("2001:db8:2::5", "2001:db8:2::6", TELNET),
	       {ACTION_ALLOW, POLICY_WITHIN_SUBNET, 0, {{0}}});
	add_subnet(policy, "10.0.5.0/24", 1);
	assert_null(policy_finish(policy));
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("10.0.1.5", "10.0.5.6", TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{1, OUTBOUND, 0}}});
	EXPECT(policy, HOOK_FORWARD, NULL, tcp("10.0.1.5", "10.0.5.6", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 2, {{1, OUTBOUND, 120}, {1, INBOUND, 110}}});
	policy_free(policy);
}

struct exempt_case {
	const char *name;
	enum hook hook;
	const char *interface;
	struct packet packet;
	unsigned int exempt; /* 0: never */
};

static struct packet hops(struct packet packet, uint8_t hop_limit)
{
	packet.hop_limit = hop_limit;
	return packet;
}

static struct packet udp(const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	return ports_of(PROTOCOL_UDP, src, sport, dst, dport);
}

/* Each case under every mask: exempted exactly when its own bit is on, whatever the others are. */
static void check_exempt(const struct exempt_case *cases, size_t count)
{
	struct policy *policy = four_acls();

	for (size_t i = 0; i < count; i++) {
		for (policy->exempt = 0; policy->exempt < 8; policy->exempt++) {
			unsigned int expected = cases[i].exempt & policy->exempt;
			struct policy_verdict v;

			policy_eval(policy, cases[i].hook, cases[i].interface, &cases[i].packet,
				    &v);
			if (policy_exempts(policy, cases[i].hook, cases[i].interface,
					   &cases[i].packet) != expected ||
			    (v.outcome == POLICY_EXEMPTED) != (expected != 0))
				fail_msg("%s, mask %u", cases[i].name, policy->exempt);
			if (expected)
				assert_true(v.action == ACTION_ALLOW && v.step_count == 0);
		}
	}
	policy_free(policy);
}

static void exempt_loopback(void **state)
{
	const struct exempt_case cases[] = {
		{"lo", HOOK_INPUT, "lo", tcp(HOST4, HOST4, 23), EXEMPT_LOOPBACK},
		{"lo, out", HOOK_OUTPUT, "lo", tcp(HOST6, HOST6, 23), EXEMPT_LOOPBACK},
		{"not lo", HOOK_INPUT, "lo0", tcp("127.0.0.1", "127.0.0.1", 23), 0},
		{"127/8", HOOK_INPUT, NULL, tcp("127.0.0.1", "127.1.2.3", 23), EXEMPT_LOOPBACK},
		{"::1", HOOK_OUTPUT, NULL, tcp("::1", "::1", 23), EXEMPT_LOOPBACK},
		{"one end only", HOOK_INPUT, NULL, tcp("127.0.0.1", HOST4, 23), 0},
		{"the other end only", HOOK_INPUT, NULL, tcp(HOST6, "::1", 23), 0},
		{"126/8", HOOK_INPUT, NULL, tcp("126.0.0.1", "126.0.0.1", 23), 0},
		{"128/8", HOOK_INPUT, NULL, tcp("128.0.0.1", "128.0.0.1", 23), 0},
		{"::2", HOOK_INPUT, NULL, tcp("::2", "::2", 23), 0},
		{"1::1", HOOK_INPUT, NULL, tcp("1::1", "1::1", 23), 0},
		{"routed", HOOK_FORWARD, NULL, tcp("127.0.0.1", "127.0.0.1", 23), 0},
	};

	(void)state;
	check_exempt(cases, COUNT(cases));
}

static void exempt_neighbour_discovery(void **state)
{
	(void)state;
	for (int type = 0; type <= 255; type++) {
		struct packet p = icmp_of(ICMP6, "fe80::1", "ff02::1", (uint8_t)type, 0);
		struct packet v4 = icmp_of(PROTOCOL_ICMP, REMOTE4, HOST4, (uint8_t)type, 0);
		bool neighbour = type >= 133 && type <= 136;
		const struct exempt_case cases[] = {
			{"in", HOOK_INPUT, "eth0", hops(p, 255),
			 neighbour ? EXEMPT_NEIGHBOUR_DISCOVERY : 0},
			{"out", HOOK_OUTPUT, NULL, hops(p, 255),
			 neighbour ? EXEMPT_NEIGHBOUR_DISCOVERY : 0},
			{"hop limit 254: was routed", HOOK_INPUT, "eth0", hops(p, 254), 0},
			{"forward", HOOK_FORWARD, "eth0", hops(p, 255), 0},
			{"v4", HOOK_INPUT, "eth0", hops(v4, 255), 0},
		};

		check_exempt(cases, COUNT(cases));
	}
}

static void exempt_dhcp(void **state)
{
	struct packet fragment = later_fragment_of(PROTOCOL_UDP, REMOTE4, HOST4);
	const struct exempt_case cases[] = {
		{"discover", HOOK_OUTPUT, NULL, udp("0.0.0.0", 68, "255.255.255.255", 67),
		 EXEMPT_DHCP},
		{"offer", HOOK_INPUT, "eth0", udp(REMOTE4, 67, HOST4, 68), EXEMPT_DHCP},
		{"solicit", HOOK_OUTPUT, "eth0", udp("fe80::1", 546, "ff02::1:2", 547),
		 EXEMPT_DHCP},
		{"reply", HOOK_INPUT, NULL, udp("fe80::2", 547, "fe80::1", 546), EXEMPT_DHCP},
		{"a server's part, in", HOOK_INPUT, NULL, udp(REMOTE4, 68, HOST4, 67), 0},
		{"a server's part, out", HOOK_OUTPUT, NULL, udp(HOST4, 67, REMOTE4, 68), 0},
		{"a server's part, v6", HOOK_INPUT, NULL, udp(REMOTE6, 546, HOST6, 547), 0},
		{"v4 ports on v6", HOOK_INPUT, NULL, udp(REMOTE6, 67, HOST6, 68), 0},
		{"v6 ports on v4", HOOK_INPUT, NULL, udp(REMOTE4, 547, HOST4, 546), 0},
		{"another source port", HOOK_INPUT, NULL, udp(REMOTE4, 66, HOST4, 68), EXEMPT_DHCP},
		{"another source port, v6", HOOK_INPUT, NULL, udp(REMOTE6, 40000, HOST6, 546),
		 EXEMPT_DHCP},
		{"another destination port", HOOK_INPUT, NULL, udp(REMOTE4, 67, HOST4, 69), 0},
		{"another source port, out", HOOK_OUTPUT, NULL, udp(HOST4, 66, REMOTE4, 67), 0},
		{"another destination port, out", HOOK_OUTPUT, NULL, udp(HOST4, 68, REMOTE4, 66),
		 0},
		{"TCP", HOOK_INPUT, NULL, ports_of(6, REMOTE4, 67, HOST4, 68), 0},
		{"routed", HOOK_FORWARD, NULL, udp(REMOTE4, 67, HOST4, 68), 0},
		{"a later fragment", HOOK_INPUT, NULL, fragment, 0},
	};

	(void)state;
	check_exempt(cases, COUNT(cases));
}

static void defaults_and_names(void **state)
{
	struct policy *policy = policy_new();

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->mode, POLICY_ENFORCE);
	assert_int_equal(policy->on_failure, POLICY_FAIL_DROP);
	assert_int_equal(policy->fragments, POLICY_REASSEMBLE);
	assert_int_equal(policy->steering, POLICY_WATCH);
	assert_int_equal(policy->exempt,
			 EXEMPT_LOOPBACK | EXEMPT_NEIGHBOUR_DISCOVERY | EXEMPT_DHCP);
	assert_int_equal(policy->queue.count, 1);
	assert_int_equal(policy->queue.length, QUEUE_LENGTH_DEFAULT);
	assert_string_equal(exempt_name(EXEMPT_LOOPBACK), "loopback");
	assert_string_equal(exempt_name(EXEMPT_NEIGHBOUR_DISCOVERY), "neighbour-discovery");
	assert_string_equal(exempt_name(EXEMPT_DHCP), "dhcp");
	assert_null(exempt_name(0));
	assert_null(exempt_name(EXEMPT_DEFAULT));
	assert_string_equal(policy_outcome_name(POLICY_WITHIN_SUBNET), "within-subnet");
	assert_string_equal(hook_name(HOOK_FORWARD), "forward");
	policy_free(policy);
}

/* One counter a rule and one a `*`, none of them shared. */
static void counters(void **state)
{
	struct policy *policy = four_acls();
	unsigned int used[24] = {0};

	(void)state;
	assert_int_equal(policy->counter_count, 4 * 2 * (2 + 1));
	for (size_t a = 0; a < policy->acl_count; a++) {
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			const struct acl_list *list = &policy->acls[a].lists[d];

			assert_true(list->implicit_counter < COUNT(used));
			used[list->implicit_counter]++;
			for (size_t r = 0; r < list->count; r++)
				used[list->rules[r].counter]++;
		}
	}
	for (size_t i = 0; i < COUNT(used); i++)
		assert_int_equal(used[i], 1);
	policy_free(policy);
}

static void impossible_policies(void **state)
{
	struct policy *policy = four_acls();

	(void)state;
	add_rule(policy, 3, OUTBOUND, rule_of(320, ACTION_DENY, 47, "::/0"));
	assert_non_null(policy_finish(policy));
	policy_free(policy);

	policy = four_acls();
	add_subnet(policy, "10.0.1.128/25", 3);
	assert_non_null(policy_finish(policy));
	policy_free(policy);

	policy = four_acls();
	add_subnet(policy, "2001:db8::/32", 1);
	assert_non_null(policy_finish(policy));
	policy_free(policy);
}

static void sets(void **state)
{
	struct policy *policy = four_acls();
	struct prefix_set *first = policy_add_set(policy, "first"), *set;
	struct rule rule = rule_of(5, ACTION_DENY, PROTOCOL_ALL, "0.0.0.0/0");

	(void)state;
	assert_non_null(first);
	for (uint32_t i = 0; i < 1000; i++) {
		struct prefix prefix = {.addr = addr_from_ipv4(0xc6336400 + i), .len = 32};

		assert_int_equal(prefix_set_add(first, &prefix), 0);
		assert_int_equal(first->count, i + 1);
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(addr_ipv4(&first->prefixes[i].addr), 0xc6336400 + i);
	rule.set = first;
	add_rule(policy, 0, INBOUND, rule);
	for (int i = 0; i < 100; i++) /* the rule's pointer must outlive the table's growth */
		assert_non_null(policy_add_set(policy, "another"));
	set = policy_find_set(policy, "first");
	assert_ptr_equal(set, first);
	assert_null(policy_find_set(policy, "none"));
	assert_null(policy_finish(policy));
	EXPECT(policy, HOOK_OUTPUT, NULL, tcp(HOST4, "198.51.100.7", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{0, OUTBOUND, 20}}});
	EXPECT(policy, HOOK_INPUT, NULL, tcp(REMOTE4, HOST4, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{0, INBOUND, 10}}});
	assert_int_equal(
		acl_eval(&policy->acls[0].lists[INBOUND], INBOUND,
			 &(struct packet){.src = addr_of("198.51.100.7"), .dst = addr_of(HOST4)})
			->number,
		5);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_has_one_list_a_direction),
		cmocka_unit_test(host_interfaces),
		cmocka_unit_test(no_acl),
		cmocka_unit_test(subnets_are_crossed_in_and_out),
		cmocka_unit_test(between_subnets),
		cmocka_unit_test(within_subnet),
		cmocka_unit_test(exempt_loopback),
		cmocka_unit_test(exempt_neighbour_discovery),
		cmocka_unit_test(exempt_dhcp),
		cmocka_unit_test(defaults_and_names),
		cmocka_unit_test(counters),
		cmocka_unit_test(impossible_policies),
		cmocka_unit_test(sets),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
