/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_PARENT_H
#define NACLD_DAEMON_PRIVSEP_PARENT_H

#include "daemon/disk.h"
#include "daemon/launcher.h"
#include "daemon/path/filter.h"
#include "daemon/path/queue.h"

/*
 * A filter without rights: a process that parses the packets of one worker and answers accept or
 * drop for each. It has no capability, no descriptor but three pipes and the event ring's eventfd,
 * and no system call but to read, to write, to end and to ask the time. It never sees a packet's
 * id: the parent gives the verdicts. share.h has the boundary on a page.
 */
struct isolate;

/* Lays out the snapshot's policy for all its children. Once, before them. 0 or -errno. */
int privsep_image(struct snapshot *snapshot);

/*
 * Starts a child that filters by `snapshot` as `filter`; all that is given must outlive it. 0;
 * -ENOSYS where the child cannot be confined, as on a kernel without seccomp filters; another
 * -errno.
 */
int privsep_new(struct filter *filter, struct snapshot *snapshot, struct launcher *launcher,
		struct disk *disk, struct isolate **out);

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
