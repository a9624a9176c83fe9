/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From compiled lists to the flat tables of the accept filter (format.h).
 *
 * A list here keeps of a compiled one what the filter needs: where a packet is allowed, and by
 * which counter. What is denied, and what only a link would tell, becomes "unknown"; neighbours
 * that say the same become one. So these tables have at most as many intervals and segments as the
 * compiled list has, and mostly fewer.
 *
 * Tables go before the map that names them. Words are written one behind the other and nothing is
 * written beyond the end: what does not fit only says so.
 */
#include "core/fastpath/build.h"

#include <errno.h>
#include <stdlib.h>

#include "core/classify/table.h"

#define NOT_YET UINT32_MAX /* no value: its kind would be a low map beyond the end */

#define WORDS_MIN      ((size_t)1 << 13)
#define WORDS_AN_ENTRY 6

_Static_assert(HOOKS == 5, "FASTPATH_HEADER_WORDS counts the hooks");

struct flat {
	uint64_t *words;
	size_t capacity;
	size_t used;
	bool full;
};

static size_t put(struct flat *flat, uint64_t word)
{
	if (flat->used >= flat->capacity || flat->used > FASTPATH_NUMBER) {
		flat->full = true;
		return 0;
	}
	flat->words[flat->used] = word;
	return flat->used++;
}

/* One list of one family under way. */
struct list {
	struct flat *flat;
	const struct classify_half *half;
	const struct rule *rules;
	uint32_t *values; /* by the place of a table in the half: its value, or NOT_YET */
};

/* One interval of a map. */
struct piece {
	uint64_t start;
	uint32_t value;
};

static uint32_t rule_value(const struct list *list, uint16_t winner)
{
	const struct rule *rule;

	if (winner == CLASSIFY_NONE)
		return FASTPATH_UNKNOWN;
	rule = &list->rules[winner];
	return rule->action == ACTION_ALLOW ? FASTPATH_ACCEPT | (rule->counter + 1)
					    : FASTPATH_UNKNOWN;
}

/* Where an earlier rule might be reached through the link, this table does not know. */
static uint32_t segment_value(const struct list *list, const struct table *table, uint32_t i)
{
	uint16_t winner = table_winners(table)[i];

	if (table->link != 0 && table->floor < winner)
		return FASTPATH_UNKNOWN;
	return rule_value(list, winner);
}

/* The table at `offset` of the half, written once; a value, where it has no more than that. */
static uint32_t table_value(struct list *list, uint32_t offset)
{
	const struct table *table = (const struct table *)(list->half->tables + offset);
	uint32_t first = segment_value(list, table, 0), last = first, n = 1;
	size_t at;

	for (uint32_t i = 1; i < table->count; i++) {
		uint32_t value = segment_value(list, table, i);

		n += value != last;
		last = value;
	}
	if (n == 1)
		return first;
	at = put(list->flat, n);
	put(list->flat, first);
	last = first;
	for (uint32_t i = 1; i < table->count; i++) {
		uint32_t value = segment_value(list, table, i);

		if (value != last)
			put(list->flat, (uint64_t)table->starts[i - 1] << 32 | value);
		last = value;
	}
	return FASTPATH_TABLE | (uint32_t)at;
}

static uint32_t value_of(struct list *list, uint32_t value)
{
	if (value & VALUE_DIRECT)
		return rule_value(list, (uint16_t)value);
	if (list->values[value] == NOT_YET)
		list->values[value] = table_value(list, value);
	return list->values[value];
}

/* Appends, unless the piece before says the same. */
static size_t append(struct piece *pieces, size_t n, uint64_t start, uint32_t value)
{
	if (n > 0 && pieces[n - 1].value == value)
		return n;
	pieces[n] = (struct piece){start, value};
	return n + 1;
}

static uint64_t put_map4(struct flat *flat, const struct piece *pieces, size_t n)
{
	size_t at = flat->used;

	for (size_t i = 0; i < n; i++)
		put(flat, pieces[i].start << 32 | pieces[i].value);
	return (uint64_t)at << 32 | n;
}

static uint64_t put_map6(struct flat *flat, const struct piece *pieces, size_t n)
{
	size_t at = flat->used;

	for (size_t i = 0; i < n; i++)
		put(flat, pieces[i].start);
	for (size_t i = 0; i < n; i++)
		put(flat, pieces[i].value);
	return (uint64_t)at << 32 | n;
}

static uint64_t list_map4(struct list *list, struct piece *pieces)
{
	size_t n = 0;

	for (uint32_t i = 0; i < list->half->intervals; i++)
		n = append(pieces, n, list->half->v4[i].start,
			   value_of(list, list->half->v4[i].value));
	return put_map4(list->flat, pieces, n);
}

static uint32_t low_value(struct list *list, const struct interval6 *high, struct piece *pieces)
{
	const struct interval6 *low = list->half->low + (high->value & VALUE_MASK);
	size_t n = 0, at;

	for (uint32_t i = 0; i < high->low_count; i++)
		n = append(pieces, n, low[i].start, value_of(list, low[i].value));
	if (n == 1)
		return pieces[0].value;
	at = put(list->flat, n);
	put_map6(list->flat, pieces, n);
	return FASTPATH_LOW | (uint32_t)at;
}

/* The pieces of low maps use the room behind those of the high one. */
static uint64_t list_map6(struct list *list, struct piece *pieces)
{
	size_t n = 0;

	for (uint32_t i = 0; i < list->half->intervals; i++) {
		const struct interval6 *high = &list->half->high[i];
		uint32_t value = high->value & VALUE_LOW && !(high->value & VALUE_DIRECT)
					 ? low_value(list, high, pieces + list->half->intervals)
					 : value_of(list, high->value);

		n = append(pieces, n, high->start, value);
	}
	return put_map6(list->flat, pieces, n);
}

/* Writes one family of a list; *map is the word that names it. 0 or -ENOMEM. */
static int put_list(struct flat *flat, const struct classify *classify, enum family family,
		    uint64_t *map)
{
	const struct classify_half *half = family == FAMILY_IPV4 ? &classify->v4 : &classify->v6;
	struct list list = {.flat = flat, .half = half, .rules = classify->rules};
	struct piece *pieces;
	int err = -ENOMEM;

	pieces = calloc((size_t)half->intervals + half->low_intervals, sizeof(*pieces));
	list.values = malloc(half->table_words * sizeof(*list.values));
	if (pieces && list.values) {
		for (uint32_t i = 0; i < half->table_words; i++)
			list.values[i] = NOT_YET;
		*map = family == FAMILY_IPV4 ? list_map4(&list, pieces) : list_map6(&list, pieces);
		err = 0;
	}
	free(pieces);
	free(list.values);
	return err;
}

static size_t map_word(enum hook hook, enum family family)
{
	return FASTPATH_MAPS + (size_t)hook * 2 + (family == FAMILY_IPV6);
}

/* The list that a hook asks, whoever the packet is; an ACL that is none: nothing. */
static int put_hook(struct flat *flat, const struct policy *policy, enum hook hook, uint32_t acl)
{
	enum direction direction =
		hook == HOOK_INPUT || hook == HOOK_PREROUTING ? INBOUND : OUTBOUND;
	int err = 0;

	if (acl >= policy->acl_count)
		return 0;
	for (int family = FAMILY_IPV4; !err && family <= FAMILY_IPV6; family += 2)
		err = put_list(flat, policy->compiled[acl][direction], (enum family)family,
			       &flat->words[map_word(hook, (enum family)family)]);
	return err;
}

static int by_address(const void *a, const void *b)
{
	const struct subnet *const *left = a, *const *right = b;

	return prefix_order(&(*left)->prefix, &(*right)->prefix);
}

/* The family's subnets, which are disjoint, as a map. */
static uint64_t put_subnets(struct flat *flat, const struct policy *policy, enum family family,
			    const struct subnet **sorted, struct piece *pieces)
{
	unsigned int shift = family == FAMILY_IPV4 ? 32 : 0;
	size_t count = 0, n;

	for (size_t i = 0; i < policy->subnet_count; i++) {
		if (policy->subnets[i].prefix.addr.family != family)
			continue;
		if (policy->subnets[i].prefix.len > 64)
			return 0;
		sorted[count++] = &policy->subnets[i];
	}
	if (count == 0)
		return 0;
	qsort(sorted, count, sizeof(*sorted), by_address);
	n = append(pieces, 0, 0, FASTPATH_UNKNOWN);
	for (size_t i = 0; i < count; i++) {
		const struct prefix *prefix = &sorted[i]->prefix;
		uint64_t last = prefix->len < 64 ? prefix->addr.hi | UINT64_MAX >> prefix->len
						 : prefix->addr.hi;
		uint32_t number = (uint32_t)(sorted[i] - policy->subnets) + 1;

		if (n > 0 && pieces[n - 1].start == prefix->addr.hi >> shift)
			n--; /* nothing lies between this one and the one before */
		pieces[n++] = (struct piece){prefix->addr.hi >> shift, FASTPATH_ACCEPT | number};
		if (last != UINT64_MAX)
			pieces[n++] = (struct piece){(last >> shift) + 1, FASTPATH_UNKNOWN};
	}
	return family == FAMILY_IPV4 ? put_map4(flat, pieces, n) : put_map6(flat, pieces, n);
}

/* Two words a subnet, by direction; an ACL that several share is written for each of them. */
static int put_subnet_lists(struct flat *flat, const struct policy *policy)
{
	size_t lists = flat->used;
	int err = 0;

	for (size_t i = 0; i < 2 * policy->subnet_count; i++)
		put(flat, 0);
	flat->words[FASTPATH_SUBNET_LISTS] = lists;
	for (size_t i = 0; !err && !flat->full && i < 2 * policy->subnet_count; i++) {
		const struct subnet *subnet = &policy->subnets[i / 2];

		err = put_list(flat, policy->compiled[subnet->acl][i % 2],
			       (enum family)subnet->prefix.addr.family, &flat->words[lists + i]);
	}
	return err;
}

static int put_forward(struct flat *flat, const struct policy *policy)
{
	const struct subnet **sorted = calloc(policy->subnet_count, sizeof(*sorted));
	struct piece *pieces = calloc(2 * policy->subnet_count + 1, sizeof(*pieces));
	int err = -ENOMEM;

	if (sorted && pieces)
		err = put_subnet_lists(flat, policy);
	for (int family = FAMILY_IPV4; !err && family <= FAMILY_IPV6; family += 2)
		flat->words[map_word(HOOK_FORWARD, (enum family)family)] =
			put_subnets(flat, policy, (enum family)family, sorted, pieces);
	free(sorted);
	free(pieces);
	return err;
}

int fastpath_build(const struct policy *policy, unsigned int generation, uint64_t *words,
		   size_t capacity, size_t counters, size_t *used)
{
	struct flat flat = {.words = words, .capacity = capacity};
	int err = 0;

	if (capacity < FASTPATH_HEADER_WORDS || (size_t)policy->counter_count + 1 > counters)
		return -E2BIG;
	for (size_t i = 0; i < FASTPATH_HEADER_WORDS; i++)
		put(&flat, i == FASTPATH_GENERATION ? generation : 0);
	err = put_hook(&flat, policy, HOOK_INPUT, policy->host.acl);
	if (!err)
		err = put_hook(&flat, policy, HOOK_OUTPUT, policy->host.acl);
	if (!err)
		err = put_hook(&flat, policy, HOOK_PREROUTING, policy->edges.only);
	if (!err)
		err = put_hook(&flat, policy, HOOK_POSTROUTING, policy->edges.only);
	if (!err && policy->subnet_count > 0)
		err = put_forward(&flat, policy);
	if (!err && flat.full)
		err = -E2BIG;
	if (!err)
		*used = flat.used;
	return err;
}

/* Of one list: each rule, and each prefix of a set that a rule names. */
static size_t list_entries(const struct acl_list *list)
{
	size_t entries = 0;

	for (size_t i = 0; i < list->count; i++)
		entries += list->rules[i].set ? list->rules[i].set->count : 1;
	return entries;
}

static size_t acl_entries(const struct policy *policy, uint32_t acl)
{
	if (acl >= policy->acl_count)
		return 0;
	return list_entries(&policy->acls[acl].lists[INBOUND]) +
	       list_entries(&policy->acls[acl].lists[OUTBOUND]);
}

size_t fastpath_estimate(const struct policy *policy)
{
	size_t entries =
		acl_entries(policy, policy->host.acl) + acl_entries(policy, policy->edges.only);
	size_t words = WORDS_MIN;

	for (size_t i = 0; i < policy->subnet_count; i++)
		entries += acl_entries(policy, policy->subnets[i].acl) + 1;
	while (words < WORDS_AN_ENTRY * entries && words < FASTPATH_WORDS_MAX / 2)
		words *= 2;
	return words;
}
