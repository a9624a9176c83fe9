/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_CLASSIFY_TABLE_H
#define NACLD_CORE_CLASSIFY_TABLE_H

/* The layout of the compiled form: private to classify*.c, which share it. See classify.c. */
#include "core/classify/classify.h"

#define CLASSIFY_NONE 0xffff /* "no rule", as a winner: behind every rule's index */

/* The key line: protocol << 17 | L4. A protocol's last half is never asked for. */
#define KEY_SHIFT        17
#define KEY_NO_TRANSPORT (UINT32_C(1) << 16)
#define KEY_END          (UINT32_C(256) << KEY_SHIFT)

/* A value of the address map: a winner, a low map (IPv6), or where its table starts, in words. */
#define VALUE_DIRECT (UINT32_C(1) << 31)
#define VALUE_LOW    (UINT32_C(1) << 30)
#define VALUE_MASK   (VALUE_LOW - 1)

/*
 * A table, in 32-bit words: this header, the starts of segments 1..count-1, and the winners of
 * segments 0..count-1 at 16 bits each. Segment 0 starts at 0; so its start is not kept, and the
 * search, which never reads it, begins one word early.
 */
struct table {
	uint16_t count; /* at most 2 * RULE_NUMBER_MAX + 1 */
	uint16_t floor; /* the lowest winner reachable through the link */
	uint32_t link;  /* the table above, in words; 0: none */
	uint32_t starts[];
};

#define TABLE_HEADER_WORDS 2

static inline size_t table_words(size_t count)
{
	return TABLE_HEADER_WORDS + (count - 1) + (count + 1) / 2;
}

static inline const uint16_t *table_winners(const struct table *table)
{
	return (const uint16_t *)(table->starts + (table->count - 1));
}

/* An interval of addresses, from `start` to the next one's. */
struct interval4 {
	uint32_t start;
	uint32_t value;
};

/* The same for half an IPv6 address: the high 64 bits, or the low ones below a VALUE_LOW. */
struct interval6 {
	uint64_t start;
	uint32_t value;
	uint32_t low_count; /* VALUE_LOW: how many low intervals */
};

/*
 * The map of one family. index[s] is the interval that holds the lowest address of slot s, and slot
 * s is addresses base + (s << shift) and on. index has slots + 1 elements.
 */
struct classify_half {
	const uint32_t *index;
	const struct interval4 *v4;
	const struct interval6 *high;
	const struct interval6 *low;
	const uint32_t *tables; /* word 0 belongs to no table: offset 0 means none */
	uint64_t base;
	uint32_t last_slot;
	uint32_t intervals;
	uint32_t low_intervals;
	uint32_t table_words;
	uint8_t shift;
	size_t bytes;
	void *block; /* all of the above in one */
};

struct classify {
	const struct rule *rules;
	size_t rule_count;
	enum direction direction;
	struct classify_half v4;
	struct classify_half v6;
};

#endif
