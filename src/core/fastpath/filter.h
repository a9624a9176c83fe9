/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_FASTPATH_FILTER_H
#define NACLD_CORE_FASTPATH_FILTER_H

/*
 * The accept filter: is this packet certainly allowed?
 *
 * A yes means that packet_parse takes the packet, that policy_eval asks the lists about it at that
 * hook and that all of them allow it, by the rules whose counters were counted. Anything else is a
 * no, and then the daemon sees the packet: what is denied, malformed, a fragment, exempt or of
 * unusual build, and whatever the tables do not know. So a no costs time, a wrong yes would be a
 * hole.
 *
 * One source for two readers: the kernel's BPF (steer/fastpath/accept.bpf.c) and tests in plain C,
 * which compare it with policy_eval. Whoever includes this defines `struct fastpath_packet_source`
 * and the functions named below first. The kernel's verifier follows every path, so all is inlined
 * and every loop is bounded; the form of the loops decides whether it is accepted at all, and a
 * test reads how many instructions it verified.
 */
#include "core/fastpath/format.h"
#include "core/hook.h"

#define FASTPATH_INLINE __attribute__((always_inline)) static inline

enum fastpath_protocol {
	FASTPATH_HOP_BY_HOP = 0,
	FASTPATH_ICMP = 1,
	FASTPATH_TCP = 6,
	FASTPATH_UDP = 17,
	FASTPATH_ROUTING = 43,
	FASTPATH_FRAGMENT = 44,
	FASTPATH_AUTH = 51,
	FASTPATH_ICMPV6 = 58,
	FASTPATH_DESTINATION = 60,
};

/*
 * Keeps what is done on the two sides of a comparison from being made into several comparisons of
 * the same: the verifier would then hold to the numbers compared, and follow each of them.
 */
#define FASTPATH_ONE_BRANCH(number) __asm__ volatile("" : "+r"(number))

#define FASTPATH_NO_TRANSPORT (UINT32_C(1) << 16)
#define FASTPATH_EXTENSIONS   2 /* headers followed; a packet with more is the daemon's */

struct fastpath_packet_source;

/* From the includer. Copies bytes from the network header on; false where there are fewer. */
FASTPATH_INLINE int fastpath_bytes(struct fastpath_packet_source *from, uint32_t offset, void *to,
				   uint32_t len);
/* One word of the map; NULL beyond its end. */
FASTPATH_INLINE const uint64_t *fastpath_word(struct fastpath_packet_source *from, uint64_t at);
/* A counter of the stripe that counts here; NULL beyond the end of the map. */
FASTPATH_INLINE struct fastpath_counter *fastpath_counter_at(struct fastpath_packet_source *from,
							     uint64_t generation, uint64_t number);

/* What the lists look at. An IPv4 address is the top half of `hi`. */
struct fastpath_packet {
	uint64_t src_hi;
	uint64_t src_lo;
	uint64_t dst_hi;
	uint64_t dst_lo;
	uint32_t key;
};

FASTPATH_INLINE uint32_t fastpath_be32(uint32_t network)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(network) : network;
}

FASTPATH_INLINE uint64_t fastpath_be64(uint32_t first, uint32_t second)
{
	return (uint64_t)fastpath_be32(first) << 32 | fastpath_be32(second);
}

/* The ports of DHCP, of either family: whether such a packet is exempt depends on more. */
FASTPATH_INLINE int fastpath_is_dhcp(uint32_t port)
{
	return port == 67 || port == 68 || port == 546 || port == 547;
}

/*
 * The key of a whole packet's transport header, or 0 for "the daemon's".
 *
 * @t        the header's first 16 bytes as they are on the wire, as far as there are so many
 * @len      what the packet has from there on
 * @minimum  what ICMP of this family needs; `icmp` is its protocol number
 */
FASTPATH_INLINE uint32_t fastpath_transport(uint32_t protocol, const uint32_t *t, uint32_t len,
					    uint32_t icmp, uint32_t minimum)
{
	uint32_t first = fastpath_be32(t[0]), l4 = FASTPATH_NO_TRANSPORT;

	if (protocol == FASTPATH_TCP) {
		uint32_t header_len = fastpath_be32(t[3]) >> 28 << 2;

		if (len < 20 || header_len < 20 || header_len > len)
			return 0;
		l4 = first & 0xffff;
	} else if (protocol == FASTPATH_UDP) {
		uint32_t udp_len = fastpath_be32(t[1]) >> 16;

		if (len < 8 || udp_len < 8 || udp_len > len || fastpath_is_dhcp(first & 0xffff))
			return 0;
		l4 = first & 0xffff;
	} else if (protocol == icmp) {
		uint32_t type = first >> 24;

		if (len < minimum || (icmp == FASTPATH_ICMPV6 && type >= 133 && type <= 136))
			return 0;
		l4 = first >> 16;
	}
	return protocol << 17 | l4;
}

/* No options, no fragment, and as long as the kernel says. */
FASTPATH_INLINE int fastpath_parse_ipv4(struct fastpath_packet_source *from, uint32_t len,
					struct fastpath_packet *out)
{
	uint32_t h[10] = {0}, first, protocol;

	if (len >= 40) {
		if (!fastpath_bytes(from, 0, h, 40))
			return 0;
	} else if (len < 28 || !fastpath_bytes(from, 0, h, 28)) {
		return 0;
	}
	first = fastpath_be32(h[0]);
	if (first >> 24 != 0x45 || (first & 0xffff) != len || (fastpath_be32(h[1]) & 0x3fff) != 0)
		return 0;
	out->src_hi = fastpath_be64(h[3], 0);
	out->dst_hi = fastpath_be64(h[4], 0);
	out->src_lo = out->dst_lo = 0;
	protocol = fastpath_be32(h[2]) >> 16 & 0xff;
	out->key = fastpath_transport(protocol, h + 5, len - 20, FASTPATH_ICMP, 8);
	return out->key != 0 && out->src_hi >> 56 != 127;
}

FASTPATH_INLINE int fastpath_is_extension(uint32_t next)
{
	return next == FASTPATH_HOP_BY_HOP || next == FASTPATH_ROUTING ||
	       next == FASTPATH_FRAGMENT || next == FASTPATH_AUTH || next == FASTPATH_DESTINATION;
}

/* Passes hop-by-hop and destination options; false where more, or others, follow. */
FASTPATH_INLINE int fastpath_skip_extensions(struct fastpath_packet_source *from, uint32_t len,
					     uint32_t *next, uint32_t *at)
{
	for (uint32_t n = 0; n < FASTPATH_EXTENSIONS; n++) {
		uint8_t header[2];

		if (*next != FASTPATH_DESTINATION && (*next != FASTPATH_HOP_BY_HOP || n > 0))
			break;
		if (!fastpath_bytes(from, *at, header, sizeof(header)))
			return 0;
		*next = header[0];
		*at += ((uint32_t)header[1] + 1) * 8;
		if (*at > len)
			return 0;
	}
	return !fastpath_is_extension(*next);
}

/* No jumbogram, and as long as the kernel says. */
FASTPATH_INLINE int fastpath_parse_ipv6(struct fastpath_packet_source *from, uint32_t len,
					struct fastpath_packet *out)
{
	uint32_t h[10] = {0}, t[4] = {0}, next, at = 40, left;

	if (len < 48 || !fastpath_bytes(from, 0, h, 40))
		return 0;
	if (fastpath_be32(h[0]) >> 28 != 6 || fastpath_be32(h[1]) >> 16 != len - 40)
		return 0;
	out->src_hi = fastpath_be64(h[2], h[3]);
	out->src_lo = fastpath_be64(h[4], h[5]);
	out->dst_hi = fastpath_be64(h[6], h[7]);
	out->dst_lo = fastpath_be64(h[8], h[9]);
	next = fastpath_be32(h[1]) >> 8 & 0xff;
	if (!fastpath_skip_extensions(from, len, &next, &at))
		return 0;
	left = len - at;
	if (left >= 16) {
		if (!fastpath_bytes(from, at, t, 16))
			return 0;
	} else if (left < 8 || !fastpath_bytes(from, at, t, 8)) {
		return 0;
	}
	out->key = fastpath_transport(next, t, left, FASTPATH_ICMPV6, 4);
	return out->key != 0 && (out->src_hi != 0 || out->src_lo != 1);
}

/*
 * The last of `count` ascending words that is not above `limit`; its place, or 0 where a word is
 * beyond the map. The first word is never above. *found is the word itself.
 */
FASTPATH_INLINE uint64_t fastpath_search(struct fastpath_packet_source *from, uint64_t first,
					 uint64_t count, uint64_t limit, uint64_t *found)
{
	const uint64_t *word = fastpath_word(from, first);

	if (!word)
		return 0;
	*found = *word;
	for (uint32_t turn = 0; turn < FASTPATH_SEARCH_BITS; turn++) {
		uint64_t half = count >> 1;

		if (half == 0)
			break;
		word = fastpath_word(from, first + half);
		if (!word)
			return 0;
		if (*word > limit) {
			FASTPATH_ONE_BRANCH(count);
			count = half;
			continue;
		}
		FASTPATH_ONE_BRANCH(count);
		*found = *word;
		first += half;
		count -= half;
	}
	return first;
}

FASTPATH_INLINE uint32_t fastpath_find_ipv6(struct fastpath_packet_source *from, uint64_t first,
					    uint64_t count, uint64_t half_addr)
{
	uint64_t start, at = fastpath_search(from, first, count, half_addr, &start);
	const uint64_t *value = at ? fastpath_word(from, at + count) : NULL;

	return value ? (uint32_t)*value : FASTPATH_UNKNOWN;
}

/* The value of an address in the map that word `map` of the header, or of the lists, names. */
FASTPATH_INLINE uint32_t fastpath_find(struct fastpath_packet_source *from, uint64_t root,
				       uint64_t map, int ipv6, uint64_t hi, uint64_t lo)
{
	const uint64_t *named = fastpath_word(from, root + map);
	uint64_t first, count, found;
	uint32_t value;

	if (!named || *named == 0)
		return FASTPATH_UNKNOWN;
	first = root + (*named >> 32);
	count = (uint32_t)*named;
	if (!ipv6)
		return fastpath_search(from, first, count, hi | UINT32_MAX, &found)
			       ? (uint32_t)found
			       : FASTPATH_UNKNOWN;
	value = fastpath_find_ipv6(from, first, count, hi);
	if ((value & FASTPATH_KIND) != FASTPATH_LOW)
		return value;
	first = root + (value & FASTPATH_NUMBER);
	named = fastpath_word(from, first);
	return named ? fastpath_find_ipv6(from, first + 1, *named, lo) : FASTPATH_UNKNOWN;
}

/* The counter of the rule that accepts, or 0. */
FASTPATH_INLINE uint32_t fastpath_ask(struct fastpath_packet_source *from, uint64_t root,
				      uint64_t map, int ipv6, uint64_t hi, uint64_t lo,
				      uint32_t key)
{
	uint32_t value = fastpath_find(from, root, map, ipv6, hi, lo);

	if ((value & FASTPATH_KIND) == FASTPATH_TABLE) {
		uint64_t table = root + (value & FASTPATH_NUMBER), found;
		const uint64_t *count = fastpath_word(from, table);

		if (!count || !fastpath_search(from, table + 1, *count,
					       (uint64_t)key << 32 | UINT32_MAX, &found))
			return 0;
		value = (uint32_t)found;
	}
	return (value & FASTPATH_KIND) == FASTPATH_ACCEPT ? value & FASTPATH_NUMBER : 0;
}

FASTPATH_INLINE int fastpath_count(struct fastpath_packet_source *from, uint64_t generation,
				   uint32_t number, uint32_t bytes, int64_t now_s)
{
	struct fastpath_counter *counter = fastpath_counter_at(from, generation, number);

	if (!counter)
		return 0;
	__sync_fetch_and_add(&counter->packets, 1);
	__sync_fetch_and_add(&counter->bytes, bytes);
	counter->last_hit = now_s;
	return 1;
}

/* The counters of the lists that accept; the second is 0 where one list was asked. */
struct fastpath_hits {
	uint32_t first;
	uint32_t second;
};

/* From one subnet to another both lists must allow; within one, the daemon counts it. */
FASTPATH_INLINE int fastpath_ask_forward(struct fastpath_packet_source *from, uint64_t root,
					 int ipv6, const struct fastpath_packet *p,
					 struct fastpath_hits *hits)
{
	uint64_t subnets = FASTPATH_MAPS + HOOK_FORWARD * 2 + (ipv6 ? 1 : 0);
	const uint64_t *word = fastpath_word(from, root + FASTPATH_SUBNET_LISTS);
	uint32_t out = fastpath_find(from, root, subnets, ipv6, p->src_hi, p->src_lo);
	uint32_t in = fastpath_find(from, root, subnets, ipv6, p->dst_hi, p->dst_lo);
	uint64_t lists;

	if (!word || out == in)
		return 0;
	lists = *word;
	out &= FASTPATH_NUMBER;
	in &= FASTPATH_NUMBER;
	if (out != 0) {
		hits->first = fastpath_ask(from, root, lists + (out - 1) * 2 + 1, ipv6, p->dst_hi,
					   p->dst_lo, p->key);
		if (hits->first == 0)
			return 0;
	}
	if (in != 0) {
		hits->second = fastpath_ask(from, root, lists + (in - 1) * 2, ipv6, p->src_hi,
					    p->src_lo, p->key);
		if (hits->second == 0)
			return 0;
	}
	return 1;
}

FASTPATH_INLINE int fastpath_ask_hook(struct fastpath_packet_source *from, uint64_t root,
				      enum hook hook, int ipv6, const struct fastpath_packet *p,
				      struct fastpath_hits *hits)
{
	int inbound = hook == HOOK_INPUT || hook == HOOK_PREROUTING;

	if (hook == HOOK_FORWARD)
		return fastpath_ask_forward(from, root, ipv6, p, hits);
	hits->first = fastpath_ask(from, root, FASTPATH_MAPS + (uint64_t)hook * 2 + (ipv6 ? 1 : 0),
				   ipv6, inbound ? p->src_hi : p->dst_hi,
				   inbound ? p->src_lo : p->dst_lo, p->key);
	return hits->first != 0;
}

/* Accepts and counts, or does nothing. `control` was read once; now_ns is CLOCK_MONOTONIC's. */
FASTPATH_INLINE int fastpath_accepts(struct fastpath_packet_source *from,
				     const struct fastpath_control *control, uint64_t now_ns,
				     uint32_t len, enum hook hook, int ipv6)
{
	uint64_t root = *(const volatile uint64_t *)&control->root;
	struct fastpath_hits hits = {0, 0};
	struct fastpath_packet packet;
	const uint64_t *generation;

	if (root == 0 || now_ns >= control->deadline_ns)
		return 0;
	if (ipv6 ? !fastpath_parse_ipv6(from, len, &packet)
		 : !fastpath_parse_ipv4(from, len, &packet))
		return 0;
	if (!fastpath_ask_hook(from, root, hook, ipv6, &packet, &hits))
		return 0;
	generation = fastpath_word(from, root + FASTPATH_GENERATION);
	if (!generation)
		return 0;
	if (hits.first && !fastpath_count(from, *generation, hits.first, len, control->now_s))
		return 0;
	if (hits.second && !fastpath_count(from, *generation, hits.second, len, control->now_s))
		return 0;
	if (hits.first && hits.second)
		fastpath_count(from, *generation, FASTPATH_TWICE, len, control->now_s);
	return 1;
}

#endif
