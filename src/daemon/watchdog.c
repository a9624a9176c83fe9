/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watchdog is fed by progress, not by being alive: a worker that is stuck in one batch holds up all
 * traffic of its queue, which neither bypass nor fail-open covers. Then nothing is sent and the
 * service manager restarts the daemon. Looks happen four times in the allowed time.
 */
#include "daemon/watchdog.h"

#include <systemd/sd-daemon.h>

#include "common/clock.h"
#include "common/log.h"

void watchdog_init(struct watchdog *watchdog)
{
	uint64_t limit_us = 0;

	*watchdog = (struct watchdog){0};
	if (sd_watchdog_enabled(0, &limit_us) <= 0)
		return;
	watchdog->interval_ms = (int64_t)(limit_us / 4000);
	if (watchdog->interval_ms == 0)
		watchdog->interval_ms = 1;
	watchdog->next_ms = clock_monotonic_ms();
}

int watchdog_timeout_ms(const struct watchdog *watchdog)
{
	int64_t left = watchdog->next_ms - clock_monotonic_ms();

	if (watchdog->interval_ms == 0)
		return -1;
	return left < 0 ? 0 : (int)left + 1;
}

static bool all_progress(struct watchdog *watchdog, const struct daemon *daemon)
{
	bool all = true;

	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		bool busy;
		uint64_t now = worker_progress(&daemon->workers[i], &busy);

		if (busy && watchdog->busy[i] && now == watchdog->seen[i]) {
			log_error("queue %u: its worker makes no progress",
				  queue_number(daemon->workers[i].queue));
			all = false;
		}
		watchdog->seen[i] = now;
		watchdog->busy[i] = busy;
	}
	return all;
}

void watchdog_work(struct watchdog *watchdog, const struct daemon *daemon)
{
	if (watchdog->interval_ms == 0 || clock_monotonic_ms() < watchdog->next_ms)
		return;
	watchdog->next_ms = clock_monotonic_ms() + watchdog->interval_ms;
	if (all_progress(watchdog, daemon))
		sd_notify(0, "WATCHDOG=1");
}
