/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl export: the policy in another program's format, on stdout. One table of formats; each is
 * a pure text writer of src/interop, and takes its policy from where explain and eval take theirs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/policy.h"
#include "ctl/command.h"
#include "ctl/source.h"
#include "interop/nft.h"

/* Writes the policy; an enum naclctl_exit, errors printed. */
static int export_nft(const struct policy *policy, FILE *to)
{
	const char *interface = NULL;
	int status = nft_print(policy, to, &interface);

	if (status == -EINVAL)
		fprintf(stderr,
			"naclctl export: interface name \"%s\" cannot be used in a ruleset\n"
			"  letters, digits and \"_-.@\" can: rename it (ip link set ... name ...)\n",
			interface);
	else if (status < 0)
		fprintf(stderr, "naclctl export: %s\n", strerror(-status));
	return status < 0 ? NACLCTL_USAGE : NACLCTL_OK;
}

static const struct {
	const char *name;
	int (*write)(const struct policy *policy, FILE *to);
} formats[] = {
	{"nft", export_nft},
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

struct options {
	const char *file;
	const char *socket_path;
};

static int export(size_t format, const struct options *options)
{
	struct policy *policy = source_policy("export", options->file, options->socket_path);
	int status;

	if (!policy)
		return NACLCTL_USAGE;
	status = formats[format].write(policy, stdout);
	policy_free(policy);
	return status;
}

static int export_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_export, argc, argv, &options);

	if (status >= 0)
		return status;
	if (optind == argc)
		return options_refuse(&command_export, "no format given");
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(argv[optind], formats[i].name) == 0)
			return export(i, &options);
	return options_refuse(&command_export, "no format \"%s\"", argv[optind]);
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct options, file,
		     "the policy of a configuration file, not of the running daemon"),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_export = {
	.program = "naclctl",
	.name = "export",
	.summary = "the policy in another form: nft, a ruleset without nacld",
	.synopsis = "FORMAT [OPTION ...]",
	.about = "Prints the policy in another form. FORMAT is one of\n"
		 "\n"
		 "  nft    a stateless ruleset for nft -f: the same verdicts without nacld\n",
	.after = "Exit status: 0 printed, 2 usage, a bad file, or no daemon.\n",
	.options = options,
	.operands = {"nft", ""},
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = export_main,
};
