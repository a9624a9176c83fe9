/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sliding window over the last few times: see steer_ratelimit.h. Pure; the caller brings the
 * clock.
 */
#include "steer/watch/ratelimit.h"

#include <string.h>

bool steer_ratelimit_take(struct steer_ratelimit *pace, int64_t now_ms)
{
	if (pace->count == STEER_PACE_COUNT) {
		if (now_ms < steer_ratelimit_next(pace))
			return false;
		memmove(pace->taken, pace->taken + 1, sizeof(pace->taken) - sizeof(pace->taken[0]));
		pace->count--;
	}
	pace->taken[pace->count++] = now_ms;
	return true;
}

int64_t steer_ratelimit_next(const struct steer_ratelimit *pace)
{
	return pace->count == STEER_PACE_COUNT ? pace->taken[0] + STEER_PACE_MS : INT64_MIN;
}
