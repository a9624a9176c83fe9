/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots: what a reload swaps.
 *
 * A snapshot is complete before any worker sees it: policy finished, counter arrays allocated and
 * touched. Counts live beside the policy they belong to; when the last worker has left the old
 * snapshot, its counts move into the `base` of the new one for every rule that stayed the same, so
 * a reload neither loses a count nor stops a worker.
 */
#include "daemon/path/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"

static size_t counters_size(const struct snapshot *snapshot)
{
	return (snapshot->policy->counter_count + 1) * sizeof(struct rule_counter);
}

static size_t edges_size(const struct snapshot *snapshot)
{
	return (snapshot->policy->edges.count + 1) * sizeof(*snapshot->edge_devices);
}

static int allocate_counters(struct snapshot *snapshot)
{
	bool handed = snapshot->policy->isolation == POLICY_ISOLATION_PROCESS;
	int err;

	snapshot->workers = calloc(snapshot->worker_count, sizeof(*snapshot->workers));
	snapshot->counters = calloc(snapshot->worker_count, sizeof(*snapshot->counters));
	snapshot->base = calloc(1, counters_size(snapshot));
	if (!snapshot->workers || !snapshot->counters || !snapshot->base)
		return -ENOMEM;
	err = shared_open(&snapshot->edges, edges_size(snapshot), handed);
	snapshot->edge_devices = snapshot->edges.memory;
	for (unsigned int i = 0; !err && i < snapshot->worker_count; i++) {
		err = shared_open(&snapshot->counters[i], counters_size(snapshot), handed);
		snapshot->workers[i] = snapshot->counters[i].memory;
	}
	return err;
}

int snapshot_new(struct policy *policy, uint64_t serial, unsigned int worker_count,
		 struct snapshot **out)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct timespec now;
	int err;

	if (!snapshot) {
		policy_free(policy);
		return -ENOMEM;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	snapshot->policy = policy;
	snapshot->serial = serial;
	snapshot->loaded_s = now.tv_sec;
	snapshot->worker_count = worker_count;
	err = policy_compile(policy);
	if (!err)
		err = allocate_counters(snapshot);
	if (err)
		snapshot_free(snapshot);
	else
		*out = snapshot;
	return err;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (unsigned int i = 0; snapshot->counters && i < snapshot->worker_count; i++)
		shared_close(&snapshot->counters[i]);
	free(snapshot->counters);
	free(snapshot->workers);
	free(snapshot->base);
	free(snapshot->acl_ids);
	shared_close(&snapshot->edges);
	shared_close(&snapshot->image);
	policy_free(snapshot->policy);
	free(snapshot);
}

void snapshot_set_device(struct snapshot *snapshot, uint32_t device, const char *name)
{
	const struct edges *edges = &snapshot->policy->edges;

	for (size_t i = 0; i < edges->count; i++) {
		uint32_t *slot = &snapshot->edge_devices[i];

		if (name && strcmp(edges->items[i].interface, name) == 0)
			__atomic_store_n(slot, device, __ATOMIC_RELAXED);
		else if (__atomic_load_n(slot, __ATOMIC_RELAXED) == device)
			__atomic_store_n(slot, 0, __ATOMIC_RELAXED);
	}
}

uint32_t snapshot_edge_acl(const struct snapshot *snapshot, uint32_t device)
{
	const struct edges *edges = &snapshot->policy->edges;

	for (size_t i = 0; device && i < edges->count; i++)
		if (__atomic_load_n(&snapshot->edge_devices[i], __ATOMIC_RELAXED) == device)
			return edges->items[i].acl;
	return edges->default_route;
}

static void add_counter(struct rule_counter *sum, const struct rule_counter *part)
{
	int64_t last_hit = __atomic_load_n(&part->last_hit, __ATOMIC_RELAXED);

	sum->packets += counter_read(&part->packets);
	sum->bytes += counter_read(&part->bytes);
	if (last_hit > sum->last_hit)
		sum->last_hit = last_hit;
}

static void add_fast(struct rule_counter *sum, const struct snapshot *snapshot, uint32_t counter)
{
	for (unsigned int i = 0; snapshot->fast && i < snapshot->fast_stripes; i++)
		add_counter(sum, &snapshot->fast[i * snapshot->fast_stride + counter]);
}

struct rule_counter snapshot_counter(const struct snapshot *snapshot, uint32_t counter)
{
	struct rule_counter sum = snapshot->base[counter];

	for (unsigned int i = 0; i < snapshot->worker_count; i++)
		add_counter(&sum, &snapshot->workers[i][counter]);
	add_fast(&sum, snapshot, counter);
	return sum;
}

void snapshot_keep_fast(struct snapshot *snapshot)
{
	for (uint32_t c = 0; snapshot->fast && c < snapshot->policy->counter_count; c++)
		add_fast(&snapshot->base[c], snapshot, c);
	snapshot->fast = NULL;
}

/* Both lists ascend by number: one walk over the two. */
static void carry_list(const struct snapshot *from, const struct acl_list *old, struct snapshot *to,
		       const struct acl_list *now)
{
	size_t i = 0, j = 0;

	while (i < old->count && j < now->count) {
		const struct rule *a = &old->rules[i], *b = &now->rules[j];

		if (a->number < b->number) {
			i++;
		} else if (b->number < a->number) {
			j++;
		} else {
			if (rule_same(a, b))
				to->base[b->counter] = snapshot_counter(from, a->counter);
			i++;
			j++;
		}
	}
	to->base[now->implicit_counter] = snapshot_counter(from, old->implicit_counter);
}

static const struct acl *acl_named(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->acl_count; i++)
		if (strcmp(policy->acls[i].name, name) == 0)
			return &policy->acls[i];
	return NULL;
}

void snapshot_inherit(const struct snapshot *from, struct snapshot *to)
{
	for (size_t i = 0; i < to->policy->acl_count; i++) {
		const struct acl *now = &to->policy->acls[i];
		const struct acl *old = acl_named(from->policy, now->name);

		for (int d = INBOUND; old && d <= OUTBOUND; d++)
			carry_list(from, &old->lists[d], to, &now->lists[d]);
	}
}
