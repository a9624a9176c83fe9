/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The field's words for what the core computes: a packet, a rule, the reason a rule does not match.
 *
 * The reason comes from rule_compare, the one definition of matching; here it only gets its values.
 * Set names are quoted as the configuration writes them, "@name".
 */
#include "ctl/describe.h"

#include <stdio.h>
#include <string.h>

#include "text/packet_print.h"

static const char *icmp_type_name(const struct packet *packet)
{
	static const struct {
		int protocol, type;
		const char *name;
	} types[] = {
		{PROTOCOL_ICMP, 0, " (echo reply)"},
		{PROTOCOL_ICMP, 3, " (destination unreachable)"},
		{PROTOCOL_ICMP, 8, " (echo request)"},
		{PROTOCOL_ICMP, 11, " (time exceeded)"},
		{PROTOCOL_ICMPV6, 1, " (destination unreachable)"},
		{PROTOCOL_ICMPV6, 2, " (packet too big)"},
		{PROTOCOL_ICMPV6, 3, " (time exceeded)"},
		{PROTOCOL_ICMPV6, 128, " (echo request)"},
		{PROTOCOL_ICMPV6, 129, " (echo reply)"},
		{PROTOCOL_ICMPV6, 133, " (router solicitation)"},
		{PROTOCOL_ICMPV6, 134, " (router advertisement)"},
		{PROTOCOL_ICMPV6, 135, " (neighbour solicitation)"},
		{PROTOCOL_ICMPV6, 136, " (neighbour advertisement)"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].protocol == packet->protocol && types[i].type == packet->icmp_type)
			return types[i].name;
	return "";
}

const char *describe_packet(const struct packet_line *line, char buf[static DESCRIBE_LEN])
{
	char protocol[PROTOCOL_STRLEN], src[PACKETTEXT_END_LEN], dst[PACKETTEXT_END_LEN];
	const struct packet *packet = &line->packet;
	char way[WAY_STRLEN];
	int len;

	len = snprintf(buf, DESCRIBE_LEN, "%s %s %s -> %s", way_print(&line->way, way),
		       protocol_print(packet->protocol, protocol),
		       packet_print_end(packet, true, src), packet_print_end(packet, false, dst));
	if (packet->l4 == PACKET_L4_ICMP)
		snprintf(buf + len, DESCRIBE_LEN - (size_t)len, ", type %u code %u%s",
			 packet->icmp_type, packet->icmp_code, icmp_type_name(packet));
	return buf;
}

static void print_remote(const struct rule *rule, char *buf, size_t size)
{
	char text[PREFIX_STRLEN];

	if (rule->set)
		snprintf(buf, size, "@%.63s", rule->set->name);
	else
		snprintf(buf, size, "%s", prefix_print(&rule->prefix, text));
}

static void print_ports(const struct rule *rule, char *buf, size_t size)
{
	if (rule->port_first == rule->port_last)
		snprintf(buf, size, "%u", rule->port_first);
	else
		snprintf(buf, size, "%u-%u", rule->port_first, rule->port_last);
}

/* " 443", " type 8 code 0", "" */
static void print_transport(const struct rule *rule, char *buf, size_t size)
{
	buf[0] = '\0';
	if (rule_has_ports(rule)) {
		buf[0] = ' ';
		print_ports(rule, buf + 1, size - 1);
	} else if (rule_has_icmp(rule) && rule->icmp_type != RULE_ANY) {
		if (rule->icmp_code == RULE_ANY)
			snprintf(buf, size, " type %d", rule->icmp_type);
		else
			snprintf(buf, size, " type %d code %d", rule->icmp_type, rule->icmp_code);
	}
}

const char *describe_rule(const struct rule *rule, enum direction direction,
			  char buf[static DESCRIBE_LEN])
{
	char protocol[PROTOCOL_STRLEN], transport[32], remote[72];

	print_transport(rule, transport, sizeof(transport));
	print_remote(rule, remote, sizeof(remote));
	snprintf(buf, DESCRIBE_LEN, "%.8s%s %s %s", protocol_print(rule->protocol, protocol),
		 transport, direction == INBOUND ? "from" : "to", remote);
	return buf;
}

static void print_other_type(const struct rule *rule, const struct packet *packet, char *buf)
{
	if (packet->icmp_type != rule->icmp_type)
		snprintf(buf, DESCRIBE_LEN, "type %u is not %d", packet->icmp_type,
			 rule->icmp_type);
	else
		snprintf(buf, DESCRIBE_LEN, "code %u is not %d", packet->icmp_code,
			 rule->icmp_code);
}

static void print_other_address(const struct rule *rule, enum direction direction,
				const struct packet *packet, char *buf)
{
	const struct addr *remote = direction == INBOUND ? &packet->src : &packet->dst;
	char address[ADDR_STRLEN], range[72];
	bool single = !rule->set && rule->prefix.len == family_bits(rule->prefix.addr.family);

	print_remote(rule, range, sizeof(range));
	snprintf(buf, DESCRIBE_LEN, "%s %s is not %s%s",
		 direction == INBOUND ? "source" : "destination", addr_print(remote, address),
		 single ? "" : "in ", range);
}

const char *describe_mismatch(const struct rule *rule, enum direction direction,
			      const struct packet *packet, char buf[static DESCRIBE_LEN])
{
	char mine[PROTOCOL_STRLEN], its[PROTOCOL_STRLEN], ports[32];
	bool v6 = packet->src.family == FAMILY_IPV6;

	switch (rule_compare(rule, direction, packet)) {
	case RULE_MATCHES:
		snprintf(buf, DESCRIBE_LEN, "it matches");
		break;
	case RULE_OTHER_FAMILY:
		snprintf(buf, DESCRIBE_LEN, "it is for IPv%d, the packet is IPv%d", v6 ? 4 : 6,
			 v6 ? 6 : 4);
		break;
	case RULE_OTHER_PROTOCOL:
		snprintf(buf, DESCRIBE_LEN, "protocol %.16s is not %.16s",
			 protocol_print(packet->protocol, mine),
			 protocol_print(rule->protocol, its));
		break;
	case RULE_OTHER_ADDRESS:
		print_other_address(rule, direction, packet, buf);
		break;
	case RULE_NO_TRANSPORT:
		snprintf(buf, DESCRIBE_LEN, "the packet has no port and no type");
		break;
	case RULE_OTHER_PORT:
		print_ports(rule, ports, sizeof(ports));
		snprintf(buf, DESCRIBE_LEN, "destination port %u is not %s%s", packet->dport,
			 rule->port_first == rule->port_last ? "" : "in ", ports);
		break;
	case RULE_OTHER_TYPE:
		print_other_type(rule, packet, buf);
		break;
	}
	return buf;
}
