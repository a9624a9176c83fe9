/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_FASTPATH_MAPS_H
#define NACLD_DAEMON_FASTPATH_MAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/fastpath/format.h"
#include "daemon/path/snapshot.h"

/* The accept filter's three maps, in memory that this process shares with the kernel's programs. */
struct fastpath_maps {
	int fds[FASTPATH_FDS]; /* control, words, counters; -1: there are none */
	struct fastpath_control *control;
	uint64_t *words;
	struct rule_counter *counters;
	/* As control says when they were taken: it can be written to, these cannot. */
	uint32_t word_count;
	uint32_t counter_count;
	uint32_t stripes;
};

/*
 * Takes the descriptors over and maps them. A child does not inherit the mappings, only this
 * process. 0; or -errno, and the descriptors are closed: -EPROTO, other maps, or a version that
 * this nacld does not know.
 */
int fastpath_maps_take(struct fastpath_maps *maps, const int fds[static FASTPATH_FDS]);
void fastpath_maps_release(struct fastpath_maps *maps); /* there may be none */

/* Where a half begins, and how many words it has. Half 0 begins at 1: word 0 is no root. */
static inline uint64_t fastpath_half(const struct fastpath_maps *maps, unsigned int half,
				     size_t *words)
{
	*words = maps->word_count / 2 - 1;
	return half == 0 ? 1 : maps->word_count / 2;
}

/* The first counter of a stripe of a generation. */
static inline struct rule_counter *fastpath_stripe(const struct fastpath_maps *maps,
						   unsigned int generation, unsigned int stripe)
{
	return maps->counters + (size_t)(generation * maps->stripes + stripe) * maps->counter_count;
}

#endif
