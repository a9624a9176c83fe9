/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_REPLAY_REPLAY_H
#define NACLD_CTL_REPLAY_REPLAY_H

#include <jansson.h>

#include "core/policy.h"
#include "core/way/way.h"
#include "text/packet_line.h"

/* What the files of `naclctl replay` share. */

/* All packets of a capture that no rule can tell apart: one verdict holds for all of them. */
struct flow {
	struct packet packet; /* the first one */
	uint8_t hook;
	uint64_t packets;
	uint64_t bytes;
	uint32_t reply;   /* position of the flow the other way round; FLOW_NONE: none was seen */
	bool answers;     /* the other one came first */
	bool dropped;     /* by the policy */
	bool was_dropped; /* by that of --against */
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
 * The flow of a packet on its way: its position, made if it is new. FLOW_NONE: no memory, or there
 * are FLOWS_MAX already. O(1).
 */
uint32_t flows_note(struct flows *flows, enum hook hook, const struct packet *packet);

/* The flow of the packet's replies; FLOW_NONE: none was seen. */
uint32_t flows_reply(const struct flows *flows, const struct flow *flow);
void flows_fini(struct flows *flows);

/* What a capture held. */
struct replay {
	const char *file;
	const struct policy *policy;
	const struct policy *against; /* NULL: none */
	const char *interface;        /* where it was taken; NULL: not said */
	struct flows flows;
	uint64_t frames;
	uint64_t packets; /* judged */
	uint64_t not_ip;
	uint64_t cut;       /* headers beyond the snap length: not guessed at */
	uint64_t fragments; /* later ones: they share their first one's fate */
	uint64_t elsewhere; /* neither from nor to this host, and no subnet is protected */
	uint64_t too_many;  /* of flows beyond FLOWS_MAX */
	uint64_t malformed[PACKET_REASONS];
	bool partial; /* ended before the capture's end */
};

/* The flow's packet and way as the evaluator takes them. */
struct packet_line replay_line(const struct replay *replay, const struct flow *flow);

/* Which addresses are this host's. */
struct replay_hosts {
	struct addr at[64];
	size_t count;
};

/*
 * Reads the capture (`-` is stdin) into *replay. 0, or -EINVAL after an error, which was printed;
 * what was read until then is in *replay.
 */
int capture_read(const char *file, const struct replay_hosts *hosts, struct replay *replay);

/* Fills in verdicts and replies, once all is read. */
void replay_judge(struct replay *replay);

void replay_print(const struct replay *replay, bool all, FILE *to);
void replay_print_json(const struct replay *replay, FILE *to);

#endif
