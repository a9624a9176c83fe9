/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TEXT_PACKET_PRINT_H
#define NACLD_TEXT_PACKET_PRINT_H

#include "core/policy.h"
#include "core/way/way.h"

#define PACKETTEXT_LEN     200
#define PACKETTEXT_END_LEN (ADDR_STRLEN + 8) /* brackets, colon, port */

/* One end: "192.0.2.1", "192.0.2.1:443", "[2001:db8::1]:443". Returns buf. */
const char *packet_print_end(const struct packet *packet, bool source,
			     char buf[static PACKETTEXT_END_LEN]);

/*
 * "in tcp 203.0.113.9:40000 -> 192.0.2.1:443", "out@eth0 icmp A -> B type 8 code 0", "in 47 A -> B",
 * "in udp A -> B fragment". IPv6 with a port is in brackets. Returns buf.
 */
const char *packet_print(const struct way *way, const struct packet *packet,
			 char buf[static PACKETTEXT_LEN]);

#endif
