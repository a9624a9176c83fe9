/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the classifier: which address intervals there are, and each one's table.
 *
 * One sweep over the groups in address order, with a stack of the prefixes that hold the address in
 * hand. Where a prefix begins it makes a table of its own rules and of the table below it on the
 * stack, and an interval begins; where it ends, an interval of the prefix around it begins.
 *
 * A table depends only on the table above and on the class; that pair is remembered, so that the
 * 100,000 prefixes of a set have one table wherever they have the same prefixes around them.
 *
 * Merging or linking: see classify.c, and struct merge_budget for how much of the former.
 */
#include "core/classify/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PACKED_SEGMENT 6   /* bytes in the object */
#define STACK_MAX      130 /* all lengths of IPv6, and the space around them */

struct memo {
	uint32_t above;
	uint32_t class;
	uint32_t table;
};

/* A prefix the sweep is in: its last address and its table. */
struct open_prefix {
	uint64_t last_hi;
	uint64_t last_lo;
	uint32_t table;
};

struct sweep {
	struct build *build;
	struct painter painter;
	uint16_t *order; /* scratch: a class's rules */
	struct memo *memos;
	size_t memo_size;
	size_t shared; /* what is left of the budget's share */
	struct open_prefix stack[STACK_MAX];
	size_t depth;
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Room for `more` segments at the end, as long as the bytes they will be packed in are allowed. */
static int reserve(const struct build *build, struct segments *segments, size_t more)
{
	size_t need = segments->count + more, capacity = segments->capacity;
	size_t most = build->max_bytes / PACKED_SEGMENT;
	struct segment *at;

	if (need > most)
		return -E2BIG;
	if (need <= capacity)
		return 0;
	capacity = smaller(capacity * 2 > need ? capacity * 2 : need, most);
	at = realloc(segments->at, capacity * sizeof(*at));
	if (!at)
		return -ENOMEM;
	segments->at = at;
	segments->capacity = capacity;
	return 0;
}

static int paint_class(struct sweep *sweep, struct class *class)
{
	struct build *build = sweep->build;
	size_t rules = classify_order(build, class, sweep->order);
	int status = reserve(build, &build->lines, 2 * rules + 1);

	if (status != 0)
		return status;
	class->line = (uint32_t)build->lines.count;
	class->line_count =
		(uint32_t)segments_paint(&sweep->painter, build->list->rules, build->family,
					 sweep->order, rules, build->lines.at + build->lines.count);
	build->lines.count += class->line_count;
	return 0;
}

/* Adds a table of the `count` segments behind those of all tables so far. */
static uint32_t add_table(struct build *build, size_t count, uint32_t link)
{
	const struct segment *segments = build->merged.at + build->merged.count;
	struct build_table *table = &build->tables[build->table_count];
	uint16_t low = CLASSIFY_NONE, high = 0;

	for (size_t i = 0; i < count; i++) {
		low = segments[i].winner < low ? segments[i].winner : low;
		high = segments[i].winner > high ? segments[i].winner : high;
	}
	/* A link that leads to nothing earlier than what is here leads nowhere. */
	if (link != NO_TABLE && build->tables[link].floor >= high)
		link = NO_TABLE;
	if (link != NO_TABLE) {
		const struct build_table *above = &build->tables[link];

		low = above->floor < low ? above->floor : low;
		high = above->ceiling < high ? above->ceiling : high;
	}
	*table = (struct build_table){.first = (uint32_t)build->merged.count,
				      .count = (uint32_t)count,
				      .link = link,
				      .floor = low,
				      .ceiling = high};
	build->merged.count += count;
	return (uint32_t)build->table_count++;
}

/*
 * How many segments a merge may have: its share of what is left, and always the minimum, but where
 * bytes run short; then only what a link needs, which reserve() may refuse.
 */
static size_t merge_limit(const struct sweep *sweep, size_t own_count, size_t above_count)
{
	const struct build *build = sweep->build;
	size_t share = smaller(build->budget.shared / (build->class_count + 1), sweep->shared);
	size_t limit = build->budget.own * own_count +
		       (share > build->budget.extra ? share : build->budget.extra);
	size_t left = build->max_bytes / PACKED_SEGMENT - build->merged.count;

	limit = smaller(smaller(limit, own_count + above_count), left);
	return limit > own_count ? limit : own_count;
}

/*
 * What a merge took beyond what is free, in segments or in time, comes off the share; so that
 * neither the object nor the build grows with tables that are large, or that are left out.
 */
static void draw_share(struct sweep *sweep, size_t own_count, size_t count, size_t steps)
{
	const struct merge_budget *budget = &sweep->build->budget;
	size_t free_of_charge = budget->own * own_count + budget->extra;
	size_t used = count > steps / 4 ? count : steps / 4;

	if (used > free_of_charge)
		sweep->shared -= smaller(used - free_of_charge, sweep->shared);
}

/* The table for a class below `above`: `above` itself where no rule of the class can win. */
static int make_table(struct sweep *sweep, uint32_t above, const struct class *class, uint32_t *out)
{
	struct build *build = sweep->build;
	const struct build_table *up = &build->tables[above];
	size_t own_count = class->line_count, count;
	size_t limit = merge_limit(sweep, own_count, up->count);
	int status = reserve(build, &build->merged, limit);
	const struct segment *own;
	struct segment *to;
	bool own_wins;

	if (status != 0)
		return status;
	own = build->lines.at + class->line;
	to = build->merged.at + build->merged.count;
	count = segments_merge(own, own_count, build->merged.at + up->first, up->count, up->ceiling,
			       limit, to, &own_wins);
	draw_share(sweep, own_count, count,
		   smaller(own_count + up->count, line_merge_steps(limit)));
	if (count > 0) {
		*out = own_wins ? add_table(build, count, up->link) : above;
		return 0;
	}
	count = segments_lower(own, own_count, up->ceiling, to);
	own_wins = count > 1 || to[0].winner != CLASSIFY_NONE;
	*out = own_wins ? add_table(build, count, above) : above;
	return 0;
}

static int table_for(struct sweep *sweep, uint32_t above, uint32_t class, uint32_t *out)
{
	size_t at = build_hash(above, class) & (sweep->memo_size - 1);
	struct class *c = &sweep->build->classes[class];
	struct memo *memo;
	int status;

	for (memo = &sweep->memos[at]; memo->table != NO_TABLE; memo = &sweep->memos[at]) {
		if (memo->above == above && memo->class == class) {
			*out = memo->table;
			return 0;
		}
		at = (at + 1) & (sweep->memo_size - 1);
	}
	status = c->line == NO_TABLE ? paint_class(sweep, c) : 0;
	if (status == 0)
		status = make_table(sweep, above, c, out);
	if (status == 0)
		*memo = (struct memo){above, class, *out};
	return status;
}

/* From here on addresses have this table; a second start at the same address replaces the first. */
static void start_interval(struct build *build, uint64_t hi, uint64_t lo, uint32_t table)
{
	struct build_interval *last = &build->intervals[build->interval_count];

	if (build->interval_count > 0 && last[-1].hi == hi && last[-1].lo == lo)
		last[-1].table = table;
	else
		build->intervals[build->interval_count++] = (struct build_interval){hi, lo, table};
}

/* Leaves the innermost prefix: what lies behind it belongs to the one around it. */
static void close_prefix(struct sweep *sweep)
{
	const struct open_prefix *left = &sweep->stack[--sweep->depth];
	uint64_t lo = left->last_lo + 1;
	uint64_t hi = left->last_hi + (lo == 0);

	if (hi == 0 && lo == 0)
		return; /* the end of the address space */
	start_interval(sweep->build, hi, lo, sweep->stack[sweep->depth - 1].table);
}

static bool is_inside(const struct open_prefix *open, const struct entry *e)
{
	return e->hi < open->last_hi || (e->hi == open->last_hi && e->lo <= open->last_lo);
}

static int open_prefix(struct sweep *sweep, const struct group *group)
{
	const struct entry *e = &sweep->build->entries[group->first];
	struct open_prefix *open = &sweep->stack[sweep->depth];
	int status = table_for(sweep, open[-1].table, group->class, &open->table);

	if (status != 0)
		return status;
	/* Below an IPv4 address there are 96 bits: its last one has them all set. */
	open->last_hi = e->len < 64 ? e->hi | UINT64_MAX >> e->len : e->hi;
	open->last_lo = UINT64_MAX;
	if (e->len > 64)
		open->last_lo = e->len < 128 ? e->lo | UINT64_MAX >> (e->len - 64) : e->lo;
	sweep->depth++;
	start_interval(sweep->build, e->hi, e->lo, open->table);
	return 0;
}

static int run_sweep(struct sweep *sweep)
{
	struct build *build = sweep->build;
	int status = reserve(build, &build->merged, 1);

	if (status != 0)
		return status;
	build->merged.at[0] = (struct segment){0, CLASSIFY_NONE};
	sweep->stack[0] =
		(struct open_prefix){UINT64_MAX, UINT64_MAX, add_table(build, 1, NO_TABLE)};
	sweep->depth = 1;
	start_interval(build, 0, 0, 0);
	for (size_t g = 0; g < build->group_count; g++) {
		const struct entry *e = &build->entries[build->groups[g].first];

		while (!is_inside(&sweep->stack[sweep->depth - 1], e))
			close_prefix(sweep);
		status = open_prefix(sweep, &build->groups[g]);
		if (status != 0)
			return status;
	}
	while (sweep->depth > 1)
		close_prefix(sweep);
	return 0;
}

static int sweep_groups(struct build *build)
{
	struct sweep sweep = {.build = build, .shared = build->budget.shared};
	size_t groups = build->group_count;
	int status = -ENOMEM;

	sweep.memo_size = build_hash_size(groups);
	sweep.memos = malloc(sweep.memo_size * sizeof(*sweep.memos));
	sweep.order = malloc((build->list->count + 1) * sizeof(*sweep.order));
	build->tables = malloc((groups + 1) * sizeof(*build->tables));
	build->intervals = malloc((2 * groups + 1) * sizeof(*build->intervals));
	if (!sweep.memos || !sweep.order || !build->tables || !build->intervals)
		goto out;
	if (painter_init(&sweep.painter, build->list->count) != 0)
		goto out;
	memset(sweep.memos, 0xff, sweep.memo_size * sizeof(*sweep.memos));
	status = run_sweep(&sweep);
out:
	painter_fini(&sweep.painter);
	free(sweep.memos);
	free(sweep.order);
	return status;
}

static int build_half(const struct acl_list *list, enum family family, size_t max_bytes,
		      struct merge_budget budget, struct classify_half *out)
{
	struct build build = {
		.list = list, .family = family, .max_bytes = max_bytes, .budget = budget};
	int status = classify_group(&build);

	if (status == 0)
		status = sweep_groups(&build);
	if (status == 0)
		status = classify_pack(&build, out);
	free(build.chain);
	free(build.entries);
	free(build.groups);
	free(build.classes);
	free(build.lines.at);
	free(build.merged.at);
	free(build.tables);
	free(build.intervals);
	return status;
}

int classify_build(const struct acl_list *list, enum direction direction, size_t max_bytes,
		   struct classify **out)
{
	const struct merge_budget budget = {MERGE_OWN, MERGE_EXTRA, MERGE_SHARED};

	return classify_build_within(list, direction, max_bytes, budget, out);
}

int classify_build_within(const struct acl_list *list, enum direction direction, size_t max_bytes,
			  struct merge_budget budget, struct classify **out)
{
	struct classify *classify;
	int status;

	/* Offsets have 30 bits. */
	max_bytes = smaller(max_bytes, (size_t)1 << 30);
	if (list->count > RULE_NUMBER_MAX || max_bytes < sizeof(*classify))
		return -E2BIG;
	classify = malloc(sizeof(*classify));
	if (!classify)
		return -ENOMEM;
	*classify = (struct classify){
		.rules = list->rules, .rule_count = list->count, .direction = direction};
	status =
		build_half(list, FAMILY_IPV4, max_bytes - sizeof(*classify), budget, &classify->v4);
	if (status == 0)
		status = build_half(list, FAMILY_IPV6, max_bytes - classify_bytes(classify), budget,
				    &classify->v6);
	if (status == 0)
		*out = classify;
	else
		classify_free(classify);
	return status;
}
