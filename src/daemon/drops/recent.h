/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DROPS_RECENT_H
#define NACLD_DAEMON_DROPS_RECENT_H

#include <stdbool.h>

#include "daemon/drops/drop_table.h"

#define RECENT_LEN       2048 /* a power of two */
#define RECENT_FOLLOW_MS 3000 /* so long after a request somebody is taken to follow */

/*
 * The last dropped packets, one by one, for those who follow them. The main thread's alone. All
 * zero: none yet.
 */
struct recent {
	struct drop drops[RECENT_LEN];
	uint64_t next;       /* number of the next one; the last RECENT_LEN are here */
	int64_t followed_ms; /* when somebody last asked, of the monotonic clock; 0: never */
};

static inline void recent_add(struct recent *recent, const struct drop *drop)
{
	recent->drops[recent->next++ % RECENT_LEN] = *drop;
}

static inline bool recent_is_followed(const struct recent *recent, int64_t now_ms)
{
	return recent->followed_ms != 0 && now_ms - recent->followed_ms < RECENT_FOLLOW_MS;
}

#endif
