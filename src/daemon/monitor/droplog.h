/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_MONITOR_DROPLOG_H
#define NACLD_DAEMON_MONITOR_DROPLOG_H

#include "daemon/daemon.h"

/* At most so many dropped packets are told in one period; the rest are counted in one line. */
#define DROPLOG_LINES     10
#define DROPLOG_PERIOD_MS 10000

/* The state of the limiter. */
struct droplog {
	int64_t period_end_ms; /* 0: asleep until a worker wakes us */
	unsigned int lines;
	uint64_t untold;
	uint64_t lost_before; /* ring losses already told of */
};

/* Takes events out of the rings and tells them. Call when the eventfd or its timeout fires. */
void droplog_work(struct droplog *droplog, struct daemon *daemon);

/* How long until droplog_work wants to be called again; -1: not before the eventfd says so. */
int droplog_timeout_ms(const struct droplog *droplog);

#endif
