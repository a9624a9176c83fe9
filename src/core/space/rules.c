/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of rules as a map: which of them decides, for every packet there can be.
 *
 * The grouping of prefixes and the painting of lines are the classifier's (core/classify): groups
 * in address order, a class for each distinct list of rules. One sweep over the groups keeps a
 * stack of the prefixes that hold the address in hand, each with its effective line, which is its
 * class's own merged with the line around it. Where a prefix ends, the line around it is back.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/classify/build.h"
#include "core/space/space.h"

#define STACK_MAX 130 /* all lengths of IPv6, and the space around them */

struct open_prefix {
	uint64_t last_hi;
	uint64_t last_lo;
	line_ref line;
};

struct sweep {
	struct build build;
	struct painter painter;
	struct segment *segments; /* scratch: a class painted */
	uint16_t *order;          /* scratch: a class's rules */
	line_ref *own;            /* by class; 0: not painted yet */
	struct lines *lines;
	struct space_half *out;
	struct open_prefix stack[STACK_MAX];
	size_t depth;
};

bool space_rule_keys(const struct rule *rule, uint8_t family, uint32_t *first, uint32_t *last)
{
	uint32_t base = (uint32_t)rule->protocol << KEY_SHIFT;
	bool typed = rule->icmp_type != RULE_ANY;

	*first = rule->protocol == PROTOCOL_ALL ? 0 : base;
	*last = rule->protocol == PROTOCOL_ALL ? KEY_END - 1 : base + (1U << KEY_SHIFT) - 1;
	if (rule_has_ports(rule) && !rule_all_ports(rule)) {
		*first = base + rule->port_first;
		*last = base + rule->port_last;
	} else if (typed && rule->protocol == PROTOCOL_ICMP && family == FAMILY_IPV6) {
		return false; /* it looks at a type, and ICMP over IPv6 shows none */
	} else if (typed && (rule->protocol == PROTOCOL_ICMP || family == FAMILY_IPV6)) {
		*first = base + ((uint32_t)rule->icmp_type << 8);
		*last = *first + 255;
		if (rule->icmp_code != RULE_ANY)
			*first = *last = *first + (uint32_t)rule->icmp_code;
	}
	return true;
}

/* The line of a class's own rules. */
static line_ref own_line(struct sweep *sweep, uint32_t class)
{
	const struct build *build = &sweep->build;
	size_t count, kept = 0;

	if (sweep->own[class] != 0)
		return sweep->own[class];
	count = classify_order(build, &build->classes[class], sweep->order);
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &build->list->rules[sweep->order[i]];
		uint32_t first, last;

		if (space_rule_keys(rule, (uint8_t)build->family, &first, &last))
			sweep->order[kept++] = sweep->order[i];
	}
	count = segments_paint(&sweep->painter, build->list->rules, build->family, sweep->order,
			       kept, sweep->segments);
	sweep->own[class] = line_from_segments(sweep->lines, sweep->segments, count);
	return sweep->own[class];
}

/* A second start at the same address replaces the first. */
static void start(struct space_half *out, uint64_t hi, uint64_t lo, line_ref line)
{
	if (out->count > 0 && out->at[out->count - 1].hi == hi && out->at[out->count - 1].lo == lo)
		out->count--;
	if (out->count == 0 || out->at[out->count - 1].line != line)
		out->at[out->count++] = (struct space_interval){hi, lo, line};
}

static void close_prefix(struct sweep *sweep)
{
	const struct open_prefix *left = &sweep->stack[--sweep->depth];
	uint64_t lo = left->last_lo + 1, hi = left->last_hi + (lo == 0);

	if (hi != 0 || lo != 0) /* else the end of the family */
		start(sweep->out, hi, lo, sweep->stack[sweep->depth - 1].line);
}

static void open_prefix(struct sweep *sweep, const struct group *group)
{
	const struct entry *e = &sweep->build.entries[group->first];
	struct open_prefix *open = &sweep->stack[sweep->depth];

	open->line =
		line_apply(sweep->lines, LINE_FIRST, own_line(sweep, group->class), open[-1].line);
	/* Below an IPv4 address there are 96 bits: its last one has them all set. */
	open->last_hi = e->len < 64 ? e->hi | UINT64_MAX >> e->len : e->hi;
	open->last_lo = UINT64_MAX;
	if (e->len > 64)
		open->last_lo = e->len < 128 ? e->lo | UINT64_MAX >> (e->len - 64) : e->lo;
	sweep->depth++;
	start(sweep->out, e->hi, e->lo, open->line);
}

static bool is_inside(const struct open_prefix *open, const struct entry *e)
{
	return e->hi < open->last_hi || (e->hi == open->last_hi && e->lo <= open->last_lo);
}

static void run(struct sweep *sweep)
{
	sweep->stack[0] = (struct open_prefix){UINT64_MAX, UINT64_MAX, LINE_UNSET};
	sweep->depth = 1;
	start(sweep->out, 0, 0, LINE_UNSET);
	for (size_t g = 0; g < sweep->build.group_count && lines_status(sweep->lines) == 0; g++) {
		const struct group *group = &sweep->build.groups[g];

		while (!is_inside(&sweep->stack[sweep->depth - 1],
				  &sweep->build.entries[group->first]))
			close_prefix(sweep);
		open_prefix(sweep, group);
	}
	while (sweep->depth > 1)
		close_prefix(sweep);
}

static int alloc_scratch(struct sweep *sweep)
{
	size_t rules = sweep->build.list->count, groups = sweep->build.group_count;

	sweep->order = malloc((rules + 1) * sizeof(*sweep->order));
	sweep->segments = malloc((2 * rules + 1) * sizeof(*sweep->segments));
	sweep->own = calloc(sweep->build.class_count + 1, sizeof(*sweep->own));
	sweep->out->at = malloc((2 * groups + 1) * sizeof(*sweep->out->at));
	if (!sweep->order || !sweep->segments || !sweep->own || !sweep->out->at)
		return -ENOMEM;
	return painter_init(&sweep->painter, rules);
}

static int sweep_family(struct lines *lines, const struct acl_list *list, enum family family,
			struct space_half *out)
{
	struct sweep sweep = {
		.build = {.list = list, .family = family}, .lines = lines, .out = out};
	int status = classify_group(&sweep.build);

	if (status == 0)
		status = alloc_scratch(&sweep);
	if (status == 0) {
		run(&sweep);
		status = lines_status(lines);
	}
	painter_fini(&sweep.painter);
	free(sweep.order);
	free(sweep.segments);
	free(sweep.own);
	free(sweep.build.chain);
	free(sweep.build.entries);
	free(sweep.build.groups);
	free(sweep.build.classes);
	return status;
}

int space_of_rules(struct lines *lines, const struct acl_list *list, struct space *out)
{
	int status = list->count <= RULE_NUMBER_MAX ? 0 : -E2BIG;

	*out = (struct space){.lines = lines};
	for (int h = 0; h < 2 && status == 0; h++)
		status = sweep_family(lines, list, space_family(h), &out->half[h]);
	if (status != 0)
		space_fini(out);
	return status;
}
