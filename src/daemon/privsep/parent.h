/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_PARENT_H
#define NACLD_DAEMON_PRIVSEP_PARENT_H

#include "daemon/disk.h"
#include "daemon/path/filter.h"
#include "daemon/path/queue.h"

/*
 * A filter without rights: a child process that parses the packets of one worker and answers accept
 * or drop for each. It has no capability, no descriptor but two pipes and the event rings' wake-up,
 * and no system call but to read, to write and to end. It never sees a packet's id: the parent
 * gives the verdicts.
 */
struct isolate;

/*
 * Forks a child that filters by `snapshot` as `filter`, which must outlive it and hold shared
 * memory where the child writes (path/shared.h). 0; -ENOSYS where the kernel has no seccomp
 * filters; another -errno.
 */
int privsep_new(struct filter *filter, struct snapshot *snapshot, struct disk *disk,
		struct isolate **out);

/* Ends the child. No batch may be in its hands. NULL is fine. */
void privsep_free(struct isolate *isolate);

/*
 * What filter_batch does, for the batch in a queue's buffers: every packet gets its verdict into
 * the batch. A child that dies is replaced; the packet it died of is dropped and saved
 * (poison.h). False when no child can be had now: nothing is answered, try again.
 */
bool privsep_filter(struct isolate *isolate, struct queue *queue);

/*
 * The child makes no progress. From another thread than the one that waits in privsep_filter; a
 * signal that interrupts its wait then ends the child, and blames the packet in its hands.
 */
void privsep_blame(struct isolate *isolate);

#endif
