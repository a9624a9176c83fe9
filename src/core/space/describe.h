/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_SPACE_DESCRIBE_H
#define NACLD_CORE_SPACE_DESCRIBE_H

#include "core/space/space.h"

/*
 * A set of packets in the terms of rules: one prefix, and one range of keys that a rule could name
 * (whole protocols, ports of one protocol, types and codes, packets without transport header).
 */
struct space_term {
	struct prefix prefix;
	uint32_t first; /* key */
	uint32_t last;
};

struct space_terms {
	struct space_term *at;
	size_t count;
	size_t more; /* how many were left out */
};

/*
 * Few terms whose union is exactly the set: each is as wide as it can be, terms may overlap, and
 * none lies within another. At most `max` are kept, the rest is counted. 0 or -ENOMEM (*out is then
 * empty). O(lines * spans + terms^2) for sets of up to 65,536 pairs of a distinct line and a
 * distinct span; larger ones are cut into disjoint terms, in O(terms).
 */
int space_describe(const struct space *set, size_t max, struct space_terms *out);

void space_terms_fini(struct space_terms *terms);

/*
 * "tcp 1024-65535 from 10.0.0.0/8", "icmp type 3 code 4 to 0.0.0.0/0", "all from ::/0", "tcp
 * fragments from ...", "protocols 7-255 from ...". Returns buf.
 */
#define SPACE_TERM_STRLEN 128
const char *space_term_print(const struct space_term *term, enum direction direction,
			     char buf[static SPACE_TERM_STRLEN]);

/* The keys alone: "tcp 1024-65535". Returns buf. */
const char *space_keys_print(uint32_t first, uint32_t last, char buf[static SPACE_TERM_STRLEN]);

/*
 * Cuts a range of keys where rules would: calls `piece` for each part, in order, until it returns
 * false. Whole protocols side by side stay together.
 */
typedef bool (*space_piece)(void *context, uint32_t first, uint32_t last);
bool space_pieces(uint32_t first, uint32_t last, space_piece piece, void *context);

/* Cuts an address range into the fewest prefixes, in order, until `each` returns false. */
typedef bool (*space_prefix)(void *context, const struct prefix *prefix);
bool space_prefixes(struct addr first, struct addr last, space_prefix each, void *context);

#endif
