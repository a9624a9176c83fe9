/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step that compiled lists are made by: any two lines of keys of up to PROOF_SEGMENTS segments,
 * merged. At any key the winner is the lower one of the two lines' winners.
 */
#include <assert.h>

#include "core/classify/segments.h"

#ifndef PROOF_SEGMENTS
#define PROOF_SEGMENTS 4
#endif

uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
size_t nondet_size(void);

static size_t any_line(struct segment *line)
{
	size_t count = nondet_size();

	__CPROVER_assume(count >= 1 && count <= PROOF_SEGMENTS);
	for (size_t i = 0; i < count; i++) {
		line[i] = (struct segment){nondet_u32(), nondet_u16()};
		__CPROVER_assume(i == 0 ? line[i].start == 0 : line[i].start > line[i - 1].start);
		__CPROVER_assume(line[i].start < KEY_END);
	}
	return count;
}

static uint16_t winner_at(const struct segment *line, size_t count, uint32_t key)
{
	uint16_t winner = line[0].winner;

	assert(line[0].start == 0);
	for (size_t i = 1; i < count; i++) {
		assert(line[i - 1].start < line[i].start);
		if (line[i].start <= key)
			winner = line[i].winner;
	}
	return winner;
}

static uint16_t ceiling_of(const struct segment *line, size_t count)
{
	uint16_t high = 0;

	for (size_t i = 0; i < count; i++)
		high = line[i].winner > high ? line[i].winner : high;
	return high;
}

void line_merge_harness(void)
{
	struct segment own[PROOF_SEGMENTS], above[PROOF_SEGMENTS], merged[2 * PROOF_SEGMENTS];
	size_t own_count = any_line(own), above_count = any_line(above), count;
	uint32_t key = nondet_u32();
	uint16_t mine, theirs, winner;
	bool own_wins;

	__CPROVER_assume(key < KEY_END);
	mine = winner_at(own, own_count, key);
	theirs = winner_at(above, above_count, key);
	count = segments_merge(own, own_count, above, above_count, ceiling_of(above, above_count),
			       own_count + above_count, merged, &own_wins);
	assert(count >= 1 && count <= own_count + above_count);
	winner = winner_at(merged, count, key);
	assert(winner == (mine < theirs ? mine : theirs));
	assert(own_wins || winner == theirs);
}
