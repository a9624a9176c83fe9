/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DIFF_DIFF_H
#define NACLD_CTL_DIFF_DIFF_H

#include <jansson.h>

#include "core/space/group.h"
#include "core/policy.h"

/* One place that an ACL guards, in two policies. POLICY_NO_ACL: nothing guards it. */
struct diff_wall {
	char name[64]; /* "host", "edge eth0", "subnet 10.0.1.0/24" */
	bool host;
	struct addr local; /* an address inside; family 0: none */
	uint32_t old_acl;
	uint32_t new_acl;
};

/* What changes there in one direction. */
struct diff_side {
	const struct diff_wall *wall;
	enum direction direction;
	const struct acl *old_acl; /* NULL: nothing guards it */
	const struct acl *new_acl;
	const struct acl_list *old_list; /* of the ACL, or one that lets all pass */
	const struct acl_list *new_list;
	struct space_parts parts;
};

/* The walls of both policies, *count of them; the caller frees them. NULL: no memory. */
struct diff_wall *diff_walls(const struct policy *old, const struct policy *new, size_t *count);

/*
 * Compares the two packet by packet. Prints for people; or, where `object` is not NULL, makes it
 * what --json prints. 0: equal in effect, 1: not, 2: an error, which was printed.
 */
int diff_policies(const struct policy *old, const struct policy *new, bool rules, json_t **object);

/* Is this part let in now that was dropped before? Else the reverse. */
bool diff_opens(const struct diff_side *side, const struct space_part *part);

void diff_print(const struct diff_side *side, FILE *to);
json_t *diff_json(const struct diff_side *side);

/* The rules themselves: those only one list has, or that changed. True where any is printed. */
bool diff_print_rules(const struct diff_side *side, FILE *to);

#endif
