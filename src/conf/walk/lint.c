/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is legal and still worth a look: lists that AWS would not take, an ACL that guards nothing,
 * sets that are unused or empty. Only for files without errors.
 *
 * AWS's quota is 20 rules for each direction and family, which can be raised to 40, and the default
 * rule `*` counts (VPC user guide, "Network ACL quotas"). nacld itself takes all 32,766 numbers;
 * the warning is for those who will export. A rule over a set counts as its prefixes, as it would
 * there.
 */
#include "conf/walk/lint.h"

#include <string.h>

#include "conf/walk/schema.h"
#include "core/policy.h"

#define QUOTA_DEFAULT 20
#define QUOTA_MAX     40

static size_t entries_of(const struct acl_list *list, uint8_t family)
{
	size_t entries = 1; /* `*` */

	for (size_t i = 0; i < list->count; i++) {
		size_t count;
		const struct prefix *prefixes = rule_prefixes(&list->rules[i], &count);

		for (size_t j = 0; j < count; j++)
			entries += prefixes[j].addr.family == family;
	}
	return entries;
}

static void lint_quota(struct conf_reader *r, const config_setting_t *acl_group,
		       const struct acl *acl, enum direction direction, uint8_t family)
{
	size_t entries = entries_of(&acl->lists[direction], family);
	const config_setting_t *list;

	list = config_setting_get_member(acl_group, direction_name(direction));
	if (!list || entries <= QUOTA_DEFAULT)
		return;
	conf_warn(r, conf_place(list), "nacld takes them all; an export to AWS would not",
		  "\"%s\" has %zu IPv%u %s entries with `*`: AWS allows %d%s", acl->name, entries,
		  family, direction_name(direction),
		  entries > QUOTA_MAX ? QUOTA_MAX : QUOTA_DEFAULT,
		  entries > QUOTA_MAX ? " at most" : ", and 40 on request");
}

/* Associations are read ACL by ACL, so that those of the last one come last. */
static bool has_association(const struct policy *policy, uint32_t acl)
{
	const struct edges *edges = &policy->edges;

	return policy->host.acl == acl || edges->default_route == acl ||
	       (edges->count && edges->items[edges->count - 1].acl == acl) ||
	       (policy->subnet_count && policy->subnets[policy->subnet_count - 1].acl == acl);
}

void conf_lint_acl(struct conf_reader *r, const config_setting_t *acl_group, uint32_t index)
{
	const struct acl *acl = &r->policy->acls[index];

	if (r->report->errors)
		return; /* of a file that is refused, only what refuses it */
	if (!has_association(r->policy, index))
		conf_warn(r, conf_place(acl_group),
			  "add associations = ( { edge = \"default-route\"; } );",
			  "network ACL \"%s\" protects nothing: it has no association", acl->name);
	for (int d = INBOUND; d <= OUTBOUND; d++) {
		lint_quota(r, acl_group, acl, (enum direction)d, FAMILY_IPV4);
		lint_quota(r, acl_group, acl, (enum direction)d, FAMILY_IPV6);
	}
}

static void lint_set(struct conf_reader *r, const config_setting_t *group)
{
	const char *name;

	if (!config_setting_is_group(group) || !config_setting_lookup_string(group, "name", &name))
		return;
	for (size_t i = 0; i < r->policy->set_count; i++) {
		const struct prefix_set *set = r->policy->sets[i];

		if (strcmp(set->name, name) != 0)
			continue;
		if (!r->set_used[i])
			conf_warn(r, conf_place(group), "a rule names it as source = \"@name\"",
				  "no rule uses set \"%s\"", name);
		if (set->count == 0)
			conf_warn(r, conf_place(group), NULL,
				  "set \"%s\" is empty: rules over it match nothing", name);
	}
}

void conf_lint_sets(struct conf_reader *r, const config_setting_t *root)
{
	const config_setting_t *list = config_setting_get_member(root, "sets");
	int length = list && config_setting_is_list(list) ? config_setting_length(list) : 0;

	for (int i = 0; i < length; i++)
		lint_set(r, config_setting_get_elem(list, (unsigned int)i));
}
