/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watchdog is fed by progress, not by being alive: a worker that is stuck in one batch holds up
 * all traffic of its queue, which neither bypass nor fail-open covers. Then the service manager is
 * told to restart the daemon, and the packet that the worker is stuck with is accused, so that the
 * successor does not get stuck with it as well. Where a child judges, it is enough to end that one,
 * and the daemon lives. A daemon that stands still as a whole feeds nothing.
 *
 * A reload is the one thing that the main thread does at length, so for that time the limit itself
 * is moved. Workers go on; one that hangs meanwhile is noticed when the reload is over.
 */
#include "daemon/monitor/watchdog.h"

#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"

/* How often in a row the worker was found in the same place, not counting the first time. */
static unsigned int look_at(struct watchdog *watchdog, const struct worker *worker, unsigned int i)
{
	bool busy;
	uint64_t now = worker_progress(worker, &busy);

	if (now != watchdog->seen[i])
		watchdog->rescues[i] = 0;
	if (busy && watchdog->busy[i] && now == watchdog->seen[i])
		watchdog->stuck[i]++;
	else
		watchdog->stuck[i] = 0;
	watchdog->seen[i] = now;
	watchdog->busy[i] = busy;
	return watchdog->stuck[i];
}

static bool all_progress(struct watchdog *watchdog, struct daemon *daemon)
{
	bool all = true;

	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		struct worker *worker = &daemon->workers[i];
		unsigned int stuck = look_at(watchdog, worker, i);

		if (stuck < WATCHDOG_PATIENCE)
			continue;
		log_error("queue %u: its worker makes no progress", queue_number(worker->queue));
		if (watchdog->rescues[i] < WATCHDOG_RESCUES && worker_rescue(worker)) {
			watchdog->rescues[i]++;
			watchdog->busy[i] = false; /* another child, another chance */
			continue;
		}
		batch_blame(queue_batch(worker->queue)->region);
		all = false;
	}
	return all;
}

static void look(struct poller_source *source, short revents)
{
	struct watchdog *watchdog = source->owner;

	(void)revents;
	source->due_ms = clock_monotonic_ms() + watchdog->interval_ms;
	notify_send(watchdog->daemon->notify,
		    all_progress(watchdog, watchdog->daemon) ? "WATCHDOG=1" : "WATCHDOG=trigger");
}

static void set_limit(int notify, uint64_t limit_us)
{
	char state[80];

	snprintf(state, sizeof(state), "WATCHDOG_USEC=%llu\nWATCHDOG=1",
		 (unsigned long long)limit_us);
	notify_send(notify, state);
}

void watchdog_extend(int notify)
{
	const uint64_t extended_us = UINT64_C(1000000) * WATCHDOG_EXTENDED_S;
	uint64_t limit_us = 0;

	if (sd_watchdog_enabled(0, &limit_us) > 0 && limit_us < extended_us)
		set_limit(notify, extended_us);
}

void watchdog_restore(int notify)
{
	uint64_t limit_us = 0;

	if (sd_watchdog_enabled(0, &limit_us) > 0)
		set_limit(notify, limit_us);
}

void watchdog_start(struct watchdog *watchdog, struct daemon *daemon, struct poller *poller)
{
	uint64_t limit_us = 0;

	*watchdog = (struct watchdog){
		.daemon = daemon,
		.source = {.fd = -1, .serve = look, .owner = watchdog},
	};
	if (sd_watchdog_enabled(0, &limit_us) <= 0)
		return;
	watchdog->interval_ms = (int64_t)(limit_us / 1000 / WATCHDOG_LOOKS);
	if (watchdog->interval_ms == 0)
		watchdog->interval_ms = 1;
	watchdog->source.due_ms = clock_monotonic_ms();
	poller_add(poller, &watchdog->source);
}
