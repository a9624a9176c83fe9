/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Painting a line of keys, for every way in which up to four rules can lie on it.
 *
 * Painting compares starts and ends and does nothing else with them, so that only their order
 * matters: N spans have 2 * N ends, and whatever they are, the same order is found among 2 * N
 * ports. Trying all spans on so many ports, in all orders, is therefore trying all there are; a
 * rule about everything comes in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/classify/segments.h"

#define RULES_MAX 4
#define PORTS     (2 * RULES_MAX)
#define SPANS     (PORTS * (PORTS + 1) / 2)
#define BASE      ((uint32_t)PROTOCOL_TCP << KEY_SHIFT)

/* Every span of ports, and behind them the whole line. */
static void all_rules(struct rule rules[static SPANS + 1])
{
	size_t n = 0;

	for (uint16_t first = 0; first < PORTS; first++)
		for (uint16_t last = first; last < PORTS; last++)
			rules[n++] = (struct rule){
				.protocol = PROTOCOL_TCP, .port_first = first, .port_last = last};
	rules[n] = (struct rule){.protocol = PROTOCOL_ALL};
}

static uint16_t first_covering(const struct rule *rules, size_t count, uint32_t key)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].protocol == PROTOCOL_ALL ||
		    (key >= BASE + rules[i].port_first && key <= BASE + rules[i].port_last))
			return (uint16_t)i;
	return CLASSIFY_NONE;
}

static bool is_line(const struct segment *line, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (line[i].start <= line[i - 1].start || line[i].winner == line[i - 1].winner)
			return false;
	return n > 0 && line[0].start == 0 && line[n - 1].start < KEY_END;
}

/* At the line's ends, beside the ports, and at each of them. */
static bool is_right(const struct rule *rules, size_t count, const struct segment *line, size_t n)
{
	uint32_t keys[PORTS + 4] = {0, BASE - 1, BASE + PORTS, KEY_END - 1};

	for (uint32_t port = 0; port < PORTS; port++)
		keys[4 + port] = BASE + port;
	for (size_t k = 0; k < PORTS + 4; k++) {
		size_t at = n - 1;

		while (line[at].start > keys[k])
			at--;
		if (line[at].winner != first_covering(rules, count, keys[k]))
			return false;
	}
	return true;
}

static void paint_all(size_t count, size_t depth, const struct rule *all, struct rule *rules,
		      struct painter *painter)
{
	static const uint16_t order[RULES_MAX] = {0, 1, 2, 3};
	struct segment line[2 * RULES_MAX + 1];
	size_t n;

	for (size_t i = 0; depth < count && i <= SPANS; i++) {
		rules[depth] = all[i];
		paint_all(count, depth + 1, all, rules, painter);
	}
	if (depth < count)
		return;
	n = segments_paint(painter, rules, FAMILY_IPV4, order, count, line);
	if (n > 2 * count + 1 || !is_line(line, n) || !is_right(rules, count, line, n))
		fail_msg("%zu rules: %u-%u, %u-%u, %u-%u, %u-%u", count, rules[0].port_first,
			 rules[0].port_last, rules[1].port_first, rules[1].port_last,
			 rules[2].port_first, rules[2].port_last, rules[3].port_first,
			 rules[3].port_last);
}

static void the_first_rule_that_covers_a_key_wins_it(void **state)
{
	struct rule all[SPANS + 1], rules[RULES_MAX] = {0};
	struct painter painter;

	(void)state;
	all_rules(all);
	assert_int_equal(painter_init(&painter, RULES_MAX), 0);
	for (size_t count = 1; count <= RULES_MAX; count++)
		paint_all(count, 0, all, rules, &painter);
	painter_fini(&painter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_covers_a_key_wins_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
