/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packs a built half into one block of exactly its size: the address map, its index, the tables.
 *
 * Only tables that some address leads to are taken, itself or through links, in the order in which
 * addresses first meet them. Sizes are counted first, by the same code that fills the arrays
 * afterwards, so that the byte bound is asked before the block is.
 */
#include "core/classify/build.h"

#include <errno.h>
#include <stdlib.h>

#define INDEX_BITS_MIN 8
#define INDEX_BITS_MAX 16

/* Where the map of an IPv6 half goes; counts only, while the arrays are NULL. */
struct map6 {
	struct interval6 *high;
	struct interval6 *low;
	uint32_t high_count;
	uint32_t low_count;
	uint64_t second_start; /* of the high intervals */
	uint64_t last_start;
};

/* Gives the table, and those it links to, their places. */
static void place_table(struct build *build, uint32_t table, uint32_t *words)
{
	for (; table != NO_TABLE && build->tables[table].offset == 0;
	     table = build->tables[table].link) {
		build->tables[table].offset = *words;
		*words += (uint32_t)table_words(build->tables[table].count);
	}
}

static uint32_t value_of(struct build *build, uint32_t table, uint32_t *words)
{
	const struct build_table *t = &build->tables[table];

	if (t->count == 1 && t->link == NO_TABLE)
		return VALUE_DIRECT | build->merged.at[t->first].winner;
	place_table(build, table, words);
	return t->offset;
}

/* Turns tables into values, and joins neighbours that have the same one. */
static void join_intervals(struct build *build, uint32_t *words)
{
	struct build_interval *at = build->intervals;
	size_t n = 0;

	for (size_t i = 0; i < build->interval_count; i++) {
		uint32_t value = value_of(build, at[i].table, words);

		if (n > 0 && at[n - 1].table == value)
			continue;
		at[n] = at[i];
		at[n++].table = value;
	}
	build->interval_count = n;
}

static void put_high(struct map6 *map, uint64_t start, uint32_t value, uint32_t low_count)
{
	if (map->high)
		map->high[map->high_count] = (struct interval6){start, value, low_count};
	if (map->high_count == 1)
		map->second_start = start;
	map->last_start = start;
	map->high_count++;
}

static void put_low(struct map6 *map, uint64_t start, uint32_t value)
{
	if (map->low)
		map->low[map->low_count] = (struct interval6){start, value, 0};
	map->low_count++;
}

/* The n intervals that begin within one high half; `before` is the value that goes on into it. */
static void put_high_half(struct map6 *map, const struct build_interval *at, size_t n,
			  uint32_t before)
{
	uint32_t first = map->low_count;

	if (n == 1 && at[0].lo == 0) {
		put_high(map, at[0].hi, at[0].table, 0);
		return;
	}
	if (at[0].lo != 0)
		put_low(map, 0, before);
	for (size_t i = 0; i < n; i++)
		put_low(map, at[i].lo, at[i].table);
	put_high(map, at[0].hi, VALUE_LOW | first, map->low_count - first);
}

static void fill_map6(const struct build *build, struct map6 *map)
{
	const struct build_interval *at = build->intervals;
	size_t count = build->interval_count;
	uint32_t before = 0;

	map->high_count = 0;
	map->low_count = 0;
	for (size_t first = 0, end; first < count; first = end) {
		uint64_t hi = at[first].hi;

		for (end = first + 1; end < count && at[end].hi == hi; end++)
			;
		put_high_half(map, at + first, end - first, before);
		before = at[end - 1].table;
		/* A low map ends with its high half; what stood at its end goes on. */
		if (at[end - 1].lo != 0 && hi != UINT64_MAX &&
		    (end == count || at[end].hi != hi + 1))
			put_high(map, hi + 1, before, 0);
	}
}

static void fill_map4(const struct build *build, struct interval4 *out)
{
	for (size_t i = 0; i < build->interval_count; i++)
		out[i] = (struct interval4){(uint32_t)(build->intervals[i].hi >> 32),
					    build->intervals[i].table};
}

static void fill_tables(const struct build *build, uint32_t *words)
{
	words[0] = 0;
	for (size_t t = 0; t < build->table_count; t++) {
		const struct build_table *from = &build->tables[t];
		const struct segment *segments = build->merged.at + from->first;
		struct table *to = (struct table *)(words + from->offset);
		uint16_t *winners;

		if (from->offset == 0)
			continue;
		*to = (struct table){.count = (uint16_t)from->count};
		if (from->link != NO_TABLE) {
			to->link = build->tables[from->link].offset;
			to->floor = build->tables[from->link].floor;
		}
		winners = (uint16_t *)(to->starts + (from->count - 1));
		for (uint32_t i = 0; i < from->count; i++) {
			if (i > 0)
				to->starts[i - 1] = segments[i].start;
			winners[i] = segments[i].winner;
		}
		if (from->count % 2 != 0)
			winners[from->count] =
				CLASSIFY_NONE; /* the padding: always the same bytes */
	}
}

static unsigned int index_bits(uint32_t intervals)
{
	unsigned int bits = INDEX_BITS_MIN;

	while (bits < INDEX_BITS_MAX && UINT32_C(1) << bits < intervals)
		bits++;
	return bits;
}

static void shape_index4(struct classify_half *half)
{
	unsigned int bits = half->intervals > 1 ? index_bits(half->intervals) : 1;

	half->shift = (uint8_t)(32 - bits);
	half->last_slot = (UINT32_C(1) << bits) - 1;
}

/* IPv6 leaves out what all prefixes begin with: the index spans what they do not share. */
static void shape_index6(struct classify_half *half, const struct map6 *map)
{
	uint64_t span;

	if (half->intervals == 1)
		return;
	half->base = map->second_start;
	span = map->last_start - map->second_start;
	while (span >> half->shift >> index_bits(half->intervals) != 0)
		half->shift++;
	half->last_slot = (uint32_t)(span >> half->shift);
}

static uint64_t interval_start(const struct classify_half *half, uint32_t i)
{
	return half->v4 ? half->v4[i].start : half->high[i].start;
}

static void fill_index(const struct classify_half *half, uint32_t *index)
{
	uint32_t at = 0;

	for (uint32_t slot = 0; slot <= half->last_slot; slot++) {
		uint64_t lowest = half->base + ((uint64_t)slot << half->shift);

		while (at + 1 < half->intervals && interval_start(half, at + 1) <= lowest)
			at++;
		/* What lies before `base` asks slot 0 too. */
		index[slot] = slot == 0 ? 0 : at;
	}
	index[half->last_slot + 1] = half->intervals - 1;
}

static size_t index_words(const struct classify_half *half)
{
	return (size_t)half->last_slot + 2;
}

static size_t packed_bytes(const struct classify_half *half, enum family family)
{
	size_t interval =
		family == FAMILY_IPV4 ? sizeof(struct interval4) : sizeof(struct interval6);

	return half->intervals * interval + half->low_intervals * sizeof(struct interval6) +
	       (index_words(half) + half->table_words) * sizeof(uint32_t);
}

/* The widest elements come first, so that each is aligned. Returns where the index goes. */
static uint32_t *place_map(const struct build *build, struct map6 *map, struct classify_half *half)
{
	struct interval4 *v4 = half->block;

	if (build->family == FAMILY_IPV4) {
		fill_map4(build, v4);
		half->v4 = v4;
		return (uint32_t *)(v4 + half->intervals);
	}
	map->high = half->block;
	map->low = map->high + half->intervals;
	fill_map6(build, map);
	half->high = map->high;
	half->low = map->low;
	return (uint32_t *)(map->low + half->low_intervals);
}

int classify_pack(struct build *build, struct classify_half *out)
{
	struct classify_half half = {.table_words = 1};
	struct map6 map = {0};
	uint32_t *words;

	join_intervals(build, &half.table_words);
	half.intervals = (uint32_t)build->interval_count;
	if (build->family == FAMILY_IPV4) {
		shape_index4(&half);
	} else {
		fill_map6(build, &map);
		half.intervals = map.high_count;
		half.low_intervals = map.low_count;
		shape_index6(&half, &map);
	}
	half.bytes = packed_bytes(&half, build->family);
	if (half.bytes > build->max_bytes)
		return -E2BIG;
	half.block = malloc(half.bytes);
	if (!half.block)
		return -ENOMEM;
	words = place_map(build, &map, &half);
	fill_index(&half, words);
	half.index = words;
	fill_tables(build, words + index_words(&half));
	half.tables = words + index_words(&half);
	*out = half;
	return 0;
}
