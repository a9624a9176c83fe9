/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is never filtered. AWS exempts the traffic without which a host is not on its network at all
 * (VPC user guide: DHCP, the router's own neighbour resolution); here it is a list, and each name
 * can be switched off.
 *
 * The table is the only place that says what a name means. policy_eval asks it packet by packet,
 * the steering rules keep the same packets out of the queue, the exported rules let them through:
 * all three are made from it, and a test enumerates packets to show that they agree.
 */
#include "core/exempt/exempt.h"

#include <string.h>

#define BOTH (1 << INBOUND | 1 << OUTBOUND)

/*
 * Neighbour and router discovery: RFC 4861, valid only with hop limit 255, so never routed.
 *
 * DHCP: RFC 2131 section 4.1 and RFC 8415 section 7.2 fix the port that each side listens on, and
 * say nothing about the port that a server answers from: some answer from another than 67 or 547.
 * What this host sends comes from the client's own port in every client known.
 */
static const struct exempt_shape shapes[] = {
	{.exempt = EXEMPT_LOOPBACK, .directions = BOTH, .interface = "lo"},
	{.exempt = EXEMPT_NEIGHBOUR_DISCOVERY,
	 .directions = BOTH,
	 .family = FAMILY_IPV6,
	 .protocol = PROTOCOL_ICMPV6,
	 .type_first = 133,
	 .type_last = 136,
	 .hop_limit = 255},
	{.exempt = EXEMPT_DHCP,
	 .directions = 1 << INBOUND,
	 .family = FAMILY_IPV4,
	 .protocol = PROTOCOL_UDP,
	 .dport = 68},
	{.exempt = EXEMPT_DHCP,
	 .directions = 1 << INBOUND,
	 .family = FAMILY_IPV6,
	 .protocol = PROTOCOL_UDP,
	 .dport = 546},
	{.exempt = EXEMPT_DHCP,
	 .directions = 1 << OUTBOUND,
	 .family = FAMILY_IPV4,
	 .protocol = PROTOCOL_UDP,
	 .sport = 68,
	 .dport = 67},
	{.exempt = EXEMPT_DHCP,
	 .directions = 1 << OUTBOUND,
	 .family = FAMILY_IPV6,
	 .protocol = PROTOCOL_UDP,
	 .sport = 546,
	 .dport = 547},
};

#define SHAPE_COUNT (sizeof(shapes) / sizeof(shapes[0]))

const struct exempt_shape *exempt_shape(size_t i)
{
	return i < SHAPE_COUNT ? &shapes[i] : NULL;
}

const char *exempt_name(unsigned int exempt)
{
	switch (exempt) {
	case EXEMPT_LOOPBACK:
		return "loopback";
	case EXEMPT_NEIGHBOUR_DISCOVERY:
		return "neighbour-discovery";
	case EXEMPT_DHCP:
		return "dhcp";
	default:
		return NULL;
	}
}

/* 127.0.0.0/8 or ::1: on no wire, and given the loopback device by the kernel (RFC 1122, 4291). */
static bool is_loopback(const struct addr *a)
{
	if (a->family == FAMILY_IPV4)
		return a->hi >> 56 == 127;
	return a->hi == 0 && a->lo == 1;
}

static bool is_by(const char *wanted, const char *interface, const struct packet *packet)
{
	if (interface)
		return strcmp(interface, wanted) == 0;
	return is_loopback(&packet->src) && is_loopback(&packet->dst);
}

static bool has_ports(const struct exempt_shape *shape, const struct packet *packet)
{
	return packet->l4 == PACKET_L4_PORTS && (!shape->sport || packet->sport == shape->sport) &&
	       (!shape->dport || packet->dport == shape->dport);
}

static bool has_type(const struct exempt_shape *shape, const struct packet *packet)
{
	return packet->l4 == PACKET_L4_ICMP && packet->icmp_type >= shape->type_first &&
	       packet->icmp_type <= shape->type_last;
}

/* What most packets differ in comes first. */
static inline bool covers(const struct exempt_shape *shape, const char *interface,
			  const struct packet *packet)
{
	if (shape->protocol && packet->protocol != shape->protocol)
		return false;
	if (shape->family && packet->src.family != shape->family)
		return false;
	if (shape->hop_limit && packet->hop_limit != shape->hop_limit)
		return false;
	if (shape->interface && !is_by(shape->interface, interface, packet))
		return false;
	if (shape->type_last && !has_type(shape, packet))
		return false;
	return !shape->dport || has_ports(shape, packet);
}

unsigned int exempt_find(unsigned int set, enum direction direction, const char *interface,
			 const struct packet *packet)
{
	/* Unrolled, each turn is a few comparisons with constants; the protocol's comes first. */
#pragma GCC unroll 8
	for (size_t i = 0; i < SHAPE_COUNT; i++)
		if (covers(&shapes[i], interface, packet) && shapes[i].exempt & set &&
		    shapes[i].directions & 1U << direction)
			return shapes[i].exempt;
	return 0;
}
