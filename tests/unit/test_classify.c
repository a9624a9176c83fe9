/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiled classifier against acl_eval, which is right by definition.
 *
 * Random lists (random_lists.h) get random packets; smaller ones get every packet that matters, that
 * is one for each pair of an address and of a key where anything begins or ends. Each list is built
 * with the usual budget for merging and with budgets that leave links everywhere, for the lists small
 * enough to check would never need one. The test of the tests changes one segment at a time.
 *
 * CLASSIFY_LISTS and CLASSIFY_PACKETS (for each list) scale the random part.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/classify_build.h"
#include "random_lists.h"

#if defined(__SANITIZE_ADDRESS__)
#define SLOW 10
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOW 10
#endif
#endif
#ifndef SLOW
#define SLOW 1
#endif

#define BUDGETS 3

static const struct merge_budget budgets[BUDGETS] = {
	{.own = 4, .extra = 4, .shared = 1 << 18}, /* MERGE_BUDGET: all is merged in a small list */
	{.own = 0, .extra = 0, .shared = 0},       /* all is linked that does not fit by itself */
	{.own = 2, .extra = 2, .shared = 64},
};

/* Allocations: after so many the next one fails, once; SIZE_MAX: none does. */
static size_t allocations_left = SIZE_MAX;

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool is_refused(void)
{
	if (allocations_left == SIZE_MAX)
		return false;
	return allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return is_refused() ? NULL : __real_realloc(old, size);
}

static size_t scale(const char *variable, size_t usual)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : usual;
}

static struct classify *build(const struct acl_list *list, enum direction direction,
			      const struct merge_budget *budget)
{
	struct classify *c = NULL;

	assert_int_equal(classify_build_within(list, direction, CLASSIFY_MAX_BYTES, *budget, &c),
			 0);
	return c;
}

static bool agrees(const struct acl_list *list, const struct classify *c, enum direction direction,
		   const struct packet *p)
{
	return classify_lookup(c, p) == acl_eval(list, direction, p);
}

static int number_of(const struct rule *rule)
{
	return rule ? rule->number : 0;
}

static void expect_same(const struct acl_list *list, const struct classify *c,
			enum direction direction, const struct packet *p, const char *what)
{
	const struct rule *right = acl_eval(list, direction, p), *got = classify_lookup(c, p);
	char remote[ADDR_STRLEN];

	if (got == right)
		return;
	addr_print(direction == INBOUND ? &p->src : &p->dst, remote);
	fail_msg("%s: rule %d, right is %d: %s, protocol %u, l4 %u, port %u, type %u, code %u",
		 what, number_of(got), number_of(right), remote, p->protocol, p->l4, p->dport,
		 p->icmp_type, p->icmp_code);
}

static void test_random_lists(void **state)
{
	size_t lists = scale("CLASSIFY_LISTS", 2000 / SLOW);
	size_t packets = scale("CLASSIFY_PACKETS", 5100);
	size_t linked = 0, found = 0;

	(void)state;
	for (size_t i = 0; i < lists; i++) {
		struct random_state r = {.state = i};
		enum direction direction = i / BUDGETS % 2 ? OUTBOUND : INBOUND;
		struct classify_stats stats;
		struct random_list l;
		struct classify *c;
		char what[32];

		random_list_init(&r, &l, i % 50 == 0 ? 300 : 1 + rnd(&r, 40), rnd(&r, 4) * 8);
		c = build(&l.list, direction, &budgets[i % BUDGETS]);
		classify_stats(c, &stats);
		linked += stats.linked;
		snprintf(what, sizeof(what), "list %zu", i);
		for (size_t n = 0; n < packets; n++) {
			struct packet p = rnd_packet(&r, &l, direction);

			expect_same(&l.list, c, direction, &p, what);
			found += classify_lookup(c, &p) != NULL;
		}
		classify_free(c);
		random_list_fini(&l);
	}
	/* Packets that mostly match nothing, and tables without links, would show little. */
	assert_true(found > lists * packets / 4);
	assert_true(linked > lists);
}

/* One of each: where an address interval or a segment of the line may begin. */
#define CORNER_ADDRS 512
#define CORNER_L4    128

struct corners {
	struct addr addrs[CORNER_ADDRS];
	size_t addr_count;
	uint16_t l4[CORNER_L4];
	size_t l4_count;
	bool protocols[256];
};

static void add_l4(struct corners *c, uint32_t l4)
{
	for (size_t i = 0; i < c->l4_count; i++)
		if (c->l4[i] == l4)
			return;
	assert_true(c->l4_count < CORNER_L4);
	c->l4[c->l4_count++] = (uint16_t)l4;
}

static void add_addr(struct corners *c, struct addr addr)
{
	for (size_t i = 0; i < c->addr_count; i++)
		if (addr_equal(&c->addrs[i], &addr))
			return;
	assert_true(c->addr_count < CORNER_ADDRS);
	c->addrs[c->addr_count++] = addr;
}

static void add_rule_corners(struct corners *c, const struct rule *rule)
{
	const struct prefix *prefixes;
	size_t count;

	prefixes = rule_prefixes(rule, &count);
	for (size_t i = 0; i < count; i++) {
		add_addr(c, prefixes[i].addr);
		add_addr(c, step(last_of(&prefixes[i]), 1)); /* the first again, at the very end */
	}
	if (rule->protocol != PROTOCOL_ALL) {
		c->protocols[rule->protocol] = true;
		c->protocols[(rule->protocol + 1) % 256] = true;
	}
	if (rule_has_ports(rule)) {
		add_l4(c, rule->port_first);
		add_l4(c, (uint16_t)(rule->port_last + 1));
	}
	if (rule->icmp_type != RULE_ANY) {
		uint32_t l4 = (uint32_t)rule->icmp_type << 8;

		l4 += rule->icmp_code == RULE_ANY ? 0 : (uint32_t)rule->icmp_code;
		add_l4(c, l4);
		add_l4(c, (uint16_t)(l4 + (rule->icmp_code == RULE_ANY ? 256 : 1)));
	}
}

static void collect_corners(const struct acl_list *list, struct corners *c)
{
	*c = (struct corners){.protocols[0] = true};
	add_addr(c, (struct addr){.family = FAMILY_IPV4});
	add_addr(c, (struct addr){.family = FAMILY_IPV6});
	add_l4(c, 0);
	for (size_t i = 0; i < list->count; i++)
		add_rule_corners(c, &list->rules[i]);
}

typedef void (*corner_visitor)(const struct packet *packet, void *context);

/* Calls visit for every packet that matters; returns how many. No packet of another kind exists. */
static size_t visit_corners(const struct corners *c, enum direction direction, corner_visitor visit,
			    void *context)
{
	size_t visited = 0;

	for (size_t a = 0; a < c->addr_count; a++) {
		for (int protocol = 0; protocol < 256; protocol++) {
			struct packet p = {.protocol = (uint8_t)protocol};

			if (!c->protocols[protocol])
				continue;
			p.src.family = p.dst.family = c->addrs[a].family;
			*(direction == INBOUND ? &p.src : &p.dst) = c->addrs[a];
			visit(&p, context); /* no transport header */
			visited++;
			for (size_t i = 0; i < c->l4_count; i++) {
				show_transport(&p, false, c->l4[i]);
				if (p.l4 == PACKET_L4_NONE)
					break;
				visit(&p, context);
				visited++;
			}
		}
	}
	return visited;
}

struct comparison {
	const struct acl_list *list;
	const struct classify *c;
	enum direction direction;
	const char *what;
	size_t differences;
	bool *won; /* by rule index */
};

static void expect_same_visitor(const struct packet *p, void *context)
{
	const struct comparison *t = context;

	expect_same(t->list, t->c, t->direction, p, t->what);
}

static void test_every_boundary(void **state)
{
	static struct corners corners;
	size_t visited = 0;

	(void)state;
	for (size_t i = 0; i < 400 / SLOW; i++) {
		struct random_state r = {.state = UINT64_C(1) << 40 | i};
		enum direction direction = i % 2 ? OUTBOUND : INBOUND;
		struct random_list l;
		char what[32];

		random_list_init(&r, &l, 1 + rnd(&r, 40), rnd(&r, 3) * 8);
		collect_corners(&l.list, &corners);
		snprintf(what, sizeof(what), "list %zu", i);
		for (size_t b = 0; b < BUDGETS; b++) {
			struct classify *c = build(&l.list, direction, &budgets[b]);
			struct comparison t = {&l.list, c, direction, what, 0, NULL};

			visited += visit_corners(&corners, direction, expect_same_visitor, &t);
			classify_free(c);
		}
		random_list_fini(&l);
	}
	assert_true(visited > 1000000 / SLOW);
}

static void count_differences(const struct packet *p, void *context)
{
	struct comparison *t = context;

	t->differences += !agrees(t->list, t->c, t->direction, p);
}

/* Changes each segment's winner in turn; every packet that matters must show each change. */
static size_t change_segments(const struct classify_half *half, const struct corners *corners,
			      struct comparison *t)
{
	size_t changed = 0;

	for (uint32_t at = 1; at < half->table_words; changed++) {
		const struct table *table = (const struct table *)(half->tables + at);
		uint16_t *winners = (uint16_t *)(uintptr_t)table_winners(table);

		for (size_t i = 0; i < table->count; i++) {
			uint16_t kept = winners[i];

			winners[i] = kept == 0 ? CLASSIFY_NONE : 0;
			t->differences = 0;
			visit_corners(corners, t->direction, count_differences, t);
			if (t->differences == 0)
				fail_msg("%s: nobody saw segment %zu change", t->what, i);
			winners[i] = kept;
		}
		at += (uint32_t)table_words(table->count);
	}
	return changed;
}

static void test_a_changed_segment_shows(void **state)
{
	static struct corners corners;
	size_t changed = 0;

	(void)state;
	for (size_t i = 0; i < 40 / SLOW; i++) {
		struct random_state r = {.state = UINT64_C(2) << 40 | i};
		struct comparison t = {.direction = INBOUND, .what = "list"};
		struct random_list l;
		struct classify *c;

		random_list_init(&r, &l, 1 + rnd(&r, 12), rnd(&r, 3) * 4);
		collect_corners(&l.list, &corners);
		/* ICMP types over IPv6 are on the line, and in no packet that the parser makes. */
		for (size_t n = 0; n < l.list.count; n++)
			if (l.list.rules[n].protocol == PROTOCOL_ICMP)
				l.list.rules[n].icmp_type = l.list.rules[n].icmp_code = RULE_ANY;
		c = build(&l.list, INBOUND, &budgets[0]);
		t.list = &l.list;
		t.c = c;
		changed += change_segments(&c->v4, &corners, &t);
		changed += change_segments(&c->v6, &corners, &t);
		classify_free(c);
		random_list_fini(&l);
	}
	assert_true(changed > 100 / SLOW);
}

static void note_winner(const struct packet *p, void *context)
{
	struct comparison *t = context;
	const struct rule *winner = acl_eval(t->list, t->direction, p);

	if (winner)
		t->won[winner - t->list->rules] = true;
}

/* No rule that wins is ever called hopeless; without links none that is hopeless is missed. */
static void test_winners(void **state)
{
	static struct corners corners;
	size_t hopeless = 0, exact = 0;

	(void)state;
	for (size_t i = 0; i < 600 / SLOW; i++) {
		struct random_state r = {.state = UINT64_C(3) << 40 | i};
		bool won[64] = {false}, may_win[64], is_exact;
		struct comparison t = {.direction = OUTBOUND, .won = won};
		struct random_list l;
		struct classify *c;

		random_list_init(&r, &l, 1 + rnd(&r, 20), rnd(&r, 3) * 6);
		for (size_t n = 0; n < l.list.count; n++)
			if (l.list.rules[n].protocol == PROTOCOL_ICMP)
				l.list.rules[n].icmp_type = l.list.rules[n].icmp_code = RULE_ANY;
		collect_corners(&l.list, &corners);
		t.list = &l.list;
		visit_corners(&corners, OUTBOUND, note_winner, &t);
		c = build(&l.list, OUTBOUND, &budgets[i % BUDGETS]);
		is_exact = classify_winners(c, may_win);
		for (size_t n = 0; n < l.list.count; n++) {
			if (won[n] && !may_win[n])
				fail_msg("list %zu: rule %zu wins, yet is called hopeless", i,
					 n + 1);
			if (is_exact && may_win[n] && !won[n])
				fail_msg("list %zu: rule %zu never wins, yet might", i, n + 1);
			hopeless += !may_win[n];
		}
		exact += is_exact;
		classify_free(c);
		random_list_fini(&l);
	}
	assert_true(hopeless > 200 / SLOW);
	assert_true(exact >= 200 / SLOW && exact < 600 / SLOW);
}

static struct prefix cidr(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p, NULL), PREFIX_OK);
	return p;
}

static struct rule rule(int16_t protocol, const char *text)
{
	return (struct rule){
		.protocol = protocol,
		.port_last = protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP ? UINT16_MAX : 0,
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
		.prefix = cidr(text)};
}

static struct rule ports(uint16_t first, uint16_t last, const char *text)
{
	struct rule r = rule(PROTOCOL_TCP, text);

	r.port_first = first;
	r.port_last = last;
	return r;
}

static struct rule icmp(int16_t protocol, int16_t type, int16_t code, const char *text)
{
	struct rule r = rule(protocol, text);

	r.icmp_type = type;
	r.icmp_code = code;
	return r;
}

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

#define EXPECT(rules, remote, protocol, l4, number)                                                \
	expect_rule(rules, sizeof(rules) / sizeof((rules)[0]), remote, protocol, l4, number)

static void test_prefix_ends(void **state)
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
static void test_one_high_half(void **state)
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

static void test_without_transport_header(void **state)
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

static void test_icmp(void **state)
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

static void test_nothing_to_match(void **state)
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
static void test_same_prefix_many_times(void **state)
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

/* 129 prefixes, one in the other, over and over: links, and no more of them than prefixes. */
static void test_deep_nesting(void **state)
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
static void test_large_table_above_many(void **state)
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
static void test_rules_share_a_set(void **state)
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
	c = build(&list, INBOUND, &budgets[0]);
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

/* At every bound the build either fails, leaving *out alone, or keeps to it and is right. */
static void test_byte_bound(void **state)
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

static void test_too_many_rules(void **state)
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
static void test_out_of_memory(void **state)
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
		cmocka_unit_test(test_prefix_ends),
		cmocka_unit_test(test_one_high_half),
		cmocka_unit_test(test_without_transport_header),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_nothing_to_match),
		cmocka_unit_test(test_same_prefix_many_times),
		cmocka_unit_test(test_every_boundary),
		cmocka_unit_test(test_random_lists),
		cmocka_unit_test(test_a_changed_segment_shows),
		cmocka_unit_test(test_winners),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_large_table_above_many),
		cmocka_unit_test(test_rules_share_a_set),
		cmocka_unit_test(test_byte_bound),
		cmocka_unit_test(test_too_many_rules),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
