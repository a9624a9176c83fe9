/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accept filter in plain C: its source, over bytes and tables in memory. A packet and its words
 * lie in blocks of exactly their size, so that a sanitizer sees any step beyond.
 */
#ifndef NACLD_TESTS_UNIT_FASTPATH_SOURCE_H
#define NACLD_TESTS_UNIT_FASTPATH_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/fastpath/filter.h"

struct fastpath_packet_source {
	const uint8_t *data;
	size_t len;
	const uint64_t *words;
	size_t word_count;
	struct fastpath_counter *counters; /* two generations of one stripe */
	size_t counter_count;              /* of one */
};

FASTPATH_INLINE int fastpath_bytes(struct fastpath_packet_source *from, uint32_t offset, void *to,
				   uint32_t len)
{
	if (offset > from->len || len > from->len - offset)
		return 0;
	memcpy(to, from->data + offset, len);
	return 1;
}

FASTPATH_INLINE const uint64_t *fastpath_word(struct fastpath_packet_source *from, uint64_t at)
{
	return at < from->word_count ? from->words + at : NULL;
}

FASTPATH_INLINE struct fastpath_counter *fastpath_counter_at(struct fastpath_packet_source *from,
							     uint64_t generation, uint64_t number)
{
	return generation < 2 && number < from->counter_count
		       ? from->counters + generation * from->counter_count + number
		       : NULL;
}

/* The filter as the kernel runs it for a packet of `len` bytes; valid tables, and not too late. */
static inline bool fastpath_run(struct fastpath_packet_source *from, uint64_t root, enum hook hook,
				bool ipv6)
{
	const struct fastpath_control control = {
		.version = FASTPATH_VERSION, .root = root, .deadline_ns = 2, .now_s = 1000};

	return fastpath_accepts(from, &control, 1, (uint32_t)from->len, hook, ipv6);
}

#endif
