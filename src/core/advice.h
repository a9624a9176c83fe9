/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_ADVICE_H
#define NACLD_CORE_ADVICE_H

#include "core/policy.h"

/* The ephemeral port ranges the field knows. Ports inclusive. */
struct ephemeral_range {
	const char *name;
	const char *source; /* who says so */
	uint16_t first;
	uint16_t last;
};

/* The table, *count long; static storage. */
const struct ephemeral_range *advice_ephemeral_ranges(size_t *count);

/*
 * The allow rule that would let `packet` through the list, with a free number in front of the deny
 * that stopped it. For a reply to a client's ephemeral port (destination port >= 1024) the ports are
 * 1024-65535, the range that serves every client (AWS's own recommendation), else the one port.
 *
 * @blocker  the rule that denied it, NULL for the implicit deny
 * Returns false when no number is free in front of the blocker, or when no rule could allow it.
 */
bool advice_missing_rule(const struct acl_list *list, enum direction direction,
			 const struct packet *packet, const struct rule *blocker, struct rule *out);

#endif
