/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a policy to the few kernel rules that bring its packets to the daemon, still without a
 * syntax: nft and iptables render the same plan. Pure.
 *
 * Each chain reads top down: first what is exempt or stays inside a subnet (PASS), then what is
 * filtered (QUEUE). Whatever falls through belongs to no ACL and passes unfiltered.
 *
 * A routed packet is queued once, in FORWARD, and the daemon asks both subnets' lists in that one
 * pass (from A to B: A's outbound, then B's inbound). Two passes would double the cost and gain
 * nothing: no firewall of the host is between the two, and both lists must allow in any order.
 */
#include "steer/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add(struct steer_plan *plan, const struct steer_rule *rule)
{
	struct steer_rule *rules = reallocarray(plan->rules, plan->count + 1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	plan->rules = rules;
	rules[plan->count++] = *rule;
	return 0;
}

/*
 * The exempt list (core/exempt), as far as it speaks of this chain's direction. Where fragments are
 * judged as they come, IPv6's go to the daemon, which knows the list too: of a fragment without a
 * transport header nft reads whatever is in that place (seen on 6.18: the flow label is taken for
 * the port), and only IPv4's have been put together by INPUT.
 */
static int add_exemptions(struct steer_plan *plan, unsigned int exempt, enum steer_chain chain)
{
	enum direction direction = chain == STEER_OUTPUT ? OUTBOUND : INBOUND;
	const struct exempt_shape *shape;

	for (size_t i = 0; (shape = exempt_shape(i)); i++) {
		struct steer_rule rule = {.chain = (uint8_t)chain,
					  .action = STEER_PASS,
					  .family = shape->family,
					  .protocol = shape->protocol,
					  .sport = shape->sport,
					  .dport = shape->dport,
					  .type_first = shape->type_first,
					  .type_last = shape->type_last,
					  .hop_limit = shape->hop_limit,
					  .whole = !plan->defrag && shape->family == FAMILY_IPV6 &&
						   shape->protocol == PROTOCOL_UDP};

		if (!(exempt & shape->exempt) || !(shape->directions & 1U << direction))
			continue;
		if (shape->interface)
			snprintf(rule.interface, sizeof(rule.interface), "%s", shape->interface);
		if (add(plan, &rule))
			return -ENOMEM;
	}
	return 0;
}

static int add_host(struct steer_plan *plan, const struct policy *policy, enum steer_chain chain)
{
	const struct host *host = &policy->host;
	struct steer_rule rule = {.chain = (uint8_t)chain, .action = STEER_QUEUE};

	if (host->acl == POLICY_NO_ACL)
		return 0;
	if (add_exemptions(plan, policy->exempt, chain))
		return -ENOMEM;
	if (host->interface_count == 0)
		return add(plan, &rule);
	for (size_t i = 0; i < host->interface_count; i++) {
		memcpy(rule.interface, host->interfaces[i], sizeof(rule.interface));
		if (add(plan, &rule))
			return -ENOMEM;
	}
	return 0;
}

/* Subnets are disjoint, so whatever lies within one crosses the edge of no other. */
static int add_subnets(struct steer_plan *plan, const struct policy *policy)
{
	for (size_t i = 0; i < policy->subnet_count; i++) {
		const struct prefix *prefix = &policy->subnets[i].prefix;
		struct steer_rule rule = {.chain = STEER_FORWARD,
					  .action = STEER_PASS,
					  .family = prefix->addr.family,
					  .has_src = true,
					  .has_dst = true,
					  .src = *prefix,
					  .dst = *prefix};

		if (add(plan, &rule))
			return -ENOMEM;
	}
	for (size_t i = 0; i < policy->subnet_count; i++) {
		const struct prefix *prefix = &policy->subnets[i].prefix;
		struct steer_rule from = {.chain = STEER_FORWARD,
					  .action = STEER_QUEUE,
					  .family = prefix->addr.family,
					  .has_src = true,
					  .src = *prefix};
		struct steer_rule to = {.chain = STEER_FORWARD,
					.action = STEER_QUEUE,
					.family = prefix->addr.family,
					.has_dst = true,
					.dst = *prefix};

		if (add(plan, &from) || add(plan, &to))
			return -ENOMEM;
	}
	return 0;
}

int steer_plan_build(const struct policy *policy, struct steer_plan *out,
		     const char **bad_interface)
{
	struct steer_plan plan = {
		.queue_first = policy->queue.first,
		.queue_last = (uint16_t)(policy->queue.first + policy->queue.count - 1),
		.bypass = policy->on_failure == POLICY_FAIL_ACCEPT,
		.defrag = policy->fragments == POLICY_REASSEMBLE,
	};

	for (size_t i = 0; i < policy->host.interface_count; i++) {
		if (!policy_interface_is_plain(policy->host.interfaces[i])) {
			*bad_interface = policy->host.interfaces[i];
			return -EINVAL;
		}
	}
	if (add_host(&plan, policy, STEER_INPUT) || add_subnets(&plan, policy) ||
	    add_host(&plan, policy, STEER_OUTPUT)) {
		steer_plan_fini(&plan);
		return -ENOMEM;
	}
	*out = plan;
	return 0;
}

void steer_plan_fini(struct steer_plan *plan)
{
	free(plan->rules);
	plan->rules = NULL;
	plan->count = 0;
}

bool steer_plan_uses(const struct steer_plan *plan, enum steer_chain chain, enum family family)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct steer_rule *rule = &plan->rules[i];

		if (rule->chain == chain && (rule->family == 0 || rule->family == family))
			return true;
	}
	return false;
}
