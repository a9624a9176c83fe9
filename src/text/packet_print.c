/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet for people: the same words as `naclctl explain` and `eval` take, with an arrow between
 * the ends. Used by logs and explanations.
 */
#include "text/packet_print.h"

#include <stdio.h>

const char *packet_print_end(const struct packet *packet, bool source,
			     char buf[static PACKETTEXT_END_LEN])
{
	const struct addr *addr = source ? &packet->src : &packet->dst;
	uint16_t port = source ? packet->sport : packet->dport;
	char text[ADDR_STRLEN];

	addr_print(addr, text);
	if (packet->l4 != PACKET_L4_PORTS)
		snprintf(buf, PACKETTEXT_END_LEN, "%s", text);
	else if (addr->family == FAMILY_IPV6)
		snprintf(buf, PACKETTEXT_END_LEN, "[%s]:%u", text, port);
	else
		snprintf(buf, PACKETTEXT_END_LEN, "%s:%u", text, port);
	return buf;
}

const char *packet_print(const struct way *way, const struct packet *packet,
			 char buf[static PACKETTEXT_LEN])
{
	char src[PACKETTEXT_END_LEN], dst[PACKETTEXT_END_LEN], tail[32] = "";
	char protocol[PROTOCOL_STRLEN], words[WAY_STRLEN];

	if (packet->l4 == PACKET_L4_ICMP)
		snprintf(tail, sizeof(tail), " type %u code %u", packet->icmp_type,
			 packet->icmp_code);
	else if (packet->fragment && packet->l4 == PACKET_L4_NONE)
		snprintf(tail, sizeof(tail), " fragment");
	snprintf(buf, PACKETTEXT_LEN, "%s %s %s -> %s%s", way_print(way, words),
		 protocol_print(packet->protocol, protocol), packet_print_end(packet, true, src),
		 packet_print_end(packet, false, dst), tail);
	return buf;
}
