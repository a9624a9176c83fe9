/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A numbered list of rules, and the reference evaluation.
 *
 * acl_eval is the definition of right: rules in ascending number, the first match decides, and when
 * none matches the implicit `*` rule denies (AWS VPC user guide, "Network ACL basics"). Anything
 * faster must give the same answer.
 */
#include "core/acl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int acl_add_rule(struct acl *acl, enum direction direction, const struct rule *rule)
{
	struct acl_list *list = &acl->lists[direction];
	char *comment = NULL;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		struct rule *rules = realloc(list->rules, capacity * sizeof(*rules));

		if (!rules)
			return -ENOMEM;
		list->rules = rules;
		list->capacity = capacity;
	}
	if (rule->comment) {
		comment = strdup(rule->comment);
		if (!comment)
			return -ENOMEM;
	}
	list->rules[list->count] = *rule;
	list->rules[list->count++].comment = comment;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct rule *left = a, *right = b;

	return (int)left->number - (int)right->number;
}

static bool sort_list(struct acl_list *list)
{
	if (list->count == 0)
		return true;
	qsort(list->rules, list->count, sizeof(*list->rules), by_number);
	for (size_t i = 1; i < list->count; i++)
		if (list->rules[i].number == list->rules[i - 1].number)
			return false;
	return true;
}

bool acl_sort(struct acl *acl)
{
	return sort_list(&acl->lists[INBOUND]) && sort_list(&acl->lists[OUTBOUND]);
}

const struct rule *acl_eval(const struct acl_list *list, enum direction direction,
			    const struct packet *packet)
{
	for (size_t i = 0; i < list->count; i++)
		if (rule_matches(&list->rules[i], direction, packet))
			return &list->rules[i];
	return NULL;
}

static void list_fini(struct acl_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((char *)list->rules[i].comment);
	free(list->rules);
}

void acl_fini(struct acl *acl)
{
	list_fini(&acl->lists[INBOUND]);
	list_fini(&acl->lists[OUTBOUND]);
	free(acl->name);
}
