/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl explain: evaluates one packet and its reply, and says why.
 *
 * The point of the whole program in one answer: a network ACL remembers nothing, so the reply is
 * evaluated on its own. Here are the options, the exit status and the JSON; the text for people
 * is in text.c, the evaluation in roundtrip.c.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "core/way/walls.h"
#include "ctl/command.h"
#include "ctl/explain/behind.h"
#include "ctl/explain/explain.h"
#include "ctl/source.h"
#include "ctl/verdict.h"
#include "text/log_line.h"

#define WORDS_MAX 16
#define LINE_LEN  512

struct options {
	const char *file;
	const char *socket_path;
	const char *type;
	const char *code;
	bool json;
	bool all;
};

/* The arguments in one text, words apart, as the shell had them. False: too long. */
static bool join(int count, char **args, char text[static LINE_LEN])
{
	size_t len = 0;

	for (int i = 0; i < count && len < LINE_LEN; i++)
		len += (size_t)snprintf(text + len, LINE_LEN - len, "%s ", args[i]);
	return len < LINE_LEN;
}

/* The words of a packet line: the arguments, or a line of the log, then what the options say. */
static bool parse_packet(int count, char **args, const struct options *options,
			 struct packet_line *out)
{
	static char type_word[] = "type", code_word[] = "code";
	char error[PACKETLINE_ERROR_LEN], *words[WORDS_MAX], line[LINE_LEN];
	size_t n = 0;

	if (join(count, args, line))
		n = log_line_words(line, words, WORDS_MAX - 4);
	if (n == 0)
		for (; count > 0 && n < WORDS_MAX - 4; count--)
			words[n++] = *args++;
	if (options->type) {
		words[n++] = type_word;
		words[n++] = (char *)options->type;
	}
	if (options->code) {
		words[n++] = code_word;
		words[n++] = (char *)options->code;
	}
	if (packet_line_parse(words, n, out, error) == 0) {
		if (out->mapped)
			fputs("naclctl explain: an address ::ffff:a.b.c.d means IPv4, and is "
			      "taken so\n",
			      stderr);
		return true;
	}
	fprintf(stderr, "naclctl explain: %s\n", error);
	return false;
}

static json_t *suggestion_json(const struct policy *policy, const struct suggestion *suggestion)
{
	return json_pack("{s:s, s:s, s:o}", "acl", policy->acls[suggestion->acl].name, "direction",
			 direction_name(suggestion->direction), "rule",
			 verdict_rule_json(&suggestion->rule, suggestion->direction));
}

static void add_suggestions(const struct policy *policy, const struct roundtrip *j, json_t *object)
{
	const struct suggestion *first = j->suggestion_count > 0 ? &j->suggestions[0] : NULL;
	json_t *all = json_array();

	json_object_set_new(object, "suggestion",
			    first ? verdict_rule_json(&first->rule, first->direction)
				  : json_null());
	json_object_set_new(object, "suggestion_for",
			    first ? json_pack("{s:s, s:s}", "acl", policy->acls[first->acl].name,
					      "direction", direction_name(first->direction))
				  : json_null());
	for (size_t i = 0; i < j->suggestion_count; i++)
		json_array_append_new(all, suggestion_json(policy, &j->suggestions[i]));
	json_object_set_new(object, "suggestions", all);
}

/*
 * A stateful firewall remembers a request that it let through, and lets its reply pass; a request
 * that it dropped has no reply to remember.
 */
static json_t *stateful_reply(const struct roundtrip *j)
{
	if (!j->has_reply)
		return json_null();
	return json_string(action_name((enum action)j->request_verdict.action));
}

static void print_json(const struct policy *policy, const struct roundtrip *j,
		       const struct nat_answer *nat, FILE *to)
{
	json_t *reply =
		j->has_reply ? verdict_json(policy, &j->reply, &j->reply_verdict) : json_null();
	json_t *object = json_pack("{s:o, s:o, s:o}", "request",
				   verdict_json(policy, &j->request, &j->request_verdict), "reply",
				   reply, "stateful_reply", stateful_reply(j));

	add_suggestions(policy, j, object);
	json_object_set_new(object, "nat", nat ? behind_json(&j->request, nat) : json_null());
	json_object_set_new(object, "as_forward", json_boolean(j->as_forward));
	json_object_set_new(object, "mode",
			    json_string(policy->mode == POLICY_MONITOR ? "monitor" : "enforce"));
	json_dumpf(object, to, JSON_INDENT(2));
	fputc('\n', to);
	json_decref(object);
}

/* Is it an address of this host? */
static bool is_own(const struct addr *addr)
{
	struct ifaddrs *all = NULL;
	bool own = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i && !own; i = i->ifa_next) {
		char text[INET6_ADDRSTRLEN] = "", wanted[ADDR_STRLEN];

		if (!i->ifa_addr)
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr,
				  text, sizeof(text));
		else if (i->ifa_addr->sa_family == AF_INET6)
			inet_ntop(AF_INET6,
				  &((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr, text,
				  sizeof(text));
		own = *text && strcmp(text, addr_print(addr, wanted)) == 0;
	}
	freeifaddrs(all);
	return own;
}

/*
 * `in` to an address of a protected subnet, or `out` from one, which is not this host's: such a
 * packet never sees INPUT or OUTPUT. Where no ACL is the host's or an edge's the answer would be
 * "unprotected", while the subnet's ACL decides.
 */
static bool is_routed(const struct policy *policy, const struct packet_line *line)
{
	const struct addr *local =
		line->way.hook == HOOK_INPUT ? &line->packet.dst : &line->packet.src;

	if (line->way.hook == HOOK_FORWARD || policy->host.acl != POLICY_NO_ACL ||
	    policy->edges.only != POLICY_NO_ACL)
		return false;
	for (size_t i = 0; i < policy->subnet_count; i++)
		if (prefix_contains(&policy->subnets[i].prefix, local))
			return !is_own(local);
	return false;
}

static int explain(const struct options *options, const struct policy *policy,
		   struct packet_line *line)
{
	struct behind behind = {.is_local = is_own};
	struct roundtrip roundtrip;
	struct nat_answer nat;
	bool as_forward = is_routed(policy, line), translated;

	if (as_forward)
		line->way.hook = HOOK_FORWARD;
	if (walls_are_ambiguous(policy, &line->way)) {
		fputs("naclctl explain: " WALLS_AMBIGUOUS "\n", stderr);
		return NACLCTL_USAGE;
	}
	if (roundtrip_eval(policy, line, &roundtrip) < 0) {
		fputs("naclctl explain: no memory\n", stderr);
		return NACLCTL_USAGE;
	}
	roundtrip.as_forward = as_forward;
	translated = behind_ask(&behind, line, &nat);
	if (options->json)
		print_json(policy, &roundtrip, translated ? &nat : NULL, stdout);
	else
		explain_text(policy, &roundtrip, options->all, stdout);
	if (translated && !options->json)
		behind_text(policy, &roundtrip, &nat, stdout);
	behind_fini(&behind);
	return roundtrip_exit(&roundtrip);
}

static int explain_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_explain, argc, argv, &options);
	struct packet_line line;
	struct policy *policy;

	if (status >= 0)
		return status;
	if (optind == argc)
		return options_refuse(&command_explain, "no packet given");
	if (!parse_packet(argc - optind, argv + optind, &options, &line))
		return NACLCTL_USAGE;
	policy = source_policy("explain", options.file, options.socket_path);
	if (!policy)
		return NACLCTL_USAGE;
	status = explain(&options, policy, &line);
	policy_free(policy);
	return status;
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct options, file,
		     "filter by this configuration, not by the running daemon"),
	{'t', "type", "T", "ICMP type (default: echo request)", offsetof(struct options, type),
	 NULL},
	{'c', "code", "C", "ICMP code (default: 0)", offsetof(struct options, code), NULL},
	{'a', "all", NULL, "show every rule before the one that decides",
	 offsetof(struct options, all), NULL},
	COMMAND_JSON(struct options, json),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_explain = {
	.program = "naclctl",
	.name = "explain",
	.summary = "evaluate one packet and its reply, and say why",
	.synopsis = "[OPTION ...] in|out|forward PROTO SRC[:PORT] DST[:PORT]",
	.about =
		"Evaluates the packet and its reply: which list, which rule, and why. IPv6 with a port\n"
		"is in brackets, [2001:db8::1]:443. PROTO is a name or a number. A line of the daemon's\n"
		"log, in quotes, is a packet, too.\n",
	.after =
		"Exit status: 0 both ways pass, 1 dropped, 2 usage or bad file, 3 the request passes and\n"
		"its reply is dropped.\n",
	.options = options,
	.operands = {"in out forward", "tcp udp icmp icmpv6 gre esp ah sctp", "", "", "type code",
		     "", "code", ""},
	.operands_max = -1,
	.usage_status = NACLCTL_USAGE,
	.run = explain_main,
};
