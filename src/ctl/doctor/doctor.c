/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl doctor: what is wrong with this host's setup, a line each, with what to do next.
 *
 * Each part of nacld knows itself; faults between them go unnoticed: rules that lead to a queue
 * that no one reads, a daemon that no packet reaches, a file that was edited and never loaded. This
 * looks at all of them at once, changes nothing (backends are tried in a network namespace that is
 * gone a moment later), and is what one runs first and sends along when asking for help.
 */
#include "ctl/doctor/doctor.h"

#include <stdio.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/term.h"
#include "conf/conf.h"
#include "steer/privilege.h"

#define CHECK_WIDTH 13

/* Asked before everything else: it may know which file it runs by. */
static void ask_daemon(struct doctor *doctor)
{
	const char *refusal, *file;

	if (client_request(doctor->socket_path, "status", &doctor->answer, doctor->silence) < 0)
		return;
	refusal = client_refusal(doctor->answer);
	if (refusal)
		snprintf(doctor->silence, sizeof(doctor->silence), "nacld refuses: %s", refusal);
	else
		doctor->status = json_object_get(doctor->answer, "status");
	file = json_string_value(json_object_get(doctor->status, "config"));
	if (file && !doctor->file_given)
		doctor->file = file;
}

static const struct conf_diagnostic *first_error(const struct conf_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].severity == CONF_ERROR)
			return &report->items[i];
	return NULL;
}

static void examine_file(struct doctor *doctor)
{
	struct conf_report report = {0};
	const char *bad_interface = NULL;

	doctor->policy = conf_load(doctor->file, &report);
	if (!doctor->policy) {
		const struct conf_diagnostic *error = first_error(&report);

		doctor_say(doctor, "configuration", "naclctl check says more; correct the file",
			   "%s cannot be used: %zu error%s, the first in line %u: %s", doctor->file,
			   report.errors, report.errors == 1 ? "" : "s", error ? error->line : 0,
			   error ? error->message : "out of memory");
	} else if (steer_plan_build(doctor->policy, &doctor->plan, &bad_interface)) {
		doctor_say(doctor, "configuration", "rename the interface",
			   "%s: interface \"%s\" cannot be used in a ruleset", doctor->file,
			   bad_interface ? bad_interface : "?");
	} else if (doctor->plan.count == 0) {
		doctor_say(doctor, "configuration", "give an ACL an association: nacld.conf(5)",
			   "%s protects nothing: no ACL has an association", doctor->file);
	} else {
		struct conf_size size = conf_size(doctor->policy);

		doctor_say(doctor, "configuration", NULL, "%s: %zu ACL%s, %zu rules%s",
			   doctor->file, size.acls, size.acls == 1 ? "" : "s", size.rules,
			   report.warnings ? "; naclctl check has warnings" : "");
	}
	conf_report_fini(&report);
}

static void print_text(const struct doctor *doctor)
{
	struct term term = term_for(stdout);
	json_t *line;
	size_t i;

	json_array_foreach(doctor->lines, i, line)
	{
		const char *check = json_string_value(json_object_get(line, "check"));
		const char *next = json_string_value(json_object_get(line, "next"));

		printf("%s%s%s  %s", next ? term.bold : "", next ? "PROBLEM" : "ok     ",
		       next ? term.off : "", check);
		term_pad(stdout, strlen(check), CHECK_WIDTH);
		fputs(json_string_value(json_object_get(line, "message")), stdout);
		printf(next ? "; next: %s\n" : "\n", next);
	}
}

static void print_json(const struct doctor *doctor)
{
	json_t *root = json_pack("{s:b, s:s, s:O}", "ok", !doctor->findings, "config", doctor->file,
				 "checks", doctor->lines);

	if (root)
		json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static int examine(struct doctor *doctor, bool json)
{
	doctor->lines = json_array();
	ask_daemon(doctor);
	examine_file(doctor);
	if (steer_status(doctor->plan.count ? &doctor->plan : NULL, STEER_NFT, &doctor->survey)) {
		fputs("naclctl doctor: out of memory\n", stderr);
		return NACLCTL_USAGE;
	}
	doctor_kernel(doctor);
	doctor_steering(doctor);
	doctor_daemon(doctor);
	doctor_queues(doctor);
	doctor_ports(doctor);
	if (json)
		print_json(doctor);
	else
		print_text(doctor);
	return doctor->findings ? NACLCTL_NO : NACLCTL_OK;
}

static void doctor_fini(struct doctor *doctor)
{
	steer_status_fini(&doctor->survey);
	steer_plan_fini(&doctor->plan);
	policy_free(doctor->policy);
	json_decref(doctor->lines);
	json_decref(doctor->answer);
}

struct options {
	const char *file;
	const char *socket_path;
	bool json;
};

static int doctor_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_doctor, argc, argv, &options);
	struct doctor doctor = {0};

	if (status >= 0)
		return status;
	if (!steer_may_administer()) {
		fputs("naclctl doctor: CAP_NET_ADMIN is needed to look at the kernel; run it as root "
		      "(sudo)\n",
		      stderr);
		return NACLCTL_USAGE;
	}
	doctor.file = options.file ? options.file : PATHS_CONFIG;
	doctor.file_given = options.file;
	doctor.socket_path = options.socket_path;
	status = examine(&doctor, options.json);
	doctor_fini(&doctor);
	return status;
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
