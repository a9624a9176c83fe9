/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reload of 100,000 entries computes for a tenth of a second. Where a worker shares its core with
 * that, or with any other program, it would wait for the other's slice to end when a packet has
 * come: a few milliseconds without a verdict. So workers ask for short slices of their own, which
 * lets them in sooner when they wake (EEVDF takes sched_attr.sched_runtime as the slice of an
 * ordinary thread; earlier schedulers ignore it). Making the main thread nicer instead was tried
 * and made gaps longer on a busy machine: the reload then takes three times as long.
 *
 * A unit that refuses @resources, as ours does, refuses this too: then slices are what they are.
 *
 * The structure is the kernel's: the C library knows neither call in Debian 12.
 */
#include "daemon/path/sched.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

void sched_packets_first(void)
{
	struct sched_attr attr = {0};

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) < 0)
		return;
	/* An administrator may have chosen another class; runtime means something else there. */
	if (attr.sched_policy != SCHED_NORMAL)
		return;
	attr.sched_runtime = SCHEDULE_SLICE_NS;
	syscall(SYS_sched_setattr, 0, &attr, 0);
}
