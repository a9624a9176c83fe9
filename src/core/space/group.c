/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets taken apart by value, and two lists compared.
 *
 * One walk over the set's addresses in order. Each stretch's line is walked run by run, and a part
 * grows by the keys that have its value there, so that a part is a set like any other when the walk
 * has ended, and is described like any other.
 *
 * Two lists are compared by what they allow, where equal lines are equal references; who decides is
 * asked only at the addresses where they differ.
 */
#include "core/space/group.h"

#include <errno.h>
#include <stdlib.h>

struct growing {
	uint32_t value;
	struct space set;
	size_t capacity[2];
	struct addr end[2]; /* the last address it holds, where count > 0 */
};

struct grouping {
	struct lines *lines;
	struct growing parts[SPACE_PARTS_MAX];
	size_t count;
	bool more;
	bool failed;
	const struct space_pair *pair; /* in hand */
};

/* Stretches stay apart until all their runs are in: complete() joins those that are alike. */
static bool push(struct growing *part, int half, struct addr at, line_ref line)
{
	struct space_half *h = &part->set.half[half];

	if (h->count == part->capacity[half]) {
		size_t capacity = h->count ? 2 * h->count : 4;
		struct space_interval *grown = reallocarray(h->at, capacity, sizeof(*grown));

		if (!grown)
			return false;
		h->at = grown;
		part->capacity[half] = capacity;
	}
	h->at[h->count++] = (struct space_interval){at.hi, at.lo, line};
	return true;
}

/* The address behind; of an IPv4 address the 96 bits below stay 0. False at the end. */
static bool next_address(struct addr *a)
{
	if (a->family == FAMILY_IPV4) {
		a->hi += UINT64_C(1) << 32;
		return a->hi != 0;
	}
	a->lo++;
	a->hi += a->lo == 0;
	return a->hi != 0 || a->lo != 0;
}

/* These keys at the stretch in hand, and nothing between it and what the part had before. */
static bool extend(struct grouping *g, struct growing *part, line_ref keys)
{
	const struct space_pair *pair = g->pair;
	int half = space_half_of(pair->first.family);
	struct space_half *h = &part->set.half[half];
	struct addr gap = part->end[half];
	bool ok = true;

	if (h->count > 0 && addr_equal(&gap, &pair->last)) { /* a second run of this stretch */
		struct space_interval *last = &h->at[h->count - 1];

		last->line = line_apply(g->lines, LINE_OR, last->line, keys);
		return true;
	}
	if (h->count == 0)
		ok = push(part, half, (struct addr){.family = pair->first.family}, LINE_NO);
	else if (next_address(&gap) && !addr_equal(&gap, &pair->first))
		ok = push(part, half, gap, LINE_NO);
	if (h->count > 0 && h->at[h->count - 1].hi == pair->first.hi &&
	    h->at[h->count - 1].lo == pair->first.lo)
		h->count--; /* it begins at the first address there is */
	ok = ok && push(part, half, pair->first, keys);
	part->end[half] = pair->last;
	return ok;
}

static struct growing *part_of(struct grouping *g, uint32_t value)
{
	for (size_t i = g->count; i-- > 0;)
		if (g->parts[i].value == value)
			return &g->parts[i];
	if (g->count == SPACE_PARTS_MAX) {
		g->more = true;
		return NULL;
	}
	g->parts[g->count] = (struct growing){.value = value, .set.lines = g->lines};
	return &g->parts[g->count++];
}

static bool take_run(void *context, uint32_t first, uint32_t last, uint32_t value)
{
	struct grouping *g = context;
	line_ref keys = line_span(g->lines, first, last);
	struct growing *part;

	keys = line_apply(g->lines, LINE_AND, keys, g->pair->b);
	if (keys == LINE_NO)
		return true;
	part = part_of(g, value);
	if (part && !extend(g, part, keys))
		g->failed = true;
	return !g->failed;
}

static line_ref take_stretch(void *context, const struct space_pair *pair)
{
	struct grouping *g = context;

	g->pair = pair;
	if (pair->b != LINE_NO && !g->failed)
		line_runs(g->lines, pair->a, take_run, g);
	return LINE_NO;
}

static void join(struct space_half *half)
{
	size_t kept = 0;

	for (size_t i = 0; i < half->count; i++)
		if (kept == 0 || half->at[i].line != half->at[kept - 1].line)
			half->at[kept++] = half->at[i];
	half->count = kept;
}

/* What is behind the last stretch, and families it has nothing of. */
static bool complete(struct growing *part)
{
	for (int h = 0; h < 2; h++) {
		struct addr behind = part->end[h];
		bool ok = true;

		if (part->set.half[h].count == 0)
			ok = push(part, h, (struct addr){.family = space_family(h)}, LINE_NO);
		else if (next_address(&behind))
			ok = push(part, h, behind, LINE_NO);
		if (!ok)
			return false;
		join(&part->set.half[h]);
	}
	return true;
}

static int tell(struct grouping *g, enum direction direction, const struct addr *local,
		size_t terms_max, struct space_parts *out)
{
	out->at = calloc(g->count + 1, sizeof(*out->at));
	if (!out->at)
		return -ENOMEM;
	out->more = g->more;
	for (size_t i = 0; i < g->count; i++) {
		struct space_part *part = &out->at[out->count++];
		int status = complete(&g->parts[i]) ? 0 : -ENOMEM;

		part->value = g->parts[i].value;
		if (status == 0)
			status = space_describe(&g->parts[i].set, terms_max, &part->terms);
		if (status != 0)
			return status;
		space_witness(&g->parts[i].set, direction, local, &part->packet);
	}
	return lines_status(g->lines);
}

int space_group(const struct space *map, const struct space *set, enum direction direction,
		const struct addr *local, size_t terms_max, struct space_parts *out)
{
	struct grouping *g = calloc(1, sizeof(*g));
	struct space nothing = {0};
	int status = g ? 0 : -ENOMEM;

	*out = (struct space_parts){0};
	if (status == 0) {
		g->lines = map->lines;
		status = space_combine(map, set, take_stretch, g, &nothing);
		space_fini(&nothing);
	}
	if (status == 0)
		status = g->failed ? -ENOMEM : tell(g, direction, local, terms_max, out);
	for (size_t i = 0; g && i < g->count; i++)
		space_fini(&g->parts[i].set);
	free(g);
	if (status != 0)
		space_parts_fini(out);
	return status;
}

void space_parts_fini(struct space_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		space_terms_fini(&parts->at[i].terms);
	free(parts->at);
	*parts = (struct space_parts){0};
}

/* The maps of one list. */
struct mapped {
	struct space rules;
	struct space allowed;
};

static int map_list(struct lines *lines, const struct acl_list *list, unsigned int id,
		    struct mapped *out)
{
	int status = space_of_rules(lines, list, &out->rules);

	return status ? status : space_allowed(&out->rules, list, id, &out->allowed);
}

static void mapped_fini(struct mapped *mapped)
{
	space_fini(&mapped->rules);
	space_fini(&mapped->allowed);
}

/* What only one of the two has. */
static int symmetric(const struct space *a, const struct space *b, struct space *out)
{
	struct space only_a = {0}, only_b = {0};
	int status = space_apply(LINE_WITHOUT, a, b, &only_a);

	if (status == 0)
		status = space_apply(LINE_WITHOUT, b, a, &only_b);
	if (status == 0)
		status = space_apply(LINE_OR, &only_a, &only_b, out);
	space_fini(&only_a);
	space_fini(&only_b);
	return status;
}

/* Who decides, only where the set has anything. */
static line_ref where_changed(void *context, const struct space_pair *pair)
{
	(void)context;
	return pair->b == LINE_NO ? LINE_UNSET : pair->a;
}

static int pair_up(const struct mapped *old, const struct mapped *new, const struct space *changed,
		   struct space *out)
{
	struct space was = {0}, is = {0};
	int status = space_combine(&old->rules, changed, where_changed, NULL, &was);

	if (status == 0)
		status = space_combine(&new->rules, changed, where_changed, NULL, &is);
	if (status == 0)
		status = space_apply(LINE_PAIR, &was, &is, out);
	space_fini(&was);
	space_fini(&is);
	return status;
}

static int compare(struct lines *lines, const struct acl_list *old, const struct acl_list *new,
		   enum direction direction, const struct addr *local, size_t terms_max,
		   struct space_parts *out)
{
	struct mapped was = {0}, is = {0};
	struct space changed = {0}, pairs = {0};
	int status = map_list(lines, old, 0, &was);

	if (status == 0)
		status = map_list(lines, new, 1, &is);
	if (status == 0)
		status = symmetric(&was.allowed, &is.allowed, &changed);
	if (status == 0 && !space_is_empty(&changed)) {
		status = pair_up(&was, &is, &changed, &pairs);
		if (status == 0)
			status = space_group(&pairs, &changed, direction, local, terms_max, out);
	}
	space_fini(&changed);
	space_fini(&pairs);
	mapped_fini(&was);
	mapped_fini(&is);
	return status;
}

int space_difference(const struct acl_list *old, const struct acl_list *new,
		     enum direction direction, const struct addr *local, size_t terms_max,
		     struct space_parts *out)
{
	struct lines *lines = lines_new(LINES_MAX_NODES);
	int status = lines ? 0 : -ENOMEM;

	*out = (struct space_parts){0};
	if (status == 0)
		status = compare(lines, old, new, direction, local, terms_max, out);
	lines_free(lines);
	return status;
}
