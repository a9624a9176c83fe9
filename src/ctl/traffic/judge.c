/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts of a capture's flows, and which of them answer which.
 */
#include <string.h>

#include "core/way/walls.h"
#include "ctl/traffic/replay.h"

struct packet_line replay_line(const struct replay *replay, const struct flow *flow)
{
	struct packet_line line = {.way.hook = (enum hook)flow->hook, .packet = flow->packet};

	if (replay->interface && flow->hook == HOOK_INPUT)
		memcpy(line.way.in, replay->interface, strlen(replay->interface));
	if (replay->interface && flow->hook == HOOK_OUTPUT)
		memcpy(line.way.out, replay->interface, strlen(replay->interface));
	return line;
}

static bool drops(const struct policy *policy, const struct packet_line *line)
{
	struct policy_verdict verdict;

	walls_eval(policy, &line->way, &line->packet, &verdict);
	return verdict.action != ACTION_ALLOW;
}

/* The flow of its replies, whose hop limit is 255 or another; FLOW_NONE: none was seen. */
static uint32_t reply_of(const struct flows *flows, const struct packet_line *line)
{
	struct packet_line reply;
	uint32_t found = FLOW_NONE;

	if (line->packet.fragment || !packet_line_reply(line, &reply))
		return FLOW_NONE;
	for (int i = 0; i < 2 && found == FLOW_NONE; i++) {
		reply.packet.hop_limit = i ? 255 : 64;
		found = flows_find(flows, reply.way.hook, &reply.packet);
	}
	return found;
}

void replay_judge(struct replay *replay)
{
	for (uint32_t i = 0; i < replay->flows.count; i++) {
		struct flow *flow = &replay->flows.at[i];
		struct packet_line line = replay_line(replay, flow);

		flow->reply = reply_of(&replay->flows, &line);
		flow->answers = flow->reply != FLOW_NONE && flow->reply < i;
		flow->dropped = drops(replay->policy, &line);
		flow->was_dropped = replay->against && drops(replay->against, &line);
	}
}
