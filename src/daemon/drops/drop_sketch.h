/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DROPS_DROP_SKETCH_H
#define NACLD_DAEMON_DROPS_DROP_SKETCH_H

#include <stdint.h>

/*
 * How often a flow was seen lately that has no place in the table: an estimate, never too low
 * within DROP_SKETCH_PERIOD_S, too high where many flows share its cells. Stays good whatever its
 * bytes are.
 */
#define DROP_SKETCH_CELLS    (1U << 21) /* a byte each; a power of two */
#define DROP_SKETCH_MAX      15
#define DROP_SKETCH_PERIOD_S 64 /* what is older than one or two of these is forgotten */

struct drop_sketch {
	uint8_t cells[DROP_SKETCH_CELLS];
};

/* `flow` is a hash all of whose bits are good. */
unsigned int drop_sketch_seen(const struct drop_sketch *sketch, uint64_t flow, uint32_t now_s);

/* It was seen `times` times, or more often if that is already known. */
void drop_sketch_note(struct drop_sketch *sketch, uint64_t flow, unsigned int times,
		      uint32_t now_s);

#endif
