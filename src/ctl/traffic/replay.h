/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_TRAFFIC_REPLAY_H
#define NACLD_CTL_TRAFFIC_REPLAY_H

#include <jansson.h>

#include "core/policy.h"
#include "core/way/way.h"
#include "ctl/traffic/flows.h"
#include "ctl/traffic/hosts.h"
#include "text/packet_line.h"

/* What the files of `naclctl replay` share. */

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

/*
 * Reads the capture (`-` is stdin) into *replay. 0, or -EINVAL after an error, which was printed;
 * what was read until then is in *replay.
 */
int capture_read(const char *file, const struct hosts *hosts, struct replay *replay);

/* Fills in verdicts and replies, once all is read. */
void replay_judge(struct replay *replay);

void replay_print(const struct replay *replay, bool all, FILE *to);
void replay_print_json(const struct replay *replay, FILE *to);

#endif
