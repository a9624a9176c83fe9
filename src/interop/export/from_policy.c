/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy's lists as AWS would hold them.
 *
 * AWS has no address sets: a rule over one is a rule for each prefix there, in the numbers from its
 * own up to the next rule's, so that what comes before and behind it stays so. AWS takes 40 entries
 * at most for each direction and family, `*` counted (VPC user guide, "Network ACL quotas"); longer
 * lists are refused, with the number.
 */
#include "interop/export/export.h"

#include <errno.h>
#include <string.h>

#define QUOTA_MAX 40

static void add(struct nacl_doc *doc, size_t acl, enum direction direction, const struct rule *rule,
		const struct prefix *prefix, uint16_t number)
{
	struct nacl_entry *entry = nacl_add_entry(doc, acl);

	if (!entry)
		return;
	doc->acls[acl].seen++;
	entry->direction = (uint8_t)direction;
	entry->rule = *rule;
	entry->rule.set = NULL;
	entry->rule.comment = NULL; /* the policy's */
	entry->rule.prefix = *prefix;
	entry->rule.number = number;
	if (!rule_has_icmp(&entry->rule)) /* ICMPv6 over a set's IPv4 prefix: every type */
		entry->rule.icmp_type = entry->rule.icmp_code = RULE_ANY;
}

static void add_list(struct nacl_doc *doc, size_t acl, enum direction direction,
		     const struct acl_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];
		size_t limit = i + 1 < list->count ? list->rules[i + 1].number
						   : RULE_NUMBER_MAX + 1,
		       count;
		const struct prefix *prefixes = rule_prefixes(rule, &count);

		if (count > limit - rule->number) {
			nacl_note(doc, NACL_ERROR, acl, NULL,
				  "AWS has no address sets: each prefix needs a number",
				  "%s rule %u of \"%s\" is %zu prefixes of set \"%s\", and there "
				  "are %zu numbers up to the next rule",
				  direction_name(direction), rule->number, doc->acls[acl].name,
				  count, rule->set->name, limit - rule->number);
			continue;
		}
		for (size_t p = 0; p < count; p++)
			add(doc, acl, direction, rule, &prefixes[p], (uint16_t)(rule->number + p));
	}
}

static void check_quota(struct nacl_doc *doc, size_t acl, enum direction direction, uint8_t family)
{
	const struct nacl_acl *from = &doc->acls[acl];
	size_t entries = 1; /* `*` */

	for (size_t i = 0; i < from->entry_count; i++)
		entries += from->entries[i].direction == direction &&
			   from->entries[i].rule.prefix.addr.family == family;
	if (entries > QUOTA_MAX)
		nacl_note(doc, NACL_ERROR, acl, NULL, NULL,
			  "\"%s\" has %zu IPv%u %s entries with `*`: AWS takes %d at most",
			  from->name, entries, family, direction_name(direction), QUOTA_MAX);
}

int nacl_from_policy(const struct policy *policy, struct nacl_doc *doc)
{
	*doc = (struct nacl_doc){.file = "the policy", .format = ""};
	for (size_t i = 0; i < policy->acl_count; i++) {
		const struct acl *from = &policy->acls[i];
		struct nacl_acl *acl = nacl_add_acl(doc);

		if (!acl)
			return -ENOMEM;
		acl->name = arena_text(&doc->arena, from->name, strlen(from->name));
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			add_list(doc, i, (enum direction)d, &from->lists[d]);
			check_quota(doc, i, (enum direction)d, FAMILY_IPV4);
			check_quota(doc, i, (enum direction)d, FAMILY_IPV6);
		}
	}
	nacl_finish(doc);
	return doc->arena.failed ? -ENOMEM : 0;
}
