/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_RULE_H
#define NACLD_CORE_RULE_H

#include "core/addr.h"
#include "core/packet.h"

/* As seen from the protected network (AWS: ingress, egress). */
enum direction {
	INBOUND,
	OUTBOUND,
};

enum action {
	ACTION_DENY,
	ACTION_ALLOW,
};

#define RULE_NUMBER_MIN 1
#define RULE_NUMBER_MAX 32766 /* 32767 and 32768 are the implicit rules (AWS API reference) */
#define RULE_ANY        (-1)  /* icmp_type, icmp_code: any */

/*
 * One numbered rule. The remote end is `set` where that is not NULL (borrowed: the policy owns it),
 * else the one `prefix`.
 */
struct rule {
	uint16_t number;
	uint8_t action;      /* enum action */
	int16_t protocol;    /* 0..255, or PROTOCOL_ALL */
	uint16_t port_first; /* the packet's destination port; TCP and UDP only, else 0 */
	uint16_t port_last;
	int16_t icmp_type; /* 0..255 or RULE_ANY; ICMP and ICMPv6 only, else RULE_ANY */
	int16_t icmp_code;
	uint32_t counter; /* index in the policy's counter layout; set by policy_finish */
	struct prefix prefix;
	const struct prefix_set *set;
	const char *comment; /* what its author says of it, or NULL; the ACL's own once added */
};

/*
 * What keeps a rule from matching a packet; the first that fails, in this order. Only over a set
 * the protocol is asked first: whether any of its prefixes has the packet's family takes a walk.
 */
enum rule_mismatch {
	RULE_MATCHES,
	RULE_OTHER_FAMILY, /* an IPv4 rule and an IPv6 packet, or the reverse */
	RULE_OTHER_PROTOCOL,
	RULE_OTHER_ADDRESS,
	RULE_NO_TRANSPORT, /* the rule looks at a port or type; the fragment has none */
	RULE_OTHER_PORT,
	RULE_OTHER_TYPE, /* ICMP type or code */
};

/* Does the rule look at destination ports? (protocol TCP or UDP) */
bool rule_has_ports(const struct rule *rule);

/* Of a rule with ports: are they all covered, so that it looks at none? */
static inline bool rule_all_ports(const struct rule *rule)
{
	return rule->port_first == 0 && rule->port_last == UINT16_MAX;
}

/* The ports as the configuration has them: "443", "1024-65535", "all". Returns buf. */
#define RULE_PORTS_STRLEN 12
const char *rule_ports_print(const struct rule *rule, char buf[static RULE_PORTS_STRLEN]);

/*
 * Does the rule look at ICMP type and code? ICMP, and ICMPv6 unless its remote end is an IPv4 CIDR,
 * where it matches every type (AWS API reference, IcmpTypeCode).
 */
bool rule_has_icmp(const struct rule *rule);

/*
 * The definition of matching, and its explanation in one: RULE_MATCHES, or the first thing that
 * differs. The remote address is the source for INBOUND, the destination for OUTBOUND; the port is
 * always the destination port. O(1), or O(prefixes of the set).
 */
enum rule_mismatch rule_compare(const struct rule *rule, enum direction direction,
				const struct packet *packet);

static inline bool rule_matches(const struct rule *rule, enum direction direction,
				const struct packet *packet)
{
	return rule_compare(rule, direction, packet) == RULE_MATCHES;
}

/*
 * NULL when the rule is valid, else what is wrong with it, as half a sentence without the rule's
 * number: number out of range, reversed ports, ports or types where the protocol has none, and so
 * on.
 */
const char *rule_invalid(const struct rule *rule);

/* Same number and same meaning (counters of an unchanged rule survive a reload). Sets by name. */
bool rule_same(const struct rule *a, const struct rule *b);

/* The prefixes of the remote end: the set's, or the one. */
const struct prefix *rule_prefixes(const struct rule *rule, size_t *count);

/*
 * "tcp" and so on for the protocols that have a name here, else NULL.
 * PROTOCOL_ALL is "all".
 */
const char *protocol_name(int protocol);

/* The name, or the number where there is none. Returns buf. */
#define PROTOCOL_STRLEN 12
const char *protocol_print(int protocol, char buf[static PROTOCOL_STRLEN]);

/* The number for a name ("tcp", "all", "gre") or for decimal text 0..255; false otherwise. */
bool protocol_parse(const char *text, int *out);

const char *direction_name(enum direction direction); /* "inbound", "outbound" */
const char *action_name(enum action action);          /* "allow", "deny" */

#endif
