/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where RFC 791 and RFC 8200 put the transport header of a well-formed packet: a second reading of
 * the same bytes, as plain as can be, that the proofs and the fuzz targets hold against the parser.
 * It is asked only about packets that the parser accepted, so the walk checks no length; under the
 * proof's bounds checks that doubles as a claim: the parser accepts nothing whose headers are not
 * all there.
 */
#ifndef NACLD_TESTS_PROOF_TRANSPORT_H
#define NACLD_TESTS_PROOF_TRANSPORT_H

#include "core/packet.h"

struct transport {
	size_t at;
	uint8_t protocol;
	bool fragment; /* part of a larger packet */
	bool later;    /* not the first part: there is no transport header */
};

static inline unsigned int transport_be16(const uint8_t *p)
{
	return p[0] * 256U + p[1];
}

/*
 * What stands between the IPv6 header and the transport. A packet that is accepted never ends
 * there.
 */
static inline bool transport_is_extension(uint8_t next)
{
	return next == 0 || next == 43 || next == 44 || next == 51 || next == 60;
}

static inline struct transport transport_ipv4(const uint8_t *data)
{
	unsigned int fragment = transport_be16(data + 6);

	return (struct transport){
		.at = (data[0] & 15U) * 4U,
		.protocol = data[9],
		.fragment = fragment % 16384 != 0,
		.later = fragment % 8192 != 0,
	};
}

static inline struct transport transport_ipv6(const uint8_t *data)
{
	struct transport t = {.at = 40, .protocol = data[6]};

	/* One more than the parser follows: an accepted packet never needs it. */
	for (int i = 0; i <= PACKET_MAX_EXTENSIONS; i++) {
		const uint8_t *header = data + t.at;

		switch (t.protocol) {
		case 0:
		case 43:
		case 60:
			t.at += 8 + header[1] * 8U;
			break;
		case 51:
			t.at += 8 + header[1] * 4U;
			break;
		case 44:
			t.later = transport_be16(header + 2) / 8 != 0;
			t.fragment = t.later || header[3] % 2 != 0;
			t.at += 8;
			break;
		default:
			return t;
		}
		t.protocol = header[0];
		if (t.later)
			return t;
	}
	return t;
}

static inline struct transport transport_of(enum family family, const uint8_t *data)
{
	return family == FAMILY_IPV4 ? transport_ipv4(data) : transport_ipv6(data);
}

/* The transport header ends within the packet's own length, whatever else was copied. */
static inline bool transport_fits(struct transport t, enum family family, const uint8_t *data,
				  size_t len)
{
	size_t need = family == FAMILY_IPV4 ? 8 : 4; /* ICMP, ICMPv6 */

	if (t.protocol == PROTOCOL_TCP) {
		need = (data[t.at + 12] / 16U) * 4U;
		if (need < 20)
			return false;
	} else if (t.protocol == PROTOCOL_UDP) {
		need = 8;
	}
	return t.at + need <= len;
}

/* Does what the parser says of an accepted packet follow from its bytes? */
static inline bool transport_agrees(enum family family, const uint8_t *data, const struct packet *p)
{
	struct transport t = transport_of(family, data);
	bool ports = t.protocol == PROTOCOL_TCP || t.protocol == PROTOCOL_UDP;
	bool icmp = t.protocol == (family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
	const uint8_t *h = data + t.at;

	if (p->protocol != t.protocol || p->fragment != t.fragment)
		return false;
	if (family == FAMILY_IPV6 && transport_is_extension(t.protocol))
		return false;
	if (t.later || !(ports || icmp))
		return p->l4 == PACKET_L4_NONE && p->sport == 0 && p->dport == 0 &&
		       p->icmp_type == 0 && p->icmp_code == 0 && p->tcp_flags == 0;
	if (!transport_fits(t, family, data, p->len))
		return false;
	if (icmp)
		return p->l4 == PACKET_L4_ICMP && p->icmp_type == h[0] && p->icmp_code == h[1] &&
		       p->sport == 0 && p->dport == 0 && p->tcp_flags == 0;
	return p->l4 == PACKET_L4_PORTS && p->sport == transport_be16(h) &&
	       p->dport == transport_be16(h + 2) &&
	       p->tcp_flags == (t.protocol == PROTOCOL_TCP ? h[13] : 0) && p->icmp_type == 0 &&
	       p->icmp_code == 0;
}

#endif
