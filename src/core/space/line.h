/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_SPACE_LINE_H
#define NACLD_CORE_SPACE_LINE_H

/*
 * Lines: functions from the key of a packet (protocol and port, or type and code) to a small
 * number. A line is a reference into a store, where equal lines are one: so that comparing two is
 * comparing two integers. line.c explains how.
 *
 * Keys are those of core/classify/table.h: protocol << 17 | L4, where L4 is the destination port
 * or type << 8 | code, or 1 << 16 for a packet without its transport header (a later fragment, or
 * a protocol that has neither ports nor types).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/classify/segments.h"

typedef uint32_t line_ref;

#define LINE_LEAF  (UINT32_C(1) << 31)
#define LINE_NO    LINE_LEAF       /* 0 everywhere: the empty set of keys */
#define LINE_YES   (LINE_LEAF | 1) /* 1 everywhere: all keys */
#define LINE_NONE  0x7fff          /* "no rule", as a winner */
#define LINE_UNSET (LINE_LEAF | LINE_NONE)

struct lines;

/* What two lines make at each key. */
enum line_op {
	LINE_FIRST,   /* the lower winner */
	LINE_AND,     /* of sets, 0 or 1 */
	LINE_OR,      /* of sets */
	LINE_WITHOUT, /* of sets: in a, not in b */
	LINE_PAIR,    /* of winners: both, a << 15 | b */
	LINE_OPS,
};

/*
 * An empty store. It grows to at most max_nodes nodes (40 bytes each at most, with their index)
 * and works for at most 16 * max_nodes steps; beyond that it fails. NULL: no memory.
 */
#define LINES_MAX_NODES ((size_t)1 << 22)
struct lines *lines_new(size_t max_nodes);
void lines_free(struct lines *lines); /* NULL is fine */

/*
 * 0, -ENOMEM, or -E2BIG where the store is full. Once it has failed it stays so, and every line
 * that is made later is worth nothing; so a caller asks once, at the end.
 */
int lines_status(const struct lines *lines);
size_t lines_count(const struct lines *lines); /* nodes */

/* From painted segments (core/classify/segments.h), whose winners are below LINE_NONE or none. */
line_ref line_from_segments(struct lines *lines, const struct segment *segments, size_t count);

/* 1 from first to last, 0 elsewhere. */
line_ref line_span(struct lines *lines, uint32_t first, uint32_t last);

/* O(nodes of a * nodes of b) at worst, and mostly of the smaller; 1 step for equal ones. */
line_ref line_apply(struct lines *lines, enum line_op op, line_ref a, line_ref b);

/* table[winner] in each winner's place: a line of sets. `id` tells one table from the other. */
line_ref line_translate(struct lines *lines, line_ref line, const uint8_t *table, unsigned int id);

uint32_t line_at(const struct lines *lines, line_ref line, uint32_t key);

/* How many keys from first to last have a 1. */
uint32_t line_count(const struct lines *lines, line_ref set, uint32_t first, uint32_t last);

/*
 * Calls `run` for each longest run of keys with one value, in order; it ends the walk with false.
 */
typedef bool (*line_run)(void *context, uint32_t first, uint32_t last, uint32_t value);
void line_runs(const struct lines *lines, line_ref line, line_run run, void *context);

/*
 * Sets seen[v] for every value v that the line has anywhere; v is below 1 << 15. `visited`, zeroed
 * by the caller and kept between calls, has a byte for each node (lines_count).
 */
void line_values(const struct lines *lines, line_ref line, bool *seen, uint8_t *visited);

#endif
