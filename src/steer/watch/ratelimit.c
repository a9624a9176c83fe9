/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sliding window over the last few times: see ratelimit.h. Pure; the caller brings the
 * clock.
 */
#include "steer/watch/ratelimit.h"

#include <string.h>

bool steer_ratelimit_take(struct steer_ratelimit *limit, int64_t now_ms)
{
	if (limit->count == STEER_RATELIMIT_COUNT) {
		if (now_ms < steer_ratelimit_next(limit))
			return false;
		memmove(limit->taken, limit->taken + 1,
			sizeof(limit->taken) - sizeof(limit->taken[0]));
		limit->count--;
	}
	limit->taken[limit->count++] = now_ms;
	return true;
}

int64_t steer_ratelimit_next(const struct steer_ratelimit *limit)
{
	return limit->count == STEER_RATELIMIT_COUNT ? limit->taken[0] + STEER_RATELIMIT_MS
						     : INT64_MIN;
}
