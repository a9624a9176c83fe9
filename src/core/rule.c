/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule of a Network ACL: what it may say, and when it matches.
 *
 * Implements the rule semantics of the AWS VPC user guide ("Network ACL rules") and of the API's
 * NetworkAclEntry: one remote CIDR, one protocol, the destination port range for TCP and UDP, type
 * and code for ICMP. Stateless: nothing here looks at anything but the packet in hand. rule_compare
 * is the only place that defines a match; explanations use the same answer.
 */
#include "core/rule.h"

#include <stdio.h>
#include <string.h>

#include "core/decimal.h"

static const struct {
	const char *name;
	int number;
} protocols[] = {
	/* The IANA registry's keywords, for those a firewall meets; the rest go by number. */
	{"all", PROTOCOL_ALL},
	{"icmp", PROTOCOL_ICMP},
	{"igmp", 2},
	{"ipip", 4},
	{"tcp", PROTOCOL_TCP},
	{"udp", PROTOCOL_UDP},
	{"dccp", 33},
	{"ipv6", 41},
	{"gre", 47},
	{"esp", 50},
	{"ah", 51},
	{"icmpv6", PROTOCOL_ICMPV6},
	{"ospf", 89},
	{"vrrp", 112},
	{"l2tp", 115},
	{"sctp", 132},
	{"udplite", 136},
};

/* The same under names that other tools and /etc/protocols have for them. */
static const struct {
	const char *name;
	int number;
} aliases[] = {
	{"any", PROTOCOL_ALL},
	{"icmp6", PROTOCOL_ICMPV6},
	{"ipv6-icmp", PROTOCOL_ICMPV6},
	{"icmp-v6", PROTOCOL_ICMPV6},
	{"ipencap", 4},
	{"ospfigp", 89},
};

const char *protocol_name(int protocol)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return NULL;
}

/* Case aside: AWS's console and /etc/protocols write names in capitals, too. */
static bool same_word(const char *lower, const char *text)
{
	for (; *lower; lower++, text++)
		if (*lower != (*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text))
			return false;
	return *text == '\0';
}

bool protocol_parse(const char *text, int *out)
{
	unsigned int number;

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (same_word(protocols[i].name, text)) {
			*out = protocols[i].number;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (same_word(aliases[i].name, text)) {
			*out = aliases[i].number;
			return true;
		}
	}
	if (!decimal_parse_strict(text, UINT8_MAX, &number))
		return false;
	*out = (int)number;
	return true;
}

const char *protocol_print(int protocol, char buf[static PROTOCOL_STRLEN])
{
	const char *name = protocol_name(protocol);

	if (name)
		snprintf(buf, PROTOCOL_STRLEN, "%s", name);
	else
		snprintf(buf, PROTOCOL_STRLEN, "%d", protocol);
	return buf;
}

const char *rule_ports_print(const struct rule *rule, char buf[static RULE_PORTS_STRLEN])
{
	if (rule_all_ports(rule))
		snprintf(buf, RULE_PORTS_STRLEN, "all");
	else if (rule->port_first == rule->port_last)
		snprintf(buf, RULE_PORTS_STRLEN, "%u", rule->port_first);
	else
		snprintf(buf, RULE_PORTS_STRLEN, "%u-%u", rule->port_first, rule->port_last);
	return buf;
}

const char *direction_name(enum direction direction)
{
	return direction == INBOUND ? "inbound" : "outbound";
}

const char *action_name(enum action action)
{
	return action == ACTION_ALLOW ? "allow" : "deny";
}

const struct prefix *rule_prefixes(const struct rule *rule, size_t *count)
{
	*count = rule->set ? rule->set->count : 1;
	return rule->set ? rule->set->prefixes : &rule->prefix;
}

bool rule_has_ports(const struct rule *rule)
{
	return rule->protocol == PROTOCOL_TCP || rule->protocol == PROTOCOL_UDP;
}

bool rule_has_icmp(const struct rule *rule)
{
	if (rule->protocol == PROTOCOL_ICMPV6)
		return rule->set || rule->prefix.addr.family == FAMILY_IPV6;
	return rule->protocol == PROTOCOL_ICMP;
}

/* Over a set the families may be mixed: ICMPv6 to an IPv4 address still matches every type. */
static bool looks_at_icmp(const struct rule *rule, const struct packet *packet)
{
	if (rule->protocol == PROTOCOL_ICMPV6 && packet->src.family == FAMILY_IPV4)
		return false;
	return rule_has_icmp(rule) && rule->icmp_type != RULE_ANY;
}

static enum rule_mismatch compare_address(const struct rule *rule, const struct addr *remote)
{
	enum rule_mismatch mismatch = RULE_OTHER_FAMILY;
	const struct prefix *prefixes;
	size_t count;

	prefixes = rule_prefixes(rule, &count);
	for (size_t i = 0; i < count; i++) {
		if (prefix_contains(&prefixes[i], remote))
			return RULE_MATCHES;
		if (prefixes[i].addr.family == remote->family)
			mismatch = RULE_OTHER_ADDRESS;
	}
	return mismatch;
}

static enum rule_mismatch compare_transport(const struct rule *rule, const struct packet *packet)
{
	if (rule_has_ports(rule)) {
		if (rule_all_ports(rule))
			return RULE_MATCHES; /* looks at no port: later fragments too */
		if (packet->l4 != PACKET_L4_PORTS)
			return RULE_NO_TRANSPORT;
		if (packet->dport < rule->port_first || packet->dport > rule->port_last)
			return RULE_OTHER_PORT;
	} else if (looks_at_icmp(rule, packet)) {
		if (packet->l4 != PACKET_L4_ICMP)
			return RULE_NO_TRANSPORT;
		if (packet->icmp_type != rule->icmp_type)
			return RULE_OTHER_TYPE;
		if (rule->icmp_code != RULE_ANY && packet->icmp_code != rule->icmp_code)
			return RULE_OTHER_TYPE;
	}
	return RULE_MATCHES;
}

enum rule_mismatch rule_compare(const struct rule *rule, enum direction direction,
				const struct packet *packet)
{
	const struct addr *remote = direction == INBOUND ? &packet->src : &packet->dst;
	enum rule_mismatch mismatch;

	/* The cheap comparisons first; of a set's 100,000 prefixes only the packets that are left
	 * are asked. The order of the answers is part of the contract, so family comes before. */
	if (!rule->set && rule->prefix.addr.family != remote->family)
		return RULE_OTHER_FAMILY;
	if (rule->protocol != PROTOCOL_ALL && rule->protocol != packet->protocol)
		return RULE_OTHER_PROTOCOL;
	mismatch = compare_address(rule, remote);
	return mismatch == RULE_MATCHES ? compare_transport(rule, packet) : mismatch;
}

const char *rule_invalid(const struct rule *rule)
{
	if (rule->number < RULE_NUMBER_MIN || rule->number > RULE_NUMBER_MAX)
		return "a rule number is 1 to 32766";
	if (rule->protocol < PROTOCOL_ALL || rule->protocol > 255)
		return "a protocol is a name, \"all\", or a number 0 to 255";
	if (rule->port_first > rule->port_last)
		return "the port range is reversed";
	if (!rule_has_ports(rule) && (rule->port_first != 0 || rule->port_last != 0))
		return "only TCP and UDP have ports";
	if (!rule_has_icmp(rule) && (rule->icmp_type != RULE_ANY || rule->icmp_code != RULE_ANY))
		return "only ICMP, and ICMPv6 with an IPv6 CIDR, have type and code";
	if (rule->icmp_type < RULE_ANY || rule->icmp_type > 255)
		return "an ICMP type is 0 to 255, or -1 for any";
	if (rule->icmp_code < RULE_ANY || rule->icmp_code > 255)
		return "an ICMP code is 0 to 255, or -1 for any";
	if (rule->icmp_type == RULE_ANY && rule->icmp_code != RULE_ANY)
		return "type -1 (any) requires code -1";
	return NULL;
}

static bool same_remote(const struct rule *a, const struct rule *b)
{
	if (!a->set != !b->set)
		return false;
	if (a->set)
		return strcmp(a->set->name, b->set->name) == 0;
	return prefix_equal(&a->prefix, &b->prefix);
}

bool rule_same(const struct rule *a, const struct rule *b)
{
	return a->number == b->number && a->action == b->action && a->protocol == b->protocol &&
	       a->port_first == b->port_first && a->port_last == b->port_last &&
	       a->icmp_type == b->icmp_type && a->icmp_code == b->icmp_code && same_remote(a, b);
}
