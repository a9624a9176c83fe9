/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_SPACE_GROUP_H
#define NACLD_CORE_SPACE_GROUP_H

#include "core/space/describe.h"

/*
 * A set of packets by who decides them: for each value that a map has in it, the part of the set,
 * in the terms of rules, and a packet of it.
 */
struct space_part {
	uint32_t value;
	struct space_terms terms;
	struct packet packet;
};

struct space_parts {
	struct space_part *at; /* as the set is met, by family and address */
	size_t count;
	bool more; /* there are values beyond SPACE_PARTS_MAX, or there was no room to tell them */
};

#define SPACE_PARTS_MAX 256

/*
 * @map        values below 1 << 30: a map of rules, or a pair of two
 * @terms_max  how many terms of a part are kept
 *
 * 0 and *out (space_parts_fini), -ENOMEM or -E2BIG. O(intervals * parts + what parts take).
 */
int space_group(const struct space *map, const struct space *set, enum direction direction,
		const struct addr *local, size_t terms_max, struct space_parts *out);

void space_parts_fini(struct space_parts *parts);

/*
 * What two lists do differently: the parts of the set of all packets that only one of them allows,
 * by the pair of deciding rules. A part's value is old << 15 | new, positions or LINE_NONE. An
 * empty result: the lists are equal in effect, whatever their rules.
 */
int space_difference(const struct acl_list *old, const struct acl_list *new,
		     enum direction direction, const struct addr *local, size_t terms_max,
		     struct space_parts *out);

static inline const struct rule *space_old_rule(const struct acl_list *old, uint32_t value)
{
	return value >> 15 == LINE_NONE ? NULL : &old->rules[value >> 15];
}

static inline const struct rule *space_new_rule(const struct acl_list *new, uint32_t value)
{
	return (value & LINE_NONE) == LINE_NONE ? NULL : &new->rules[value & LINE_NONE];
}

#endif
