/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl apply: a policy takes effect at once, and becomes the configuration when it has proved
 * itself. confirm and rollback are the other two thirds.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/syntax/edit.h"
#include "ctl/apply/change.h"

struct apply_options {
	struct change change;
	bool enforce;
};

/* mode = "enforce" where the configuration, or a file that it includes, sets it. */
static bool enforce(struct bundle *bundle)
{
	static const char line[] = "mode = \"enforce\";\n";
	char *text = NULL;

	for (size_t i = 0; i < bundle->count && !text; i++) {
		text = conf_edit_setting(bundle->files[i].text, "mode", "enforce");
		if (text)
			bundle_set(bundle, i, text);
	}
	if (text || asprintf(&text, "%s%s", line, bundle->files[0].text) < 0)
		return text;
	bundle_set(bundle, 0, text);
	return true;
}

/* What the file says is wrong is said before anything else is looked at. */
static bool read_bundle(const char *file, const char *name, struct bundle *out)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(file, &report);
	bool good = policy && bundle_read("apply", file, name, &report, out);

	if (!policy) {
		conf_report_print(&report, stderr);
		fprintf(stderr, "naclctl apply: %s has errors: not applied\n", file);
	}
	policy_free(policy);
	conf_report_fini(&report);
	return good;
}

static int apply(const struct apply_options *options, const char *file)
{
	struct store store = {.lock = -1};
	struct bundle bundle = {0};
	char note[STORE_TEXT_LEN];
	int status = NACLCTL_USAGE;

	snprintf(note, sizeof(note), "%s%s", file, options->enforce ? ", enforced" : "");
	if (!store_open("apply", options->change.config, &store))
		status = NACLCTL_NO;
	else if (read_bundle(file, store.name, &bundle) && (!options->enforce || enforce(&bundle)))
		status = change_run("apply", &options->change, &store, &bundle, file, note);
	bundle_fini(&bundle);
	store_close(&store);
	return status;
}

static int apply_main(int argc, char **argv)
{
	struct apply_options options = {.change = CHANGE_DEFAULTS};
	int status = options_parse(&command_apply, argc, argv, &options);

	if (status >= 0)
		return status;
	return apply(&options, optind < argc ? argv[optind] : options.change.config);
}

static const struct option_entry table[] = {
	{'e', "enforce", NULL, "with mode = \"enforce\", whatever the file says",
	 offsetof(struct apply_options, enforce), NULL},
	CHANGE_OPTIONS(struct apply_options, change),
	{0},
};

const struct command command_apply = {
	.program = "naclctl",
	.name = "apply",
	.summary = "try a policy; the daemon goes back unless it is confirmed",
	.synopsis = "[OPTION ...] [FILE]",
	.about =
		"Checks FILE (the configuration itself unless given), shows what its rules do and which\n"
		"packets it treats differently, asks before it cuts your ssh session, and has nacld\n"
		"run it. With --confirm nacld goes back by itself, also when this session is gone or\n"
		"nacld was killed. Only what was confirmed is installed, and kept as a version.\n",
	.after = CHANGE_AFTER,
	.options = table,
	.operands = {OPTIONS_FILES},
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = apply_main,
};
