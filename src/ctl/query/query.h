/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_QUERY_QUERY_H
#define NACLD_CTL_QUERY_QUERY_H

#include "core/clients.h"
#include "core/space/group.h"
#include "text/query.h"

/* Which replies to a set of requests pass, at the worst of its addresses. */
struct query_replies {
	bool known;                     /* the protocol has replies to ports, or an echo reply */
	uint32_t answered[CLIENT_MAIN]; /* of client_main()'s ports; of ping: 1 or 0 in the first */
	bool all;
	struct addr worst; /* an address where not all are answered */
};

/* An answer. Parts by rule; values are positions or LINE_NONE. */
struct query_answer {
	const struct acl *acl;
	struct addr local;
	struct space_parts parts;
	bool any_allowed;
	bool any_dropped;
	struct query_replies replies; /* of what is allowed */
};

/* The ACL that guards what the question is about: NULL, and a sentence in error. */
const struct acl *query_acl(const struct policy *policy, const struct query *query,
			    const char *name, char error[static QUERY_ERROR_LEN]);

/*
 * 0 and *out (query_answer_fini); -ENOENT: no set of that name; -ENOMEM; -E2BIG: the list is too
 * large.
 */
int query_ask(const struct policy *policy, const struct acl *acl, const struct query *query,
	      struct query_answer *out);
void query_answer_fini(struct query_answer *answer);

#endif
