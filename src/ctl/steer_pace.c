/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sliding window over the last few times: see steer_pace.h. Pure; the caller brings the clock. */
#include "ctl/steer_pace.h"

#include <string.h>

bool steer_pace_take(struct steer_pace *pace, int64_t now_ms)
{
	if (pace->count == STEER_PACE_COUNT) {
		if (now_ms < steer_pace_next(pace))
			return false;
		memmove(pace->taken, pace->taken + 1, sizeof(pace->taken) - sizeof(pace->taken[0]));
		pace->count--;
	}
	pace->taken[pace->count++] = now_ms;
	return true;
}

int64_t steer_pace_next(const struct steer_pace *pace)
{
	return pace->count == STEER_PACE_COUNT ? pace->taken[0] + STEER_PACE_MS : INT64_MIN;
}
