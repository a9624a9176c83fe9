/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_SNAPSHOT_H
#define NACLD_DAEMON_PATH_SNAPSHOT_H

#include <stdint.h>
#include <time.h>

#include "daemon/path/counter.h"
#include "daemon/path/shared.h"

struct policy;

/* What a rule did. One writer (the worker), read by the main thread while it runs. */
struct rule_counter {
	uint64_t packets;
	uint64_t bytes;   /* as IP states them; a GSO packet counts as the one it was queued as */
	int64_t last_hit; /* seconds since the epoch; 0: never */
};

struct flow_table;
struct isolate;

/*
 * A policy in use: the policy itself, a counter array for each worker, and what earlier snapshots
 * had counted for the rules that stayed the same. The flow tables belong to the flow log: it
 * exchanges them at a window's end, and replaces them together with the snapshot, so that the ACLs
 * a table speaks of are those of the policy it was filled under. Owned by the main thread; workers
 * hold it for one batch.
 */
struct snapshot {
	struct policy *policy;
	uint64_t serial;  /* 1, 2, ... in order of loading */
	int64_t loaded_s; /* of the monotonic clock */
	unsigned int worker_count;
	struct rule_counter **workers; /* [worker][policy counter] */
	struct rule_counter *base;     /* [policy counter] */
	struct shared *counters;       /* [worker] what `workers` points into */
	uint32_t *edge_devices;        /* [policy edge] index of its interface, 0: there is none */
	struct shared edges;           /* what that points into */
	struct flow_table **flows;     /* [worker]; NULL: no flow log */
	/* What the accept filter counts: [stripe * stride + policy counter]; or NULL */
	const struct rule_counter *fast;
	unsigned int fast_stripes;
	size_t fast_stride;
	struct flow_table **spare_flows; /* [worker]; what is exchanged with them */
	uint16_t *acl_ids;         /* [policy ACL] as drop tables know it; NULL: by its index */
	struct isolate **isolates; /* [worker], the daemon's; NULL: filtered in this process */
	struct shared image;       /* the policy as these are handed it (core/image) */
};

/*
 * Compiles the policy and takes it over, also on failure. Memory is touched here, not by workers.
 * 0, or -ENOMEM, or -E2BIG (policy_compile).
 */
int snapshot_new(struct policy *policy, uint64_t serial, unsigned int worker_count,
		 struct snapshot **out);
void snapshot_free(struct snapshot *snapshot);

/*
 * Interfaces come and go, and are renamed: the one called `name` has this index; a name of NULL:
 * the index is nobody's any more. Main thread only; workers and their children see it at once.
 */
void snapshot_set_device(struct snapshot *snapshot, uint32_t device, const char *name);

/*
 * The ACL of the edge with that index, which is the default route's where no association names it;
 * or POLICY_NO_ACL. O(edges).
 */
uint32_t snapshot_edge_acl(const struct snapshot *snapshot, uint32_t device);

/*
 * Adds what the accept filter has counted to the base and forgets where: what it counts in is about
 * to go.
 */
void snapshot_keep_fast(struct snapshot *snapshot);

/* The sum of all workers, of the accept filter and of the base, for one counter. */
struct rule_counter snapshot_counter(const struct snapshot *snapshot, uint32_t counter);

/*
 * Copies counts over to the rules of `to` that mean the same as in `from`: equal ACL name,
 * direction, number and content. Call when no worker uses `from` any more. O(rules).
 */
void snapshot_inherit(const struct snapshot *from, struct snapshot *to);

#endif
