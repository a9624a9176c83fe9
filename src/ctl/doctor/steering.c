/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel rules that bring packets here: loaded, by the file, as `steer up` left them, and
 * watched. What is so with fragments and without a daemon is read from the loaded rules: they are
 * what holds.
 */
#include "ctl/doctor/checks.h"

#include <string.h>

#include "steer/diff.h"
#include "steer/desired.h"
#include "steer/unseen/unseen.h"

static const struct steer_rules *loaded(const struct facts *facts)
{
	return &facts->survey.loaded[facts->survey.backend];
}

/* Did another program change or remove what `steer up` loaded? */
static bool tampered(const struct steer_desired *desired, const struct steer_status *survey)
{
	return !steer_rules_equal(&survey->loaded[desired->backend], &desired->rules);
}

static void examine_rules(const struct facts *facts, struct report *report,
			  const struct steer_desired *desired)
{
	const struct steer_status *survey = &facts->survey;
	const char *name = steer_backend_name(survey->backend), *up = "naclctl steer up";
	const char *whose = desired && tampered(desired, survey)
				    ? "another program has removed or changed "
				      "what `steer up` loaded"
				    : NULL;
	char words[STEER_DIFF_LEN];
	enum steer_backend which;
	const char *unreadable = steer_status_unknown(survey, &which);

	if (unreadable)
		report_say(report, "steering",
			   "naclctl steer up loads it anew; naclctl steer down removes it",
			   "not known: the %s rules cannot be read: %s", steer_backend_name(which),
			   unreadable);
	else if (survey->count == 0)
		report_say(report, "steering", facts->status ? up : "systemctl start nacld",
			   "%s: no packet reaches nacld, nothing is filtered",
			   whose ? whose : "not loaded");
	else if (survey->count > 1)
		report_say(report, "steering", up,
			   "loaded through more than one of nft, iptables-nft and iptables-legacy: "
			   "packets are filtered more than once");
	else if (!desired)
		report_say(report, "steering", "naclctl steer up, or naclctl steer down",
			   "loaded (%s), but not by `steer up` since the boot: another program has "
			   "restored rules that it saved while they were loaded",
			   name);
	else if (facts->plan.count == 0)
		report_say(report, "steering", whose ? up : NULL, "loaded (%s)%s%s", name,
			   whose ? "; " : "", whose ? whose : "");
	else if (!survey->equal)
		report_say(report, "steering", up, "loaded (%s), but not as %s says%s%s: %s", name,
			   facts->file, whose ? "; " : "", whose ? whose : "",
			   steer_diff_words(loaded(facts), &survey->wanted, words));
	else
		report_say(report, "steering", NULL, "loaded (%s), as %s says", name, facts->file);
}

/* Which of both holds; that it is not what the file asks was said by examine_rules. */
static void examine_fragments(const struct facts *facts, struct report *report)
{
	if (facts->survey.count > 0)
		report_say(
			report, "fragments", NULL, "%s",
			steer_reassembles(loaded(facts))
				? "reassembled by the kernel before they are filtered (reassemble)"
				: "filtered as they come (strict), unless connection tracking joins "
				  "them");
}

static void examine_watch(const struct facts *facts, struct report *report,
			  const struct steer_desired *desired)
{
	bool guard = facts->policy && facts->policy->steering == POLICY_GUARD;

	if (!desired)
		return;
	if (steer_watch_claimed())
		report_say(report, "watch", NULL, "a change of the steering would be %s",
			   guard ? "reported and undone (guard)" : "reported (watch)");
	else
		report_say(
			report, "watch",
			"systemctl start nacld-watch; by hand: naclctl steer watch",
			"nothing watches the steering: `nft flush ruleset` or `iptables -F` would "
			"go unnoticed%s",
			guard ? ", though the configuration says \"guard\"" : "");
}

static void tell_unseen(void *report, const char *next, const char *text)
{
	report_say(report, "unseen", next, "%s", text);
}

void doctor_steering(const struct facts *facts, struct report *report)
{
	struct steer_desired desired = {0};
	bool noted = steer_desired_load(&desired) == 0;

	examine_rules(facts, report, noted ? &desired : NULL);
	examine_fragments(facts, report);
	examine_watch(facts, report, noted ? &desired : NULL);
	if (facts->policy)
		unseen_look(facts->policy, tell_unseen, report);
	steer_desired_fini(&desired);
}
