/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a dropped packet means: the running policy is asked about it again, and about the request it
 * would be the answer to.
 *
 * Asked at the hook where it was dropped, so that the same list answers as then. If that lets it
 * pass now, the policy has changed since. A rule that is missing is core/advice's: added, it has
 * this packet allowed.
 */
#include "ctl/drops/lost.h"

#include <string.h>

#include "core/advice.h"
#include "core/way/reply.h"
#include "ctl/verdict.h"

static uint32_t acl_named(const struct policy *policy, const char *name)
{
	for (uint32_t i = 0; name && i < policy->acl_count; i++)
		if (strcmp(policy->acls[i].name, name) == 0)
			return i;
	return POLICY_NO_ACL;
}

static bool is_edge(enum hook hook)
{
	return hook == HOOK_PREROUTING || hook == HOOK_POSTROUTING;
}

/* The step of this ACL in the other direction: what let the request through. */
static const struct rule *other_side(const struct policy_verdict *request, const struct lost *lost)
{
	for (int i = 0; i < request->step_count; i++)
		if (request->steps[i].acl == lost->acl &&
		    request->steps[i].direction != (uint8_t)lost->direction)
			return request->steps[i].rule;
	return request->step_count > 0 ? request->steps[0].rule : NULL;
}

void diagnose(const struct policy *policy, struct lost *lost)
{
	struct policy_verdict verdict, request_verdict;
	const struct policy_step *last;
	struct packet request;

	lost->acl = acl_named(policy, lost->acl_name);
	if (lost->acl == POLICY_NO_ACL || !lost->has_ends || lost->reason)
		return;
	if (is_edge(lost->hook))
		policy_eval_edge(policy, lost->hook, lost->acl, &lost->packet, &verdict);
	else
		policy_eval(policy, lost->hook, NULL, &lost->packet, &verdict);
	lost->passes_now = verdict.action == ACTION_ALLOW;
	lost->is_reply = reply_is_due(policy, lost->hook, lost->acl, &lost->packet, &request,
				      &request_verdict);
	if (lost->is_reply)
		lost->request_rule = other_side(&request_verdict, lost);
	if (lost->passes_now || verdict.step_count == 0)
		return;
	last = &verdict.steps[verdict.step_count - 1];
	lost->has_missing = last->acl == lost->acl && last->direction == (uint8_t)lost->direction &&
			    advice_missing_rule(&policy->acls[last->acl].lists[last->direction],
						lost->direction, &lost->packet, last->rule,
						lost->request_rule, &lost->missing);
}

void diagnose_all(const struct policy *policy, struct lost_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		diagnose(policy, &list->items[i]);
}

json_t *lost_json(const struct lost *lost)
{
	json_t *object = json_copy(lost->object);

	json_object_set_new(object, "reply", json_boolean(lost->is_reply));
	json_object_set_new(object, "passes_now", json_boolean(lost->passes_now));
	if (lost->request_rule)
		json_object_set_new(object, "request_rule",
				    json_integer(lost->request_rule->number));
	if (lost->has_missing)
		json_object_set_new(object, "missing",
				    verdict_rule_json(&lost->missing, lost->direction));
	return object;
}

bool lost_print_json(const struct lost_list *list, FILE *to)
{
	json_t *flows = json_array(), *object;

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(flows, lost_json(&list->items[i]));
	object = json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "now", (json_int_t)list->now, "since",
			   (json_int_t)list->since, "places", (json_int_t)list->places,
			   "memory_bytes", (json_int_t)list->memory_bytes, "omitted",
			   (json_int_t)list->omitted, "flows", flows);
	if (!object)
		return false;
	json_dumpf(object, to, JSON_INDENT(2));
	fputc('\n', to);
	json_decref(object);
	return true;
}
