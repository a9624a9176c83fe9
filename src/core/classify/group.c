/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a list of rules to its distinct prefixes, in the order of addresses, each with its class.
 *
 * A set's prefixes are entered once, however many rules name it, so that forty rules over a set of
 * 100,000 are 100,000 entries and not four million. Entries are sorted by address, then by length,
 * so that a prefix comes right before those nested in it; equal prefixes make a group. Groups with
 * the same list of sources are of one class, whose rules are painted once.
 */
#include "core/classify/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The source of a rule over a set: the first rule that named the set, found by its address. */
static uint16_t *find_source(uint16_t *slots, size_t size, const struct rule *rules,
			     const struct prefix_set *set)
{
	size_t at = build_hash((uintptr_t)set, 0) & (size - 1);

	while (slots[at] != CLASSIFY_NONE && rules[slots[at]].set != set)
		at = (at + 1) & (size - 1);
	return &slots[at];
}

/* Chains the rules of each set; last[source] is the end of its chain while it grows. */
static int chain_rules(struct build *build)
{
	const struct rule *rules = build->list->rules;
	size_t count = build->list->count, size = build_hash_size(count);
	uint16_t *slots = malloc(size * sizeof(*slots));
	uint16_t *last = malloc((count + 1) * sizeof(*last));
	int status = -ENOMEM;

	build->chain = malloc((count + 1) * sizeof(*build->chain));
	if (!slots || !last || !build->chain)
		goto out;
	memset(slots, 0xff, size * sizeof(*slots));
	memset(build->chain, 0xff, (count + 1) * sizeof(*build->chain));
	for (size_t i = 0; i < count; i++) {
		uint16_t *source;

		if (!rules[i].set)
			continue;
		source = find_source(slots, size, rules, rules[i].set);
		if (*source == CLASSIFY_NONE)
			*source = (uint16_t)i;
		else
			build->chain[last[*source]] = (uint16_t)i;
		last[*source] = (uint16_t)i;
	}
	status = 0;
out:
	free(slots);
	free(last);
	return status;
}

/* Is the rule the first of its source? All others of a chain have one before them. */
static void mark_followers(const struct build *build, bool *follows)
{
	memset(follows, 0, build->list->count);
	for (size_t i = 0; i < build->list->count; i++)
		if (build->chain[i] != CLASSIFY_NONE)
			follows[build->chain[i]] = true;
}

/* Every rule's prefixes of this family: counted, or written where out is not NULL. */
static size_t enter(const struct build *build, const bool *follows, struct entry *out)
{
	size_t n = 0;

	for (size_t i = 0; i < build->list->count; i++) {
		const struct prefix *prefixes;
		size_t count;

		if (follows[i])
			continue;
		prefixes = rule_prefixes(&build->list->rules[i], &count);
		for (size_t p = 0; p < count; p++) {
			if (prefixes[p].addr.family != build->family)
				continue;
			if (out)
				out[n] = (struct entry){.hi = prefixes[p].addr.hi,
							.lo = prefixes[p].addr.lo,
							.source = (uint16_t)i,
							.len = prefixes[p].len};
			n++;
		}
	}
	return n;
}

static bool same_prefix(const struct entry *a, const struct entry *b)
{
	return a->hi == b->hi && a->lo == b->lo && a->len == b->len;
}

static int by_prefix(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	if (left->hi != right->hi)
		return left->hi < right->hi ? -1 : 1;
	if (left->lo != right->lo)
		return left->lo < right->lo ? -1 : 1;
	if (left->len != right->len)
		return (int)left->len - (int)right->len;
	return (int)left->source - (int)right->source;
}

static int collect_entries(struct build *build)
{
	bool *follows = malloc(build->list->count + 1);
	size_t count, unique = 0;
	struct entry *e;

	if (!follows)
		return -ENOMEM;
	mark_followers(build, follows);
	count = enter(build, follows, NULL);
	if (count < VALUE_MASK / 8)
		build->entries = malloc((count + 1) * sizeof(*build->entries));
	if (build->entries)
		enter(build, follows, build->entries);
	free(follows);
	if (!build->entries)
		return count < VALUE_MASK / 8 ? -ENOMEM : -E2BIG;

	e = build->entries;
	qsort(e, count, sizeof(*e), by_prefix);
	/* A set may name a prefix twice. */
	for (size_t i = 0; i < count; i++)
		if (unique == 0 || by_prefix(&e[i], &e[unique - 1]) != 0)
			e[unique++] = e[i];
	build->entry_count = unique;
	return 0;
}

static bool same_sources(const struct entry *a, const struct entry *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].source != b[i].source)
			return false;
	return true;
}

/* The class of the entries from `first` on, known or new; slots hold classes. */
static uint32_t class_of(struct build *build, uint32_t *slots, size_t size, uint32_t first,
			 uint32_t count)
{
	const struct entry *e = build->entries;
	uint64_t hash = 0;
	size_t at;

	for (uint32_t i = 0; i < count; i++)
		hash = build_hash(hash, e[first + i].source);
	for (at = hash & (size - 1); slots[at] != NO_TABLE; at = (at + 1) & (size - 1)) {
		const struct class *known = &build->classes[slots[at]];

		if (known->count == count && same_sources(e + known->first, e + first, count))
			return slots[at];
	}
	slots[at] = (uint32_t)build->class_count++;
	build->classes[slots[at]] = (struct class){first, count, NO_TABLE, 0};
	return slots[at];
}

static int group_entries(struct build *build)
{
	size_t count = build->entry_count, size = build_hash_size(count);
	uint32_t *slots = malloc(size * sizeof(*slots));

	build->groups = malloc((count + 1) * sizeof(*build->groups));
	build->classes = malloc((count + 1) * sizeof(*build->classes));
	if (!slots || !build->groups || !build->classes) {
		free(slots);
		return -ENOMEM;
	}
	memset(slots, 0xff, size * sizeof(*slots));
	for (uint32_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count; end++)
			if (!same_prefix(&build->entries[first], &build->entries[end]))
				break;
		build->groups[build->group_count++] =
			(struct group){first, class_of(build, slots, size, first, end - first)};
	}
	free(slots);
	return 0;
}

int classify_group(struct build *build)
{
	int status = chain_rules(build);

	if (status == 0)
		status = collect_entries(build);
	return status ? status : group_entries(build);
}

static int by_index(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

size_t classify_order(const struct build *build, const struct class *class, uint16_t *order)
{
	bool sorted = true;
	size_t n = 0;

	for (uint32_t i = 0; i < class->count; i++) {
		uint16_t rule = build->entries[class->first + i].source;

		for (; rule != CLASSIFY_NONE; rule = build->chain[rule]) {
			sorted = sorted && (n == 0 || order[n - 1] < rule);
			order[n++] = rule;
		}
	}
	if (!sorted)
		qsort(order, n, sizeof(*order), by_index);
	return n;
}
