/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice: which rule is missing.
 *
 * A stateless list needs a rule for the way back, and what goes back is addressed to the client's
 * ephemeral port. Which ports those are differs between systems (clients.c); the AWS VPC user guide
 * ("Ephemeral ports") recommends 1024-65535, which covers them all.
 *
 * A suggested rule is right in two senses: added to the list it allows the packet, because it
 * matches it and every rule in front of it is known not to; and it opens nothing that an explicit
 * deny closes for others, because it stays within the deny that it goes around. Pure: policy in,
 * rule out.
 */
#include "core/advice.h"

#define EPHEMERAL_FIRST 1024 /* the first port outside the system ports (RFC 6335) */

/* A round number between the two, both exclusive; any is as good, people count in tens. */
static unsigned int number_between(unsigned int after, unsigned int before, bool implicit)
{
	unsigned int tens = implicit ? after / 10 * 10 + 10 : (before - 1) / 10 * 10;

	if (implicit && after == 0 && before > 100)
		return 100;
	return tens > after && tens < before ? tens : after + (before - after) / 2;
}

/* A free number in front of the blocker, as near to it as there is one; 0 when all are taken. */
static unsigned int free_number(const struct acl_list *list, const struct rule *blocker)
{
	unsigned int before = blocker ? blocker->number : RULE_NUMBER_MAX + 1;
	size_t i = list->count;

	while (i > 0 && list->rules[i - 1].number >= before)
		i--;
	if (i == 0 || list->rules[i - 1].number + 1U < before)
		return before <= RULE_NUMBER_MIN
			       ? 0
			       : number_between(i > 0 ? list->rules[i - 1].number : 0, before,
						!blocker);
	for (; i > 0 && list->rules[i - 1].number + 1U == before; i--)
		before = list->rules[i - 1].number;
	return before - 1;
}

/* The narrowest prefix of the rule's remote end that holds the address; NULL: none does. */
static const struct prefix *holder(const struct rule *rule, const struct addr *remote)
{
	const struct prefix *prefixes, *best = NULL;
	size_t count;

	prefixes = rule_prefixes(rule, &count);
	for (size_t i = 0; i < count; i++)
		if (prefix_contains(&prefixes[i], remote) && (!best || prefixes[i].len > best->len))
			best = &prefixes[i];
	return best;
}

static bool covers_all(const struct prefix *outer, const struct rule *rule)
{
	const struct prefix *prefixes;
	size_t count;

	prefixes = rule_prefixes(rule, &count);
	for (size_t i = 0; i < count; i++)
		if (!prefix_covers(outer, &prefixes[i]))
			return false;
	return true;
}

/* Errors come from any router on the path, not from the other end (RFC 792, RFC 4443). */
static bool is_icmp_error(const struct packet *packet)
{
	if (packet->l4 != PACKET_L4_ICMP)
		return false;
	if (packet->protocol == PROTOCOL_ICMPV6)
		return packet->icmp_type < 128;
	return packet->icmp_type == 3 || packet->icmp_type == 11 || packet->icmp_type == 12;
}

/* The request rule's remote end where that stays within the blocker's, else the narrower prefix. */
static void choose_remote(struct rule *rule, const struct packet *packet, const struct addr *remote,
			  const struct rule *blocker, const struct rule *request_rule)
{
	const struct prefix *mirrored = request_rule ? holder(request_rule, remote) : NULL;
	const struct prefix *denied = blocker ? holder(blocker, remote) : NULL;

	if (!mirrored && is_icmp_error(packet)) {
		rule->prefix = denied ? *denied : (struct prefix){.addr.family = remote->family};
	} else if (!mirrored) {
		rule->prefix = (struct prefix){.addr = *remote, .len = family_bits(remote->family)};
	} else if (!denied || covers_all(denied, request_rule)) {
		rule->set = request_rule->set;
		rule->prefix = request_rule->prefix;
	} else {
		rule->prefix = denied->len > mirrored->len ? *denied : *mirrored;
	}
}

static void choose_ports(struct rule *rule, const struct packet *packet, const struct rule *blocker,
			 bool is_reply)
{
	if (packet->l4 != PACKET_L4_PORTS) { /* a later fragment: only "all ports" matches it */
		rule->port_first = 0;
		rule->port_last = UINT16_MAX;
		return;
	}
	rule->port_first = rule->port_last = packet->dport;
	if (!is_reply || packet->dport < EPHEMERAL_FIRST)
		return;
	rule->port_first = EPHEMERAL_FIRST;
	rule->port_last = UINT16_MAX;
	if (blocker && rule_has_ports(blocker)) {
		if (blocker->port_first > rule->port_first)
			rule->port_first = blocker->port_first;
		rule->port_last = blocker->port_last;
	}
}

bool advice_missing_rule(const struct acl_list *list, enum direction direction,
			 const struct packet *packet, const struct rule *blocker,
			 const struct rule *request_rule, struct rule *out)
{
	struct rule rule = {
		.number = (uint16_t)free_number(list, blocker),
		.action = ACTION_ALLOW,
		.protocol = packet->protocol,
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
	};

	if (rule.number == 0)
		return false;
	choose_remote(&rule, packet, direction == INBOUND ? &packet->src : &packet->dst, blocker,
		      request_rule);
	if (rule_has_ports(&rule))
		choose_ports(&rule, packet, blocker, request_rule != NULL);
	if (packet->l4 == PACKET_L4_ICMP) {
		rule.icmp_type = packet->icmp_type;
		rule.icmp_code = packet->icmp_code;
	}
	*out = rule;
	return true;
}
