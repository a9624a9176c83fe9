/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_TRAFFIC_FLOWS_H
#define NACLD_CTL_TRAFFIC_FLOWS_H

#include "core/hook.h"
#include "core/packet.h"

/* All packets that no rule can tell apart: one verdict holds for all of them. */
struct flow {
	struct packet packet; /* the first one */
	uint8_t hook;
	uint64_t packets;
	uint64_t bytes;
	uint64_t rejected; /* of these packets, as a log says */
	uint32_t reply;    /* position of the flow the other way round, or FLOW_NONE */
	uint8_t way;       /* of a log, where `known`: enum hook */
	bool known;        /* which way it went, and so `dropped` */
	bool answers;      /* the other one came first */
	bool dropped;      /* by the policy */
	bool was_dropped;  /* by another policy */
};

#define FLOW_NONE UINT32_MAX
#define FLOWS_MAX (4 * 1024 * 1024)

struct flows {
	struct flow *at; /* in the order of their first packets */
	uint32_t count;
	uint32_t *index; /* a hash table of positions, FLOW_NONE where free */
	uint32_t index_size;
};

/*
 * The flow of a packet at a hook, made if it is new, with no packet counted: NULL: no memory, or
 * there are FLOWS_MAX already. Valid until the next call. O(1).
 */
struct flow *flows_note(struct flows *flows, enum hook hook, const struct packet *packet);

/* The position of a packet's flow, or FLOW_NONE. */
uint32_t flows_find(const struct flows *flows, enum hook hook, const struct packet *packet);

void flows_fini(struct flows *flows);

#endif
