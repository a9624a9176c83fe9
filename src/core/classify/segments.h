/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_CLASSIFY_SEGMENTS_H
#define NACLD_CORE_CLASSIFY_SEGMENTS_H

/* The line of keys while a classifier is built: rules become segments, segments merge. */
#include "core/classify/table.h"

/* From `start` to the next segment's; the first of a line starts at 0. Winners alternate. */
struct segment {
	uint32_t start;
	uint16_t winner; /* a rule's index, or CLASSIFY_NONE */
};

/* Scratch for segments_paint, sized once for the longest list of rules. */
struct painter {
	uint32_t *cuts;
	uint32_t *next;
	uint16_t *winners;
};

int painter_init(struct painter *painter, size_t rules); /* 0 or -ENOMEM */
void painter_fini(struct painter *painter);

/*
 * Paints the rules `order` names, ascending, so that the first to reach a key keeps it. Writes the
 * segments and returns how many; there must be room for 2 * count + 1. O(count log count).
 */
size_t segments_paint(struct painter *painter, const struct rule *rules, enum family family,
		      const uint16_t *order, size_t count, struct segment *out);

/* The steps after which segments_merge gives up. */
static inline size_t line_merge_steps(size_t limit)
{
	return 4 * limit + 64;
}

/*
 * A line for each key of which the lower winner of two lines stands; winners of `own` from
 * `ceiling` on do not count. *own_wins tells whether any segment came from `own`.
 * Returns the number of segments, or 0 when it would be more than limit, or when telling takes more
 * than line_merge_steps(limit): then *out is spoiled. Room for limit segments. O(limit).
 */
size_t segments_merge(const struct segment *own, size_t own_count, const struct segment *above,
		      size_t above_count, uint16_t ceiling, size_t limit, struct segment *out,
		      bool *own_wins);

/* `own` with no winner where that lies from `ceiling` on. Room for own_count segments. */
size_t segments_lower(const struct segment *own, size_t own_count, uint16_t ceiling,
		      struct segment *out);

#endif
