/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft: the plan as one table of our own, for both families.
 *
 *   input, forward, output   base chains, at the priorities of core/hook.h: outer walls
 *   defrag                   no base chain: nothing passes it
 *
 * Several queues are balanced by address pair, which keeps the order of a connection's packets; cpu
 * fanout does not, so the flag is never set.
 *
 * The chain `defrag` works by being loaded: a tproxy statement turns on the kernel's reassembly for
 * the network namespace, without connection tracking (nft's socket expression does not).
 *
 * Deleting a base chain drops every packet that waits in any queue of the namespace. Hence all base
 * chains always exist, a change empties and refills them, and only `down` deletes the table.
 * Turning reassembly off unregisters hooks of the kernel's own and drops what waits in the same
 * way.
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

static void render_rule(const struct steer_plan *plan, const struct steer_rule *rule, FILE *to)
{
	fputs("\t\t", to);
	if (rule->interface[0])
		fprintf(to, "%sifname \"%s\" ", rule->chain == STEER_OUTPUT ? "o" : "i",
			rule->interface);
	if (rule->has_src)
		render_address("saddr", &rule->src, to);
	if (rule->has_dst)
		render_address("daddr", &rule->dst, to);
	if (rule->whole)
		fputs("exthdr frag missing ", to);
	else if (rule->protocol == PROTOCOL_UDP)
		fprintf(to, "meta nfproto ipv%u ", rule->family);
	if (rule->sport)
		fprintf(to, "udp sport %u ", rule->sport);
	if (rule->dport)
		fprintf(to, "udp dport %u ", rule->dport);
	if (rule->protocol == PROTOCOL_ICMPV6)
		fprintf(to, "icmpv6 type %u-%u ip6 hoplimit %u ", rule->type_first, rule->type_last,
			rule->hop_limit);
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
	fputs("\t}\n\n", to);
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
	for (int chain = 0; chain < STEER_CHAINS; chain++)
		render_chain(plan, (enum steer_chain)chain, to);
	fputs("\tchain defrag {\n", to);
	if (plan->defrag)
		fputs("\t\tudp dport 1 tproxy to :1 comment \"nothing passes here: loaded, it has "
		      "the kernel reassemble fragments\"\n",
		      to);
	fputs("\t}\n}\n", to);
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
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

static bool same_skeleton(const char *a, const char *b)
{
	a = next_skeleton(a);
	b = next_skeleton(b);
	while (*a && *b) {
		size_t len = strcspn(a, "\n");

		if (len != strcspn(b, "\n") || strncmp(a, b, len) != 0)
			return false;
		a = next_skeleton(a + len);
		b = next_skeleton(b + len);
	}
	return *a == *b;
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
		before = same_skeleton(current, target) ? "flush table " TABLE "\n"
							: "delete table " TABLE "\n";
	if (asprintf(&text, "%s%s", before, target) < 0)
		return NULL;
	return text;
}
