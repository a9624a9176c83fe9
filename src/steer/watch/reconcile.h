/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_WATCH_RECONCILE_H
#define NACLD_STEER_WATCH_RECONCILE_H

#include "steer/diff.h"
#include "steer/desired.h"
#include "steer/watch/nft_events.h"
#include "steer/watch/ratelimit.h"
#include "steer/watch/watch.h"

#define STEER_NEVER INT64_MAX /* of the monotonic clock, in ms */

enum steer_condition {
	CONDITION_UNKNOWN,
	CONDITION_DOWN,  /* nothing should be loaded */
	CONDITION_STRAY, /* nor should it, and something is */
	CONDITION_WHOLE,
	CONDITION_BROKEN,
};

/* What the last look found, and what was said and done about it. */
struct steer_reconciler {
	const struct steer_watch_options *options;
	bool restores; /* by the configuration, as last read */
	struct legacy_poll legacy;
	struct steer_desired desired; /* as of the last look; empty rules: none */
	enum steer_condition condition;
	char alarm[STEER_DIFF_LEN]; /* the last one raised, so that it is raised once */
	struct steer_ratelimit limit;
	int64_t contest_ms; /* before that a contest is not reported once more */
	const char *by;     /* during a look: who changed something, or "" */
};

/*
 * One look: what is loaded beside what should be; reports what is new, and restores the rules where
 * it may.
 *
 * @by          who made the change that it is for, as the kernel says, or ""
 * @changed_ms  when that was noticed, or STEER_NEVER
 *
 * Returns when to look again whatever happens meanwhile, or STEER_NEVER. Takes the steering's lock.
 */
int64_t steer_reconcile_look(struct steer_reconciler *reconciler, const char *by,
			     int64_t changed_ms);

/*
 * Do default routes name other interfaces than those the rules were last loaded for? Asks the
 * kernel.
 */
bool steer_reconcile_routes_moved(const struct steer_reconciler *reconciler);

/* Are the rules where there are no change events, so that they have to be polled? */
bool steer_reconcile_must_ask(const struct steer_reconciler *reconciler);

#endif
