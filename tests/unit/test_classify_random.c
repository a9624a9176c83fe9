/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiled classifier against acl_eval, on lists of random_lists.h.
 *
 * Large lists get random packets; smaller ones get every packet that matters, that is one for each
 * pair of an address and of a key where anything begins or ends. The test of the tests changes one
 * segment at a time, and each change must show.
 *
 * CLASSIFY_LISTS and CLASSIFY_PACKETS (for each list) scale the random part.
 */
#include "classify_check.h"

static size_t scale(const char *variable, size_t usual)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : usual;
}

static bool agrees(const struct acl_list *list, const struct classify *c, enum direction direction,
		   const struct packet *p)
{
	return classify_lookup(c, p) == acl_eval(list, direction, p);
}

static void compiled_equals_the_reference(void **state)
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

static void every_boundary(void **state)
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

	for (uint32_t at = 1; at < half->table_words;) {
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
			changed++;
		}
		at += (uint32_t)table_words(table->count);
	}
	return changed;
}

static void a_changed_segment_shows(void **state)
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
	assert_true(changed > 400 / SLOW);
}

static void note_winner(const struct packet *p, void *context)
{
	struct comparison *t = context;
	const struct rule *winner = acl_eval(t->list, t->direction, p);

	if (winner)
		t->won[winner - t->list->rules] = true;
}

/* No rule that wins is ever called hopeless; without links none that is hopeless is missed. */
static void winners_are_those_that_win(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiled_equals_the_reference),
		cmocka_unit_test(every_boundary),
		cmocka_unit_test(a_changed_segment_shows),
		cmocka_unit_test(winners_are_those_that_win),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
