/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_WAKEUP_H
#define NACLD_DAEMON_PATH_WAKEUP_H

#include <stdint.h>
#include <unistd.h>

/*
 * A worker wakes the main thread, once for each time that asked: with nobody asking, ringing is one
 * load. It may be in memory that a judging child writes, so the eventfd that it rings, `wake`, is
 * not in it.
 */
struct wakeup {
	int armed;
};

static inline void wakeup_arm(struct wakeup *wakeup)
{
	__atomic_store_n(&wakeup->armed, 1, __ATOMIC_SEQ_CST);
}

static inline void wakeup_ring(struct wakeup *wakeup, int wake)
{
	uint64_t one = 1;

	if (__atomic_load_n(&wakeup->armed, __ATOMIC_SEQ_CST) &&
	    __atomic_exchange_n(&wakeup->armed, 0, __ATOMIC_SEQ_CST) &&
	    write(wake, &one, sizeof(one)) < 0)
		wakeup_arm(wakeup); /* the counter was at its limit: a later ring will do */
}

static inline int wakeup_armed(const struct wakeup *wakeup)
{
	return __atomic_load_n(&wakeup->armed, __ATOMIC_SEQ_CST);
}

#endif
