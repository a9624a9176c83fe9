/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DROPS_DROP_ACLS_H
#define NACLD_DAEMON_DROPS_DROP_ACLS_H

#include "core/policy.h"

/*
 * The ACLs of every policy so far, by name. What a table says of an ACL outlives the policy, in
 * which it had another index: so ACLs have ids there, which stay. All zero: none yet.
 */
struct drop_acls {
	char **names; /* by id */
	size_t count;
};

/*
 * The ids of a policy's ACLs, by their index: to be freed by the caller. An ACL beyond DROP_NO_ACL
 * names has that id. NULL: no memory.
 */
uint16_t *drop_acls_ids(struct drop_acls *acls, const struct policy *policy);

/* The name, or NULL: there is none of that id. */
const char *drop_acls_name(const struct drop_acls *acls, uint16_t id);

void drop_acls_fini(struct drop_acls *acls);

#endif
