/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ids for the names of ACLs. There are few of them and they hardly ever change: a list, searched
 * from its beginning when a policy is loaded, and never on the packet path.
 */
#include "daemon/drops/drop_acls.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/drops/drop_table.h"

static size_t find(const struct drop_acls *acls, const char *name)
{
	size_t i = 0;

	while (i < acls->count && strcmp(acls->names[i], name) != 0)
		i++;
	return i;
}

static bool add(struct drop_acls *acls, const char *name)
{
	char **names = reallocarray(acls->names, acls->count + 1, sizeof(*names));

	if (!names)
		return false;
	acls->names = names;
	names[acls->count] = strdup(name);
	if (!names[acls->count])
		return false;
	acls->count++;
	return true;
}

uint16_t *drop_acls_ids(struct drop_acls *acls, const struct policy *policy)
{
	uint16_t *ids = calloc(policy->acl_count + 1, sizeof(*ids));

	for (size_t i = 0; ids && i < policy->acl_count; i++) {
		size_t id = find(acls, policy->acls[i].name);

		if (id == acls->count && id < DROP_NO_ACL && !add(acls, policy->acls[i].name)) {
			free(ids);
			return NULL;
		}
		ids[i] = id < DROP_NO_ACL ? (uint16_t)id : DROP_NO_ACL;
	}
	return ids;
}

const char *drop_acls_name(const struct drop_acls *acls, uint16_t id)
{
	return id < acls->count ? acls->names[id] : NULL;
}

void drop_acls_fini(struct drop_acls *acls)
{
	for (size_t i = 0; i < acls->count; i++)
		free(acls->names[i]);
	free(acls->names);
	*acls = (struct drop_acls){0};
}
