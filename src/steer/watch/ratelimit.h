/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_WATCH_RATELIMIT_H
#define NACLD_STEER_WATCH_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How often steering is restored. While it is gone packets pass, so it is never given up: at once,
 * but when it was restored STEER_RATELIMIT_COUNT times within STEER_RATELIMIT_MS already, not
 * sooner than STEER_RATELIMIT_PAUSE_MS after the last time. That bounds what a program that
 * removes it as often can cost this host.
 */
#define STEER_RATELIMIT_COUNT    5
#define STEER_RATELIMIT_MS       60000
#define STEER_RATELIMIT_PAUSE_MS 50

struct steer_ratelimit {
	int64_t taken[STEER_RATELIMIT_COUNT]; /* when, oldest first */
	int count;
};

/* Is there one left at `now`? Then it is taken. */
bool steer_ratelimit_take(struct steer_ratelimit *limit, int64_t now_ms);

/* When the next one may be taken; `now` or before: at once. */
int64_t steer_ratelimit_next(const struct steer_ratelimit *limit, int64_t now_ms);

/* Were STEER_RATELIMIT_COUNT taken within the time before `now`? */
bool steer_ratelimit_busy(const struct steer_ratelimit *limit, int64_t now_ms);

#endif
