/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl check: is this file one that nacld would run? The daemon's own reader decides, so the two
 * cannot disagree. Diagnostics go to stderr, the answer and the canonical text to stdout.
 */
#include "ctl/command.h"

#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "core/policy.h"

struct check {
	bool print;
	bool json;
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
	char *text = NULL;
	size_t len;
	FILE *memory = open_memstream(&text, &len);
	json_t *config;

	if (!memory)
		return NULL;
	conf_print(policy, memory);
	if (fclose(memory) != 0) {
		free(text);
		return NULL;
	}
	config = json_stringn(text, len);
	free(text);
	return config;
}

/* A name that is not UTF-8 cannot be in JSON: null. */
static json_t *name_json(const char *name)
{
	json_t *json = json_string(name);

	return json ? json : json_null();
}

static void print_json(const struct check *check, const char *file, const struct policy *policy,
		       const struct conf_report *report)
{
	struct conf_size size = conf_size(policy);
	json_t *object = json_pack(
		"{s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "file", name_json(file), "ok",
		policy != NULL, "acls", (json_int_t)size.acls, "rules", (json_int_t)size.rules,
		"entries", (json_int_t)size.entries, "errors", (json_int_t)report->errors,
		"warnings", (json_int_t)report->warnings, "more", (json_int_t)report->dropped,
		"diagnostics", diagnostics_json(report));

	if (check->print && policy)
		json_object_set_new(object, "config", config_json(policy));
	if (!object || json_dumpf(object, stdout, JSON_INDENT(2)) < 0)
		fputs("naclctl check: out of memory\n", stderr);
	putchar('\n');
	json_decref(object);
}

/* With --print only the text goes to stdout, so that it can be a file. */
static void print_text(const struct check *check, const char *file, const struct policy *policy,
		       const struct conf_report *report)
{
	conf_report_print(report, stderr);
	if (policy && check->print)
		conf_print(policy, stdout);
	else
		conf_summary_print(file, policy, report, policy ? stdout : stderr);
}

static int run(const struct check *check, const char *file)
{
	struct conf_report report;
	struct policy *policy = conf_load(file, &report);
	int status = policy ? NACLCTL_OK : NACLCTL_USAGE;

	if (check->json)
		print_json(check, file, policy, &report);
	else
		print_text(check, file, policy, &report);
	policy_free(policy);
	conf_report_fini(&report);
	return status;
}

static int check_main(int argc, char **argv)
{
	struct check check = {0};
	int status = options_parse(&command_check, argc, argv, &check);

	if (status >= 0)
		return status;
	status = NACLCTL_OK;
	if (optind == argc)
		status = run(&check, PATHS_CONFIG);
	for (int i = optind; i < argc; i++)
		if (run(&check, argv[i]) != NACLCTL_OK)
			status = NACLCTL_USAGE;
	return status;
}

static const struct option_entry options[] = {
	{'p', "print", NULL, "show the canonical text: every setting, sets expanded",
	 offsetof(struct check, print), NULL},
	COMMAND_JSON(struct check, json),
	{0},
};

const struct command command_check = {
	.program = "naclctl",
	.name = "check",
	.summary = "check a configuration file; --print shows its canonical text",
	.synopsis = "[--print] [--json] [FILE ...]",
	.about =
		"Reads configurations as nacld would and reports everything that is wrong with them.\n"
		"FILE is " PATHS_CONFIG " unless given. With --json the answer is a JSON\n"
		"object a file on stdout: verdict, counts, diagnostics.\n",
	.after =
		"Exit status: 0 nacld can run it (warnings allowed), 2 it cannot run one, or usage.\n",
	.options = options,
	.operands = {OPTIONS_FILES},
	.operands_max = -1,
	.usage_status = NACLCTL_USAGE,
	.run = check_main,
};
