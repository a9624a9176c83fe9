/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_WATCH_RATELIMIT_H
#define NACLD_STEER_WATCH_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How often steering is restored: STEER_RATELIMIT_COUNT times in any STEER_RATELIMIT_MS. Against a
 * program that removes it as often, each turn drops what waits in the queues, and neither ever
 * wins.
 */
#define STEER_RATELIMIT_COUNT 5
#define STEER_RATELIMIT_MS    60000

struct steer_ratelimit {
	int64_t taken[STEER_RATELIMIT_COUNT]; /* when, oldest first */
	int count;
};

/* Is there one left at `now`? Then it is taken. */
bool steer_ratelimit_take(struct steer_ratelimit *limit, int64_t now_ms);

/* When the next one may be taken; `now` or before: at once. */
int64_t steer_ratelimit_next(const struct steer_ratelimit *limit);

#endif
