/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiled classifier, case by case: the ends of prefixes and of high halves, packets without a
 * transport header, ICMP in both families, nothing to match, the same prefix many times.
 * test_classify_random.c has the mass, test_classify_size.c the large and the impossible.
 */
#include "classify_check.h"

#define NO_HEADER (-1)

/* Every budget, both directions: rule `number` decides, or none where it is 0. */
static void expect_rule(struct rule *rules, size_t count, const char *remote, uint8_t protocol,
			int32_t l4, int number)
{
	struct acl_list list = {.rules = rules, .count = count};
	struct addr addr = cidr(remote).addr;

	for (size_t i = 0; i < count; i++)
		rules[i].number = (uint16_t)(i + 1);
	for (size_t n = 0; n < 2 * BUDGETS; n++) {
		enum direction direction = n % 2 ? OUTBOUND : INBOUND;
		struct classify *c = build(&list, direction, &budgets[n / 2]);
		struct packet p = {.protocol = protocol};

		p.src.family = p.dst.family = addr.family;
		*(direction == INBOUND ? &p.src : &p.dst) = addr;
		show_transport(&p, l4 == NO_HEADER, (uint16_t)l4);
		expect_same(&list, c, direction, &p, remote);
		assert_int_equal(number_of(classify_lookup(c, &p)), number);
		classify_free(c);
	}
}

#define EXPECT(rules, remote, protocol, l4, number) \
	expect_rule(rules, sizeof(rules) / sizeof((rules)[0]), remote, protocol, l4, number)

static void prefix_ends(void **state)
{
	struct rule v4[] = {rule(PROTOCOL_ALL, "192.0.2.1/32"), rule(PROTOCOL_ALL, "0.0.0.0/32"),
			    rule(PROTOCOL_ALL, "255.255.255.255/32"), rule(6, "128.0.0.0/1"),
			    rule(17, "0.0.0.0/0")};
	struct rule v6[] = {rule(PROTOCOL_ALL, "2001:db8::1/128"), rule(PROTOCOL_ALL, "::/128"),
			    rule(PROTOCOL_ALL, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
			    rule(6, "2001:db8::/65"), rule(17, "::/0")};

	(void)state;
	EXPECT(v4, "192.0.2.1", 6, 80, 1);
	EXPECT(v4, "192.0.2.0", 6, 80, 4);
	EXPECT(v4, "192.0.2.2", 17, 80, 5);
	EXPECT(v4, "0.0.0.0", 6, 80, 2);
	EXPECT(v4, "0.0.0.1", 6, 80, 0);
	EXPECT(v4, "255.255.255.255", 17, 80, 3);
	EXPECT(v4, "255.255.255.254", 6, 80, 4);
	EXPECT(v4, "127.255.255.255", 6, 80, 0);
	EXPECT(v4, "2001:db8::1", 17, 80, 0);
	EXPECT(v6, "2001:db8::1", 6, 80, 1);
	EXPECT(v6, "2001:db8::2", 6, 80, 4);
	EXPECT(v6, "2001:db8::", 17, 80, 5);
	EXPECT(v6, "::", 6, 80, 2);
	EXPECT(v6, "::1", 6, 80, 0);
	EXPECT(v6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6, 80, 3);
	EXPECT(v6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 6, 80, 0);
	EXPECT(v6, "2001:db8::7fff:ffff:ffff:ffff", 6, 80, 4);
	EXPECT(v6, "2001:db8::8000:0:0:0", 6, 80, 0);
	EXPECT(v6, "192.0.2.1", 17, 80, 0);
}

/* What ends with the last address of a high half goes on in the next one, or does not. */
static void one_high_half(void **state)
{
	struct rule rules[] = {
		rule(6, "2001:db8:0:1:ffff:ffff:ffff:ffff/128"),
		rule(17, "2001:db8:0:2::/128"),
		rule(PROTOCOL_ALL, "2001:db8:0:3::/64"),
		rule(47, "2001:db8:0:1:8000::/65"),
		rule(50, "2001:db8::/32"),
		rule(51, "ffff:ffff:ffff:ffff:8000::/65"),
	};

	(void)state;
	EXPECT(rules, "2001:db8:0:1:ffff:ffff:ffff:ffff", 6, 80, 1);
	EXPECT(rules, "2001:db8:0:1:ffff:ffff:ffff:ffff", 47, NO_HEADER, 4);
	EXPECT(rules, "2001:db8:0:1:ffff:ffff:ffff:fffe", 6, 80, 0);
	EXPECT(rules, "2001:db8:0:1:7fff:ffff:ffff:ffff", 47, NO_HEADER, 0);
	EXPECT(rules, "2001:db8:0:1:7fff:ffff:ffff:ffff", 50, NO_HEADER, 5);
	EXPECT(rules, "2001:db8:0:2::", 17, 53, 2);
	EXPECT(rules, "2001:db8:0:2::1", 17, 53, 0);
	EXPECT(rules, "2001:db8:0:2::1", 50, NO_HEADER, 5);
	EXPECT(rules, "2001:db8:0:2:ffff:ffff:ffff:ffff", 50, NO_HEADER, 5);
	EXPECT(rules, "2001:db8:0:3::", 50, NO_HEADER, 3);
	EXPECT(rules, "2001:db8:0:4::", 50, NO_HEADER, 5);
	EXPECT(rules, "2001:db9::", 50, NO_HEADER, 0);
	EXPECT(rules, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 51, NO_HEADER, 6);
	EXPECT(rules, "ffff:ffff:ffff:ffff:7fff:ffff:ffff:ffff", 51, NO_HEADER, 0);
}

static void without_transport_header(void **state)
{
	struct rule rules[] = {
		ports(443, 443, "10.0.0.0/8"), ports(0, 65534, "10.0.0.0/8"),
		ports(1, 65535, "10.0.0.0/8"), ports(0, 65535, "10.1.0.0/16"),
		rule(17, "10.0.0.0/8"),        rule(PROTOCOL_ALL, "10.2.0.0/16"),
	};

	(void)state;
	EXPECT(rules, "10.0.0.1", 6, 443, 1);
	EXPECT(rules, "10.0.0.1", 6, 442, 2);
	EXPECT(rules, "10.0.0.1", 6, 65535, 3);
	EXPECT(rules, "10.0.0.1", 6, NO_HEADER, 0);
	EXPECT(rules, "10.1.0.1", 6, 443, 1);
	EXPECT(rules, "10.1.0.1", 6, NO_HEADER, 4);
	EXPECT(rules, "10.1.0.1", 17, NO_HEADER, 5);
	EXPECT(rules, "10.2.0.1", 6, NO_HEADER, 6);
	EXPECT(rules, "10.2.0.1", 17, 53, 5);
	EXPECT(rules, "10.2.0.1", 0, NO_HEADER, 6);
	EXPECT(rules, "10.2.0.1", 255, NO_HEADER, 6);
	EXPECT(rules, "10.3.0.1", 255, NO_HEADER, 0);
}

static void icmp_by_family_and_set(void **state)
{
	struct prefix mixed[] = {cidr("10.0.0.0/8"), cidr("2001:db8::/32")};
	static char name[] = "mixed";
	struct prefix_set set = {.name = name, .prefixes = mixed, .count = 2};
	struct rule rules[] = {
		icmp(PROTOCOL_ICMP, 8, 0, "0.0.0.0/0"),
		icmp(PROTOCOL_ICMP, 3, RULE_ANY, "0.0.0.0/0"),
		icmp(PROTOCOL_ICMP, 8, 0, "::/0"),
		icmp(PROTOCOL_ICMPV6, 128, 0, "::/0"),
		icmp(PROTOCOL_ICMPV6, 255, 255, "::/0"),
		icmp(PROTOCOL_ICMPV6, 2, RULE_ANY, "::/0"),
		rule(PROTOCOL_ICMPV6, "192.0.2.0/24"),
	};

	(void)state;
	EXPECT(rules, "192.0.2.1", 1, 0x0800, 1);
	EXPECT(rules, "192.0.2.1", 1, 0x0801, 0);
	EXPECT(rules, "192.0.2.1", 1, NO_HEADER, 0);
	EXPECT(rules, "192.0.2.1", 1, 0x0300, 2);
	EXPECT(rules, "192.0.2.1", 1, 0x03ff, 2);
	EXPECT(rules, "192.0.2.1", 1, 0x0400, 0);
	EXPECT(rules, "192.0.2.1", 1, 0x02ff, 0);
	EXPECT(rules, "2001:db8::1", 1, 0x0800, 0); /* no types in ICMP over IPv6 */
	EXPECT(rules, "2001:db8::1", 58, 0x8000, 4);
	EXPECT(rules, "2001:db8::1", 58, 0x8001, 0);
	EXPECT(rules, "2001:db8::1", 58, 0xffff, 5);
	EXPECT(rules, "2001:db8::1", 58, NO_HEADER, 0);
	EXPECT(rules, "2001:db8::1", 58, 0x02ff, 6);
	EXPECT(rules, "192.0.2.1", 58, 0x8000, 7);
	EXPECT(rules, "192.0.2.1", 58, NO_HEADER, 7);
	EXPECT(rules, "192.0.3.1", 58, NO_HEADER, 0);

	rules[0].set = &set; /* ICMPv6 type 128 to either family */
	rules[0].protocol = PROTOCOL_ICMPV6;
	rules[0].icmp_type = 128;
	EXPECT(rules, "2001:db8::1", 58, 0x8000, 1);
	EXPECT(rules, "2001:db8::1", 58, 0x8100, 0);
	EXPECT(rules, "2001:db9::1", 58, 0x8000, 4);
	EXPECT(rules, "10.0.0.1", 58, 0x8100, 1);
	EXPECT(rules, "10.0.0.1", 58, NO_HEADER, 1);
	EXPECT(rules, "11.0.0.1", 58, NO_HEADER, 0);
}

static void nothing_to_match(void **state)
{
	static char name[] = "empty";
	struct prefix_set empty = {.name = name};
	struct rule rules[] = {rule(PROTOCOL_ALL, "0.0.0.0/0")};
	struct classify_stats stats;
	struct acl_list none = {0};
	struct classify *c = build(&none, INBOUND, &budgets[0]);

	(void)state;
	classify_stats(c, &stats);
	assert_int_equal(stats.intervals, 2);
	assert_int_equal(stats.tables, 0);
	assert_true(classify_winners(c, NULL));
	classify_free(c);
	classify_free(NULL);
	rules[0].set = &empty;
	EXPECT(rules, "192.0.2.1", 6, 80, 0);
	EXPECT(rules, "2001:db8::1", 6, 80, 0);
}

/* One prefix in many rules, in a set twice, and in two sets of which one has more rules. */
static void same_prefix_many_times(void **state)
{
	struct prefix twice[] = {cidr("10.0.0.0/8"), cidr("10.0.0.0/8"), cidr("10.0.0.0/9")};
	struct prefix once[] = {cidr("10.0.0.0/8")};
	static char a_name[] = "a", b_name[] = "b";
	struct prefix_set a = {a_name, twice, 3}, b = {b_name, once, 1};
	struct rule rules[200];

	(void)state;
	for (uint16_t i = 0; i < 200; i++) {
		rules[i] = ports((uint16_t)(1000 - 4 * i), (uint16_t)(1010 - 4 * i), "10.0.0.0/8");
		rules[i].set = i % 3 == 1 ? &a : i % 3 == 2 ? &b : NULL;
	}
	for (int port = 190; port < 1020; port++) {
		/* The first rule whose range ends at this port or above, and begins at or below. */
		int first = port >= 1000 ? 0 : (1000 - port + 3) / 4;

		EXPECT(rules, "10.200.0.1", 6, port, port > 1010 || first > 199 ? 0 : first + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_ends),
		cmocka_unit_test(one_high_half),
		cmocka_unit_test(without_transport_header),
		cmocka_unit_test(icmp_by_family_and_set),
		cmocka_unit_test(nothing_to_match),
		cmocka_unit_test(same_prefix_many_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
