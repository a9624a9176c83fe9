/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_CLOCK_H
#define NACLD_COMMON_CLOCK_H

#include <stdint.h>

/* Milliseconds of the monotonic clock: for deadlines; steps of the wall clock do not touch it. */
int64_t clock_monotonic_ms(void);

/* The same with the time in which the host slept (suspend): for what a person was promised. */
int64_t clock_boottime_ms(void);

#endif
