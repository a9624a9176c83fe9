/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_ACL_H
#define NACLD_CORE_ACL_H

#include "core/rule.h"

/* The rules of one direction, ascending by number, plus the implicit deny behind them. */
struct acl_list {
	struct rule *rules;
	size_t count;
	size_t capacity;
	uint32_t implicit_counter; /* counter index of the implicit `*` rule */
};

/* A Network ACL: a name and two lists. Owns its rules; the sets they name belong to the policy. */
struct acl {
	char *name;
	struct acl_list lists[2]; /* by enum direction */
};

/* 0, or -ENOMEM. The rule and its comment are copied; order does not matter until acl_sort. */
int acl_add_rule(struct acl *acl, enum direction direction, const struct rule *rule);

/* Sorts both lists by number. False when a number appears twice in one list. */
bool acl_sort(struct acl *acl);

/*
 * The definition of right: the first rule that matches, in ascending number; NULL when none does,
 * which is the implicit deny. Linear in rules and prefixes.
 */
const struct rule *acl_eval(const struct acl_list *list, enum direction direction,
			    const struct packet *packet);

/* Releases what the acl owns, not the struct itself. */
void acl_fini(struct acl *acl);

#endif
