/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiled classifier where it is large, deep, or not to be had: nesting to the last bit,
 * tables too large to merge, sets of 100,000, the byte bound, the most rules, and no memory.
 */
#include "classify_check.h"

/* Allocations: after so many the next one fails, once; SIZE_MAX: none does. */
static size_t allocations_left = SIZE_MAX;
static size_t largest_allocation;

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool is_refused(size_t size)
{
	largest_allocation = size > largest_allocation ? size : largest_allocation;
	if (allocations_left == SIZE_MAX)
		return false;
	return allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return is_refused(size) ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return is_refused(size) ? NULL : __real_realloc(old, size);
}

/* 129 prefixes, one in the other, over and over: links, and no more of them than prefixes. */
static void deep_nesting(void **state)
{
	struct random_state r = {.state = 1};
	struct acl_list list = {.count = 2580};
	struct prefix deep = cidr("2001:db8:5555:aaaa:5555:aaaa:5555:aaaa/128");
	struct classify_stats stats;
	struct classify *c;

	(void)state;
	list.rules = malloc(list.count * sizeof(*list.rules));
	assert_non_null(list.rules);
	for (size_t i = 0; i < list.count; i++) {
		uint16_t first = (uint16_t)rnd(&r, 60000);

		list.rules[i] = ports(first, (uint16_t)(first + rnd(&r, 5000)), "::/0");
		list.rules[i].number = (uint16_t)(i + 1);
		list.rules[i].prefix = regrow(&r, &deep, (unsigned int)(i % 129));
		list.rules[i].prefix.addr.hi = bits_from(deep.addr.hi, list.rules[i].prefix.len);
		if (list.rules[i].prefix.len > 64)
			list.rules[i].prefix.addr.lo =
				bits_from(deep.addr.lo, list.rules[i].prefix.len - 64);
	}
	for (size_t b = 0; b < BUDGETS; b++) {
		c = build(&list, OUTBOUND, &budgets[b]);
		classify_stats(c, &stats);
		assert_true(stats.depth <= 129);
		assert_true(b != 1 || stats.depth > 100);
		for (size_t n = 0; n < 20000 / SLOW; n++) {
			struct packet p = {.protocol = PROTOCOL_TCP, .src.family = FAMILY_IPV6};

			p.dst = regrow(&r, &deep, rnd(&r, 129)).addr;
			p.dst = addr_near(&r, &list.rules[rnd(&r, 2580)].prefix);
			show_transport(&p, rnd(&r, 8) == 0, (uint16_t)rnd(&r, 65536));
			expect_same(&list, c, OUTBOUND, &p, "deep");
		}
		classify_free(c);
	}
	free(list.rules);
}

/* What the usual budget does with a table too large to be merged into a thousand others. */
static void large_table_above_many(void **state)
{
	struct random_state r = {.state = 2};
	struct acl_list list = {.count = 4000};
	struct classify_stats stats;
	struct classify *c;

	(void)state;
	list.rules = malloc(list.count * sizeof(*list.rules));
	assert_non_null(list.rules);
	for (size_t i = 0; i < list.count; i++) {
		uint16_t first = (uint16_t)rnd(&r, 60000);
		struct prefix any = cidr("0.0.0.0/0");

		list.rules[i] = ports(first, (uint16_t)(first + rnd(&r, 30)), "0.0.0.0/0");
		list.rules[i].number = (uint16_t)(i + 1);
		if (i % 2)
			list.rules[i].prefix = regrow(&r, &any, 8 + rnd(&r, 25));
	}
	c = build(&list, INBOUND, &budgets[0]);
	classify_stats(c, &stats);
	assert_true(stats.linked > 500);
	assert_true(stats.segments < 100000);
	for (size_t n = 0; n < 20000 / SLOW; n++) {
		const struct rule *aim = &list.rules[rnd(&r, 4000)];
		struct packet p = {.protocol = PROTOCOL_TCP, .dst.family = FAMILY_IPV4};

		p.src = addr_near(&r, &aim->prefix);
		aim = rnd(&r, 2) ? aim : &list.rules[rnd(&r, 4000)];
		show_transport(&p, rnd(&r, 16) == 0, (uint16_t)(aim->port_last + rnd(&r, 3) - 1));
		expect_same(&list, c, INBOUND, &p, "large table above");
	}
	classify_free(c);
	free(list.rules);
}

/* Forty rules over a set of 100,000: entries are made once, and one table serves them all. */
static void rules_share_a_set(void **state)
{
	struct random_state r = {.state = 3};
	static char name[] = "blocklist";
	struct prefix_set set = {.name = name, .count = 100000};
	struct prefix any = cidr("0.0.0.0/0");
	struct rule rules[40];
	struct acl_list list = {.rules = rules, .count = 40};
	struct classify_stats stats;
	struct classify *c;

	(void)state;
	set.prefixes = malloc(set.count * sizeof(*set.prefixes));
	assert_non_null(set.prefixes);
	for (size_t i = 0; i < set.count; i++)
		set.prefixes[i] = regrow(&r, &any, 24 + rnd(&r, 9));
	for (uint16_t i = 0; i < 40; i++) {
		rules[i] = ports((uint16_t)(100 * i), (uint16_t)(100 * i + 50), "0.0.0.0/0");
		rules[i].number = (uint16_t)(i + 1);
		rules[i].set = &set;
	}
	largest_allocation = 0;
	c = build(&list, INBOUND, &budgets[0]);
	assert_true(largest_allocation < 64 * set.count);
	classify_stats(c, &stats);
	assert_int_equal(stats.tables, 1);
	for (size_t n = 0; n < 1000 / SLOW; n++) {
		struct packet p = {.protocol = PROTOCOL_TCP, .dst.family = FAMILY_IPV4};

		p.src = addr_near(&r, &set.prefixes[rnd(&r, 100000)]);
		show_transport(&p, false, (uint16_t)rnd(&r, 5000));
		expect_same(&list, c, INBOUND, &p, "set");
	}
	classify_free(c);
	free(set.prefixes);
}

/* Tens of thousands of IPv6 prefixes, many of them longer than /64 and below the same high half. */
static void many_ipv6_prefixes(void **state)
{
	struct random_state r = {.state = 6};
	static char name[] = "many";
	struct prefix_set set = {.name = name, .count = 30000};
	struct prefix roots[300], any = cidr("2000::/3");
	struct rule rules[] = {ports(80, 80, "::/0"), rule(PROTOCOL_ALL, "2400::/6"),
			       rule(PROTOCOL_UDP, "::/0")};
	struct acl_list list = {.rules = rules, .count = 3};
	struct classify *c;

	(void)state;
	set.prefixes = malloc(set.count * sizeof(*set.prefixes));
	assert_non_null(set.prefixes);
	for (size_t i = 0; i < 300; i++)
		roots[i] = regrow(&r, &any, 64);
	for (size_t i = 0; i < set.count; i++)
		set.prefixes[i] = i % 2 ? regrow(&r, &roots[rnd(&r, 300)], 90 + rnd(&r, 39))
					: regrow(&r, &any, 30 + rnd(&r, 35));
	for (uint16_t i = 0; i < 3; i++)
		rules[i].number = (uint16_t)(i + 1);
	rules[0].set = &set;
	c = build(&list, OUTBOUND, &budgets[0]);
	assert_true(c->v6.intervals > 8192);
	assert_true(c->v6.low_intervals > 4096);
	for (size_t n = 0; n < 4000 / SLOW; n++) {
		struct packet p = {.protocol = rnd(&r, 4) ? PROTOCOL_TCP : PROTOCOL_UDP};

		p.src.family = FAMILY_IPV6;
		p.dst = addr_near(&r, n % 8 ? &set.prefixes[rnd(&r, 30000)] : &any);
		show_transport(&p, rnd(&r, 8) == 0, (uint16_t)(79 + rnd(&r, 3)));
		expect_same(&list, c, OUTBOUND, &p, "many");
	}
	classify_free(c);
	free(set.prefixes);
}

/* At every bound the build either fails, leaving *out alone, or keeps to it and is right. */
static void byte_bound(void **state)
{
	struct random_state r = {.state = 4};
	struct classify *whole, *c;
	struct random_list l;
	size_t refused = 0, kept = 0;

	(void)state;
	random_list_init(&r, &l, 300, 0);
	whole = build(&l.list, INBOUND, &budgets[0]);
	for (size_t bytes = 0; bytes < 2 * classify_bytes(whole);
	     bytes += classify_bytes(whole) / 61) {
		int status;

		c = whole;
		status = classify_build(&l.list, INBOUND, bytes, &c);
		if (status != 0) {
			assert_int_equal(status, -E2BIG);
			assert_ptr_equal(c, whole);
			refused++;
			continue;
		}
		assert_true(classify_bytes(c) <= bytes);
		kept++;
		for (size_t n = 0; n < 500; n++) {
			struct packet p = rnd_packet(&r, &l, INBOUND);

			expect_same(&l.list, c, INBOUND, &p, "bound");
		}
		classify_free(c);
	}
	assert_true(refused > 10 && kept > 10);
	classify_free(whole);
	random_list_fini(&l);
}

static void too_many_rules(void **state)
{
	struct acl_list list = {.count = RULE_NUMBER_MAX + 1};
	struct classify *c = NULL;

	(void)state;
	list.rules = calloc(list.count, sizeof(*list.rules));
	assert_non_null(list.rules);
	for (size_t i = 0; i < list.count; i++)
		list.rules[i] = ports((uint16_t)(2 * i), (uint16_t)(2 * i), "192.0.2.0/24");
	assert_int_equal(classify_build(&list, INBOUND, CLASSIFY_MAX_BYTES, &c), -E2BIG);
	assert_null(c);
	list.count--; /* the most there can be, and the longest table: each port its own segment */
	for (size_t i = 0; i < list.count; i++) {
		list.rules[i].number = (uint16_t)(i + 1);
		list.rules[i].prefix = cidr(i % 2 ? "192.0.2.0/24" : "192.0.2.0/25");
	}
	assert_int_equal(classify_build(&list, INBOUND, CLASSIFY_MAX_BYTES, &c), 0);
	for (uint32_t port = 0; port < 65536; port += 1 + port % 97) {
		struct packet p = {.protocol = PROTOCOL_TCP, .dst.family = FAMILY_IPV4};

		p.src = cidr(port % 7 ? "192.0.2.1" : "192.0.2.128").addr;
		show_transport(&p, false, (uint16_t)port);
		expect_same(&list, c, INBOUND, &p, "most rules");
	}
	classify_free(c);
	free(list.rules);
}

/* Whichever allocation fails: -ENOMEM, *out as it was, and nothing lost (a sanitizer sees that). */
static void out_of_memory(void **state)
{
	struct random_state r = {.state = 5};
	struct random_list l;
	size_t n = 0;

	(void)state;
	random_list_init(&r, &l, 100, 8);
	for (;; n++) {
		struct classify *c = (struct classify *)&l;
		int status;

		allocations_left = n;
		status = classify_build(&l.list, INBOUND, CLASSIFY_MAX_BYTES, &c);
		if (allocations_left != SIZE_MAX && status == 0) {
			allocations_left = SIZE_MAX;
			classify_free(c);
			break;
		}
		allocations_left = SIZE_MAX;
		assert_int_equal(status, -ENOMEM);
		assert_ptr_equal(c, &l);
	}
	assert_true(n > 30);
	random_list_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deep_nesting),      cmocka_unit_test(large_table_above_many),
		cmocka_unit_test(rules_share_a_set), cmocka_unit_test(many_ipv6_prefixes),
		cmocka_unit_test(byte_bound),        cmocka_unit_test(too_many_rules),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
