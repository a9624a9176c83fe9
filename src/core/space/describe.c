/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shortest account of a set that is cheap to find.
 *
 * The least number of prefix-and-range terms is a set-cover problem; this takes the greedy half of
 * it. Candidates are the spans of keys that occur in the set's lines. Each gets all the addresses
 * whose line holds the whole span, so that a term is as wide as it can be: "all from 10.0.0.0/8"
 * and "tcp 443 from 0.0.0.0/0" and not the second with a hole in it. A span that a wider one has at
 * the same addresses is dropped, and so is a term that lies within another.
 *
 * Sets with very many lines and spans are cut into disjoint terms instead: exact as well, only
 * longer.
 */
#include "core/space/describe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 65536

struct span {
	uint32_t first;
	uint32_t last;
};

struct description {
	const struct space *set;
	int half;
	struct space_terms *terms;
	size_t max;
	bool full; /* no memory */
	line_ref *lines;
	size_t line_count;
	struct span *spans;
	size_t span_count;
	size_t span_capacity;
	struct span span; /* in hand */
	bool *holds;      /* by span and line: does the line hold all of the span? */
	bool overlaps;    /* terms may lie within one another: look */
};

static bool within(const struct space_term *term, const struct space_term *other)
{
	return other->first <= term->first && term->last <= other->last &&
	       prefix_covers(&other->prefix, &term->prefix);
}

static bool add_term(void *context, const struct prefix *prefix)
{
	struct description *d = context;
	struct space_terms *terms = d->terms;
	struct space_term term = {*prefix, d->span.first, d->span.last}, *grown;

	for (size_t i = 0; d->overlaps && i < terms->count; i++)
		if (within(&term, &terms->at[i]))
			return true;
	if (terms->count == d->max) {
		terms->more++;
		return true;
	}
	if (terms->count == 0 || (terms->count & (terms->count - 1)) == 0) {
		grown = reallocarray(terms->at, terms->count ? terms->count * 2 : 1,
				     sizeof(*grown));
		if (!grown) {
			d->full = true;
			return false;
		}
		terms->at = grown;
	}
	terms->at[terms->count++] = term;
	return true;
}

static bool add_span(void *context, uint32_t first, uint32_t last)
{
	struct description *d = context;

	if (d->span_count == d->span_capacity) {
		size_t capacity = d->span_capacity ? d->span_capacity * 2 : 64;
		struct span *spans = reallocarray(d->spans, capacity, sizeof(*spans));

		if (!spans) {
			d->full = true;
			return false;
		}
		d->spans = spans;
		d->span_capacity = capacity;
	}
	d->spans[d->span_count++] = (struct span){first, last};
	return true;
}

static bool add_run(void *context, uint32_t first, uint32_t last, uint32_t value)
{
	return value == 0 || space_pieces(first, last, add_span, context);
}

static int by_ref(const void *a, const void *b)
{
	line_ref left = *(const line_ref *)a, right = *(const line_ref *)b;

	return (left > right) - (left < right);
}

/* Wide ones first; then ascending. */
static int by_width(const void *a, const void *b)
{
	const struct span *left = a, *right = b;
	uint32_t wide = left->last - left->first, wider = right->last - right->first;

	if (wide != wider)
		return wide > wider ? -1 : 1;
	return (left->first > right->first) - (left->first < right->first);
}

static int by_place(const void *a, const void *b)
{
	const struct space_term *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	if (left->last != right->last)
		return left->last > right->last ? -1 : 1;
	if (left->prefix.addr.hi != right->prefix.addr.hi)
		return left->prefix.addr.hi < right->prefix.addr.hi ? -1 : 1;
	return (left->prefix.addr.lo > right->prefix.addr.lo) -
	       (left->prefix.addr.lo < right->prefix.addr.lo);
}

static bool collect_lines(struct description *d)
{
	const struct space_half *half = &d->set->half[d->half];
	size_t unique = 0;

	d->lines = malloc((half->count + 1) * sizeof(*d->lines));
	if (!d->lines)
		return false;
	for (size_t i = 0; i < half->count; i++)
		if (half->at[i].line != LINE_NO)
			d->lines[d->line_count++] = half->at[i].line;
	qsort(d->lines, d->line_count, sizeof(*d->lines), by_ref);
	for (size_t i = 0; i < d->line_count; i++)
		if (unique == 0 || d->lines[i] != d->lines[unique - 1])
			d->lines[unique++] = d->lines[i];
	d->line_count = unique;
	return true;
}

/* The distinct spans of all lines; stops where there are too many pairs to look at. */
static void collect_spans(struct description *d)
{
	size_t unique = 0;

	for (size_t i = 0; i < d->line_count && d->span_count * d->line_count <= PAIRS_MAX; i++)
		line_runs(d->set->lines, d->lines[i], add_run, d);
	if (d->span_count > 0)
		qsort(d->spans, d->span_count, sizeof(*d->spans), by_width);
	for (size_t i = 0; i < d->span_count; i++)
		if (unique == 0 || by_width(&d->spans[i], &d->spans[unique - 1]) != 0)
			d->spans[unique++] = d->spans[i];
	d->span_count = unique;
}

static bool in_span(const struct span *inner, const struct span *outer)
{
	return outer->first <= inner->first && inner->last <= outer->last;
}

/* Has a wider span the same addresses? */
static bool is_part(const struct description *d, size_t s)
{
	const bool *mine = d->holds + s * d->line_count;

	for (size_t t = 0; t < s; t++)
		if (in_span(&d->spans[s], &d->spans[t]) &&
		    memcmp(mine, d->holds + t * d->line_count, d->line_count) == 0)
			return true;
	return false;
}

static bool line_holds(const struct description *d, const bool *holds, line_ref line)
{
	const line_ref *found = bsearch(&line, d->lines, d->line_count, sizeof(*d->lines), by_ref);

	return found && holds[found - d->lines];
}

/* Terms for the span in hand at each stretch of addresses whose lines hold it. */
static void add_stretches(struct description *d, const bool *holds)
{
	const struct space_half *half = &d->set->half[d->half];
	size_t from = 0;
	bool inside = false;

	for (size_t i = 0; i <= half->count; i++) {
		bool held = i < half->count && line_holds(d, holds, half->at[i].line);

		if (held && !inside)
			from = i;
		if (inside && !held)
			space_prefixes(space_interval_first(d->set, d->half, from),
				       space_interval_last(d->set, d->half, i - 1), add_term, d);
		inside = held;
	}
}

static void describe_wide(struct description *d)
{
	d->overlaps = true;
	for (size_t s = 0; s < d->span_count; s++)
		for (size_t j = 0; j < d->line_count; j++)
			d->holds[s * d->line_count + j] =
				line_count(d->set->lines, d->lines[j], d->spans[s].first,
					   d->spans[s].last) ==
				d->spans[s].last - d->spans[s].first + 1;
	for (size_t s = 0; s < d->span_count; s++) {
		if (is_part(d, s))
			continue;
		d->span = d->spans[s];
		add_stretches(d, d->holds + s * d->line_count);
	}
}

/* Interval by interval and span by span. */
static void describe_cut(struct description *d)
{
	const struct space_half *half = &d->set->half[d->half];

	for (size_t i = 0; i < half->count && !d->full; i++) {
		d->span_count = 0;
		line_runs(d->set->lines, half->at[i].line, add_run, d);
		for (size_t s = 0; s < d->span_count; s++) {
			d->span = d->spans[s];
			space_prefixes(space_interval_first(d->set, d->half, i),
				       space_interval_last(d->set, d->half, i), add_term, d);
		}
	}
}

static int describe_half(struct description *d)
{
	bool ok = collect_lines(d);
	size_t begin = d->terms->count, pairs;

	if (ok)
		collect_spans(d);
	pairs = d->span_count * d->line_count;
	if (ok && !d->full && pairs > 0 && pairs <= PAIRS_MAX) {
		d->holds = calloc(pairs, sizeof(*d->holds));
		ok = d->holds;
		if (ok)
			describe_wide(d);
	} else if (ok && !d->full && pairs > 0) {
		describe_cut(d);
	}
	if (d->terms->count > begin)
		qsort(d->terms->at + begin, d->terms->count - begin, sizeof(*d->terms->at),
		      by_place);
	free(d->lines);
	free(d->spans);
	free(d->holds);
	return ok && !d->full ? 0 : -ENOMEM;
}

int space_describe(const struct space *set, size_t max, struct space_terms *out)
{
	int status = 0;

	*out = (struct space_terms){0};
	for (int h = 0; h < 2 && status == 0; h++) {
		struct description d = {.set = set, .half = h, .terms = out, .max = max};

		status = describe_half(&d);
	}
	if (status != 0)
		space_terms_fini(out);
	return status;
}

void space_terms_fini(struct space_terms *terms)
{
	free(terms->at);
	*terms = (struct space_terms){0};
}
