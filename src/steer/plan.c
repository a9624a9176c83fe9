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

#include "core/fastpath/build.h"

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
 * the port). IPv4's have been put together by INPUT, but not yet at an edge, where rules of nft and
 * iptables-nft would read ports in the data of a later one (seen on 6.18; iptables-legacy does
 * not): there the rule is for whole packets.
 */
static int add_exemptions(struct steer_plan *plan, unsigned int exempt, enum steer_chain chain)
{
	enum direction direction = steer_chain_is_outbound(chain) ? OUTBOUND : INBOUND;
	bool edge = chain == STEER_PREROUTING || chain == STEER_POSTROUTING;
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
					  .whole = !plan->defrag &&
						   (edge || shape->family == FAMILY_IPV6) &&
						   shape->protocol == PROTOCOL_UDP};

		if (!(exempt & shape->exempt) || !(shape->directions & 1U << direction))
			continue;
		if (edge && shape->interface)
			continue; /* loopback is no edge */
		if (edge && shape->protocol == PROTOCOL_UDP)
			rule.own = direction == INBOUND ? STEER_TO_HOST : STEER_BY_HOST;
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

/* A rule for each interface that is an edge. */
static int add_edge_rules(struct steer_plan *plan, const struct edges *edges,
			  struct steer_rule rule)
{
	for (size_t i = 0; i < edges->count; i++) {
		memcpy(rule.interface, edges->items[i].interface, sizeof(rule.interface));
		if (add(plan, &rule))
			return -ENOMEM;
	}
	if (edges->default_route == POLICY_NO_ACL)
		return 0;
	strcpy(rule.interface, STEER_DEFAULT_ROUTE);
	return add(plan, &rule);
}

/*
 * A host's own multicast and broadcast come back to it by the same interface and pass PREROUTING,
 * though they were never on the wire: these are no arrivals. They have no link-layer header; the
 * same packet from the wire, where anybody can send it, has one and is judged. (On a link without
 * such headers the two look the same. IPv4 drops what claims the host's own address there, unless
 * accept_local is set; IPv6 does not.)
 */
static int add_looped(struct steer_plan *plan, const struct edges *edges)
{
	struct steer_rule from_wire = {
		.chain = STEER_PREROUTING, .action = STEER_QUEUE, .own = STEER_ON_WIRE};
	struct steer_rule own = {
		.chain = STEER_PREROUTING, .action = STEER_PASS, .own = STEER_LOOPED};

	if (add_edge_rules(plan, edges, from_wire))
		return -ENOMEM;
	return add(plan, &own);
}

static int add_edges(struct steer_plan *plan, const struct policy *policy, enum steer_chain chain)
{
	const struct edges *edges = &policy->edges;
	struct steer_rule rule = {.chain = (uint8_t)chain, .action = STEER_QUEUE};

	if (edges->count == 0 && edges->default_route == POLICY_NO_ACL)
		return 0;
	if (add_exemptions(plan, policy->exempt, chain))
		return -ENOMEM;
	if (chain == STEER_PREROUTING && add_looped(plan, edges))
		return -ENOMEM;
	return add_edge_rules(plan, edges, rule);
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

/* The first name that cannot stand in a ruleset, or NULL. */
static const char *misread_name(const struct policy *policy)
{
	for (size_t i = 0; i < policy->host.interface_count; i++)
		if (!policy_interface_is_plain(policy->host.interfaces[i]))
			return policy->host.interfaces[i];
	for (size_t i = 0; i < policy->edges.count; i++)
		if (!policy_interface_is_plain(policy->edges.items[i].interface))
			return policy->edges.items[i].interface;
	return NULL;
}

bool steer_chain_is_outbound(enum steer_chain chain)
{
	return chain == STEER_OUTPUT || chain == STEER_POSTROUTING;
}

int steer_plan_build(const struct policy *policy, struct steer_plan *out,
		     const char **bad_interface)
{
	struct steer_plan plan = {
		.queue_first = policy->queue.first,
		.queue_last = (uint16_t)(policy->queue.first + policy->queue.count - 1),
		.bypass = policy->on_failure == POLICY_FAIL_ACCEPT,
		.defrag = policy->fragments == POLICY_REASSEMBLE,
		.fast = policy->fast_path,
	};

	if (plan.fast) {
		plan.fast_words = fastpath_estimate(policy);
		plan.fast_counters = (size_t)policy->counter_count + 1;
	}
	*bad_interface = misread_name(policy);
	if (*bad_interface)
		return -EINVAL;
	if (add_host(&plan, policy, STEER_INPUT) || add_subnets(&plan, policy) ||
	    add_host(&plan, policy, STEER_OUTPUT) || add_edges(&plan, policy, STEER_PREROUTING) ||
	    add_edges(&plan, policy, STEER_POSTROUTING)) {
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
