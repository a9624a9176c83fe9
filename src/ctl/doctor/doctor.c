/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl doctor: what is wrong with this host's setup, a line each, with what to do next.
 *
 * Each part of nacld knows itself; faults between them go unnoticed: rules that lead to a queue
 * that no one reads, a daemon that no packet reaches, a file that was edited and never loaded. This
 * looks at all of them at once, changes nothing (backends are tried in a network namespace that is
 * gone a moment later), and is what one runs first and sends along when asking for help.
 */
#include "ctl/doctor/checks.h"
#include "ctl/state/plain_file.h"

#include <stdio.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/command.h"
#include "conf/conf.h"
#include "steer/privilege.h"

/* Asked before everything else: it may know which file it runs by. */
static void ask_daemon(struct facts *facts)
{
	const char *refusal, *file;

	if (client_request(facts->socket_path, "status", &facts->answer, facts->silence) < 0)
		return;
	refusal = client_refusal(facts->answer);
	if (refusal)
		snprintf(facts->silence, sizeof(facts->silence), "nacld refuses: %s", refusal);
	else
		facts->status = json_object_get(facts->answer, "status");
	file = json_string_value(json_object_get(facts->status, "config"));
	if (file && !facts->file_given && plain_file(file))
		facts->file = file;
}

static const struct conf_diagnostic *first_error(const struct conf_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].severity == CONF_ERROR)
			return &report->items[i];
	return NULL;
}

static void examine_file(struct facts *facts, struct report *report)
{
	struct conf_report *errors = &facts->errors;
	const char *bad_interface = NULL;

	facts->policy = conf_load(facts->file, errors);
	if (!facts->policy) {
		const struct conf_diagnostic *error = first_error(errors);

		report_say(report, "configuration", "naclctl check says more; correct the file",
			   "%s cannot be used: %zu error%s, the first in line %u: %s", facts->file,
			   errors->errors, errors->errors == 1 ? "" : "s", error ? error->line : 0,
			   error ? error->message : "out of memory");
	} else if (steer_plan_build(facts->policy, &facts->plan, &bad_interface)) {
		report_say(report, "configuration", "rename the interface",
			   "%s: interface \"%s\" cannot be used in a ruleset", facts->file,
			   bad_interface ? bad_interface : "?");
	} else if (facts->plan.count == 0) {
		report_say(report, "configuration", "give an ACL an association: nacld.conf(5)",
			   "%s protects nothing: no ACL has an association", facts->file);
	} else {
		struct conf_size size = conf_size(facts->policy);

		report_say(report, "configuration", NULL, "%s: %zu ACL%s, %zu rules%s", facts->file,
			   size.acls, size.acls == 1 ? "" : "s", size.rules,
			   errors->warnings ? "; naclctl check has warnings" : "");
	}
}

static bool examine(struct facts *facts, struct report *report)
{
	ask_daemon(facts);
	examine_file(facts, report);
	if (steer_status(facts->plan.count ? &facts->plan : NULL, STEER_NFT, &facts->survey))
		return false;
	state_look(&facts->survey, facts->status, &facts->state);
	doctor_kernel(facts, report);
	doctor_steering(facts, report);
	doctor_daemon(facts, report);
	doctor_queues(facts, report);
	doctor_ports(facts, report);
	return true;
}

static void facts_fini(struct facts *facts)
{
	steer_status_fini(&facts->survey);
	steer_plan_fini(&facts->plan);
	policy_free(facts->policy);
	conf_report_fini(&facts->errors);
	json_decref(facts->answer);
}

struct options {
	const char *file;
	const char *socket_path;
	bool json;
};

/* Whatever was found, the facts are let go. */
static int diagnose(struct facts *facts, bool json)
{
	struct report report = {.lines = json_array()};
	int status = NACLCTL_USAGE;

	if (!examine(facts, &report)) {
		fputs("naclctl doctor: out of memory\n", stderr);
	} else {
		status = report.findings ? NACLCTL_NO : NACLCTL_OK;
		if (json)
			report_print_json(&report, facts->file, &facts->state, stdout);
		else
			report_print_text(&report, stdout);
	}
	json_decref(report.lines);
	facts_fini(facts);
	return status;
}

static int doctor_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_doctor, argc, argv, &options);
	struct facts facts = {0};

	if (status >= 0)
		return status;
	if (!steer_may_administer()) {
		fputs("naclctl doctor: CAP_NET_ADMIN is needed to look at the kernel; run it as root "
		      "(sudo)\n",
		      stderr);
		return NACLCTL_USAGE;
	}
	facts.file = options.file ? options.file : PATHS_CONFIG;
	facts.file_given = options.file;
	facts.socket_path = options.socket_path;
	return diagnose(&facts, options.json);
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct options, file,
		     "the configuration (default: the running daemon's, or\n" PATHS_CONFIG ")"),
	COMMAND_JSON(struct options, json),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_doctor = {
	.program = "naclctl",
	.name = "doctor",
	.summary = "what is wrong with this host's setup, and what to do",
	.synopsis = "[OPTION ...]",
	.about =
		"What is wrong with this host's setup: configuration, kernel, steering, daemon, queues,\n"
		"ports. A line each, with what to do next. Changes nothing.\n",
	.after = "Exit status: 0 all is well, 1 there are problems, 2 usage or no permission.\n",
	.options = options,
	.usage_status = NACLCTL_USAGE,
	.run = doctor_main,
};
