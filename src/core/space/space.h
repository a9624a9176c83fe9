/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_SPACE_SPACE_H
#define NACLD_CORE_SPACE_SPACE_H

/*
 * Sets of packets, exact: what a list allows, what two lists have in common, what one lets pass and
 * the other does not. All that a rule can look at is in them: address family, remote address,
 * protocol, destination port or ICMP type and code, and whether the transport header is there. The
 * direction is the caller's: it tells which end is the remote one. space.c explains the form.
 *
 * A map gives each remote address a line (line.h): of 0 and 1, a set of packets; of rule numbers,
 * the rule that decides. Maps borrow their store of lines and own the rest.
 */
#include "core/space/line.h"

/* From `hi`, `lo` (as in struct addr) to the next one's, or to the end of the family. */
struct space_interval {
	uint64_t hi;
	uint64_t lo;
	line_ref line;
};

struct space_half {
	struct space_interval *at; /* ascending; the first starts at 0; neighbours differ */
	size_t count;
};

struct space {
	struct lines *lines;
	struct space_half half[2]; /* IPv4, IPv6 */
};

/* Position of a family in `half`, and back. */
static inline int space_half_of(uint8_t family)
{
	return family == FAMILY_IPV6;
}

static inline uint8_t space_family(int half)
{
	return half ? FAMILY_IPV6 : FAMILY_IPV4;
}

/*
 * What all that make one return: 0 and *out, or -ENOMEM, or -E2BIG (the store is full, or there are
 * more prefixes than 2^27); *out is then empty, and space_fini may be called.
 */

/*
 * Which rule decides: the line's values are positions in list->rules, or LINE_NONE for the implicit
 * deny. The list is sorted and its rules valid. O(E log E + nodes); at most 2 * E + 1 intervals of
 * 24 bytes a family, where E counts each prefix of a set once.
 */
int space_of_rules(struct lines *lines, const struct acl_list *list, struct space *out);

/* What the list allows, from its rules' map. `id` tells the lists of one store apart. */
int space_allowed(const struct space *rules, const struct acl_list *list, unsigned int id,
		  struct space *out);

/* The prefix with this line, everything else with LINE_NO. */
int space_of_prefix(struct lines *lines, const struct prefix *prefix, line_ref line,
		    struct space *out);

/* The same line for every address of both families. */
int space_of_line(struct lines *lines, line_ref line, struct space *out);

/* A stretch of addresses in which two maps have one line each. */
struct space_pair {
	struct addr first;
	struct addr last;
	line_ref a;
	line_ref b;
};

/* Any line made of two, at every address. The function is asked once for each stretch. */
typedef line_ref (*space_function)(void *context, const struct space_pair *pair);
int space_combine(const struct space *a, const struct space *b, space_function function,
		  void *context, struct space *out);

/* One operation at every address. Both have the same store. O(intervals + what lines take). */
int space_apply(enum line_op op, const struct space *a, const struct space *b, struct space *out);

void space_fini(struct space *space);

bool space_is_empty(const struct space *set);

/* Of two maps with one store: the same line at every address? O(intervals). */
bool space_equal(const struct space *a, const struct space *b);

/* The last address of interval i. */
struct addr space_interval_last(const struct space *space, int half, size_t i);
struct addr space_interval_first(const struct space *space, int half, size_t i);

/* The interval that holds the address. O(log intervals). */
size_t space_find(const struct space *space, const struct addr *addr);

/* Where a packet lies: its key, and its remote address. */
uint32_t space_key(const struct packet *packet);
const struct addr *space_remote(enum direction direction, const struct packet *packet);

/* The value at a packet. */
uint32_t space_at(const struct space *space, enum direction direction, const struct packet *packet);

/* The keys of a rule, inclusive; false where no packet of the family has one of them. */
bool space_rule_keys(const struct rule *rule, uint8_t family, uint32_t *first, uint32_t *last);

/*
 * A packet with this remote address and a key of `first` to `last`. The local end is `local` where
 * its family is the remote's, else a documentation address; the source port of a request is one
 * that a client might have. Never a key that no packet can have.
 */
struct packet space_packet(enum direction direction, const struct addr *remote,
			   const struct addr *local, uint32_t first, uint32_t last);

/*
 * A packet of the set, with an address and a port that people recognise where there are such: false
 * when the set is empty.
 */
bool space_witness(const struct space *set, enum direction direction, const struct addr *local,
		   struct packet *out);

#endif
