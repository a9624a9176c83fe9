/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl why: "it hangs, and I know with whom". The drops of one peer in the last minutes, whether
 * somebody waits for them, and what to add; the same on the server and on the client, since a reply
 * is one whichever side the policy is on.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/drops/select.h"
#include "ctl/drops/text.h"
#include "ctl/source.h"
#include "ctl/term.h"

#define FLOWS_SHOWN 10 /* that are no replies */

struct options {
	const char *since;
	bool json;
	const char *socket_path;
};

/* Cuts "A", "A:P", "[A]:P" in two; *port is NULL where there is none. */
static void split(char *word, const char **host, const char **port)
{
	char *bracket = word[0] == '[' ? strchr(word, ']') : NULL, *colon = strchr(word, ':');

	*host = word;
	*port = NULL;
	if (bracket && (bracket[1] == ':' || bracket[1] == '\0')) {
		*host = word + 1;
		*port = bracket[1] == ':' ? bracket + 2 : NULL;
		*bracket = '\0';
	} else if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
		*port = colon + 1;
	}
}

/* "tcp 22 from 203.0.113.9 is dropped by web, inbound rule *: 3 packets, the last 2 s ago." */
static void print_flow(const struct lost *lost, int64_t now)
{
	char what[LOST_WHAT_LEN], why[LOST_WHY_LEN], count[TERM_TEXT_LEN], ago[TERM_TEXT_LEN];
	char address[ADDR_STRLEN];

	printf("%s%s %s %s %s %s: %s packet%s, the last %s ago.\n", lost_what(lost, what),
	       lost->fold == LOST_FLOW ? "" : " and other ports",
	       lost->direction == INBOUND ? "from" : "to", addr_print(lost_remote(lost), address),
	       lost->monitor ? "would be dropped by" : "is dropped by", lost_why(lost, why),
	       term_count(lost->packets, count), lost->packets == 1 ? "" : "s",
	       term_duration(now - lost->last, ago));
	drops_print_remedy(lost, stdout);
}

static void print_groups(const struct lost_list *list, const struct groups *groups)
{
	size_t shown = 0, others = 0;

	for (size_t g = 0; g < groups->count; g++) {
		const struct group *group = &groups->items[g];

		if (group->is_reply) {
			drops_print_reply(group, list->now, stdout);
			continue;
		}
		others += group->count;
		for (size_t i = 0; i < group->count && shown < FLOWS_SHOWN; i++, shown++)
			print_flow(group->members[i], list->now);
	}
	if (others > shown)
		printf("and %zu more: naclctl drops --list\n", others - shown);
}

static bool print_text(const struct lost_list *list, const char *host, const char *port,
		       const char *since)
{
	struct groups groups;

	if (list->count == 0) {
		printf("nacld dropped nothing of %s%s%s in the last %s.\n"
		       "If it hangs all the same: naclctl doctor; naclctl explain tries a packet.\n",
		       host, port ? " port " : "", port ? port : "", since);
		return true;
	}
	if (!groups_make(list, &groups))
		return false;
	print_groups(list, &groups);
	groups_fini(&groups);
	return true;
}

static int exit_status(const struct lost_list *list)
{
	int status = NACLCTL_OK;

	for (size_t i = 0; i < list->count && status != NACLCTL_REPLY_DROPPED; i++)
		if (!list->items[i].passes_now)
			status = list->items[i].is_reply ? NACLCTL_REPLY_DROPPED : NACLCTL_NO;
	return status;
}

static int answer(const struct options *options, const struct selection *selection,
		  const char *host, const char *port)
{
	struct lost_list list;
	struct policy *policy;
	bool done;
	int status = NACLCTL_NO;

	if (!lost_fetch("why", options->socket_path, &list))
		return status;
	policy = source_policy("why", NULL, options->socket_path);
	if (policy) {
		select_apply(selection, &list);
		diagnose_all(policy, &list);
		done = options->json ? lost_print_json(&list, stdout)
				     : print_text(&list, host, port, options->since);
		if (done)
			status = exit_status(&list);
		else
			fputs("naclctl why: out of memory\n", stderr);
	}
	policy_free(policy);
	lost_fini(&list);
	return status;
}

static int why_main(int argc, char **argv)
{
	struct options options = {.since = "10m", .socket_path = PATHS_SOCKET};
	int status = options_parse(&command_why, argc, argv, &options);
	struct select_words words = {0};
	char error[SELECT_ERROR_LEN];
	struct selection selection;

	if (status >= 0)
		return status;
	if (optind + 1 != argc)
		return options_refuse(&command_why, "whose packets? HOST or HOST:PORT");
	words.since = options.since;
	split(argv[optind], &words.host, &words.port);
	if (!select_parse(&words, &selection, error))
		return options_refuse(&command_why, "%s", error);
	return answer(&options, &selection, words.host, words.port);
}

static const struct option_entry options[] = {
	{'S', "since", "TIME", "look so far back: 30s, 2h (default: 10m)",
	 offsetof(struct options, since), "1m 10m 1h"},
	COMMAND_JSON(struct options, json),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_why = {
	.program = "naclctl",
	.name = "why",
	.summary = "why a connection with one host hangs, and what to add",
	.synopsis = "[OPTION ...] HOST[:PORT]",
	.about =
		"The drops of the last minutes with this host: whether each was a reply to something\n"
		"that is allowed, by which rule, and the rule that is missing. On the server HOST is\n"
		"the client, on the client the server; PORT is that of either end. IPv6 with a port\n"
		"is in brackets.\n",
	.after = "Exit status: 0 nothing is dropped, 1 something is, or nacld is not running,\n"
		 "2 usage, 3 replies to allowed requests are dropped.\n",
	.options = options,
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = why_main,
};
