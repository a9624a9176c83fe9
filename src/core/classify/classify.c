/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiled classifier: how it is read. build.c makes it.
 *
 * A rule looks at three things: one prefix, one protocol, and one range of ports or of ICMP types.
 * Two facts make that easier than the general problem of packet classification.
 *
 * First, protocol and L4 are one number, the key: protocol << 17 | L4, where L4 is the destination
 * port, or ICMP type << 8 | code, or 65536 for a packet that shows no transport header (a later
 * fragment, or a protocol without ports). On the line of keys every rule is one interval: a TCP
 * rule over some ports is those ports; over all ports it is TCP's whole part of the line, 65536
 * too; an ICMP type with any code is 256 keys in a row; "all" is the whole line.
 *
 * Second, prefixes nest or are disjoint. So the rules that look at an address are those of the
 * prefixes on the way up from its longest match, and the longest match is found by one search among
 * the at most 2P + 1 intervals that P prefixes cut the address space into.
 *
 * Hence two steps: from the address to an interval, and from the key to a winner in the interval's
 * table. A table is the line of keys cut into segments, each with the first rule that covers it.
 *
 *	10.0.0.0/8:   rule 1 allow tcp 443, rule 3 deny all     key:  0      TCP 443   444      end
 *	                                                              |  3   |    1    |   3    |
 *	10.1.0.0/16:  rule 2 deny tcp 400-500                   own:  | none | 2: 400-500 | none |
 *	                                                        with those above:
 *	                                                              | 3 | 2 | 1 | 2 | 3 |
 *
 * A table would be complete with the rules of all the prefixes above merged in, but one large table
 * merged into many small ones is how classifiers explode. So the table above is merged in only
 * while the outcome has at most 4 segments for each of the prefix's own, and a few more; else the
 * table keeps a link to the one above, and the lowest rule reachable there (`floor`). The first
 * match wins: the smallest index among the tables on the way up. So the walk ends as soon as the
 * winner in hand lies before the floor. A rule behind a prefix above that is covered by earlier
 * rules on the whole line can never win, and is left out; a table of one segment is no table but a
 * winner in the map.
 *
 * Addresses are found by an index on their top bits and a branch-free binary search of what is
 * left. IPv6 is searched by its high 64 bits; the low ones only matter where a prefix is longer
 * than /64, and then the high half's interval names a map of its own for the low half.
 *
 * Bounds, for P distinct prefixes: at most 2P + 1 intervals of 8 bytes, for IPv6 5P + 1 of 16; an
 * index of 4 bytes a slot with at most two slots an interval, 256 to 65,536 of them (more would
 * leave less of the rest in the processor's cache). There is at most one table a prefix, of at most
 * 16 segments of 6 bytes for each rule with that prefix, and all tables share 2^18 segments more.
 * So 100,000 prefixes with a rule each take at most 15 MB, for IPv6 21 MB; many rules over many
 * nested sets may take more, until the byte bound ends the build.
 */
#include "core/classify/table.h"

#include <stdlib.h>

/* 65536, unless the packet shows what the key's protocol is asked for. */
static uint32_t key_of(const struct packet *packet)
{
	uint32_t l4 = KEY_NO_TRANSPORT;

	if (packet->l4 == PACKET_L4_PORTS)
		l4 = packet->dport;
	else if (packet->l4 == PACKET_L4_ICMP)
		l4 = (uint32_t)packet->icmp_type << 8 | packet->icmp_code;
	return (uint32_t)packet->protocol << KEY_SHIFT | l4;
}

static uint16_t table_search(const struct table *table, uint32_t key)
{
	const uint32_t *first = table->starts - 1; /* where segment 0's start would be */
	uint32_t at = 0;

	for (uint32_t n = table->count; n > 1;) {
		uint32_t half = n / 2;

		at = first[at + half] <= key ? at + half : at;
		n -= half;
	}
	return table_winners(table)[at];
}

static const struct table *table_at(const struct classify_half *map, uint32_t offset)
{
	return (const struct table *)(map->tables + offset);
}

static uint16_t winner_of(const struct classify_half *map, uint32_t value, uint32_t key)
{
	const struct table *table;
	uint16_t winner, above;

	if (value & VALUE_DIRECT)
		return (uint16_t)value;
	table = table_at(map, value);
	winner = table_search(table, key);
	while (table->link != 0 && table->floor < winner) {
		table = table_at(map, table->link);
		above = table_search(table, key);
		winner = above < winner ? above : winner;
	}
	return winner;
}

static uint32_t find_v4(const struct classify_half *map, const struct addr *a)
{
	uint32_t addr = addr_ipv4(a);
	const uint32_t *slot = map->index + (addr >> map->shift);
	const struct interval4 *first = map->v4 + slot[0];
	uint32_t at = 0;

	for (uint32_t n = slot[1] - slot[0] + 1; n > 1;) {
		uint32_t half = n / 2;

		at = first[at + half].start <= addr ? at + half : at;
		n -= half;
	}
	return first[at].value;
}

static const struct interval6 *search_v6(const struct interval6 *first, uint32_t n,
					 uint64_t half_addr)
{
	uint32_t at = 0;

	while (n > 1) {
		uint32_t half = n / 2;

		at = first[at + half].start <= half_addr ? at + half : at;
		n -= half;
	}
	return first + at;
}

static uint32_t find_v6(const struct classify_half *map, const struct addr *a)
{
	uint64_t slot = a->hi < map->base ? 0 : (a->hi - map->base) >> map->shift;
	const struct interval6 *found;
	const uint32_t *index;

	slot = slot > map->last_slot ? map->last_slot : slot;
	index = map->index + slot;
	found = search_v6(map->high + index[0], index[1] - index[0] + 1, a->hi);
	if (found->value & VALUE_LOW)
		found = search_v6(map->low + (found->value & VALUE_MASK), found->low_count, a->lo);
	return found->value;
}

const struct rule *classify_lookup(const struct classify *classify, const struct packet *packet)
{
	const struct addr *remote = classify->direction == INBOUND ? &packet->src : &packet->dst;
	uint32_t key = key_of(packet);
	uint16_t winner;

	if (remote->family == FAMILY_IPV4)
		winner = winner_of(&classify->v4, find_v4(&classify->v4, remote), key);
	else
		winner = winner_of(&classify->v6, find_v6(&classify->v6, remote), key);
	return winner == CLASSIFY_NONE ? NULL : &classify->rules[winner];
}

void classify_free(struct classify *classify)
{
	if (!classify)
		return;
	free(classify->v4.block);
	free(classify->v6.block);
	free(classify);
}

size_t classify_bytes(const struct classify *classify)
{
	return sizeof(*classify) + classify->v4.bytes + classify->v6.bytes;
}

static void half_stats(const struct classify_half *map, struct classify_stats *out)
{
	out->intervals += map->intervals + map->low_intervals;
	for (uint32_t at = 1; at < map->table_words;) {
		const struct table *table = table_at(map, at);
		size_t depth = 0;

		at += (uint32_t)table_words(table->count);
		out->tables++;
		out->segments += table->count;
		out->linked += table->link != 0;
		for (; table->link != 0; table = table_at(map, table->link))
			depth++;
		out->depth = depth > out->depth ? depth : out->depth;
	}
}

void classify_stats(const struct classify *classify, struct classify_stats *out)
{
	*out = (struct classify_stats){0};
	half_stats(&classify->v4, out);
	half_stats(&classify->v6, out);
}

static void mark(bool *may_win, uint16_t winner)
{
	if (winner != CLASSIFY_NONE)
		may_win[winner] = true;
}

static void mark_value(bool *may_win, uint32_t value)
{
	if (value & VALUE_DIRECT)
		mark(may_win, (uint16_t)value);
}

/* Every table is there because some address leads to it: all segments of all tables count. */
static bool half_winners(const struct classify_half *map, bool *may_win)
{
	bool exact = true;

	for (uint32_t i = 0; map->v4 && i < map->intervals; i++)
		mark_value(may_win, map->v4[i].value);
	for (uint32_t i = 0; map->high && i < map->intervals; i++)
		mark_value(may_win, map->high[i].value);
	for (uint32_t i = 0; i < map->low_intervals; i++)
		mark_value(may_win, map->low[i].value);
	for (uint32_t at = 1; at < map->table_words;) {
		const struct table *table = table_at(map, at);

		for (uint32_t i = 0; i < table->count; i++)
			mark(may_win, table_winners(table)[i]);
		exact = exact && table->link == 0;
		at += (uint32_t)table_words(table->count);
	}
	return exact;
}

bool classify_winners(const struct classify *classify, bool *may_win)
{
	bool v4, v6;

	for (size_t i = 0; i < classify->rule_count; i++)
		may_win[i] = false;
	v4 = half_winners(&classify->v4, may_win);
	v6 = half_winners(&classify->v6, may_win);
	return v4 && v6;
}
