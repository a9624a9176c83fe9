/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run over a policy: maps of all lists first, for a packet between two protected subnets asks
 * two of them; then each ACL is looked at by each of the kinds of check.
 *
 * All maps share one store of lines. A policy whose lists do not fit is not looked at in part: a
 * clean bill for half of it would be taken for one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/lint/internal.h"

static int map_list(struct lint_run *run, size_t acl, int d)
{
	const struct acl_list *list = &run->policy->acls[acl].lists[d];
	struct lint_acl *maps = &run->acls[acl];
	bool *seen = calloc(LINE_NONE + 1, sizeof(*seen));
	uint8_t *visited = NULL;
	int status = seen ? space_of_rules(run->lines, list, &maps->rules[d]) : -ENOMEM;

	if (status == 0)
		status =
			space_allowed(&maps->rules[d], list,
				      (unsigned int)(2 * acl) + (unsigned int)d, &maps->allowed[d]);
	if (status == 0) {
		visited = calloc(lines_count(run->lines), 1);
		status = visited ? 0 : -ENOMEM;
	}
	for (int h = 0; h < 2 && status == 0; h++)
		for (size_t i = 0; i < maps->rules[d].half[h].count; i++)
			line_values(run->lines, maps->rules[d].half[h].at[i].line, seen, visited);
	free(visited);
	maps->decides[d] = seen;
	return status;
}

/* An edge is the host's own, too: its clients ask through it. */
static bool guards_edge(const struct policy *policy, uint32_t acl)
{
	for (size_t i = 0; i < policy->edges.count; i++)
		if (policy->edges.items[i].acl == acl)
			return true;
	return policy->edges.default_route == acl;
}

static struct lint_subject subject_of(struct lint_run *run, uint32_t acl)
{
	struct lint_subject subject = {
		.run = run,
		.index = acl,
		.acl = &run->policy->acls[acl],
		.maps = &run->acls[acl],
		.host = run->policy->host.acl == acl || guards_edge(run->policy, acl),
	};

	for (size_t i = 0; i < run->policy->subnet_count && !subject.host; i++) {
		if (run->policy->subnets[i].acl != acl)
			continue;
		subject.local = run->policy->subnets[i].prefix.addr;
		if (subject.local.family == FAMILY_IPV4)
			subject.local.hi |= UINT64_C(1) << 32;
		else
			subject.local.lo |= 1;
		break;
	}
	return subject;
}

static void look(struct lint_run *run)
{
	for (uint32_t a = 0; a < run->policy->acl_count; a++) {
		struct lint_subject subject = subject_of(run, a);

		for (int d = INBOUND; d <= OUTBOUND; d++) {
			lint_rules(&subject, (enum direction)d);
			lint_twins(&subject, (enum direction)d);
			lint_replies(&subject, (enum direction)d);
			lint_exposure(&subject, (enum direction)d);
		}
	}
	if (run->status == 0)
		run->status = lines_status(run->lines);
}

static int by_place(const void *a, const void *b)
{
	const struct lint_finding *left = a, *right = b;

	if (left->acl != right->acl)
		return left->acl < right->acl ? -1 : 1;
	if (left->direction != right->direction)
		return left->direction < right->direction ? -1 : 1;
	if (left->rule != right->rule)
		return left->rule->number < right->rule->number ? -1 : 1;
	return (int)left->id - (int)right->id;
}

static void run_fini(struct lint_run *run)
{
	for (size_t a = 0; run->acls && a < run->policy->acl_count; a++) {
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			space_fini(&run->acls[a].rules[d]);
			space_fini(&run->acls[a].allowed[d]);
			free(run->acls[a].decides[d]);
		}
	}
	free(run->acls);
	lines_free(run->lines);
}

int lint_policy(const struct policy *policy, struct lint *out)
{
	return lint_policy_here(policy, client_main(CLIENT_LINUX), out);
}

int lint_policy_here(const struct policy *policy, const struct client_profile *own,
		     struct lint *out)
{
	struct lint_run run = {.policy = policy, .own = own, .out = out};

	*out = (struct lint){0};
	if (policy->acl_count > LINT_ACLS_MAX)
		return -E2BIG;
	run.acls = calloc(policy->acl_count + 1, sizeof(*run.acls));
	run.lines = lines_new(LINES_MAX_NODES);
	if (!run.acls || !run.lines)
		run.status = -ENOMEM;
	for (size_t a = 0; a < policy->acl_count && run.status == 0; a++)
		for (int d = INBOUND; d <= OUTBOUND && run.status == 0; d++)
			run.status = map_list(&run, a, d);
	if (run.status == 0)
		look(&run);
	run_fini(&run);
	if (run.status != 0)
		lint_fini(out);
	else if (out->count > 0)
		qsort(out->findings, out->count, sizeof(*out->findings), by_place);
	return run.status;
}

void lint_fini(struct lint *lint)
{
	free(lint->findings);
	*lint = (struct lint){0};
}
