/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_WORKER_H
#define NACLD_DAEMON_WORKER_H

#include <pthread.h>

#include "daemon/path/wakeup.h"
#include "daemon/privsep/crash.h"
#include "daemon/privsep/parent.h"
#include "daemon/path/filter.h"
#include "daemon/path/queue.h"

/*
 * One queue and the thread that serves it. `sequence` is odd while a batch is being filtered: a
 * snapshot that was replaced is free to go once every worker was seen even, or further on.
 */
struct worker {
	pthread_t thread;
	struct queue *queue;
	struct snapshot *const *current; /* the shared policy pointer */
	struct filter *filter;
	struct isolate
		*waits_for;   /* the judging process that has a batch in its hands; else NULL */
	struct wakeup wakeup; /* rung after each batch: for a main thread that waits for traffic */
	uint64_t sequence;
	int stop;
	int stopped;
	bool started;
	uint8_t signal_stack[CRASH_STACK_LEN];
};

/*
 * Starts the thread. `current` must point at a snapshot and stay valid. The queue stays the
 * caller's to close. 0 or -errno.
 */
int worker_start(struct worker *worker);

/* Asks the worker to finish the batch in hand and waits until it has. Harmless when not started. */
void worker_stop(struct worker *worker);

/*
 * Waits until the worker cannot hold the snapshot that was current before the last swap: at once
 * when it sleeps, else until its batch is done. From WORKER_STUCK_MS on it tries to rescue it.
 */
#define WORKER_STUCK_MS 3000
void worker_quiescent(struct worker *worker);

/*
 * For a worker that is stuck: ends the process that filters for it, with the packet it is stuck
 * with. False when it filters by itself. Does not wait; ask again when it is still stuck.
 */
bool worker_rescue(struct worker *worker);

/* A number that changes while the worker works, and whether it is in the middle of a batch. */
uint64_t worker_progress(const struct worker *worker, bool *busy);

#endif
