/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do answers come back? A network ACL remembers nothing, so what the host asks is answered only if
 * an inbound rule covers the port it asked from, and what it serves only if an outbound rule covers
 * the client's. That is what `check` finds out about a file, exactly and for each ACL (core/lint);
 * here it is asked with what this host knows besides: the range its own clients ask from.
 *
 * What a comment beside the rule silences for `check` is silent here, too.
 */
#include "ctl/doctor/checks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clients.h"
#include "core/lint/lint.h"
#include "ctl/check/check.h"

#define SAID_MAX 8 /* lines; naclctl check has them all */

static struct client_profile own_ports(void)
{
	struct client_profile own = *client_main(CLIENT_LINUX);
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned short first, last;

	if (file && fscanf(file, "%hu %hu", &first, &last) == 2 && first <= last) {
		own.first = first;
		own.last = last;
	}
	if (file)
		fclose(file);
	return own;
}

static bool is_about_replies(const struct lint_finding *finding)
{
	return finding->id == LINT_REPLIES_DROPPED || finding->id == LINT_SECOND_PORT;
}

static void say(const struct checked *checked, const struct lint_finding *finding,
		struct report *report)
{
	const char *acl = checked->policy->acls[finding->acl].name;
	char next[LINT_TEXT_LEN + 96], advice[LINT_TEXT_LEN];

	finding_advice(finding, advice, sizeof(advice));
	snprintf(next, sizeof(next), "%s%s%s%s", finding->has_fix ? "in \"" : "",
		 finding->has_fix ? acl : "", finding->has_fix ? "\" " : "", advice);
	report_say(report, "ports", advice[0] ? next : "naclctl check", "\"%s\": %s", acl,
		   finding->message);
}

static void say_all(const struct checked *checked, struct report *report)
{
	size_t said = 0, more = 0;

	for (size_t i = 0; i < checked->lint.count; i++) {
		if (!is_about_replies(&checked->lint.findings[i]))
			continue;
		if (said == SAID_MAX)
			more++;
		else
			say(checked, &checked->lint.findings[i], report);
		said += said < SAID_MAX;
	}
	if (more)
		report_say(report, "ports", "naclctl check",
			   "%zu more rules let requests pass and not all replies to them", more);
	if (said == 0)
		report_say(report, "ports", NULL,
			   "replies to what the ACLs allow are allowed, to every client's ports");
}

void doctor_ports(const struct facts *facts, struct report *report)
{
	const struct client_profile own = own_ports();
	struct checked checked = {
		.file = facts->file, .policy = facts->policy, .report = &facts->errors};
	int status;

	if (!facts->policy || facts->plan.count == 0)
		return;
	status = lint_policy_here(facts->policy, &own, &checked.lint);
	if (status != 0) {
		report_say(report, "ports", NULL, "not looked at: %s",
			   status == -E2BIG ? "the lists are too large" : "out of memory");
		return;
	}
	findings_silence(&checked);
	say_all(&checked, report);
	lint_fini(&checked.lint);
}
