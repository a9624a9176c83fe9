/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow sets: everything the flow log needs of a configuration, copied, so that a window can be
 * written after the policy it was counted under has been replaced.
 *
 * A worker reads its entry of `active` once a batch; only the main thread stores there. Store and
 * load are sequentially consistent, as the worker's sequence number is: see worker.c.
 */
#include "daemon/flowlog/tables.h"

#include <stdlib.h>
#include <string.h>

static bool copy_names(struct flow_tables *set, const struct policy *policy)
{
	set->acls = calloc(policy->acl_count + 1, sizeof(*set->acls));
	if (!set->acls)
		return false;
	for (; set->acl_count < policy->acl_count; set->acl_count++) {
		set->acls[set->acl_count] = strdup(policy->acls[set->acl_count].name);
		if (!set->acls[set->acl_count])
			return false;
	}
	return true;
}

static bool make_tables(struct flow_tables *set, uint32_t flows, bool shared)
{
	set->active = calloc(set->worker_count, sizeof(struct flow_table *));
	set->spare = calloc(set->worker_count, sizeof(struct flow_table *));
	if (!set->active || !set->spare)
		return false;
	for (unsigned int i = 0; i < set->worker_count; i++) {
		set->active[i] = flow_table_new(flows, shared);
		set->spare[i] = flow_table_new(flows, shared);
		if (!set->active[i] || !set->spare[i])
			return false;
	}
	return true;
}

struct flow_tables *flow_tables_new(const struct policy *policy, unsigned int worker_count)
{
	const struct flow_log *settings = &policy->flow_log;
	struct flow_tables *set = calloc(1, sizeof(*set));
	char name[FLOW_FIELD_NAME_LEN];

	if (!set)
		return NULL;
	set->worker_count = worker_count;
	set->window_s = settings->window_s;
	set->file = strdup(settings->file);
	set->account = strdup(settings->account);
	/* The configuration's reader has taken the format; it cannot fail here. */
	if (flow_format_parse(settings->format, &set->format, name) != FLOW_FORMAT_OK ||
	    !set->file || !set->account || !copy_names(set, policy) ||
	    !make_tables(set, settings->flows, policy->isolation == POLICY_ISOLATION_PROCESS)) {
		flow_tables_free(set);
		return NULL;
	}
	return set;
}

void flow_tables_free(struct flow_tables *set)
{
	if (!set)
		return;
	for (unsigned int i = 0; i < set->worker_count; i++) {
		if (set->active)
			flow_table_free(set->active[i]);
		if (set->spare)
			flow_table_free(set->spare[i]);
	}
	for (size_t i = 0; i < set->acl_count; i++)
		free(set->acls[i]);
	free(set->acls);
	free(set->active);
	free(set->spare);
	free(set->file);
	free(set->account);
	free(set);
}

void flow_tables_swap(struct flow_tables *set)
{
	for (unsigned int i = 0; i < set->worker_count; i++)
		set->spare[i] =
			__atomic_exchange_n(&set->active[i], set->spare[i], __ATOMIC_SEQ_CST);
}

uint64_t flow_tables_used(const struct flow_tables *set, struct flow_table *const *tables)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < set->worker_count; i++)
		sum += flow_table_used(tables[i]);
	return sum;
}

uint64_t flow_tables_lost(const struct flow_tables *set, struct flow_table *const *tables)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < set->worker_count; i++)
		sum += flow_table_lost(tables[i]);
	return sum;
}
