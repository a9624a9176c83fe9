/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_LINT_LINT_H
#define NACLD_CORE_LINT_LINT_H

/*
 * What a policy does that its author will hardly have meant: each finding with the rules it is
 * about, a packet that shows it, and what to write instead. Exact: it stands on core/space.
 */
#include "core/clients.h"
#include "core/policy.h"

enum lint_id {
	LINT_SHADOWED_RULE,     /* never decides: others match all of it first */
	LINT_EMPTIED_DENY,      /* the same for a deny, and what it means to stop passes */
	LINT_NO_IPV6_TWIN,      /* only IPv4 has it, and the list speaks IPv6 as well */
	LINT_REPLIES_DROPPED,   /* a request passes and its reply does not */
	LINT_SECOND_PORT,       /* TFTP and FTP go on at another port, which is closed */
	LINT_PATH_MTU,          /* "too big" messages are dropped */
	LINT_PUBLIC_ADMIN_PORT, /* ssh or remote desktop from everywhere */
	LINT_WIDE_REPLY_RANGE,  /* replies need less than the rule opens */
	LINT_IDS,
};

/* "shadowed-rule" and so on: stable, in comments and reports. */
const char *lint_name(enum lint_id id);
const char *lint_why(enum lint_id id); /* why it matters, a sentence */

#define LINT_OTHERS_MAX 8
#define LINT_TEXT_LEN   400

struct lint_finding {
	enum lint_id id;
	uint32_t acl;
	enum direction direction;                   /* of the list the rule is in */
	const struct rule *rule;                    /* what it is about; never NULL */
	const struct rule *others[LINT_OTHERS_MAX]; /* rules of the same list that matter to it */
	size_t other_count;
	enum hook hook; /* the packet that shows it */
	struct packet packet;
	bool has_fix;
	enum direction fix_direction;
	struct rule fix;             /* to be added to this list */
	char message[LINT_TEXT_LEN]; /* a sentence without full stop */
	char hint[LINT_TEXT_LEN];    /* what to do, where `fix` does not say it; else "" */
};

struct lint {
	struct lint_finding *findings; /* by list, then by rule; LINT_MAX at most of each id */
	size_t count;
	size_t more; /* how many were left out */
};

#define LINT_MAX 50

/* Subnets are looked at each with each, and with those between. */
#define LINT_ACLS_MAX 256

/*
 * 0 and *out (lint_fini); -ENOMEM; or -E2BIG: the lists take more than can be held, or there are
 * more than LINT_ACLS_MAX ACLs, and nothing was looked for. The policy is finished. The rules are
 * borrowed. O(E log E + output), a second for 32,766 rules.
 */
int lint_policy(const struct policy *policy, struct lint *out);

/*
 * The same for a host whose own clients are known to ask from the ports of `own`. Else Linux's
 * default range is taken: a file may be for another host.
 */
int lint_policy_here(const struct policy *policy, const struct client_profile *own,
		     struct lint *out);
void lint_fini(struct lint *lint);

#endif
