/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_MONITOR_OVERFLOW_H
#define NACLD_DAEMON_MONITOR_OVERFLOW_H

#include "daemon/daemon.h"

#define OVERFLOW_LOOK_MS 1000  /* between two looks, while packets come */
#define OVERFLOW_TELL_MS 10000 /* between two lines about one queue */

/*
 * What was seen of each queue; what was told is kept with it (queue_told). All zero to begin with.
 */
struct overflow {
	int64_t next_ms; /* no look before; 0: asleep until a worker rings */
	struct {
		uint64_t packets; /* judged, at the last look */
		int64_t told_ms;  /* 0: never */
		bool crowded;     /* seen nearly full, and not told yet */
	} seen[QUEUE_COUNT_MAX];
};

/* Looks when it is time, and sleeps when no packet has come since the last look. */
void overflow_work(struct overflow *overflow, struct daemon *daemon);

/* How long until overflow_work wants to be called again; -1: not before a worker rings. */
int overflow_timeout_ms(const struct overflow *overflow);

#endif
