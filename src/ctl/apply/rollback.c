/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl rollback: ends a trial at once; or, when nothing is on trial, applies an earlier version,
 * with the same questions and the same trial as any other change. That becomes a version too, so a
 * rollback can be rolled back.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "conf/conf.h"
#include "core/decimal.h"
#include "ctl/apply/change.h"

struct rollback_options {
	struct change change;
	bool list;
};

static json_t *version_json(const struct store_version *version)
{
	return json_pack("{s:I, s:I, s:s, s:s}", "version", (json_int_t)version->number, "when",
			 (json_int_t)version->when, "by", version->by, "note", version->note);
}

static int list_json(const struct store_version *versions, size_t count)
{
	json_t *array = json_array();

	for (size_t i = count; i-- > 0;)
		json_array_append_new(array, version_json(&versions[i]));
	json_dumpf(array, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(array);
	return NACLCTL_OK;
}

/* The newest first. */
static int list(const struct rollback_options *options, const struct store *store)
{
	struct store_version versions[STORE_VERSIONS + 1];
	size_t count = store_list(store, versions, STORE_VERSIONS + 1);

	if (options->change.json)
		return list_json(versions, count);
	if (count == 0)
		puts("no versions yet: naclctl apply makes them");
	for (size_t i = count; i-- > 0;) {
		char when[32] = "";
		struct tm tm;

		if (localtime_r(&versions[i].when, &tm))
			strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
		printf("%5u  %s  %s  %s\n", versions[i].number, when, versions[i].by,
		       versions[i].note);
	}
	return NACLCTL_OK;
}

/* The version that was asked for, else the one before the newest; 0: there is none. */
static unsigned int choose(const struct store *store, const char *wanted)
{
	struct store_version versions[STORE_VERSIONS + 1];
	size_t count = store_list(store, versions, STORE_VERSIONS + 1);
	unsigned int number;

	if (!wanted)
		return count > 1 ? versions[count - 2].number : 0;
	if (!decimal_parse(wanted, UINT32_MAX, &number))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (versions[i].number == number)
			return number;
	return 0;
}

static int apply_version(const struct rollback_options *options, struct store *store,
			 unsigned int number)
{
	char *config = store_config_of(store, number), note[STORE_TEXT_LEN];
	struct conf_report report = {0};
	struct policy *policy = config ? conf_load(config, &report) : NULL;
	struct bundle bundle = {0};
	int status = NACLCTL_USAGE;

	snprintf(note, sizeof(note), "version %u again", number);
	if (!policy)
		conf_report_print(&report, stderr);
	else if (bundle_read("rollback", config, store->name, &report, &bundle))
		status = change_run("rollback", &options->change, store, &bundle, config, note);
	bundle_fini(&bundle);
	policy_free(policy);
	conf_report_fini(&report);
	free(config);
	return status;
}

static int rollback(const struct rollback_options *options, const char *wanted)
{
	const struct talk_peer peer = {.command = "rollback",
				       .socket_path = options->change.socket_path,
				       .config = options->change.config,
				       .json = options->change.json};
	struct store store = {.lock = -1};
	struct talk_state state = {0};
	int status = options->list ? NACLCTL_OK : talk_ask(&peer, &state);
	unsigned int number;

	if (status != NACLCTL_OK)
		return status;
	if (strcmp(state.phase, "trial") == 0 || strcmp(state.phase, "confirmed") == 0)
		return wanted ? options_refuse(&command_rollback, "a policy is on trial: end that "
								  "first, without a version")
			      : change_undo(&peer);
	if (!store_open("rollback", options->change.config, &store)) {
		store_close(&store);
		return NACLCTL_NO;
	}
	number = options->list ? 0 : choose(&store, wanted);
	if (options->list)
		status = list(options, &store);
	else if (number > 0)
		status = apply_version(options, &store, number);
	else
		status = NACLCTL_NO;
	if (!options->list && number == 0)
		fputs("naclctl rollback: there is no such version; --list shows them\n", stderr);
	store_close(&store);
	return status;
}

static int rollback_main(int argc, char **argv)
{
	struct rollback_options options = {.change = CHANGE_DEFAULTS};
	int status = options_parse(&command_rollback, argc, argv, &options);

	if (status >= 0)
		return status;
	return rollback(&options, optind < argc ? argv[optind] : NULL);
}

static const struct option_entry table[] = {
	{'l', "list", NULL, "the versions that are kept", offsetof(struct rollback_options, list),
	 NULL},
	CHANGE_OPTIONS(struct rollback_options, change),
	{0},
};

const struct command command_rollback = {
	.program = "naclctl",
	.name = "rollback",
	.summary = "end a trial, or return to an earlier version",
	.synopsis = "[OPTION ...] [VERSION]",
	.about =
		"Ends the trial that is under way: the policy before runs again at once. Without a\n"
		"trial it applies an earlier version, the last one unless VERSION is given, as\n"
		"naclctl apply would.\n",
	.after = CHANGE_AFTER,
	.options = table,
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = rollback_main,
};
