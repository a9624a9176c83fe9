/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft: the plan as one table of our own, for both families.
 *
 *   input, forward, output    base chains at the priorities of core/hook.h: the ACL is the outer
 *                             wall
 *   defrag                    no base chain: nothing passes it
 *   prerouting, postrouting   base chains where there are edges
 *
 * Several queues are balanced by address pair, which keeps the order of a connection's packets; cpu
 * fanout does not, so the flag is never set.
 *
 * The chain `defrag` works by being loaded: a tproxy statement turns on the kernel's reassembly for
 * the network namespace, without connection tracking (nft's socket expression does not).
 *
 * Deleting a base chain drops every packet that waits in any queue of the namespace. Hence the
 * first three always exist, a change empties and refills chains or adds some, and only `down`, or
 * edges that are edges no longer, delete the table. Turning reassembly off
 * unregisters hooks of the kernel's own and drops what waits in the same way.
 */
#include "steer/kernel/nft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "inet nacld"

const char nft_probe[] = "add table inet nacld-probe\n"
			 "add chain inet nacld-probe probe\n"
			 "add rule inet nacld-probe probe queue num 0\n";

static void render_queue(const struct steer_plan *plan, FILE *to)
{
	fprintf(to, "counter queue%s to %u", plan->bypass ? " flags bypass" : "",
		plan->queue_first);
	if (plan->queue_first != plan->queue_last)
		fprintf(to, "-%u", plan->queue_last);
	fputc('\n', to);
}

/* nft lists a full-length prefix as a bare address. */
static void render_address(const char *what, const struct prefix *prefix, FILE *to)
{
	char buf[PREFIX_STRLEN];
	const char *text = prefix_print(prefix, buf);
	bool host = prefix->len == family_bits(prefix->addr.family);
	size_t len = host ? strcspn(text, "/") : strlen(text);

	fprintf(to, "ip%s %s %.*s ", prefix->addr.family == FAMILY_IPV6 ? "6" : "", what, (int)len,
		text);
}

/* What a kernel's routing tables call local, and as broadcast also IPv4's 0.0.0.0. */
static const char *const own_words[] = {
	[STEER_ANYBODY] = "",
	[STEER_TO_HOST] = "fib daddr type { local, broadcast, multicast } ",
	[STEER_BY_HOST] = "fib saddr type { local, broadcast } ",
	[STEER_LOOPED] = "meta pkttype { broadcast, multicast } fib saddr type local ",
	[STEER_ON_WIRE] = ("meta pkttype { broadcast, multicast } fib saddr type local "
			   "ether saddr >= 00:00:00:00:00:00 "),
};

static void render_rule(const struct steer_plan *plan, const struct steer_rule *rule, FILE *to)
{
	fputs("\t\t", to);
	if (rule->interface[0])
		fprintf(to, "%sifname \"%s\" ",
			steer_chain_is_outbound((enum steer_chain)rule->chain) ? "o" : "i",
			rule->interface);
	if (rule->has_src)
		render_address("saddr", &rule->src, to);
	if (rule->has_dst)
		render_address("daddr", &rule->dst, to);
	if (rule->whole)
		fputs(rule->family == FAMILY_IPV4 ? "ip frag-off & 8191 == 0 "
						  : "exthdr frag missing ",
		      to);
	else if (rule->protocol == PROTOCOL_UDP)
		fprintf(to, "meta nfproto ipv%u ", rule->family);
	if (rule->sport)
		fprintf(to, "udp sport %u ", rule->sport);
	if (rule->dport)
		fprintf(to, "udp dport %u ", rule->dport);
	if (rule->protocol == PROTOCOL_ICMPV6)
		fprintf(to, "icmpv6 type %u-%u ip6 hoplimit %u ", rule->type_first, rule->type_last,
			rule->hop_limit);
	fputs(own_words[rule->own], to);
	if (rule->action == STEER_QUEUE)
		render_queue(plan, to);
	else
		fputs("return\n", to);
}

static void render_chain(const struct steer_plan *plan, enum steer_chain chain, FILE *to)
{
	const char *hook = hook_nft_name((enum hook)chain);

	fprintf(to, "\tchain %s {\n\t\ttype filter hook %s priority %s; policy accept;\n", hook,
		hook, hook_nft_priority((enum hook)chain));
	for (size_t i = 0; i < plan->count; i++)
		if (plan->rules[i].chain == chain)
			render_rule(plan, &plan->rules[i], to);
	fputs("\t}\n", to);
}

char *nft_render(const struct steer_plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *to;

	to = open_memstream(&text, &size);
	if (!to)
		return NULL;
	fputs("table " TABLE " {\n", to);
	for (int chain = STEER_INPUT; chain <= STEER_OUTPUT; chain++) {
		render_chain(plan, (enum steer_chain)chain, to);
		fputc('\n', to);
	}
	fputs("\tchain defrag {\n", to);
	if (plan->defrag)
		fputs("\t\tudp dport 1 tproxy to :1 comment \"nothing passes here: loaded, it has "
		      "the kernel reassemble fragments\"\n",
		      to);
	fputs("\t}\n", to);
	if (steer_plan_uses(plan, STEER_PREROUTING, FAMILY_IPV4)) {
		fputc('\n', to);
		render_chain(plan, STEER_PREROUTING, to);
		fputc('\n', to);
		render_chain(plan, STEER_POSTROUTING, to);
	}
	fputs("}\n", to);
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}

void nft_normalize(char *listed)
{
	static const char hexadecimal[] = "frag-off & 0x1fff == 0x0",
			  decimal[] = "frag-off & 8191 == 0";

	for (char *at; (at = strstr(listed, hexadecimal));) {
		memcpy(at, decimal, strlen(decimal));
		memmove(at + strlen(decimal), at + strlen(hexadecimal),
			strlen(at + strlen(hexadecimal)) + 1);
	}
}

/* The lines that say which chains there are and where they hook, without the rules. */
static bool is_skeleton(const char *line)
{
	return strncmp(line, "\tchain ", 7) == 0 || strncmp(line, "\t\ttype ", 7) == 0;
}

static const char *next_skeleton(const char *text)
{
	while (*text && !is_skeleton(text)) {
		text = strchrnul(text, '\n');
		text += *text ? 1 : 0;
	}
	return text;
}

/* Does `whole` begin with all chains of `part`, so that some need only be added at its end? */
static bool extends_skeleton(const char *part, const char *whole)
{
	part = next_skeleton(part);
	whole = next_skeleton(whole);
	while (*part && *whole) {
		size_t len = strcspn(part, "\n");

		if (len != strcspn(whole, "\n") || strncmp(part, whole, len) != 0)
			return false;
		part = next_skeleton(part + len);
		whole = next_skeleton(whole + len);
	}
	return !*part;
}

char *nft_transition(const char *current, const char *target)
{
	const char *before = "";
	char *text;

	if (strcmp(current, target) == 0)
		return strdup("");
	if (!*target)
		return strdup("delete table " TABLE "\n");
	if (*current)
		before = extends_skeleton(current, target) ? "flush table " TABLE "\n"
							   : "delete table " TABLE "\n";
	if (asprintf(&text, "%s%s", before, target) < 0)
		return NULL;
	return text;
}
