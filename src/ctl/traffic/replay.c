/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl replay: a capture, judged by a policy: which of its flows pass, which do not and by which
 * rule; and which of them another policy would treat differently.
 *
 * Flows are judged rather than packets: all packets of one have the same verdict, since a network
 * ACL remembers nothing. Memory grows with the flows, not with the capture.
 */
#include "ctl/traffic/replay.h"

#include <getopt.h>
#include <string.h>

#include "core/way/walls.h"
#include "ctl/command.h"
#include "ctl/source.h"

struct options {
	const char *file;
	const char *socket_path;
	const char *against;
	const char *interface;
	struct option_list hosts;
	bool all;
	bool json;
};

/* Where edges have different ACLs, an interface must be named. */
static bool is_ambiguous(const struct policy *policy, const char *interface)
{
	const struct way way = {.hook = HOOK_INPUT};

	return !interface && walls_are_ambiguous(policy, &way);
}

static int status_of(const struct replay *replay)
{
	for (uint32_t i = 0; i < replay->flows.count; i++) {
		const struct flow *flow = &replay->flows.at[i];

		if (replay->against ? flow->dropped != flow->was_dropped : flow->dropped)
			return NACLCTL_NO;
	}
	return NACLCTL_OK;
}

static int run(const struct options *options, const struct hosts *hosts, struct replay *replay)
{
	int status;

	if (is_ambiguous(replay->policy, options->interface) ||
	    (replay->against && is_ambiguous(replay->against, options->interface)))
		return options_refuse(&command_replay, WALLS_AMBIGUOUS ", here --interface eth0");
	/* Same answers, sooner. */
	(void)policy_compile((struct policy *)replay->policy);
	status = capture_read(options->file ? options->file : "-", hosts, replay);
	replay_judge(replay);
	if (options->json)
		replay_print_json(replay, stdout);
	else if (status == 0 || replay->frames > 0)
		replay_print(replay, options->all, stdout);
	if (status == 0 && replay->packets == 0 && replay->elsewhere > 0)
		fputs("naclctl replay: which addresses are this host's? --host ADDRESS\n", stderr);
	return status < 0 ? NACLCTL_USAGE : status_of(replay);
}

static int with_policies(const struct options *options, const char *conf, const struct hosts *hosts)
{
	struct policy *policy = source_policy("replay", conf, options->socket_path);
	struct policy *against =
		policy && options->against ? source_policy("replay", options->against, NULL) : NULL;
	struct replay replay = {.file = strcmp(options->file, "-") ? options->file : "stdin",
				.policy = policy,
				.against = against,
				.interface = options->interface};
	int status = NACLCTL_USAGE;

	if (policy && (against || !options->against))
		status = run(options, hosts, &replay);
	flows_fini(&replay.flows);
	policy_free(policy);
	policy_free(against);
	return status;
}

static int replay_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	struct hosts hosts = {.count = 0};
	int status = options_parse(&command_replay, argc, argv, &options);
	const char *conf = options.file, *wrong;

	if (status >= 0)
		return status;
	if (optind == argc)
		return options_refuse(&command_replay, "no capture given (- is standard input)");
	options.file = argv[optind];
	if (options.interface && strlen(options.interface) >= WAY_INTERFACE_LEN)
		return options_refuse(&command_replay, "\"%s\" is no interface", options.interface);
	wrong = hosts_read(&options.hosts, &hosts);
	if (wrong)
		return options_refuse(&command_replay, "--host: \"%s\" is no address", wrong);
	return with_policies(&options, conf, &hosts);
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct options, file, "judge by this configuration, not the running daemon's"),
	{'H', "host", "ADDRESS...", "an address of this host: tells which way packets went",
	 offsetof(struct options, hosts), NULL},
	{'i', "interface", "IFACE", "where the capture was taken, for edges",
	 offsetof(struct options, interface), NULL},
	{0, "against", "FILE", "what this configuration would change",
	 offsetof(struct options, against), OPTIONS_FILES},
	{'a', "all", NULL, "list every flow, not the first 40", offsetof(struct options, all),
	 NULL},
	COMMAND_JSON(struct options, json),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_replay = {
	.program = "naclctl",
	.name = "replay",
	.summary = "a capture (pcap), evaluated: which of its flows pass",
	.synopsis = "[OPTION ...] CAPTURE",
	.about =
		"Evaluates the packets of a capture, pcap or pcapng, compressed with gzip or not (- is\n"
		"standard input), and lists its flows: dropped ones first, each with the rule that\n"
		"decides, its packets and its replies.\n",
	.after =
		"Exit status: 0 nothing dropped, 1 something is (with --against: something changes),\n"
		"2 usage, a bad file, or no daemon.\n",
	.options = options,
	.operands = {OPTIONS_FILES},
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = replay_main,
};
