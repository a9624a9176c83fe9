/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl export: the policy in somebody else's words, on stdout. One table of formats, whose text
 * is written by src/interop; the policy comes from where explain and eval take theirs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/export/export.h"
#include "ctl/source.h"
#include "interop/nft/nft.h"

int export_nft(const struct policy *policy, const struct export_options *options)
{
	const char *interface = NULL;
	int status = nft_print(policy, stdout, &interface);

	(void)options;
	if (status == -EINVAL)
		fprintf(stderr,
			"naclctl export: interface name \"%s\" cannot stand in a ruleset\n"
			"  letters, digits and \"_-.@\" can: rename it (ip link set ... name ...)\n",
			interface);
	else if (status < 0)
		fprintf(stderr, "naclctl export: %s\n", strerror(-status));
	return status < 0 ? NACLCTL_USAGE : NACLCTL_OK;
}

static const struct format {
	const char *name;
	int (*write)(const struct policy *policy, const struct export_options *options);
	bool whole;   /* the policy, and never one ACL of it */
	bool against; /* can be a difference */
} formats[] = {
	{"nft", export_nft, true, false},
	{"aws-json", export_aws_json, false, false},
	{"aws-cli", export_aws_cli, false, true},
	{"cloudformation", export_cloudformation, false, false},
	{"terraform", export_terraform, false, false},
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static int export(const struct format *format, const struct export_options *options)
{
	struct policy *policy;
	int status;

	if (options->acl && format->whole)
		return options_refuse(&command_export, "%s is the whole policy: no --acl",
				      format->name);
	if (options->against && !format->against)
		return options_refuse(&command_export, "--against is for aws-cli");
	policy = source_policy("export", options->file, options->socket_path);
	if (!policy)
		return NACLCTL_USAGE;
	status = format->write(policy, options);
	policy_free(policy);
	return status;
}

static int export_main(int argc, char **argv)
{
	struct export_options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_export, argc, argv, &options);

	if (status >= 0)
		return status;
	if (optind == argc)
		return options_refuse(&command_export, "no format given");
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(argv[optind], formats[i].name) == 0)
			return export(&formats[i], &options);
	return options_refuse(&command_export, "no format \"%s\"", argv[optind]);
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct export_options, file,
		     "the policy of a configuration file, not of the running daemon"),
	{'a', "acl", "ACL", "this network ACL alone; not for nft",
	 offsetof(struct export_options, acl), NULL},
	{0, "against", "FILE",
	 "aws-cli: only what differs from the present state, which import\n"
	 "could read",
	 offsetof(struct export_options, against), OPTIONS_FILES},
	COMMAND_SOCKET(struct export_options, socket_path),
	{0},
};

const struct command command_export = {
	.program = "naclctl",
	.name = "export",
	.summary = "the policy in another form: nft, AWS, CloudFormation, Terraform",
	.synopsis = "FORMAT [OPTION ...]",
	.about =
		"Prints the policy in another form. FORMAT is one of\n"
		"\n"
		"  nft             a stateless ruleset for nft -f: the same verdicts without nacld\n"
		"  aws-json        what aws ec2 describe-network-acls prints\n"
		"  aws-cli         a script of aws commands, for one network ACL\n"
		"  cloudformation  a template\n"
		"  terraform       configuration in JSON (.tf.json)\n",
	.after = "Exit status: 0 printed, 2 usage, a bad file, or no daemon.\n",
	.options = options,
	.operands = {"nft aws-json aws-cli cloudformation terraform", ""},
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = export_main,
};
