/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flow logs say together: which flows answer which, and what a policy would have done.
 *
 * AWS's documents show a network ACL's mark in a flow log: the request ACCEPT, its reply REJECT.
 * A stateful filter cannot leave that. A log holds no ICMP type, so of ICMP the pair is seen, and
 * no rule is asked.
 */
#include <string.h>

#include "core/advice.h"
#include "core/way/walls.h"
#include "ctl/traffic/log.h"

struct packet_line flow_logs_line(const struct flow_logs *logs, const struct flow *flow)
{
	struct packet_line line = {.way.hook = (enum hook)flow->way, .packet = flow->packet};

	if (logs->interface)
		memcpy(flow->way == HOOK_INPUT ? line.way.in : line.way.out, logs->interface,
		       strlen(logs->interface) + 1);
	return line;
}

static bool is_icmp(const struct packet *packet)
{
	return packet->protocol == PROTOCOL_ICMP || packet->protocol == PROTOCOL_ICMPV6;
}

static void judge(struct flow_logs *logs, struct flow *flow)
{
	struct packet_line line = flow_logs_line(logs, flow);
	struct policy_verdict verdict;

	if (is_icmp(&flow->packet)) {
		logs->icmp++;
		flow->known = false;
	} else if (!flow->known) {
		logs->undirected++;
	} else {
		walls_eval(logs->policy, &line.way, &line.packet, &verdict);
		flow->dropped = verdict.action != ACTION_ALLOW;
	}
}

void flow_logs_judge(struct flow_logs *logs)
{
	for (uint32_t i = 0; i < logs->flows.count; i++) {
		struct flow *flow = &logs->flows.at[i];
		struct packet reply = packet_turned(&flow->packet);

		flow->reply = flows_find(&logs->flows, HOOK_FORWARD, &reply);
		if (logs->policy)
			judge(logs, flow);
	}
}

static bool is_rejected(const struct flow *flow)
{
	return flow->packets > 0 && flow->rejected == flow->packets;
}

bool flow_logs_hangs(const struct flow_logs *logs, const struct flow *flow)
{
	return flow->packets > 0 && flow->rejected == 0 && flow->reply != FLOW_NONE &&
	       is_rejected(&logs->flows.at[flow->reply]);
}

bool flow_logs_differs(const struct flow *flow)
{
	return flow->known && (flow->dropped ? flow->rejected == 0 : is_rejected(flow));
}

bool flow_logs_missing(const struct flow_logs *logs, const struct flow *request,
		       struct missing_rule *out)
{
	const struct flow *reply = &logs->flows.at[request->reply];
	struct packet_line asked = flow_logs_line(logs, request);
	struct packet_line line = flow_logs_line(logs, reply);
	struct policy_verdict verdict, asked_verdict;
	const struct policy_step *step;

	if (!logs->policy || !reply->known || !request->known || !reply->dropped)
		return false;
	walls_eval(logs->policy, &asked.way, &asked.packet, &asked_verdict);
	walls_eval(logs->policy, &line.way, &line.packet, &verdict);
	if (verdict.step_count == 0)
		return false;
	step = &verdict.steps[verdict.step_count - 1];
	out->acl = &logs->policy->acls[step->acl];
	out->direction = (enum direction)step->direction;
	return advice_missing_rule(
		&out->acl->lists[out->direction], out->direction, &line.packet, step->rule,
		asked_verdict.step_count ? asked_verdict.steps[0].rule : NULL, &out->rule);
}
