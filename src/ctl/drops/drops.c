/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl drops: who lost packets, and what to do about it. The daemon counts, by flow; everything
 * else happens here, and costs the packet path nothing.
 */
#include <stdio.h>

#include "ctl/command.h"
#include "ctl/drops/follow.h"
#include "ctl/drops/select.h"
#include "ctl/drops/text.h"
#include "ctl/source.h"

struct options {
	struct select_words words;
	bool list;
	bool follow;
	bool json;
	bool as_packets;
	const char *socket_path;
};

static int out_of_memory(void)
{
	fputs("naclctl drops: out of memory\n", stderr);
	return NACLCTL_NO;
}

static int print_groups(const struct lost_list *list)
{
	struct groups groups;

	if (!groups_make(list, &groups))
		return out_of_memory();
	drops_print_groups(list, &groups, stdout);
	groups_fini(&groups);
	return NACLCTL_OK;
}

static int print(const struct lost_list *list, const struct options *options)
{
	if (options->json)
		return lost_print_json(list, stdout) ? NACLCTL_OK : out_of_memory();
	if (options->as_packets)
		drops_print_packets(list, stdout);
	else if (options->list)
		drops_print_list(list, stdout);
	else
		return print_groups(list);
	return NACLCTL_OK;
}

/* Replies that are still dropped are what exit status 3 means. */
static int exit_status(const struct lost_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].is_reply && !list->items[i].passes_now)
			return NACLCTL_REPLY_DROPPED;
	return NACLCTL_OK;
}

static int show(const struct options *options, const struct selection *selection)
{
	struct lost_list list;
	struct policy *policy;
	int status;

	if (!lost_fetch("drops", options->socket_path, &list))
		return NACLCTL_NO;
	policy = source_policy("drops", NULL, options->socket_path);
	if (!policy) {
		lost_fini(&list);
		return NACLCTL_NO;
	}
	select_apply(selection, &list);
	diagnose_all(policy, &list);
	status = print(&list, options);
	if (status == NACLCTL_OK)
		status = exit_status(&list);
	lost_fini(&list);
	policy_free(policy);
	return status;
}

static int drops_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_drops, argc, argv, &options);
	char error[SELECT_ERROR_LEN];
	struct selection selection;

	if (status >= 0)
		return status;
	if (!select_parse(&options.words, &selection, error))
		return options_refuse(&command_drops, "%s", error);
	if (options.follow)
		return drops_follow(options.socket_path, &selection, options.json);
	return show(&options, &selection);
}

static const struct option_entry options[] = {
	{'H', "host", "ADDRS", "only what this address or CIDR sent or was to get",
	 offsetof(struct options, words.host), NULL},
	{'p', "port", "PORTS", "only this port, of either end: N or N-M",
	 offsetof(struct options, words.port), NULL},
	{'P', "protocol", "PROTO", "only this protocol: a name or number",
	 offsetof(struct options, words.protocol), "tcp udp icmp icmpv6"},
	{'d', "direction", "WAY", "only in, or only out", offsetof(struct options, words.direction),
	 "in out"},
	{'r', "rule", "N", "only what this rule dropped: its number, or *",
	 offsetof(struct options, words.rule), NULL},
	{'S', "since", "TIME", "only what was dropped in the last TIME: 30s, 10m, 2h",
	 offsetof(struct options, words.since), "1m 10m 1h"},
	{'l', "list", NULL, "every flow, a line each", offsetof(struct options, list), NULL},
	{'F', "follow", NULL, "each packet as it is dropped, a line each",
	 offsetof(struct options, follow), NULL},
	{0, "as-packets", NULL, "every flow as a line of a file for naclctl eval",
	 offsetof(struct options, as_packets), NULL},
	COMMAND_JSON(struct options, json),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_drops = {
	.program = "naclctl",
	.name = "drops",
	.summary = "who lost packets, by which rule, and which rule is missing",
	.synopsis = "[OPTION ...]",
	.about =
		"Every flow that lost packets, or in monitor mode would have: grouped, replies to\n"
		"allowed requests first, each with the rule that is missing.\n",
	.after = "Exit status: 0, 1 nacld is not running or may not be asked, 2 usage,\n"
		 "3 replies to allowed requests are dropped.\n",
	.options = options,
	.usage_status = NACLCTL_USAGE,
	.run = drops_main,
};
