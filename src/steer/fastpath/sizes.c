/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large the maps become. Powers of two, so that a few more rules seldom need others; and
 * counters for as many processors as there may be, as long as that stays small: processors that
 * share a stripe count right all the same, since they add atomically.
 */
#include "steer/fastpath/pins.h"

#include <bpf/libbpf.h>

#define STRIPES_MAX      16
#define COUNTER_SLOTS    ((size_t)1 << 19) /* 12 MiB, both generations */
#define COUNTER_SLOT_MIN ((size_t)1 << 10)

static size_t power_of_two(size_t at_least, size_t from)
{
	while (from < at_least)
		from *= 2;
	return from;
}

void fastpath_sizes(const struct fastpath_need *need, struct fastpath_control *out)
{
	int cpus = libbpf_num_possible_cpus();
	size_t counters = power_of_two(need->counters, COUNTER_SLOT_MIN);
	size_t stripes = power_of_two(cpus > 0 ? (size_t)cpus : 1, 1);

	while (stripes > 1 && (stripes > STRIPES_MAX || 2 * stripes * counters > COUNTER_SLOTS))
		stripes /= 2;
	*out = (struct fastpath_control){
		.version = FASTPATH_VERSION,
		.words = (uint32_t)(2 * power_of_two(need->words, 2)),
		.counters = (uint32_t)counters,
		.stripes = (uint32_t)stripes,
	};
}
