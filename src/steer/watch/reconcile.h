/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_WATCH_RECONCILE_H
#define NACLD_STEER_WATCH_RECONCILE_H

#include "ctl/steer/cmd.h"
#include "steer/diff.h"
#include "steer/desired.h"
#include "steer/watch/nft_events.h"
#include "steer/watch/ratelimit.h"

#define STEER_NEVER INT64_MAX /* of the monotonic clock, in ms */

enum steer_condition {
	CONDITION_UNKNOWN,
	CONDITION_DOWN, /* nothing should be loaded */
	CONDITION_WHOLE,
	CONDITION_BROKEN,
};

/* What the last look found, and what was said and done about it. */
struct steer_reconciler {
	const struct steer_request *request;
	bool mends; /* by the configuration, as last read */
	struct legacy_poll legacy;
	struct steer_desired intent; /* as of the last look; empty rules: none */
	enum steer_condition condition;
	char alarm[STEER_DIFF_LEN]; /* the last one told, so that it is told once */
	struct steer_ratelimit pace;
	bool paused;    /* the pace is used up, and that was said */
	const char *by; /* during a look: who changed something, or "" */
};

/*
 * One look: what is loaded beside what should be; says what is news, and puts the rules back where
 * it may.
 *
 * @by          who made the change that it is for, as the kernel tells it, or ""
 * @changed_ms  when that was noticed, or STEER_NEVER
 *
 * Returns when to look again whatever happens meanwhile, or STEER_NEVER. Takes the steering's lock.
 */
int64_t steer_reconcile_look(struct steer_reconciler *guard, const char *by, int64_t changed_ms);

/* Do the rules stand where nobody tells of changes, so that somebody has to ask? */
bool steer_reconcile_must_ask(const struct steer_reconciler *guard);

#endif
