/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_EXPLAIN_ROUNDTRIP_H
#define NACLD_CTL_EXPLAIN_ROUNDTRIP_H

#include "text/packet_line.h"

/* A rule to add, and where. */
struct suggestion {
	struct rule rule;
	uint32_t acl; /* index in policy.acls */
	enum direction direction;
	uint16_t before; /* the deny it goes around, 0: the implicit one */
	bool for_reply;
};

/* A request and a reply, forwarded: each may be stopped by two lists. */
#define SUGGESTIONS_MAX 4

/* One packet and its reply, evaluated. Rules are borrowed from the policy. */
struct roundtrip {
	struct packet_line request;
	struct packet_line reply;
	bool has_reply;
	bool as_forward; /* asked as `in` or `out`, and evaluated as forwarded */
	struct policy_verdict request_verdict;
	struct policy_verdict reply_verdict; /* as if the request had passed */
	struct suggestion suggestions[SUGGESTIONS_MAX];
	size_t suggestion_count; /* added together, in order, they let both ways pass */
	bool no_number;          /* not all of them: a list has no free number where it is needed */
};

/* Evaluates the packet and its reply by the linear reference. 0, or -ENOMEM. */
int roundtrip_eval(const struct policy *policy, const struct packet_line *request,
		   struct roundtrip *out);

/*
 * Of a verdict with steps: the step that decided, which is the last one asked. NULL: no list asked.
 */
const struct policy_step *roundtrip_decider(const struct policy_verdict *verdict);

/* NACLCTL_OK, NACLCTL_NO (request dropped) or NACLCTL_REPLY_DROPPED. */
int roundtrip_exit(const struct roundtrip *roundtrip);

#endif
