/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_FLOWLOG_TABLES_H
#define NACLD_DAEMON_FLOWLOG_TABLES_H

#include "daemon/path/flow_table.h"
#include "text/flow_record.h"

/*
 * The flow log of one snapshot: two tables a worker, and all that is needed to write them down when
 * the policy may be gone. The workers fill `active`; `spare` is empty, or being written.
 */
struct flow_tables {
	struct flow_table **active; /* [worker] */
	struct flow_table **spare;  /* [worker] */
	unsigned int worker_count;
	struct flow_format format;
	unsigned int window_s;
	char *file;
	char *account;
	char **acls; /* names, by the policy's index */
	size_t acl_count;
};

/* The set for a policy whose flow log is on, every table allocated and touched. NULL: no memory. */
struct flow_tables *flow_tables_new(const struct policy *policy, unsigned int worker_count);
void flow_tables_free(struct flow_tables *set); /* NULL is fine */

/*
 * Exchanges active and spare tables. The spare ones are the caller's when every worker has passed.
 */
void flow_tables_swap(struct flow_tables *set);

/* Sums over an array of tables: flows held, packets lost. */
uint64_t flow_tables_used(const struct flow_tables *set, struct flow_table *const *tables);
uint64_t flow_tables_lost(const struct flow_tables *set, struct flow_table *const *tables);

#endif
