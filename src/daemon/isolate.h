/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_ISOLATE_H
#define NACLD_DAEMON_ISOLATE_H

#include "daemon/judge.h"
#include "daemon/queue.h"

/*
 * A judge without rights: a child process that parses the packets of one worker and answers accept or drop for
 * each. It has no capability, no descriptor but two pipes and the event rings' wake-up, and no system call but
 * to read, to write and to end. It never sees a packet's id: the parent gives the verdicts.
 */
struct isolate;

/*
 * Forks a child that judges by `snapshot` as `judge`, which must outlive it and hold shared memory where
 * the child writes (sharedmem.h). 0; -ENOSYS where the kernel has no seccomp filters; another -errno.
 */
int isolate_new(struct judge *judge, struct snapshot *snapshot, struct isolate **out);

/* Ends the child. No batch may be in its hands. NULL is fine. */
void isolate_free(struct isolate *isolate);

/*
 * What judge_batch does, for the batch in a queue's buffers: every packet gets its verdict into the batch. A
 * child that dies is replaced and goes on; the packet it died of is dropped and saved (poison.h).
 * False when no child can be had now: nothing is answered, try again.
 */
bool isolate_judge(struct isolate *isolate, struct queue *queue);

/*
 * The child makes no progress. From another thread than the one that waits in isolate_judge; a signal that
 * interrupts its wait then ends the child, and blames the packet in its hands.
 */
void isolate_accuse(struct isolate *isolate);

#endif
