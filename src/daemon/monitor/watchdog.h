/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_MONITOR_WATCHDOG_H
#define NACLD_DAEMON_MONITOR_WATCHDOG_H

#include "daemon/daemon.h"
#include "daemon/poller.h"

/*
 * Feeds the service manager's watchdog (sd_watchdog_enabled(3)) for as long as every worker makes
 * progress: sleeping in its receive call counts, being in the same batch as at the last looks does
 * not. A worker that is found so WATCHDOG_PATIENCE times makes the service manager restart the
 * daemon at once, within the time allowed.
 */
#define WATCHDOG_LOOKS    4 /* in the time allowed */
#define WATCHDOG_PATIENCE 3
#define WATCHDOG_RESCUES  4 /* of one batch: each costs it a packet */
struct watchdog {
	struct daemon *daemon;
	struct poller_source source;    /* due at the next look */
	int64_t interval_ms;            /* 0: nobody asked for it */
	uint64_t seen[QUEUE_COUNT_MAX]; /* each worker's progress at the last look */
	bool busy[QUEUE_COUNT_MAX];
	unsigned int stuck[QUEUE_COUNT_MAX];   /* looks in a row that found it where it was */
	unsigned int rescues[QUEUE_COUNT_MAX]; /* of the batch it is in */
};

/* Looks and feeds from here on, where the service manager asks for it. */
void watchdog_start(struct watchdog *watchdog, struct daemon *daemon, struct poller *poller);

/*
 * Reading a large configuration may take longer than the service manager waits, on a busy machine
 * or from a slow disk, and packets are filtered meanwhile. So it is asked to wait longer: at start,
 * and from watchdog_extend to watchdog_restore, as long as WATCHDOG_EXTENDED_S.
 */
#define WATCHDOG_EXTENDED_S 120
#define WATCHDOG_START      "EXTEND_TIMEOUT_USEC=120000000"

void watchdog_extend(int notify);
void watchdog_restore(int notify);

#endif
