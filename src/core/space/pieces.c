/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of keys and of addresses, cut and told the way rules tell them.
 *
 * A rule names one protocol or all; ports of one protocol; one type, or one type and code; one
 * prefix. A range of keys is cut at these borders, a range of addresses into aligned blocks, the
 * largest first that fits.
 */
#include <stdio.h>
#include <string.h>

#include "core/space/describe.h"

#define L4_MASK ((UINT32_C(1) << KEY_SHIFT) - 1)

typedef unsigned __int128 bits128;

static bool is_typed(uint32_t protocol)
{
	return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

/* Of types and codes: a part of a type, whole types, a part of a type. */
static bool type_pieces(uint32_t first, uint32_t last, space_piece piece, void *context)
{
	while (first <= last) {
		uint32_t end = last;

		if ((first & 255) != 0 || (first | 255) >= last)
			end = (first | 255) < last ? first | 255 : last;
		else if ((last & 255) != 255)
			end = (last | 255) - 256;
		if (!piece(context, first, end))
			return false;
		first = end + 1;
	}
	return true;
}

/* Within one protocol, not all of it. */
static bool protocol_pieces(uint32_t first, uint32_t last, space_piece piece, void *context)
{
	uint32_t base = first & ~L4_MASK, bare = base + KEY_NO_TRANSPORT;

	if (first < bare) {
		uint32_t end = last < bare ? last : bare - 1;
		bool more = is_typed(base >> KEY_SHIFT) ? type_pieces(first, end, piece, context)
							: piece(context, first, end);

		if (!more)
			return false;
	}
	return last < bare || piece(context, bare, base | L4_MASK);
}

bool space_pieces(uint32_t first, uint32_t last, space_piece piece, void *context)
{
	while (first <= last) {
		uint32_t end = first | L4_MASK;
		bool more;

		if ((first & L4_MASK) == 0 && end <= last) {
			end = (last & L4_MASK) == L4_MASK ? last : (last & ~L4_MASK) - 1;
			more = piece(context, first, end);
		} else {
			end = end < last ? end : last;
			more = protocol_pieces(first, end, piece, context);
		}
		if (!more)
			return false;
		first = end + 1;
	}
	return true;
}

static bits128 to_bits(const struct addr *a)
{
	return a->family == FAMILY_IPV4 ? (bits128)addr_ipv4(a) : (bits128)a->hi << 64 | a->lo;
}

static struct prefix to_prefix(uint8_t family, bits128 at, unsigned int size)
{
	struct prefix p = {.len = (uint8_t)(family_bits(family) - size)};

	if (family == FAMILY_IPV4)
		p.addr = addr_from_ipv4((uint32_t)at);
	else
		p.addr = (struct addr){(uint64_t)(at >> 64), (uint64_t)at, FAMILY_IPV6};
	return p;
}

bool space_prefixes(struct addr first, struct addr last, space_prefix each, void *context)
{
	unsigned int width = family_bits(first.family);
	bits128 at = to_bits(&first), end = to_bits(&last);

	for (;;) {
		struct prefix prefix;
		unsigned int size = 0; /* bits the block leaves open */

		while (size < width && (at >> size & 1) == 0 &&
		       (at | (((bits128)1 << size << 1) - 1)) <= end)
			size++;
		prefix = to_prefix(first.family, at, size);
		if (!each(context, &prefix))
			return false;
		if (size == 128 || (at | (((bits128)1 << size) - 1)) == end)
			return true;
		at += (bits128)1 << size;
	}
}

static void print_l4(uint32_t protocol, uint32_t first, uint32_t last, char *buf)
{
	char name[PROTOCOL_STRLEN];

	protocol_print((int)protocol, name);
	if (first >= KEY_NO_TRANSPORT)
		snprintf(buf, SPACE_TERM_STRLEN, "%s fragments", name);
	else if (!is_typed(protocol) && first == last)
		snprintf(buf, SPACE_TERM_STRLEN, "%s %u", name, first);
	else if (!is_typed(protocol))
		snprintf(buf, SPACE_TERM_STRLEN, "%s %u-%u", name, first, last);
	else if (first == last)
		snprintf(buf, SPACE_TERM_STRLEN, "%s type %u code %u", name, first >> 8,
			 first & 255);
	else if ((first & 255) == 0 && (last & 255) == 255 && first >> 8 == last >> 8)
		snprintf(buf, SPACE_TERM_STRLEN, "%s type %u", name, first >> 8);
	else if ((first & 255) == 0 && (last & 255) == 255)
		snprintf(buf, SPACE_TERM_STRLEN, "%s types %u-%u", name, first >> 8, last >> 8);
	else
		snprintf(buf, SPACE_TERM_STRLEN, "%s type %u codes %u-%u", name, first >> 8,
			 first & 255, last & 255);
}

const char *space_keys_print(uint32_t first, uint32_t last, char buf[static SPACE_TERM_STRLEN])
{
	uint32_t p = first >> KEY_SHIFT, q = last >> KEY_SHIFT;
	char name[PROTOCOL_STRLEN];

	if (first == 0 && last == KEY_END - 1)
		snprintf(buf, SPACE_TERM_STRLEN, "all");
	else if ((first & L4_MASK) != 0 || (last & L4_MASK) != L4_MASK)
		print_l4(p, first & L4_MASK, last & L4_MASK, buf);
	else if (p == q)
		snprintf(buf, SPACE_TERM_STRLEN, "%s", protocol_print((int)p, name));
	else
		snprintf(buf, SPACE_TERM_STRLEN, "protocols %u-%u", p, q);
	return buf;
}

const char *space_term_print(const struct space_term *term, enum direction direction,
			     char buf[static SPACE_TERM_STRLEN])
{
	char prefix[PREFIX_STRLEN];
	size_t len;

	space_keys_print(term->first, term->last, buf);
	len = strlen(buf);
	snprintf(buf + len, SPACE_TERM_STRLEN - len, " %s %s", direction == INBOUND ? "from" : "to",
		 prefix_print(&term->prefix, prefix));
	return buf;
}
