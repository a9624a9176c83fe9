/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet for people: the same words as `naclctl explain` and `eval` take, with an arrow between the
 * ends. Used by logs and explanations.
 */
#include "format/packettext.h"

#include <stdio.h>

static void print_end(const struct addr *addr, bool with_port, uint16_t port, char *buf, size_t len)
{
	char text[ADDR_STRLEN];

	addr_print(addr, text);
	if (!with_port)
		snprintf(buf, len, "%s", text);
	else if (addr->family == FAMILY_IPV6)
		snprintf(buf, len, "[%s]:%u", text, port);
	else
		snprintf(buf, len, "%s:%u", text, port);
}

const char *packettext_print(enum hook hook, const struct packet *packet,
			     char buf[static PACKETTEXT_LEN])
{
	bool ports = packet->l4 == PACKET_L4_PORTS;
	char src[ADDR_STRLEN + 8], dst[ADDR_STRLEN + 8], number[8], tail[32] = "";
	const char *protocol = protocol_name(packet->protocol);

	snprintf(number, sizeof(number), "%u", packet->protocol);
	print_end(&packet->src, ports, packet->sport, src, sizeof(src));
	print_end(&packet->dst, ports, packet->dport, dst, sizeof(dst));
	if (packet->l4 == PACKET_L4_ICMP)
		snprintf(tail, sizeof(tail), " type %u code %u", packet->icmp_type,
			 packet->icmp_code);
	else if (packet->fragment && packet->l4 == PACKET_L4_NONE)
		snprintf(tail, sizeof(tail), " fragment");
	snprintf(buf, PACKETTEXT_LEN, "%s %s %s -> %s%s", hook_name(hook),
		 protocol ? protocol : number, src, dst, tail);
	return buf;
}
