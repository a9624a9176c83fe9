/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STEER_GUARD_H
#define NACLD_CTL_STEER_GUARD_H

#include "ctl/steer.h"
#include "ctl/steer_diff.h"
#include "ctl/steer_intent.h"
#include "ctl/steer_listen.h"
#include "ctl/steer_pace.h"

#define STEER_NEVER INT64_MAX /* of the monotonic clock, in ms */

enum steer_condition {
	CONDITION_UNKNOWN,
	CONDITION_DOWN, /* nothing should be loaded */
	CONDITION_WHOLE,
	CONDITION_BROKEN,
};

/* What the last look found, and what was said and done about it. */
struct steer_guard {
	const struct steer_request *request;
	bool mends; /* by the configuration, as last read */
	struct steer_legacy legacy;
	struct steer_intent intent; /* as of the last look; empty rules: none */
	enum steer_condition condition;
	char alarm[STEER_DIFF_LEN]; /* the last one told, so that it is told once */
	struct steer_pace pace;
	bool paused;    /* the pace is used up, and that was said */
	const char *by; /* during a look: who changed something, or "" */
};

/*
 * One look: what is loaded beside what should be; says what is news, and puts the rules back where it
 * may.
 *
 * @by          who made the change that it is for, as the kernel tells it, or ""
 * @changed_ms  when that was noticed, or STEER_NEVER
 *
 * Returns when to look again whatever happens meanwhile, or STEER_NEVER. Takes the steering's lock.
 */
int64_t steer_guard_look(struct steer_guard *guard, const char *by, int64_t changed_ms);

/* Do the rules stand where nobody tells of changes, so that somebody has to ask? */
bool steer_guard_must_ask(const struct steer_guard *guard);

#endif
