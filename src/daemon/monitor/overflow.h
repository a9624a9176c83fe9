/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_MONITOR_OVERFLOW_H
#define NACLD_DAEMON_MONITOR_OVERFLOW_H

#include "daemon/daemon.h"
#include "daemon/poller.h"

#define OVERFLOW_LOOK_MS 1000  /* between two looks, while packets come */
#define OVERFLOW_TELL_MS 10000 /* between two lines about one queue */

/* What was seen of each queue; what was told is kept with it (queue_told). */
struct overflow {
	struct daemon *daemon;
	struct poller_source source; /* due at the next look; asleep until a worker rings: never */
	struct {
		uint64_t packets; /* judged, at the last look */
		int64_t told_ms;  /* 0: never */
		bool crowded;     /* seen nearly full, and not told yet */
	} seen[QUEUE_COUNT_MAX];
};

/* Looks from here on when it is time, and sleeps when no packet has come since the last look. */
void overflow_start(struct overflow *overflow, struct daemon *daemon, struct poller *poller);

/* Somebody has rung; perhaps a worker. */
void overflow_wake(struct overflow *overflow);

#endif
