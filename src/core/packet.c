/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the bytes of one packet to what the rules look at, or to the reason why not.
 *
 * The parsing contract. Every header is read through a cursor that knows two ends: `len`, where the
 * packet itself ends by its own IP header, and `copied`, where our copy of it ends. A function that
 * wants n bytes asks need(n) first, and learns in this order: the packet ends sooner (its reason,
 * for the packet is broken) or only the copy does (beyond-copy, for we will not guess). `pos`
 * passes neither end, and only bytes that need() granted are read.
 *
 * Four length checks, in this order, for either family: the packet holds the fixed IP header
 * (too-short), the header's own length is possible (bad-header-length), it fits in the length of
 * the whole (bad-total-length), and the whole was there (truncated). What lies beyond the whole,
 * such as Ethernet padding, is not part of the packet.
 *
 * The kernel builds packets above 65,535 bytes out of many segments, and then states the length as
 * 0 in the IP header, and in that of UDP: there, and only there, the kernel's own length is taken.
 * RFC 791, 8200 (extension headers), 4302 (AH), 9293 (TCP), 768, 792, 4443, 2675, 6946, 3128.
 */
#include "core/packet.h"

#include <string.h>

#define IP_MAX_LEN        65535
#define IPV4_HEADER_LEN   20
#define IPV6_HEADER_LEN   40
#define TCP_HEADER_LEN    20
#define UDP_HEADER_LEN    8
#define ICMP_HEADER_LEN   8
#define ICMPV6_HEADER_LEN 4
#define FRAGMENT_LEN      8 /* the IPv6 fragment header; also the unit of the offset */

enum next_header {
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTH = 51,
	NEXT_DESTINATION = 60,
};

enum part {
	PART_WHOLE,
	PART_FIRST, /* the first fragment of several: must hold all headers */
	PART_LATER, /* holds no transport header */
};

struct cursor {
	const uint8_t *data;
	size_t copied;
	size_t len;
	size_t pos;
	enum part part;
};

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static size_t remaining(const struct cursor *c)
{
	return c->len - c->pos;
}

/* Are the next `count` bytes in the packet, and in our copy of it? */
static enum packet_reason need(const struct cursor *c, size_t count, enum packet_reason otherwise)
{
	if (remaining(c) < count)
		return c->part == PART_FIRST ? PACKET_SHORT_FIRST_FRAGMENT : otherwise;
	return c->copied - c->pos < count ? PACKET_BEYOND_COPY : PACKET_OK;
}

/*
 *  |          Source Port          |        Destination Port       |
 *  |                        Sequence Number                        |
 *  |                     Acknowledgment Number                     |
 *  | Offset| Rsrvd |C E U A P R S F|            Window             |
 *  |           Checksum            |         Urgent Pointer        |
 */
static enum packet_reason parse_tcp(struct cursor *c, struct packet *out)
{
	const uint8_t *p = c->data + c->pos;
	enum packet_reason reason = need(c, TCP_HEADER_LEN, PACKET_TCP_TRUNCATED);
	size_t header_len;

	if (reason != PACKET_OK)
		return reason;
	header_len = (size_t)(p[12] >> 4) * 4;
	if (header_len < TCP_HEADER_LEN)
		return PACKET_TCP_BAD_OFFSET;
	/* No option is read, so it is all the same whether they were copied. */
	if (header_len > remaining(c))
		return c->part == PART_FIRST ? PACKET_SHORT_FIRST_FRAGMENT : PACKET_TCP_BAD_OFFSET;
	out->sport = be16(p);
	out->dport = be16(p + 2);
	out->tcp_flags = p[13];
	out->l4 = PACKET_L4_PORTS;
	return PACKET_OK;
}

/*
 * A datagram's length is that of the whole, which the first of its fragments cannot hold. A train
 * of segments that the kernel has yet to cut (UDP_SEGMENT), or has put together (GRO), states the
 * length of the train, as one datagram would.
 *
 *  |          Source Port          |        Destination Port       |
 *  |            Length             |           Checksum            |
 */
static enum packet_reason parse_udp(struct cursor *c, struct packet *out)
{
	const uint8_t *p = c->data + c->pos;
	enum packet_reason reason = need(c, UDP_HEADER_LEN, PACKET_UDP_TRUNCATED);
	size_t len;

	if (reason != PACKET_OK)
		return reason;
	len = be16(p + 4);
	if (len == 0 && remaining(c) > IP_MAX_LEN)
		len = remaining(c);
	if (len < UDP_HEADER_LEN || (len > remaining(c) && c->part == PART_WHOLE))
		return PACKET_UDP_BAD_LEN;
	out->sport = be16(p);
	out->dport = be16(p + 2);
	out->l4 = PACKET_L4_PORTS;
	return PACKET_OK;
}

/*
 *  |     Type      |     Code      |           Checksum            |
 *  |       depends on the type; ICMPv6 counts it to the body       |
 */
static enum packet_reason parse_icmp(struct cursor *c, size_t header_len, struct packet *out)
{
	const uint8_t *p = c->data + c->pos;
	enum packet_reason reason = need(c, header_len, PACKET_ICMP_TRUNCATED);

	if (reason != PACKET_OK)
		return reason;
	out->icmp_type = p[0];
	out->icmp_code = p[1];
	out->l4 = PACKET_L4_ICMP;
	return PACKET_OK;
}

/* Anything that is not named here is its protocol number, and nothing more. */
static enum packet_reason parse_transport(struct cursor *c, struct packet *out)
{
	if (c->part == PART_LATER)
		return PACKET_OK;
	switch (out->protocol) {
	case PROTOCOL_TCP:
		return parse_tcp(c, out);
	case PROTOCOL_UDP:
		return parse_udp(c, out);
	case PROTOCOL_ICMP:
		if (out->src.family == FAMILY_IPV4)
			return parse_icmp(c, ICMP_HEADER_LEN, out);
		break;
	case PROTOCOL_ICMPV6:
		if (out->src.family == FAMILY_IPV6)
			return parse_icmp(c, ICMPV6_HEADER_LEN, out);
		break;
	}
	return PACKET_OK;
}

/*
 * Takes note of a fragment whose data begins at the cursor.
 *
 * @whole_len  what the reassembled packet's length field counts besides the data
 * @offset     of the data, in bytes
 *
 * An empty fragment, and one that would make the whole longer than its length field can say, are
 * refused as the kernel's own reassembly refuses them. TCP at offset 8 would lay new flags over
 * those of the first fragment (RFC 3128).
 */
static enum packet_reason note_fragment(struct cursor *c, size_t whole_len, size_t offset,
					bool more, struct packet *out)
{
	size_t data_len = remaining(c);

	if (data_len == 0 || (more && data_len % FRAGMENT_LEN != 0) ||
	    whole_len + offset + data_len > IP_MAX_LEN ||
	    (offset == FRAGMENT_LEN && out->protocol == PROTOCOL_TCP))
		return PACKET_BAD_FRAGMENT;
	c->part = offset == 0 ? PART_FIRST : PART_LATER;
	out->fragment = 1;
	return PACKET_OK;
}

/* The three length checks behind too-short; narrows the cursor to the packet. */
static enum packet_reason check_ipv4_len(struct cursor *c, size_t header_len)
{
	size_t total_len = be16(c->data + 2), wire_len = c->len;

	if (total_len == 0 && wire_len > IP_MAX_LEN)
		total_len = wire_len;
	if (header_len < IPV4_HEADER_LEN)
		return PACKET_BAD_HEADER_LEN;
	if (total_len < header_len)
		return PACKET_BAD_TOTAL_LEN;
	if (total_len > wire_len)
		return PACKET_TRUNCATED;
	c->len = total_len;
	return need(c, header_len, PACKET_BAD_TOTAL_LEN);
}

/*
 *  |Version|  IHL  |Type of Service|          Total Length         |
 *  |         Identification        |0 D M|     Fragment Offset     |
 *  |  Time to Live |    Protocol   |         Header Checksum       |
 *  |                         Source Address                        |
 *  |                      Destination Address                      |
 *  |                            Options                            |
 */
static enum packet_reason parse_ipv4(struct cursor *c, struct packet *out)
{
	const uint8_t *p = c->data;
	enum packet_reason reason = need(c, IPV4_HEADER_LEN, PACKET_TOO_SHORT);
	size_t header_len;
	uint16_t fragment;

	if (reason != PACKET_OK)
		return reason;
	if (p[0] >> 4 != FAMILY_IPV4)
		return PACKET_BAD_VERSION;
	out->hop_limit = p[8];
	out->protocol = p[9];
	out->src = addr_from_ipv4(be32(p + 12));
	out->dst = addr_from_ipv4(be32(p + 16));

	header_len = (size_t)(p[0] & 0xf) * 4;
	reason = check_ipv4_len(c, header_len);
	if (reason != PACKET_OK)
		return reason;
	out->len = (uint32_t)c->len;
	c->pos = header_len;

	fragment = be16(p + 6) & 0x3fff;
	if (fragment != 0)
		reason = note_fragment(c, header_len, (size_t)(fragment & 0x1fff) * FRAGMENT_LEN,
				       fragment & 0x2000, out);
	return reason == PACKET_OK ? parse_transport(c, out) : reason;
}

/*
 * With offset 0 and no more to come it is an atomic fragment: a whole packet (RFC 6946).
 *
 *  |  Next Header  |    Reserved   |     Fragment Offset     |0 0|M|
 *  |                         Identification                        |
 */
static enum packet_reason parse_fragment_header(struct cursor *c, struct packet *out)
{
	const uint8_t *p = c->data + c->pos;
	size_t unfragmentable = c->pos - IPV6_HEADER_LEN, offset;
	enum packet_reason reason = need(c, FRAGMENT_LEN, PACKET_BAD_EXTENSION);

	if (reason != PACKET_OK)
		return reason;
	out->protocol = p[0];
	offset = be16(p + 2) & 0xfff8;
	c->pos += FRAGMENT_LEN;
	if (offset == 0 && !(p[3] & 1))
		return PACKET_OK;
	return note_fragment(c, unfragmentable, offset, p[3] & 1, out);
}

/*
 * Hop-by-hop, routing and destination options count their length in units of 8 beyond the first 8,
 * AH in units of 4 beyond the first 8.
 *
 *  |  Next Header  |    Length     |                               |
 */
static enum packet_reason skip_extension(struct cursor *c, struct packet *out)
{
	const uint8_t *p = c->data + c->pos;
	enum packet_reason reason = need(c, 8, PACKET_BAD_EXTENSION);
	size_t len;

	if (reason != PACKET_OK)
		return reason;
	len = out->protocol == NEXT_AUTH ? ((size_t)p[1] + 2) * 4 : ((size_t)p[1] + 1) * 8;
	reason = need(c, len, PACKET_BAD_EXTENSION);
	if (reason != PACKET_OK)
		return reason;
	out->protocol = p[0];
	c->pos += len;
	return PACKET_OK;
}

static bool is_extension(uint8_t next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
	       next == NEXT_AUTH || next == NEXT_DESTINATION;
}

/*
 * Walks to the transport header. out->protocol is the header at the cursor. ESP and "no next
 * header" end the chain as any other protocol does; mobility, HIP and shim6 contain nothing further
 * and are protocols too. Behind the header of a later fragment there is only data: where it names
 * an extension header, the transport protocol is further on in that chain, which the first fragment
 * holds. No rule may be evaluated for an unknown protocol.
 */
static enum packet_reason walk_extensions(struct cursor *c, struct packet *out)
{
	bool fragment_seen = false;

	for (unsigned int n = 0; is_extension(out->protocol) && c->part != PART_LATER; n++) {
		enum packet_reason reason;
		bool fragment = out->protocol == NEXT_FRAGMENT;

		if (n == PACKET_MAX_EXTENSIONS)
			return PACKET_TOO_MANY_EXTENSIONS;
		if ((out->protocol == NEXT_HOP_BY_HOP && n > 0) || (fragment && fragment_seen))
			return PACKET_BAD_EXTENSION;
		fragment_seen |= fragment;
		reason = fragment ? parse_fragment_header(c, out) : skip_extension(c, out);
		if (reason != PACKET_OK)
			return reason;
	}
	return is_extension(out->protocol) ? PACKET_UNKNOWN_TRANSPORT : PACKET_OK;
}

/*
 * Payload length 0 means one of three things. Above 65,535 bytes the kernel built it (with a jumbo
 * option in a hop-by-hop header, or without any). Below, a hop-by-hop header announces a jumbogram,
 * which cannot be that small (RFC 2675), and which a receiver would read to the end of the frame:
 * not ours to guess. Without one the payload is really empty.
 *
 *  |Version| Traffic Class |               Flow Label              |
 *  |         Payload Length        |  Next Header  |   Hop Limit   |
 *  |                    Source Address, 16 bytes                   |
 *  |                 Destination Address, 16 bytes                 |
 */
static enum packet_reason parse_ipv6(struct cursor *c, struct packet *out)
{
	const uint8_t *p = c->data;
	enum packet_reason reason = need(c, IPV6_HEADER_LEN, PACKET_TOO_SHORT);
	size_t payload_len, wire_len = c->len;

	if (reason != PACKET_OK)
		return reason;
	if (p[0] >> 4 != FAMILY_IPV6)
		return PACKET_BAD_VERSION;
	out->protocol = p[6];
	out->hop_limit = p[7];
	out->src = addr_from_ipv6(p + 8);
	out->dst = addr_from_ipv6(p + 24);

	payload_len = be16(p + 4);
	if (payload_len == 0 && wire_len - IPV6_HEADER_LEN > IP_MAX_LEN)
		payload_len = wire_len - IPV6_HEADER_LEN;
	if (payload_len == 0 && out->protocol == NEXT_HOP_BY_HOP)
		return PACKET_JUMBOGRAM;
	if (payload_len > wire_len - IPV6_HEADER_LEN)
		return PACKET_TRUNCATED;
	c->len = IPV6_HEADER_LEN + payload_len;
	out->len = (uint32_t)c->len;
	c->pos = IPV6_HEADER_LEN;

	reason = walk_extensions(c, out);
	return reason == PACKET_OK ? parse_transport(c, out) : reason;
}

enum packet_reason packet_parse(enum family family, const uint8_t *data, size_t copy_len,
				size_t wire_len, struct packet *out)
{
	struct cursor c = {.data = data, .copied = copy_len, .len = wire_len};
	enum packet_reason reason;

	memset(out, 0, sizeof(*out));
	reason = family == FAMILY_IPV4 ? parse_ipv4(&c, out) : parse_ipv6(&c, out);
	/* In the middle of a chain it names an extension header, not a transport protocol. */
	if (reason != PACKET_OK && out->src.family == FAMILY_IPV6 && is_extension(out->protocol))
		out->protocol = 0;
	return reason;
}

const char *packet_reason_name(enum packet_reason reason)
{
	static const char *const names[PACKET_REASONS] = {
		[PACKET_OK] = "ok",
		[PACKET_TOO_SHORT] = "too-short",
		[PACKET_BAD_VERSION] = "bad-version",
		[PACKET_BAD_HEADER_LEN] = "bad-header-length",
		[PACKET_BAD_TOTAL_LEN] = "bad-total-length",
		[PACKET_TRUNCATED] = "truncated",
		[PACKET_BEYOND_COPY] = "beyond-copy",
		[PACKET_BAD_EXTENSION] = "bad-extension",
		[PACKET_TOO_MANY_EXTENSIONS] = "too-many-extensions",
		[PACKET_JUMBOGRAM] = "jumbogram",
		[PACKET_BAD_FRAGMENT] = "bad-fragment",
		[PACKET_SHORT_FIRST_FRAGMENT] = "short-first-fragment",
		[PACKET_UNKNOWN_TRANSPORT] = "unknown-transport",
		[PACKET_TCP_TRUNCATED] = "tcp-truncated",
		[PACKET_TCP_BAD_OFFSET] = "tcp-bad-offset",
		[PACKET_UDP_TRUNCATED] = "udp-truncated",
		[PACKET_UDP_BAD_LEN] = "udp-bad-length",
		[PACKET_ICMP_TRUNCATED] = "icmp-truncated",
	};

	return names[reason];
}
