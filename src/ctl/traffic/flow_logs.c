/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl flows: flow logs, nacld's own and AWS's: what was rejected, which requests were accepted
 * and got no reply, and what a policy would have made of the same traffic.
 */
#include <getopt.h>
#include <string.h>

#include "core/way/walls.h"
#include "core/way/way.h"
#include "ctl/command.h"
#include "ctl/source.h"
#include "ctl/traffic/log.h"

struct options {
	const char *file;
	const char *interface;
	struct option_list hosts;
	bool json;
};

static int status_of(const struct flow_logs *logs)
{
	if (logs->pairs.count > 0)
		return NACLCTL_NO;
	for (uint32_t i = 0; logs->policy && i < logs->flows.count; i++)
		if (flow_logs_differs(&logs->flows.at[i]))
			return NACLCTL_NO;
	return NACLCTL_OK;
}

static int run(const struct options *options, int count, char **files, struct flow_logs *logs)
{
	int status = 0;

	for (int i = 0; i < count && !logs->partial; i++)
		if (flow_log_read(files[i], logs) < 0)
			status = NACLCTL_USAGE;
	flow_logs_judge(logs);
	if (options->json)
		flow_logs_print_json(logs, stdout);
	else
		flow_logs_print(logs, stdout);
	return status ? status : status_of(logs);
}

static int flows_main(int argc, char **argv)
{
	const struct way way = {.hook = HOOK_INPUT};
	struct options options = {0};
	struct flow_logs logs = {0};
	int status = options_parse(&command_flows, argc, argv, &options);
	const char *wrong;

	if (status >= 0)
		return status;
	if (optind == argc)
		return options_refuse(&command_flows, "no flow log given (- is standard input)");
	if (options.interface && strlen(options.interface) >= WAY_INTERFACE_LEN)
		return options_refuse(&command_flows, "\"%s\" is no interface", options.interface);
	wrong = hosts_read(&options.hosts, &logs.hosts);
	if (wrong)
		return options_refuse(&command_flows, "--host: \"%s\" is no address", wrong);
	logs.interface = options.interface;
	logs.policy = options.file ? source_policy("flows", options.file, NULL) : NULL;
	if (options.file && !logs.policy)
		return NACLCTL_USAGE;
	if (logs.policy && !logs.interface && walls_are_ambiguous(logs.policy, &way))
		status = options_refuse(&command_flows, WALLS_AMBIGUOUS ", here --interface eth0");
	else
		status = run(&options, argc - optind, argv + optind, &logs);
	flows_fini(&logs.flows);
	flows_fini(&logs.pairs);
	policy_free((struct policy *)logs.policy);
	return status;
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct options, file, "what this configuration would have done"),
	{'H', "host", "ADDRESS...", "an address of this host: tells which way packets went",
	 offsetof(struct options, hosts), NULL},
	{'i', "interface", "IFACE", "where they went, for edges",
	 offsetof(struct options, interface), NULL},
	COMMAND_JSON(struct options, json),
	{0},
};

const struct command command_flows = {
	.program = "naclctl",
	.name = "flows",
	.summary = "flow logs, nacld's or AWS's: what was rejected, and would be",
	.synopsis = "[OPTION ...] LOG ...",
	.about =
		"Reads flow logs, nacld's own and those that AWS exports, compressed with gzip or not\n"
		"(- is standard input), in the format of their header line, else AWS's default. Shows\n"
		"what was rejected most, requests that were accepted and whose replies were rejected,\n"
		"and with -f what that configuration would have treated differently.\n",
	.after =
		"Exit status: 0 nothing rejected (with -f: and nothing different), 1 something, 2\n"
		"usage or a file that cannot be read.\n",
	.options = options,
	.operands = {OPTIONS_FILES},
	.operands_max = -1,
	.usage_status = NACLCTL_USAGE,
	.run = flows_main,
};
