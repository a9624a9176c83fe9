/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl check: is this file one that nacld would run? The daemon's own reader decides, so the two
 * cannot disagree. Diagnostics go to stderr, the answer and the canonical text to stdout.
 */
#include "ctl/check/check.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "ctl/command.h"

struct check {
	bool print;
	bool json;
	bool strict;
	bool sarif;
	bool live;
	json_t *log; /* of SARIF */
};

static json_t *diagnostics_json(const struct conf_report *report)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->count; i++) {
		const struct conf_diagnostic *d = &report->items[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:i, s:s, s:s?, s:s?}", "severity",
						d->severity == CONF_ERROR ? "error" : "warning",
						"file", d->file, "line", (int)d->line, "message",
						d->message, "source", d->source, "hint", d->hint));
	}
	return array;
}

/* The canonical text as a JSON string, or NULL: no memory. */
static json_t *config_json(const struct policy *policy)
{
	char *text = conf_text(policy);
	json_t *config = text ? json_string(text) : NULL;

	free(text);
	return config;
}

/* A name that is not UTF-8 cannot be in JSON: null. */
static json_t *name_json(const char *name)
{
	json_t *json = json_string(name);

	return json ? json : json_null();
}

static void print_json(const struct check *check, const struct checked *checked)
{
	const struct conf_report *report = checked->report;
	struct conf_size size = conf_size(checked->policy);
	json_t *object = json_pack(
		"{s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:b}", "file",
		name_json(checked->file), "ok", checked->policy != NULL, "acls",
		(json_int_t)size.acls, "rules", (json_int_t)size.rules, "entries",
		(json_int_t)size.entries, "errors", (json_int_t)report->errors, "warnings",
		(json_int_t)report->warnings, "more", (json_int_t)report->dropped, "diagnostics",
		diagnostics_json(report), "findings", findings_json(checked), "more_findings",
		(json_int_t)checked->lint.more, "too_large", checked->too_large);

	if (checked->live)
		json_object_set_new(object, "live", json_string(checked->live));
	if (check->print && checked->policy)
		json_object_set_new(object, "config", config_json(checked->policy));
	if (!object || (json_dumpf(object, stdout, JSON_INDENT(2)) < 0 && !ferror(stdout)))
		fputs("naclctl check: out of memory\n", stderr);
	putchar('\n');
	json_decref(object);
}

/* "FILE: 2 findings", where there are any: the summary line tells the reader's warnings. */
static void print_count(const struct checked *checked)
{
	size_t count = checked->lint.count + checked->lint.more;

	if (count > 0)
		fprintf(stderr, "%s: %zu finding%s\n", checked->file, count, count == 1 ? "" : "s");
}

/* With --print only the text goes to stdout, so that it can be a file. */
static void print_text(const struct check *check, const struct checked *checked)
{
	const struct policy *policy = checked->policy;

	conf_report_print(checked->report, stderr);
	findings_print(checked, stderr);
	if (policy && check->print)
		conf_print(policy, stdout);
	else
		conf_summary_print(checked->file, policy, checked->report,
				   policy ? stdout : stderr);
	print_count(checked);
}

/* --print is for the text, and says no more than what keeps it from being one. */
static void look(const struct check *check, struct checked *checked)
{
	int status;

	if (!checked->policy || check->print)
		return;
	status = lint_policy(checked->policy, &checked->lint);
	checked->too_large = status == -E2BIG;
	if (status == -ENOMEM)
		fputs("naclctl check: out of memory: what the policy does was not looked at\n",
		      stderr);
	findings_silence(checked);
	if (check->live)
		checked->live = live_findings(checked);
}

static int status_of(const struct check *check, const struct checked *checked)
{
	if (!checked->policy)
		return NACLCTL_USAGE;
	if (check->strict && (checked->report->warnings + checked->lint.count > 0 ||
			      checked->live || checked->too_large))
		return NACLCTL_NO;
	return NACLCTL_OK;
}

static int run(const struct check *check, const char *file)
{
	struct conf_report report;
	struct policy *policy = conf_load(file, &report);
	struct checked checked = {.file = file, .policy = policy, .report = &report};
	int status;

	look(check, &checked);
	if (check->sarif)
		sarif_add(check->log, &checked);
	else if (check->json)
		print_json(check, &checked);
	else
		print_text(check, &checked);
	status = status_of(check, &checked);
	free(checked.live);
	lint_fini(&checked.lint);
	policy_free(policy);
	conf_report_fini(&report);
	return status;
}

static int run_all(const struct check *check, int count, char **files)
{
	int status = NACLCTL_OK;

	if (count == 0)
		return run(check, PATHS_CONFIG);
	for (int i = 0; i < count; i++) {
		int one = run(check, files[i]);

		status = one > status ? one : status;
	}
	return status;
}

static int check_main(int argc, char **argv)
{
	struct check check = {0};
	int status = options_parse(&command_check, argc, argv, &check);

	if (status >= 0)
		return status;
	if (check.sarif)
		check.log = sarif_log();
	status = run_all(&check, argc - optind, argv + optind);
	if (check.sarif &&
	    (!check.log || (json_dumpf(check.log, stdout, JSON_INDENT(2)) < 0 && !ferror(stdout))))
		fputs("naclctl check: out of memory\n", stderr);
	if (check.sarif)
		putchar('\n');
	json_decref(check.log);
	return status;
}

static const struct option_entry options[] = {
	{'p', "print", NULL, "show the canonical text: every setting, sets expanded",
	 offsetof(struct check, print), NULL},
	{0, "strict", NULL, "warnings and findings are an answer of no: exit status 1",
	 offsetof(struct check, strict), NULL},
	{0, "live", NULL, "for this host, now: connections, your ssh session, what listens",
	 offsetof(struct check, live), NULL},
	{0, "sarif", NULL, "SARIF 2.1.0 on stdout, for code review", offsetof(struct check, sarif),
	 NULL},
	COMMAND_JSON(struct check, json),
	{0},
};

const struct command command_check = {
	.program = "naclctl",
	.name = "check",
	.summary = "check a configuration file; --print shows its canonical text",
	.synopsis = "[OPTION ...] [FILE ...]",
	.about =
		"Reads configurations as nacld would and reports everything that is wrong with them,\n"
		"and in those that are right, what their rules do that was probably not intended.\n"
		"FILE is " PATHS_CONFIG " unless given. With --json the answer is a JSON\n"
		"object a file on stdout: verdict, counts, diagnostics, findings.\n",
	.after =
		"Exit status: 0 nacld can run it (warnings allowed), 1 there are warnings or findings\n"
		"(--strict), 2 it cannot run one, or usage.\n",
	.options = options,
	.operands = {OPTIONS_FILES},
	.operands_max = -1,
	.usage_status = NACLCTL_USAGE,
	.run = check_main,
};
