/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_FASTPATH_FASTPATH_H
#define NACLD_DAEMON_FASTPATH_FASTPATH_H

#include <stdbool.h>

#include "daemon/fastpath/maps.h"
#include "daemon/poller.h"

/*
 * The daemon's part of the fast path: it fills the tables of the accept filter in the kernel, tells
 * the filter which half of them holds, and how long. Main thread only.
 */

/* The tables hold for so long without the daemon: as long as the unit's watchdog waits for it. */
#define FASTPATH_VALID_S 10

struct fastpath {
	struct fastpath_maps maps;
	struct poller_source source; /* due when the deadline is to be renewed */
	bool on;                     /* the filter accepts, by the current snapshot */
	unsigned int half;           /* that it uses, or used last */
	const char *why_off;         /* half a sentence; NULL while it is on */
	struct rule_counter retired; /* accepted under earlier snapshots */
};

/* No maps yet. */
void fastpath_init(struct fastpath *fastpath);

/*
 * Takes maps over, from steering or a predecessor, and switches the filter to the snapshot. 0 or
 * -errno (fastpath_maps_take): then what was before goes on. The counts of maps that it had move
 * into the snapshot.
 */
int fastpath_adopt(struct fastpath *fastpath, const int fds[static FASTPATH_FDS],
		   struct snapshot *snapshot);

/*
 * Switches the filter to another snapshot, which workers use already; `old` (or NULL) is the one
 * before. When this returns no packet is accepted by the tables of `old` any more, and its counts
 * are final. Where the new policy has no fast path, or it is not to be had, the filter is off:
 * then every packet goes through the queue.
 */
void fastpath_switch(struct fastpath *fastpath, const struct snapshot *old, struct snapshot *next);

/* Renews the deadline from here on. */
void fastpath_start(struct fastpath *fastpath, struct poller *poller);

/* Packets and bytes accepted by the filter since this daemon began; last_hit is not set. */
struct rule_counter fastpath_total(const struct fastpath *fastpath,
				   const struct snapshot *snapshot);

/* Lets go of the maps; the filter goes on by them to its deadline, for a successor to take over. */
void fastpath_fini(struct fastpath *fastpath);

#endif
