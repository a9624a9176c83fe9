/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_JUDGE_H
#define NACLD_DAEMON_JUDGE_H

#include "core/packet.h"
#include "daemon/batch.h"
#include "daemon/events.h"
#include "daemon/snapshot.h"

/* Why a packet could not be judged and got the failure verdict. */
enum judge_failure {
	JUDGE_NO_PAYLOAD,   /* "no-payload": the message carried no packet */
	JUDGE_OTHER_FAMILY, /* "other-family": neither IPv4 nor IPv6 */
	JUDGE_OTHER_HOOK,   /* "other-hook": queued from a hook that no ACL applies to */
	JUDGE_NO_ANSWER,    /* "no-answer": the judging process said neither accept nor drop */
	JUDGE_FAILURES,
};

const char *judge_failure_name(enum judge_failure failure);

/* Counted by one worker alone; the main thread reads with counter_read. */
struct judge_counters {
	uint64_t wakeups;
	uint64_t packets;
	uint64_t accepted;
	uint64_t dropped;
	uint64_t would_drop; /* monitor mode: accepted, would have been dropped */
	uint64_t outcomes[POLICY_OUTCOMES];
	uint64_t reasons[PACKET_REASONS];
	uint64_t failures[JUDGE_FAILURES];
	uint64_t errors[BATCH_ERRORS];
};

/*
 * One worker's bench: which counters are its own, and where it tells of dropped packets. What it points at is in
 * shared memory (sharedmem.h), where a child may write; the bench itself never is.
 */
struct judge {
	unsigned int index; /* of its counter array in a snapshot */
	int wake;           /* eventfd of the reader of events */
	struct event_ring *events;
	struct judge_counters *counters;
};

/* What the worker's packets are counted in at this moment: for one batch. NULL: no flow log. */
struct flow_table *judge_flows(const struct judge *judge, const struct snapshot *snapshot);

/*
 * Judges one packet and counts it: what is to be done with it, in monitor mode too. No system
 * call, no allocation, no lock.
 */
enum action judge_packet(struct judge *judge, struct snapshot *snapshot, struct flow_table *flows,
			 int64_t now_s, const struct batch_packet *in);

/* The failure verdict, for a packet nobody could judge; counted. */
enum action judge_fail(struct judge *judge, const struct snapshot *snapshot,
		       enum judge_failure failure);

/*
 * Judges the `n` messages of a batch: one verdict a packet, into the batch. No system
 * call but the clock's vDSO, no allocation, no lock.
 */
void judge_batch(struct judge *judge, struct snapshot *snapshot, struct batch *batch,
		 unsigned int n);

#endif
