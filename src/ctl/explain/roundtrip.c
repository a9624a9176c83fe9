/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet and its reply, evaluated; and the rules that would let both pass.
 *
 * Suggestions are not trusted but tried: each is added to a scratch copy of the policy, which then
 * evaluates again, until both ways pass or no number is free. The copy shares names, sets and
 * associations with the policy and owns nothing but the lists of rules.
 */
#include "ctl/explain/roundtrip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/protocol.h"
#include "core/advice.h"
#include "core/way/walls.h"

const struct policy_step *roundtrip_decider(const struct policy_verdict *verdict)
{
	return verdict->step_count > 0 ? &verdict->steps[verdict->step_count - 1] : NULL;
}

int roundtrip_exit(const struct roundtrip *roundtrip)
{
	if (roundtrip->request_verdict.action != ACTION_ALLOW)
		return NACLCTL_NO;
	if (roundtrip->has_reply && roundtrip->reply_verdict.action != ACTION_ALLOW)
		return NACLCTL_REPLY_DROPPED;
	return NACLCTL_OK;
}

static void eval(const struct policy *policy, const struct packet_line *line,
		 struct policy_verdict *out)
{
	walls_eval(policy, &line->way, &line->packet, out);
}

static void scratch_fini(struct policy *scratch)
{
	for (size_t i = 0; i < scratch->acl_count; i++) {
		free(scratch->acls[i].lists[INBOUND].rules);
		free(scratch->acls[i].lists[OUTBOUND].rules);
	}
	free(scratch->acls);
}

static bool copy_list(struct acl_list *list)
{
	const struct rule *rules = list->rules;
	size_t capacity = list->count + SUGGESTIONS_MAX;

	list->rules = malloc(capacity * sizeof(*rules));
	if (!list->rules)
		return false;
	list->capacity = capacity;
	if (list->count > 0)
		memcpy(list->rules, rules, list->count * sizeof(*rules));
	return true;
}

static bool scratch_init(const struct policy *policy, struct policy *scratch)
{
	*scratch = *policy;
	scratch->acl_count = 0;
	scratch->acls = calloc(policy->acl_count + 1, sizeof(*scratch->acls));
	if (!scratch->acls)
		return false;
	for (size_t i = 0; i < policy->acl_count; i++) {
		struct acl *acl = &scratch->acls[scratch->acl_count++];

		*acl = policy->acls[i];
		acl->lists[OUTBOUND].rules = NULL;
		if (!copy_list(&acl->lists[INBOUND]))
			return false;
		acl->lists[OUTBOUND].rules = policy->acls[i].lists[OUTBOUND].rules;
		if (!copy_list(&acl->lists[OUTBOUND]))
			return false;
	}
	return true;
}

/* The rule that let the request through the other list of the same ACL. */
static const struct rule *mirrored(const struct policy_verdict *request,
				   const struct policy_step *reply_step)
{
	for (int i = 0; i < request->step_count; i++)
		if (request->steps[i].acl == reply_step->acl &&
		    request->steps[i].direction != reply_step->direction)
			return request->steps[i].rule;
	return NULL;
}

/* Adds one rule to the scratch policy, for the list that stopped the packet. */
static bool suggest(struct policy *scratch, const struct packet_line *line,
		    const struct policy_step *blocked, const struct rule *request_rule,
		    struct suggestion *out)
{
	struct acl *acl = &scratch->acls[blocked->acl];

	out->acl = blocked->acl;
	out->direction = (enum direction)blocked->direction;
	out->before = blocked->rule ? blocked->rule->number : 0;
	return advice_missing_rule(&acl->lists[blocked->direction], out->direction, &line->packet,
				   blocked->rule, request_rule, &out->rule) &&
	       acl_add_rule(acl, out->direction, &out->rule) == 0 && acl_sort(acl);
}

/* Suggests until both ways pass: at most one rule for each list that either asks. */
static void complete(struct policy *scratch, struct roundtrip *j)
{
	struct policy_verdict request, reply;

	while (j->suggestion_count < SUGGESTIONS_MAX) {
		struct suggestion *next = &j->suggestions[j->suggestion_count];
		const struct policy_step *step;

		eval(scratch, &j->request, &request);
		next->for_reply = request.action == ACTION_ALLOW;
		if (!next->for_reply) {
			step = roundtrip_decider(&request);
			j->no_number = !step || !suggest(scratch, &j->request, step, NULL, next);
		} else if (!j->has_reply) {
			return;
		} else {
			eval(scratch, &j->reply, &reply);
			if (reply.action == ACTION_ALLOW)
				return;
			step = roundtrip_decider(&reply);
			j->no_number = !step || !suggest(scratch, &j->reply, step,
							 mirrored(&request, step), next);
		}
		if (j->no_number)
			return;
		j->suggestion_count++;
	}
}

int roundtrip_eval(const struct policy *policy, const struct packet_line *request,
		   struct roundtrip *out)
{
	struct policy scratch;
	bool copied;

	memset(out, 0, sizeof(*out));
	out->request = *request;
	eval(policy, request, &out->request_verdict);
	out->has_reply = packet_line_reply(request, &out->reply);
	if (out->has_reply)
		eval(policy, &out->reply, &out->reply_verdict);
	if (roundtrip_exit(out) == NACLCTL_OK)
		return 0;
	copied = scratch_init(policy, &scratch);
	if (copied)
		complete(&scratch, out);
	scratch_fini(&scratch);
	return copied ? 0 : -ENOMEM;
}
