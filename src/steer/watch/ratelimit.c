/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sliding window over the last few times: see ratelimit.h. Pure; the caller brings the clock.
 */
#include "steer/watch/ratelimit.h"

#include <string.h>

bool steer_ratelimit_busy(const struct steer_ratelimit *limit, int64_t now_ms)
{
	return limit->count == STEER_RATELIMIT_COUNT &&
	       now_ms < limit->taken[0] + STEER_RATELIMIT_MS;
}

int64_t steer_ratelimit_next(const struct steer_ratelimit *limit, int64_t now_ms)
{
	if (!steer_ratelimit_busy(limit, now_ms))
		return INT64_MIN;
	return limit->taken[STEER_RATELIMIT_COUNT - 1] + STEER_RATELIMIT_PAUSE_MS;
}

bool steer_ratelimit_take(struct steer_ratelimit *limit, int64_t now_ms)
{
	if (now_ms < steer_ratelimit_next(limit, now_ms))
		return false;
	if (limit->count == STEER_RATELIMIT_COUNT) {
		memmove(limit->taken, limit->taken + 1,
			sizeof(limit->taken) - sizeof(limit->taken[0]));
		limit->count--;
	}
	limit->taken[limit->count++] = now_ms;
	return true;
}
