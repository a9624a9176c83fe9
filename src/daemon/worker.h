/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_WORKER_H
#define NACLD_DAEMON_WORKER_H

#include <pthread.h>

#include "core/packet.h"
#include "daemon/events.h"
#include "daemon/queue.h"
#include "daemon/snapshot.h"

/* Why a packet could not be judged and got the failure verdict. */
enum worker_failure {
	WORKER_NO_PAYLOAD,   /* "no-payload": the message carried no packet */
	WORKER_OTHER_FAMILY, /* "other-family": neither IPv4 nor IPv6 */
	WORKER_OTHER_HOOK,   /* "other-hook": queued from a hook that no ACL applies to */
	WORKER_FAILURES,
};

const char *worker_failure_name(enum worker_failure failure);

/* Counted by the worker alone; the main thread reads with counter_read. */
struct worker_counters {
	uint64_t wakeups;
	uint64_t packets;
	uint64_t accepted;
	uint64_t dropped;
	uint64_t would_drop; /* monitor mode: accepted, would have been dropped */
	uint64_t outcomes[POLICY_OUTCOMES];
	uint64_t reasons[PACKET_REASONS];
	uint64_t failures[WORKER_FAILURES];
	uint64_t errors[QUEUE_ERRORS];
};

/*
 * One queue and the thread that serves it. `sequence` is odd while a batch is being judged: a snapshot
 * that was replaced is free to go once every worker was seen even, or further on.
 */
struct worker {
	unsigned int index;
	pthread_t thread;
	struct queue *queue;
	struct snapshot *const *current; /* the shared policy pointer */
	struct event_ring *events;
	struct worker_counters counters;
	uint64_t sequence;
	int stop;
	int stopped;
	bool started;
};

/*
 * Starts the thread. `current` must point at a snapshot and stay valid; `events` is where dropped
 * packets are told (may not block). The queue stays the caller's to close. 0 or -errno.
 */
int worker_start(struct worker *worker);

/* Asks the worker to finish the batch in hand and waits until it has. Harmless when not started. */
void worker_stop(struct worker *worker);

/*
 * Waits until the worker cannot hold the snapshot that was current before the last swap: at once when
 * it sleeps, else until its batch is done.
 */
void worker_pass(struct worker *worker);

/* A number that changes while the worker works, and whether it is in the middle of a batch. */
uint64_t worker_progress(const struct worker *worker, bool *busy);

/*
 * Judges the `n` messages just read: one verdict a packet, into the queue's outgoing buffer. Exposed
 * for measurement; no system call but the clock's vDSO.
 */
void worker_judge(struct worker *worker, struct snapshot *snapshot, unsigned int n);

#endif
