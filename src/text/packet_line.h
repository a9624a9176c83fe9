/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TEXT_PACKET_LINE_H
#define NACLD_TEXT_PACKET_LINE_H

#include "core/policy.h"
#include "core/way/way.h"

/*
 * A packet as a person types it:
 *
 *   in[@INTERFACE]|out[@INTERFACE]|forward[@IN:OUT] PROTO SRC[:PORT] DST[:PORT] [type T] [code C]
 *
 * IPv6 with a port is in brackets: [2001:db8::1]:443. PROTO is a name or a number. TCP and UDP
 * want both ports; ICMP and ICMPv6 take type and code (default: echo request, code 0). Neighbour
 * and router discovery (ICMPv6 133..136) gets the hop limit 255 that it must have (RFC 4861).
 */
struct packet_line {
	struct way way;
	struct packet packet;
	bool mapped; /* an address was written as ::ffff:a.b.c.d: taken as the IPv4 it means */
};

#define PACKETLINE_ERROR_LEN 160

/*
 * Builds a packet from words: words[0] is in, out or forward. Returns 0, or -EINVAL with a sentence
 * in error (*out untouched).
 */
int packet_line_parse(char *const words[], size_t count, struct packet_line *out,
		      char error[static PACKETLINE_ERROR_LEN]);

/*
 * The packet that answers it: ends and ports swapped, the hook on the other side (forward stays),
 * the interfaces too;
 * echo request to echo reply (ICMP 8/0 to 0/0, ICMPv6 128 to 129), timestamp 13 to 14. False where
 * nothing answers (an ICMP error, an echo reply, a protocol whose replies are not known: other
 * protocols answer in kind with the ends swapped).
 */
bool packet_line_reply(const struct packet_line *request, struct packet_line *out);

#endif
