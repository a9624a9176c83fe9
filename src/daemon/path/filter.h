/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_FILTER_H
#define NACLD_DAEMON_PATH_FILTER_H

#include "core/packet.h"
#include "core/policy.h"
#include "daemon/drops/drop_table.h"
#include "daemon/path/batch.h"
#include "daemon/path/event_ring.h"
#include "daemon/path/snapshot.h"

/* Why a packet could not be evaluated and got the failure verdict. */
enum filter_failure {
	FILTER_NO_PAYLOAD,   /* "no-payload": the message carried no packet */
	FILTER_OTHER_FAMILY, /* "other-family": neither IPv4 nor IPv6 */
	FILTER_OTHER_HOOK,   /* "other-hook": queued from a hook that no ACL applies to */
	FILTER_OTHER_EDGE,   /* "other-edge": by an interface that is not known to be an edge */
	FILTER_NO_ANSWER,    /* "no-answer": the filtering child said neither accept nor drop */
	FILTER_FAILURES,
};

const char *filter_failure_name(enum filter_failure failure);

/* Counted by one worker alone; the main thread reads with counter_read. */
struct filter_counters {
	uint64_t wakeups;
	uint64_t packets;
	uint64_t accepted;
	uint64_t dropped;
	uint64_t would_drop; /* monitor mode: accepted, would have been dropped */
	uint64_t outcomes[POLICY_OUTCOMES];
	uint64_t reasons[PACKET_REASONS];
	uint64_t failures[FILTER_FAILURES];
};

/* What a worker counts and reports. In memory of its own (path/shared.h): a child may write it. */
struct filter_memory {
	struct filter_counters counters;
	struct event_ring events;
};

/*
 * What one worker needs: its own counters, and where it reports dropped packets. What it points at
 * is in that memory; this struct itself never is.
 */
struct filter {
	unsigned int index; /* of its counter array in a snapshot */
	int wake;           /* eventfd of the reader of events */
	struct event_ring *events;
	struct drop_table *drops; /* where dropped packets are counted by flow; NULL: nowhere */
	struct filter_counters *counters;
	struct shared memory;          /* struct filter_memory: what the two above point into */
	uint64_t errors[BATCH_ERRORS]; /* of the batches; never a child's to write */
	uint64_t refused;              /* what a child wrote that cannot be; filter_refuse */
};

/* With memory of its own. 0 or -errno. */
int filter_init(struct filter *filter, unsigned int index, int wake);
void filter_fini(struct filter *filter);

/* Counts something that a child wrote and no filter writes. From any thread. */
void filter_refuse(struct filter *filter);
uint64_t filter_refused(const struct filter *filter);

/* What the worker's packets are counted in at this moment: for one batch. NULL: no flow log. */
struct flow_table *filter_flows(const struct filter *filter, const struct snapshot *snapshot);

/*
 * Filters one packet and counts it: what is to be done with it, in monitor mode too. No system
 * call, no allocation, no lock.
 */
enum action filter_packet(struct filter *filter, struct snapshot *snapshot,
			  struct flow_table *flows, int64_t now_s, const struct batch_packet *in);

/* The failure verdict, for a packet that could not be evaluated; counted. */
enum action filter_fail(struct filter *filter, const struct snapshot *snapshot,
			enum filter_failure failure);

/*
 * Filters the `n` messages of a batch: one verdict per packet, into the batch. No system
 * call but the clock's vDSO, no allocation, no lock.
 */
void filter_batch(struct filter *filter, struct snapshot *snapshot, struct batch *batch,
		  unsigned int n);

#endif
