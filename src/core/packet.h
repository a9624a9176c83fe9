/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_PACKET_H
#define NACLD_CORE_PACKET_H

#include "core/addr.h"

/* IANA protocol numbers that nacld treats by name. */
enum protocol {
	PROTOCOL_ALL = -1,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ICMPV6 = 58,
};

/*
 * Why a packet is dropped before any rule is evaluated. PACKET_OK is not a reason.
 * The names (packet_reason_name) are part of the interface: counters, logs and tests use them.
 */
enum packet_reason {
	PACKET_OK,
	PACKET_TOO_SHORT,      /* the packet ends inside the IP header */
	PACKET_BAD_VERSION,    /* the version nibble is not the family the kernel named */
	PACKET_BAD_HEADER_LEN, /* IPv4 header length below 20 */
	PACKET_BAD_TOTAL_LEN,  /* IPv4 total length below the header length */
	PACKET_TRUNCATED,      /* IP says more bytes than the kernel had */
	PACKET_BEYOND_COPY,    /* its headers end beyond the bytes copied: not guessed at */
	PACKET_BAD_EXTENSION,  /* IPv6: hop-by-hop out of place, fragment twice, or one overruns */
	PACKET_TOO_MANY_EXTENSIONS, /* IPv6: more than PACKET_MAX_EXTENSIONS */
	PACKET_JUMBOGRAM,    /* IPv6: payload length 0, hop-by-hop, below 65,536 bytes (RFC 2675) */
	PACKET_BAD_FRAGMENT, /* empty, over 65,535, or not in eights with more to come; RFC 3128 */
	PACKET_SHORT_FIRST_FRAGMENT, /* a first fragment that cannot hold its transport header */
	PACKET_UNKNOWN_TRANSPORT,    /* IPv6: only the first fragment says which transport it is */
	PACKET_TCP_TRUNCATED,        /* fewer than 20 bytes of TCP */
	PACKET_TCP_BAD_OFFSET,       /* data offset below 5, or beyond the packet */
	PACKET_UDP_TRUNCATED,        /* fewer than 8 bytes of UDP */
	PACKET_UDP_BAD_LEN, /* UDP length below 8 (0 is right above 65,535), or beyond the packet */
	PACKET_ICMP_TRUNCATED, /* fewer than 8 bytes of ICMP (4 for ICMPv6) */
	PACKET_REASONS         /* how many */
};

#define PACKET_MAX_EXTENSIONS 16

/* What the transport header gives a rule to look at. */
enum packet_l4 {
	PACKET_L4_NONE,  /* another protocol, or a later fragment: no ports, no type */
	PACKET_L4_PORTS, /* TCP or UDP: sport, dport */
	PACKET_L4_ICMP,  /* ICMP over IPv4 or ICMPv6 over IPv6: icmp_type, icmp_code */
};

/* One packet as the rules see it. Plain values in host order; points at nothing. */
struct packet {
	struct addr src;
	struct addr dst;
	uint32_t len;      /* bytes from the network header on, as IP states them */
	uint8_t protocol;  /* transport protocol: the last next header of the IPv6 chain */
	uint8_t l4;        /* enum packet_l4 */
	uint8_t fragment;  /* 1: part of a larger packet (an IPv6 atomic fragment is not) */
	uint8_t hop_limit; /* or TTL */
	uint16_t sport;
	uint16_t dport;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t tcp_flags; /* RFC 9293 control bits, 0 unless TCP */
};

/* Ends and ports swapped; all else stays as it is. */
static inline struct packet packet_turned(const struct packet *packet)
{
	struct packet turned = *packet;

	turned.src = packet->dst;
	turned.dst = packet->src;
	turned.sport = packet->dport;
	turned.dport = packet->sport;
	return turned;
}

/*
 * Parses one packet from the network header on.
 *
 * @family    what the kernel says it is (FAMILY_IPV4 or FAMILY_IPV6); the nibble must agree
 * @data      the bytes copied to us; never read beyond copy_len
 * @copy_len  how many of them there are
 * @wire_len  how long the packet was before the copy was cut (>= copy_len)
 *
 * Returns PACKET_OK and fills *out, or a reason and leaves *out unspecified but for what the header
 * already gave (src, dst and protocol are zero or true, so that a log line may show them).
 * Pure; O(extension headers), bounded by PACKET_MAX_EXTENSIONS.
 * RFC 791, 8200, 9293, 768, 792, 4443, 4302, 2675, 6946, 8021.
 */
enum packet_reason packet_parse(enum family family, const uint8_t *data, size_t copy_len,
				size_t wire_len, struct packet *out);

/* "too-short" and so on; "ok" for PACKET_OK. */
const char *packet_reason_name(enum packet_reason reason);

#endif
