/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_BELL_H
#define NACLD_DAEMON_BELL_H

#include <stdint.h>
#include <unistd.h>

/*
 * A worker wakes the main thread, once for each time that asked: with nobody asking, ringing is one load. It may be
 * in memory that a judging child writes, so the eventfd that it rings, `wake`, is not in it.
 */
struct bell {
	int armed;
};

static inline void bell_arm(struct bell *bell)
{
	__atomic_store_n(&bell->armed, 1, __ATOMIC_SEQ_CST);
}

static inline void bell_ring(struct bell *bell, int wake)
{
	uint64_t one = 1;

	if (__atomic_load_n(&bell->armed, __ATOMIC_SEQ_CST) &&
	    __atomic_exchange_n(&bell->armed, 0, __ATOMIC_SEQ_CST) &&
	    write(wake, &one, sizeof(one)) < 0)
		bell_arm(
			bell); /* cannot be: the counter is far from its limit; a later ring will do */
}

static inline int bell_armed(const struct bell *bell)
{
	return __atomic_load_n(&bell->armed, __ATOMIC_SEQ_CST);
}

#endif
