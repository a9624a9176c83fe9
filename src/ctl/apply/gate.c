/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The questions before a policy runs. Errors end it. Findings and differences are shown, and are
 * the person's to weigh: that is what the trial is for. A cut ssh session is asked about, since the
 * person could not confirm from there; a program has to say --yes.
 */
#include "ctl/apply/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/protocol.h"
#include "ctl/check/check.h"
#include "ctl/diff/diff.h"
#include "text/packet_print.h"

static void look(struct gate *gate, const struct policy *policy, const struct conf_report *report)
{
	struct checked checked = {.file = gate->file, .policy = policy, .report = report};
	int status = lint_policy(policy, &checked.lint);

	checked.too_large = status == -E2BIG;
	findings_silence(&checked);
	if (gate->json)
		gate->findings = findings_json(&checked);
	else
		findings_print(&checked, stderr);
	lint_fini(&checked.lint);
}

/* A line of stdin that begins with y. */
static bool says_yes(void)
{
	char line[80];

	fputs("Go on? [y/N] ", stderr);
	return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static bool session_survives(const struct gate *gate, const struct policy *policy)
{
	char text[PACKETTEXT_LEN];
	struct packet cut;
	enum hook hook;

	if (policy->mode == POLICY_MONITOR || !live_cuts_session(policy, &cut, &hook))
		return true;
	fprintf(stderr,
		"naclctl %s: this policy cuts the ssh session that you are in\n"
		"    packet: %s\n",
		gate->command, packet_print(&(struct way){.hook = hook}, &cut, text));
	if (gate->yes || (!gate->json && isatty(STDIN_FILENO) && says_yes()))
		return true;
	fprintf(stderr, "naclctl %s: not applied; --yes goes on all the same\n", gate->command);
	return false;
}

struct policy *gate_pass(struct gate *gate, const char *config, const struct policy *running,
			 int *status)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(config, &report);

	*status = NACLCTL_USAGE;
	conf_report_print(&report, stderr);
	if (!policy) {
		fprintf(stderr, "naclctl %s: %s has errors: not applied\n", gate->command,
			gate->file);
		conf_report_fini(&report);
		return NULL;
	}
	look(gate, policy, &report);
	diff_policies(running, policy, false, gate->json ? &gate->differences : NULL);
	if (!gate->json && policy->mode == POLICY_ENFORCE)
		live_connections_print(policy, true, stdout);
	if (!session_survives(gate, policy)) {
		*status = NACLCTL_NO;
		policy_free(policy);
		policy = NULL;
	}
	conf_report_fini(&report);
	return policy;
}
