/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_EXEMPT_EXEMPT_H
#define NACLD_CORE_EXEMPT_EXEMPT_H

#include "core/rule.h"

/* Traffic of the host's own that is never filtered, by name; a bit mask. */
enum exempt {
	EXEMPT_LOOPBACK = 1 << 0,            /* "loopback" */
	EXEMPT_NEIGHBOUR_DISCOVERY = 1 << 1, /* "neighbour-discovery" */
	EXEMPT_DHCP = 1 << 2,                /* "dhcp": this host as a client */
	EXEMPT_DEFAULT = EXEMPT_LOOPBACK | EXEMPT_NEIGHBOUR_DISCOVERY | EXEMPT_DHCP,
};

const char *exempt_name(unsigned int exempt); /* NULL for anything but a single bit */

/*
 * One shape of packet that a name covers. What is zero or NULL is not looked at. The shapes of a
 * name are alternatives; all that a shape names must hold.
 */
struct exempt_shape {
	uint8_t exempt;        /* enum exempt: one bit */
	uint8_t directions;    /* 1 << INBOUND, 1 << OUTBOUND, or both */
	uint8_t family;        /* enum family */
	uint8_t protocol;      /* PROTOCOL_UDP (with ports) or PROTOCOL_ICMPV6 (with types) */
	const char *interface; /* it comes in by (inbound) or leaves by (outbound) */
	uint16_t sport;
	uint16_t dport;
	uint8_t type_first; /* inclusive */
	uint8_t type_last;
	uint8_t hop_limit;
};

/*
 * The one list that filtering, the steering rules and the exported rules are made from. Returns the
 * i-th shape, NULL behind the last.
 */
const struct exempt_shape *exempt_shape(size_t i);

/*
 * The first of the names in `set` that covers the packet, or 0.
 *
 * @interface  the device it came in by or leaves by; or NULL where steering has chosen already:
 *             then what is on no wire (both addresses loopback) counts as being on "lo"
 */
unsigned int exempt_find(unsigned int set, enum direction direction, const char *interface,
			 const struct packet *packet);

#endif
