/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_SCHED_H
#define NACLD_DAEMON_PATH_SCHED_H

#define SCHEDULE_SLICE_NS 100000 /* the shortest the kernel takes */

/*
 * Lets the calling thread, a worker, in soon when it wakes, at the price of running shorter at a
 * time. Needs no privilege; changes nothing where the kernel (before Linux 6.12) or a sandbox does
 * not know or allow it.
 */
void sched_packets_first(void);

#endif
