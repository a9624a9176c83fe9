/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A count-min sketch with conservative updates (Cormode, Muthukrishnan, 2005; Estan, Varghese,
 * 2002): two cells a flow, the lower of which is the estimate. A cell is a byte: the period in
 * which it was last written, modulo 16, and a count up to 15. A cell of an older period counts
 * nothing, so nothing is ever cleared.
 */
#include "daemon/drops/drop_sketch.h"

#define COUNT_BITS 4

static unsigned int period_of(uint32_t now_s)
{
	return now_s / DROP_SKETCH_PERIOD_S & DROP_SKETCH_MAX;
}

static unsigned int count_of(uint8_t cell, unsigned int period)
{
	unsigned int age = (period - (cell >> COUNT_BITS)) & DROP_SKETCH_MAX;

	return age <= 1 ? cell & DROP_SKETCH_MAX : 0;
}

static uint32_t place(uint64_t flow, int which)
{
	return (uint32_t)(flow >> (which ? 40 : 8)) & (DROP_SKETCH_CELLS - 1);
}

unsigned int drop_sketch_seen(const struct drop_sketch *sketch, uint64_t flow, uint32_t now_s)
{
	unsigned int period = period_of(now_s);
	unsigned int a = count_of(sketch->cells[place(flow, 0)], period);
	unsigned int b = count_of(sketch->cells[place(flow, 1)], period);

	return a < b ? a : b;
}

void drop_sketch_note(struct drop_sketch *sketch, uint64_t flow, unsigned int times, uint32_t now_s)
{
	unsigned int period = period_of(now_s);

	if (times > DROP_SKETCH_MAX)
		times = DROP_SKETCH_MAX;
	for (int which = 0; which < 2; which++) {
		uint8_t *cell = &sketch->cells[place(flow, which)];

		if (count_of(*cell, period) <= times)
			*cell = (uint8_t)(period << COUNT_BITS | times);
	}
}
