/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of packets against acl_eval, on lists of random_lists.h.
 *
 * Three ways: packets aimed at the rules' edges; every corner there is, which is each end of each
 * interval of addresses with each end of each run of keys (all packets between corners are alike if
 * the map is right, and the aimed packets would tell if it were not); and for operations the two
 * answers of two lists, at the same packets.
 *
 * SPACE_LISTS and SPACE_PACKETS (for each list) scale the random part: 2,000 times 5,000 make ten
 * million.
 */
#include "classify_check.h"
#include "core/space/group.h"

static size_t scale(const char *variable, size_t usual)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : usual;
}

/* A list, its map and what it allows. */
struct subject {
	struct random_list random;
	enum direction direction;
	struct space rules;
	struct space allowed;
};

static void subject_init(struct subject *s, struct lines *lines, uint64_t seed, unsigned int id)
{
	struct random_state r = {.state = seed};

	s->direction = INBOUND;
	random_list_init(&r, &s->random, 1 + rnd(&r, 40), rnd(&r, 4) * 8);
	assert_int_equal(space_of_rules(lines, &s->random.list, &s->rules), 0);
	assert_int_equal(space_allowed(&s->rules, &s->random.list, id, &s->allowed), 0);
}

static void subject_fini(struct subject *s)
{
	space_fini(&s->rules);
	space_fini(&s->allowed);
	random_list_fini(&s->random);
}

static struct lines *store(void)
{
	struct lines *lines = lines_new(LINES_MAX_NODES);

	assert_non_null(lines);
	return lines;
}

/* The position of the rule that decides, as a map has it. */
static uint32_t right_value(const struct subject *s, const struct packet *p)
{
	const struct rule *rule = acl_eval(&s->random.list, s->direction, p);

	return rule ? (uint32_t)(rule - s->random.list.rules) : LINE_NONE;
}

static bool is_allowed(const struct subject *s, const struct packet *p)
{
	const struct rule *rule = acl_eval(&s->random.list, s->direction, p);

	return rule && rule->action == ACTION_ALLOW;
}

static void random_packets_agree(void **state)
{
	size_t lists = scale("SPACE_LISTS", 500 / SLOW), packets = scale("SPACE_PACKETS", 2000);
	size_t decided = 0;

	(void)state;
	for (size_t i = 0; i < lists; i++) {
		struct random_state r = {.state = ~i};
		struct lines *lines = store();
		struct subject s;

		subject_init(&s, lines, i, 0);
		for (size_t n = 0; n < packets; n++) {
			struct packet p = rnd_packet(&r, &s.random, s.direction);
			uint32_t right = right_value(&s, &p);

			assert_int_equal(space_at(&s.rules, s.direction, &p), right);
			assert_int_equal(space_at(&s.allowed, s.direction, &p), is_allowed(&s, &p));
			decided += right != LINE_NONE;
		}
		subject_fini(&s);
		lines_free(lines);
	}
	assert_true(decided > lists * packets / 4);
}

/* Both ends of a run, at one address. */
struct corner {
	const struct subject *s;
	struct addr remote;
	size_t tried;
};

static bool try_run(void *context, uint32_t first, uint32_t last, uint32_t value)
{
	struct corner *corner = context;
	const uint32_t keys[] = {first, last};

	for (int i = 0; i < 2; i++) {
		struct packet p =
			space_packet(corner->s->direction, &corner->remote, NULL, keys[i], keys[i]);

		assert_int_equal(right_value(corner->s, &p), value);
		corner->tried++;
	}
	return true;
}

static void every_corner_agrees(void **state)
{
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < 60 / (SLOW > 1 ? 6 : 1); i++) {
		struct lines *lines = store();
		struct subject s;

		subject_init(&s, lines, 1000 + i, 0);
		for (int h = 0; h < 2; h++) {
			for (size_t n = 0; n < s.rules.half[h].count; n++) {
				struct corner c = {&s, space_interval_first(&s.rules, h, n), 0};

				line_runs(lines, s.rules.half[h].at[n].line, try_run, &c);
				c.remote = space_interval_last(&s.rules, h, n);
				line_runs(lines, s.rules.half[h].at[n].line, try_run, &c);
				tried += c.tried;
			}
		}
		subject_fini(&s);
		lines_free(lines);
	}
	assert_true(tried > 10000 / SLOW);
}

static void operations_agree(void **state)
{
	static const enum line_op ops[] = {LINE_AND, LINE_OR, LINE_WITHOUT};
	size_t differ = 0;

	(void)state;
	for (size_t i = 0; i < 200 / SLOW; i++) {
		struct random_state r = {.state = i};
		struct lines *lines = store();
		struct subject a, b;

		subject_init(&a, lines, 2 * i, 0);
		subject_init(&b, lines, 2 * i + 1, 1);
		for (int o = 0; o < 3; o++) {
			struct space out;

			assert_int_equal(space_apply(ops[o], &a.allowed, &b.allowed, &out), 0);
			for (size_t n = 0; n < 400; n++) {
				struct packet p =
					rnd_packet(&r, n % 2 ? &a.random : &b.random, INBOUND);
				bool in_a = is_allowed(&a, &p), in_b = is_allowed(&b, &p);
				bool right[] = {in_a && in_b, in_a || in_b, in_a && !in_b};

				assert_int_equal(space_at(&out, INBOUND, &p), right[o]);
				differ += in_a != in_b;
			}
			space_fini(&out);
		}
		subject_fini(&a);
		subject_fini(&b);
		lines_free(lines);
	}
	assert_true(differ > 1000);
}

/* A witness is in the set, is a packet that there can be, and an empty set has none. */
static void witnesses_are_inside(void **state)
{
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < 300 / SLOW; i++) {
		struct lines *lines = store();
		struct subject a, b;
		struct space only;
		struct packet p;

		subject_init(&a, lines, 5000 + 2 * i, 0);
		subject_init(&b, lines, 5001 + 2 * i, 1);
		assert_int_equal(space_apply(LINE_WITHOUT, &a.allowed, &b.allowed, &only), 0);
		assert_int_equal(space_witness(&only, INBOUND, NULL, &p), !space_is_empty(&only));
		if (!space_is_empty(&only)) {
			assert_true(is_allowed(&a, &p) && !is_allowed(&b, &p));
			found++;
		}
		space_fini(&only);
		assert_int_equal(space_apply(LINE_WITHOUT, &a.allowed, &a.allowed, &only), 0);
		assert_true(space_is_empty(&only));
		assert_false(space_witness(&only, INBOUND, NULL, &p));
		space_fini(&only);
		subject_fini(&a);
		subject_fini(&b);
		lines_free(lines);
	}
	assert_true(found > 20);
}

/* The terms' union, put together by the operations, is the set. */
static void expect_described(struct lines *lines, const struct space *set)
{
	struct space sum, term, next;
	struct space_terms terms;

	assert_int_equal(space_describe(set, SIZE_MAX, &terms), 0);
	assert_int_equal(space_of_line(lines, LINE_NO, &sum), 0);
	for (size_t i = 0; i < terms.count; i++) {
		line_ref span = line_span(lines, terms.at[i].first, terms.at[i].last);

		assert_int_equal(space_of_prefix(lines, &terms.at[i].prefix, span, &term), 0);
		assert_int_equal(space_apply(LINE_OR, &sum, &term, &next), 0);
		space_fini(&sum);
		space_fini(&term);
		sum = next;
	}
	assert_true(space_equal(&sum, set));
	space_fini(&sum);
	space_terms_fini(&terms);
}

static void descriptions_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < 150 / SLOW; i++) {
		struct lines *lines = store();
		struct subject s;

		subject_init(&s, lines, 9000 + i, 0);
		expect_described(lines, &s.allowed);
		subject_fini(&s);
		lines_free(lines);
	}
}

/* What the list allows, as text: "a; b; c". */
static void allowed_text(struct rule *rules, size_t count, char *out, size_t size)
{
	struct acl_list list = {.rules = rules, .count = count};
	struct lines *lines = store();
	struct space map, allowed;
	struct space_terms terms;

	assert_int_equal(space_of_rules(lines, &list, &map), 0);
	assert_int_equal(space_allowed(&map, &list, 0, &allowed), 0);
	assert_int_equal(space_describe(&allowed, 100, &terms), 0);
	out[0] = '\0';
	for (size_t i = 0; i < terms.count; i++) {
		char text[SPACE_TERM_STRLEN];
		size_t len = strlen(out);

		snprintf(out + len, size - len, "%s%s", i ? "; " : "",
			 space_term_print(&terms.at[i], INBOUND, text));
	}
	space_terms_fini(&terms);
	space_fini(&map);
	space_fini(&allowed);
	lines_free(lines);
}

static struct rule allow(struct rule r)
{
	r.action = ACTION_ALLOW;
	return r;
}

static void descriptions_are_short(void **state)
{
	struct rule wide[] = {allow(rule(PROTOCOL_ALL, "10.0.0.0/8")),
			      allow(ports(443, 443, "0.0.0.0/0")),
			      allow(rule(PROTOCOL_ICMP, "10.0.0.0/8"))};
	struct rule split[] = {allow(ports(1024, 3000, "192.0.2.0/25")),
			       allow(ports(3001, 65535, "192.0.2.0/25")),
			       allow(ports(1024, 65535, "192.0.2.128/25"))};
	struct rule hole[] = {ports(22, 22, "::/0"), allow(rule(PROTOCOL_TCP, "::/0")),
			      allow(icmp(PROTOCOL_ICMPV6, 2, RULE_ANY, "::/0")),
			      allow(icmp(PROTOCOL_ICMPV6, 3, 1, "::/0"))};
	char text[1024];

	(void)state;
	allowed_text(wide, 3, text, sizeof(text));
	assert_string_equal(text, "all from 10.0.0.0/8; tcp 443 from 0.0.0.0/0");
	allowed_text(split, 3, text, sizeof(text));
	assert_string_equal(text, "tcp 1024-65535 from 192.0.2.0/24");
	allowed_text(hole, 4, text, sizeof(text));
	assert_string_equal(text, "tcp 0-21 from ::/0; tcp 23-65535 from ::/0; "
				  "tcp fragments from ::/0; icmpv6 type 2 from ::/0; "
				  "icmpv6 type 3 code 1 from ::/0");
}

/* Lists that do the same are the same set: reordered, split, and with a rule that never decides. */
static void equal_in_effect_is_equal(void **state)
{
	struct rule one[] = {ports(22, 22, "203.0.113.0/24"), allow(ports(0, 65535, "0.0.0.0/0"))};
	struct rule two[] = {
		ports(22, 22, "203.0.113.128/25"),     ports(22, 22, "203.0.113.0/25"),
		allow(ports(0, 65535, "128.0.0.0/1")), allow(ports(80, 80, "10.0.0.0/8")),
		allow(ports(0, 65535, "0.0.0.0/1")),   ports(443, 443, "0.0.0.0/0")};
	struct acl_list a = {.rules = one, .count = 2}, b = {.rules = two, .count = 6};
	struct lines *lines = store();
	struct space map_a, map_b, allowed_a, allowed_b;

	(void)state;
	assert_int_equal(space_of_rules(lines, &a, &map_a), 0);
	assert_int_equal(space_of_rules(lines, &b, &map_b), 0);
	assert_int_equal(space_allowed(&map_a, &a, 0, &allowed_a), 0);
	assert_int_equal(space_allowed(&map_b, &b, 1, &allowed_b), 0);
	assert_true(space_equal(&allowed_a, &allowed_b));
	assert_false(space_equal(&map_a, &map_b));
	space_fini(&map_a);
	space_fini(&map_b);
	space_fini(&allowed_a);
	space_fini(&allowed_b);
	lines_free(lines);
}

static bool in_terms(const struct space_terms *terms, const struct packet *p)
{
	uint32_t key = space_key(p);

	for (size_t i = 0; i < terms->count; i++)
		if (key >= terms->at[i].first && key <= terms->at[i].last &&
		    prefix_contains(&terms->at[i].prefix, &p->src))
			return true;
	return false;
}

/* A packet is in the part of its two deciding rules exactly when the lists differ about it. */
static void expect_part(const struct space_parts *parts, const struct subject *a,
			const struct subject *b, const struct packet *p)
{
	uint32_t pair = right_value(a, p) << 15 | right_value(b, p);
	bool differs = is_allowed(a, p) != is_allowed(b, p);

	for (size_t i = 0; i < parts->count; i++)
		assert_int_equal(in_terms(&parts->at[i].terms, p),
				 differs && parts->at[i].value == pair);
}

static void differences_are_exact(void **state)
{
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < 100 / SLOW; i++) {
		struct random_state r = {.state = i};
		struct lines *lines = store();
		struct space_parts parts;
		struct subject a, b;

		subject_init(&a, lines, 7000 + 2 * i, 0);
		subject_init(&b, lines, 7001 + 2 * i, 1);
		assert_int_equal(space_difference(&a.random.list, &b.random.list, INBOUND, NULL,
						  SIZE_MAX, &parts),
				 0);
		for (size_t n = 0; n < parts.count; n++) {
			expect_part(&parts, &a, &b, &parts.at[n].packet);
			assert_true(in_terms(&parts.at[n].terms, &parts.at[n].packet));
		}
		for (size_t n = 0; n < 300; n++) {
			struct packet p = rnd_packet(&r, n % 2 ? &a.random : &b.random, INBOUND);

			if (!parts.more)
				expect_part(&parts, &a, &b, &p);
		}
		found += parts.count;
		space_parts_fini(&parts);
		assert_int_equal(space_difference(&a.random.list, &a.random.list, INBOUND, NULL,
						  SIZE_MAX, &parts),
				 0);
		assert_int_equal(parts.count, 0);
		space_parts_fini(&parts);
		subject_fini(&a);
		subject_fini(&b);
		lines_free(lines);
	}
	assert_true(found > 100 / SLOW);
}

static void a_full_store_says_so(void **state)
{
	struct lines *lines = lines_new(40);
	struct subject s;
	struct random_state r = {.state = 3};

	(void)state;
	random_list_init(&r, &s.random, 40, 0);
	assert_int_equal(space_of_rules(lines, &s.random.list, &s.rules), -E2BIG);
	assert_int_equal(lines_status(lines), -E2BIG);
	assert_null(s.rules.half[0].at);
	random_list_fini(&s.random);
	lines_free(lines);
}

/* Every port from anywhere by a rule of its own, in front of a host for each. */
static void large_lists_are_small(void **state)
{
	struct acl_list list = {.count = RULE_NUMBER_MAX};
	struct lines *lines = store();
	struct space map, allowed;
	bool *seen = calloc(LINE_NONE + 1, sizeof(*seen));
	uint8_t *visited;
	size_t wins = 0;

	(void)state;
	list.rules = calloc(list.count, sizeof(*list.rules));
	assert_non_null(list.rules);
	assert_non_null(seen);
	for (size_t i = 0; i < list.count; i++) {
		uint16_t port = (uint16_t)(i * 2);

		list.rules[i] =
			i % 2 ? ports(443, 443, "10.0.0.0/32") : ports(port, port, "0.0.0.0/0");
		list.rules[i].action = i % 3 != 0;
		list.rules[i].prefix.addr.hi += i % 2 ? (uint64_t)i << 32 : 0;
	}
	assert_int_equal(space_of_rules(lines, &list, &map), 0);
	assert_int_equal(space_allowed(&map, &list, 0, &allowed), 0);
	visited = calloc(lines_count(lines), 1);
	assert_non_null(visited);
	for (size_t i = 0; i < map.half[0].count; i++)
		line_values(lines, map.half[0].at[i].line, seen, visited);
	for (size_t i = 0; i < list.count; i++)
		wins += seen[i];
	assert_int_equal(wins, list.count); /* no two ports are the same, and no two hosts */
	assert_true(lines_count(lines) < 1000000);
	free(visited);
	free(seen);
	free(list.rules);
	space_fini(&map);
	space_fini(&allowed);
	lines_free(lines);
}

static void large_sets_are_small(void **state)
{
	struct prefix_set set = {.count = 100000};
	struct rule rules[] = {rule(PROTOCOL_ALL, "0.0.0.0/0"),
			       allow(ports(443, 443, "0.0.0.0/0"))};
	struct acl_list list = {.rules = rules, .count = 2};
	struct lines *lines = store();
	struct space map;

	(void)state;
	set.prefixes = calloc(set.count, sizeof(*set.prefixes));
	assert_non_null(set.prefixes);
	for (size_t i = 0; i < set.count; i++)
		set.prefixes[i] = (struct prefix){addr_from_ipv4((uint32_t)(i * 40000)), 32};
	rules[0].set = &set;
	assert_int_equal(space_of_rules(lines, &list, &map), 0);
	assert_int_equal(map.half[0].count, 2 * set.count);
	assert_true(lines_count(lines) < 100);
	free(set.prefixes);
	space_fini(&map);
	lines_free(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_packets_agree),
		cmocka_unit_test(every_corner_agrees),
		cmocka_unit_test(operations_agree),
		cmocka_unit_test(witnesses_are_inside),
		cmocka_unit_test(descriptions_are_exact),
		cmocka_unit_test(descriptions_are_short),
		cmocka_unit_test(equal_in_effect_is_equal),
		cmocka_unit_test(differences_are_exact),
		cmocka_unit_test(a_full_store_says_so),
		cmocka_unit_test(large_lists_are_small),
		cmocka_unit_test(large_sets_are_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
