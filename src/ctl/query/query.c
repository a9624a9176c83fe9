/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl query: do all, some or none of these packets pass, and are they answered?
 */
#include "ctl/query/query.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/source.h"
#include "text/packet_print.h"

#define WORDS_MAX 16
#define LINE_LEN  512

struct options {
	const char *file;
	const char *socket_path;
	const char *acl;
	bool json;
};

static const char *verdict(const struct query_answer *answer)
{
	if (!answer->any_dropped)
		return answer->any_allowed ? "all" : "empty";
	return answer->any_allowed ? "some" : "none";
}

static const struct rule *decider(const struct query_answer *answer, const struct query *query,
				  const struct space_part *part)
{
	return part->value == LINE_NONE ? NULL
					: &answer->acl->lists[query->direction].rules[part->value];
}

static const struct way *way_of(const struct query *query)
{
	static const struct way ways[] = {
		[INBOUND] = {.hook = HOOK_INPUT}, [OUTBOUND] = {.hook = HOOK_OUTPUT}};

	return &ways[query->direction];
}

static void print_part(const struct query_answer *answer, const struct query *query,
		       const struct space_part *part)
{
	const struct rule *rule = decider(answer, query, part);
	char text[SPACE_TERM_STRLEN], packet[PACKETTEXT_LEN], number[8] = "*";

	if (rule)
		snprintf(number, sizeof(number), "%u", rule->number);
	printf("  %s by rule %s:\n", rule && rule->action == ACTION_ALLOW ? "allowed" : "dropped",
	       number);
	for (size_t i = 0; i < part->terms.count; i++)
		printf("    %s\n", space_term_print(&part->terms.at[i], query->direction, text));
	if (part->terms.more)
		printf("    and %zu more\n", part->terms.more);
	printf("    such as %s\n", packet_print(way_of(query), &part->packet, packet));
}

static void print_replies(const struct query_answer *answer, const struct query *query)
{
	const struct query_replies *r = &answer->replies;
	char worst[ADDR_STRLEN];

	if (!r->known || !answer->any_allowed)
		return;
	if (r->all) {
		puts("every reply passes");
		return;
	}
	printf("not every reply passes (%s rules), at worst %s %s:",
	       direction_name(query->direction == INBOUND ? OUTBOUND : INBOUND),
	       query->direction == INBOUND ? "to" : "from", addr_print(&r->worst, worst));
	if (query->protocol != PROTOCOL_TCP && query->protocol != PROTOCOL_UDP) {
		puts(" none");
		return;
	}
	putchar('\n');
	for (int i = 0; i < CLIENT_MAIN; i++) {
		const struct client_profile *p = client_main((enum client_main)i);

		printf("  %5.1f %% of the ports of %s (%u-%u)\n",
		       r->answered[i] * 100.0 / ((uint32_t)p->last - p->first + 1), p->name,
		       p->first, p->last);
	}
}

static void print_text(const struct query_answer *answer, const struct query *query)
{
	static const char *const words[][2] = {{"all", "all of it passes"},
					       {"some", "some of it passes"},
					       {"none", "none of it passes"},
					       {"empty", "there are no such packets"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], verdict(answer)) == 0)
			printf("%s (\"%s\", %s)\n", words[i][1], answer->acl->name,
			       direction_name(query->direction));
	for (size_t i = 0; i < answer->parts.count; i++)
		print_part(answer, query, &answer->parts.at[i]);
	if (answer->parts.more)
		puts("  and more");
	print_replies(answer, query);
}

static json_t *part_json(const struct query_answer *answer, const struct query *query,
			 const struct space_part *part)
{
	const struct rule *rule = decider(answer, query, part);
	char text[SPACE_TERM_STRLEN], packet[PACKETTEXT_LEN];
	json_t *terms = json_array();

	for (size_t i = 0; i < part->terms.count; i++)
		json_array_append_new(terms, json_string(space_term_print(&part->terms.at[i],
									  query->direction, text)));
	return json_pack("{s:s, s:o, s:o, s:I, s:s}", "verdict",
			 rule && rule->action == ACTION_ALLOW ? "allow" : "deny", "rule",
			 rule ? json_integer(rule->number) : json_string("*"), "packets", terms,
			 "more", (json_int_t)part->terms.more, "such_as",
			 packet_print(way_of(query), &part->packet, packet));
}

static void print_json(const struct query_answer *answer, const struct query *query)
{
	json_t *parts = json_array(), *object;
	bool asked = answer->replies.known && answer->any_allowed;

	for (size_t i = 0; i < answer->parts.count; i++)
		json_array_append_new(parts, part_json(answer, query, &answer->parts.at[i]));
	object = json_pack("{s:s, s:s, s:s, s:o, s:o}", "passes", verdict(answer), "acl",
			   answer->acl->name, "direction", direction_name(query->direction),
			   "parts", parts, "replies_pass",
			   asked ? json_boolean(answer->replies.all) : json_null());
	if (!object || (json_dumpf(object, stdout, JSON_INDENT(2)) < 0 && !ferror(stdout)))
		fputs("naclctl query: out of memory\n", stderr);
	putchar('\n');
	json_decref(object);
}

static int answer_status(const struct query_answer *answer)
{
	if (answer->any_dropped || !answer->any_allowed)
		return NACLCTL_NO;
	return answer->replies.all ? NACLCTL_OK : NACLCTL_REPLY_DROPPED;
}

static int run(const struct options *options, const struct policy *policy, struct query *query)
{
	char error[QUERY_ERROR_LEN];
	const struct acl *acl = query_acl(policy, query, options->acl, error);
	struct query_answer answer;
	int status;

	if (!acl) {
		fprintf(stderr, "naclctl query: %s\n", error);
		return NACLCTL_USAGE;
	}
	status = query_ask(policy, acl, query, &answer);
	if (status != 0) {
		fprintf(stderr, "naclctl query: %s\n",
			status == -ENOENT  ? "there is no set of that name"
			: status == -E2BIG ? "the list is too large for an exact answer"
					   : "out of memory");
		return NACLCTL_USAGE;
	}
	if (options->json)
		print_json(&answer, query);
	else
		print_text(&answer, query);
	status = answer_status(&answer);
	query_answer_fini(&answer);
	return status;
}

/* One argument or several: the words are the same. */
static size_t split(char **argv, int argc, char line[static LINE_LEN], char *words[WORDS_MAX])
{
	size_t count = 0, len = 0;
	char *save = NULL;

	line[0] = '\0';
	for (int i = 0; i < argc && len < LINE_LEN; i++)
		len += (size_t)snprintf(line + len, LINE_LEN - len, "%s ", argv[i]);
	for (char *word = strtok_r(line, " \t", &save); word && count < WORDS_MAX;
	     word = strtok_r(NULL, " \t", &save))
		words[count++] = word;
	return count;
}

static int query_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_query, argc, argv, &options);
	char line[LINE_LEN], error[QUERY_ERROR_LEN], *words[WORDS_MAX];
	struct policy *policy;
	struct query query;
	size_t count;

	if (status >= 0)
		return status;
	count = split(argv + optind, argc - optind, line, words);
	if (query_parse(words, count, &query, error) != 0)
		return options_refuse(&command_query, "%s", error);
	policy = source_policy("query", options.file, options.socket_path);
	if (!policy)
		return NACLCTL_USAGE;
	status = run(&options, policy, &query);
	policy_free(policy);
	return status;
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct options, file, "ask a configuration file, not the running daemon"),
	{'a', "acl", "NAME", "the ACL to ask, where the question does not tell",
	 offsetof(struct options, acl), OPTIONS_ACLS},
	COMMAND_JSON(struct options, json),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_query = {
	.program = "naclctl",
	.name = "query",
	.summary = "do all, some or none of these packets pass? ranges and networks",
	.synopsis = "[OPTION ...] in|out PROTO [from ADDRS] [to ADDRS] [port PORTS]\n"
		    "[OPTION ...] in|out PROTO ADDRS[:PORTS] ADDRS[:PORTS]",
	.about =
		"Tells exactly which of the packets pass, by which rule, and whether every reply\n"
		"to them passes. PROTO is a name, a number or any; ADDRS an address, a CIDR, @SET\n"
		"or any; PORTS is N, N-M or any. icmp and icmpv6 take type T and code C.\n",
	.after = "Exit status: 0 all pass and are answered, 1 not all pass, 2 usage, a bad file,\n"
		 "or no daemon, 3 all pass and not all are answered.\n",
	.options = options,
	.operands = {"in out", "tcp udp icmp icmpv6 any", "from to port type", ""},
	.operands_max = -1,
	.usage_status = NACLCTL_USAGE,
	.run = query_main,
};
