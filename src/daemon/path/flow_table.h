/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_FLOW_TABLE_H
#define NACLD_DAEMON_PATH_FLOW_TABLE_H

#include "core/policy.h"
#include "daemon/path/counter.h"

/*
 * The flow table of one worker for one window. Bounded: a place for every flow it may hold is there
 * from the start. Written by the worker that has it, and by the main thread or the flow log's
 * writer once the worker has passed (worker_quiescent).
 */
struct flow_table;

/* One flow, one cache line. Plain values in host order. */
struct flow {
	uint64_t src_hi;
	uint64_t src_lo;
	uint64_t dst_hi;
	uint64_t dst_lo;
	uint64_t tuple; /* ports, protocol and kind: see flow_table.c */
	uint64_t bytes;
	uint32_t packets; /* 0: the place is free */
	uint32_t first_s; /* seconds since the epoch */
	uint16_t span_s;  /* from the first packet to the last */
	uint16_t rule;    /* that decided the last packet; 0: the implicit deny */
	uint16_t acl;     /* index in the policy; FLOWS_NO_ACL: too large to tell */
	uint8_t tcp_flags;
	uint8_t unused;
};

#define FLOWS_NO_ACL UINT16_MAX

/*
 * At most `flows` flows, at most half of the places taken. `handed`: for a filtering child to fill.
 * NULL: no memory. All of it is touched here.
 */
struct flow_table *flow_table_new(uint32_t flows, bool handed);
void flow_table_free(struct flow_table *table); /* NULL is fine */

/* What a child is told of a table that it fills. */
struct flow_shape {
	uint64_t keys[4];
	uint32_t mask;
	uint32_t limit;
};

/* The shape of a table that was made to be handed, and its memory's descriptor. */
struct flow_shape flow_table_shape(const struct flow_table *table);
int flow_table_fd(const struct flow_table *table);

/* In the child: the table as it is there. NULL: no memory, or the descriptor is none of a table. */
struct flow_table *flow_table_attach(const struct flow_shape *shape, int fd);

/*
 * Counts one packet that a list decided; `done` is what became of it. No allocation, no lock, no
 * system call; one cache line unless places collide, at most FLOWS_PROBES. A flow that finds no
 * place is lost, and its packet counted as such. The last FLOWS_AHEAD packets may wait for
 * flow_table_settle, which the worker calls before its batch ends.
 */
#define FLOWS_PROBES 128
#define FLOWS_AHEAD  8
void flow_table_count(struct flow_table *table, enum hook hook, const struct packet *packet,
		      const struct policy_step *decider, enum action done, int64_t now_s);
void flow_table_settle(struct flow_table *table);

/* Readable while the worker writes. */
uint32_t flow_table_limit(const struct flow_table *table);
uint64_t flow_table_used(const struct flow_table *table);
uint64_t flow_table_lost(const struct flow_table *table); /* packets */

/*
 * A copy of the next flow at or behind place *at, which steps on; false at the end. A copy, since a
 * child may change the table at any moment.
 */
bool flow_table_next(const struct flow_table *table, uint32_t *at, struct flow *out);

/* What a flow's tuple says. */
struct flow_tuple {
	struct addr src;
	struct addr dst;
	uint16_t sport;
	uint16_t dport;
	uint8_t protocol;
	enum hook hook;
	enum direction direction;
	enum action action;
};
struct flow_tuple flow_table_tuple(const struct flow *flow);

/* Empties the table. O(places). */
void flow_table_clear(struct flow_table *table);

#endif
