/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iptables and ip6tables, both variants: the plan as text, and our own part of a foreign text.
 *
 * Own chains have the prefix NACLD- and are entered by a jump that is first in its chain:
 *
 *   mangle   INPUT, FORWARD   -> NACLD-IN, NACLD-FWD    (priority -150: before filter, 0)
 *   security OUTPUT           -> NACLD-OUT              (50, or 150 with the nft variant: after it)
 *   raw      PREROUTING       -> NACLD-PRE              (-300: after reassembly, before connection
 *                                                       tracking, -200, and NAT, -100)
 *   mangle   POSTROUTING      -> NACLD-POST             (-150: before source NAT, 100, which no
 *                                                       outbound rule looks at)
 *   mangle   NACLD-DEFRAG                               (no jump: nothing ever passes it)
 *
 * With a fast path each rule that queues stands behind one that asks the accept filter (-m bpf)
 * about the same packets. Its ACCEPT goes where the queue's would: on to the next base chain.
 *
 * So the ACL is the outer wall: inbound before the host's own firewall, outbound after it.
 * NACLD-DEFRAG works by being loaded: a rule with the socket match turns on the kernel's reassembly
 * for the network namespace, without connection tracking. Turned off again (by `down`, or fragments
 * = "strict"), the kernel drops what waits in any queue of the namespace; a change that keeps it on
 * loses nothing.
 */
#include "steer/kernel/iptables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN "NACLD-"

static const char *const chain_names[STEER_CHAINS] = {OWN "IN", OWN "FWD", OWN "OUT", OWN "PRE",
						      OWN "POST"};
static const char *const hook_names[STEER_CHAINS] = {"INPUT", "FORWARD", "OUTPUT", "PREROUTING",
						     "POSTROUTING"};

/* linux/filter.h: is the packet's type, in the kernel's own books, 5 (PACKET_LOOPBACK)? */
#define IS_LOOPED "-m bpf --bytecode \"4,48 0 0 4294963204,21 0 1 5,6 0 0 65535,6 0 0 0\""

/* By family, since ip6tables knows no broadcast. */
static const char *own_words(enum steer_own own, enum family family)
{
	switch (own) {
	case STEER_TO_HOST:
		return family == FAMILY_IPV4 ? " -m addrtype --dst-type LOCAL,BROADCAST,MULTICAST"
					     : " -m addrtype --dst-type LOCAL,MULTICAST";
	case STEER_BY_HOST:
		return family == FAMILY_IPV4 ? " -m addrtype --src-type LOCAL,BROADCAST"
					     : " -m addrtype --src-type LOCAL";
	case STEER_LOOPED:
		return " " IS_LOOPED;
	case STEER_ON_WIRE:
	case STEER_ANYBODY:
		break;
	}
	return "";
}

/* The filter's programs, by the names that they are pinned under (fastpath/accept.bpf.c). */
static const char *const program_names[STEER_CHAINS] = {"in", "fwd", "out", "pre", "post"};

static void render_queue(const struct steer_plan *plan, FILE *to)
{
	if (plan->queue_first == plan->queue_last)
		fprintf(to, " -j NFQUEUE --queue-num %u", plan->queue_first);
	else
		fprintf(to, " -j NFQUEUE --queue-balance %u:%u", plan->queue_first,
			plan->queue_last);
	fputs(plan->bypass ? " --queue-bypass\n" : "\n", to);
}

/* What a rule looks at; `type` is the one ICMPv6 type of it (iptables knows no ranges of types). */
static void render_matches(const struct steer_rule *rule, enum family family, unsigned int type,
			   FILE *to)
{
	bool outbound = steer_chain_is_outbound((enum steer_chain)rule->chain);
	char buf[PREFIX_STRLEN];

	fprintf(to, "-A %s", chain_names[rule->chain]);
	if (rule->has_src)
		fprintf(to, " -s %s", prefix_print(&rule->src, buf));
	if (rule->has_dst)
		fprintf(to, " -d %s", prefix_print(&rule->dst, buf));
	if (rule->interface[0])
		fprintf(to, " -%c %s", outbound ? 'o' : 'i', rule->interface);
	if (rule->protocol == PROTOCOL_UDP)
		fputs(rule->whole && family == FAMILY_IPV4 ? " -p udp ! -f -m udp"
							   : " -p udp -m udp",
		      to);
	if (rule->sport)
		fprintf(to, " --sport %u", rule->sport);
	if (rule->dport)
		fprintf(to, " --dport %u", rule->dport);
	if (rule->whole && family == FAMILY_IPV6)
		fputs(" -m ipv6header ! --header ipv6-frag --soft", to);
	if (rule->protocol == PROTOCOL_ICMPV6)
		fprintf(to, " -p ipv6-icmp -m icmp6 --icmpv6-type %u -m hl --hl-eq %u", type,
			rule->hop_limit);
	fputs(own_words((enum steer_own)rule->own, family), to);
}

/* Before what goes to the queue, where there is a filter: what that accepts does not. */
static void render_fast(const struct steer_plan *plan, const struct steer_rule *rule,
			enum family family, FILE *to)
{
	if (rule->action != STEER_QUEUE || !plan->fast_folder[0])
		return;
	render_matches(rule, family, 0, to);
	fprintf(to, " -m bpf --object-pinned %s/%s%d -j ACCEPT\n", plan->fast_folder,
		program_names[rule->chain], (int)family);
}

static void render_line(const struct steer_plan *plan, const struct steer_rule *rule,
			enum family family, unsigned int type, FILE *to)
{
	render_matches(rule, family, type, to);
	if (rule->action == STEER_QUEUE)
		render_queue(plan, to);
	else
		fputs(" -j RETURN\n", to);
}

static void render_chain(const struct steer_plan *plan, enum family family, enum steer_chain chain,
			 FILE *to)
{
	if (!steer_plan_uses(plan, chain, family))
		return;
	fprintf(to, ":%s - [0:0]\n", chain_names[chain]);
	for (size_t i = 0; i < plan->count; i++) {
		const struct steer_rule *rule = &plan->rules[i];

		if (rule->chain != chain || (rule->family != 0 && rule->family != family))
			continue;
		if (rule->own == STEER_ON_WIRE)
			continue; /* what is looped is known for certain here */
		render_fast(plan, rule, family, to);
		for (unsigned int type = rule->type_first; type <= rule->type_last; type++)
			render_line(plan, rule, family, type, to);
	}
	fprintf(to, "-A %s -j %s\n", hook_names[chain], chain_names[chain]);
}

static void render_defrag(FILE *to)
{
	fputs(":" OWN "DEFRAG - [0:0]\n"
	      "-A " OWN "DEFRAG -p udp -m udp --dport 1 -m socket -m comment --comment "
	      "\"nothing passes here: loaded, it has the kernel reassemble fragments\" -j RETURN\n",
	      to);
}

static bool uses_mangle(const struct steer_plan *plan, enum family family)
{
	return steer_plan_uses(plan, STEER_INPUT, family) ||
	       steer_plan_uses(plan, STEER_FORWARD, family) ||
	       steer_plan_uses(plan, STEER_POSTROUTING, family);
}

char *iptables_render(const struct steer_plan *plan, enum family family, const char *output_table)
{
	char *text = NULL, *own;
	size_t size;
	FILE *to;

	to = open_memstream(&text, &size);
	if (!to)
		return NULL;
	if (steer_plan_uses(plan, STEER_PREROUTING, family)) {
		fputs("*raw\n", to);
		render_chain(plan, family, STEER_PREROUTING, to);
	}
	if (uses_mangle(plan, family)) {
		fputs("*mangle\n", to);
		render_chain(plan, family, STEER_INPUT, to);
		render_chain(plan, family, STEER_FORWARD, to);
		render_chain(plan, family, STEER_POSTROUTING, to);
		if (plan->defrag)
			render_defrag(to);
	}
	if (steer_plan_uses(plan, STEER_OUTPUT, family)) {
		fprintf(to, "*%s\n", output_table);
		render_chain(plan, family, STEER_OUTPUT, to);
	}
	own = fclose(to) == 0 ? iptables_own(text) : NULL;
	free(text);
	return own;
}
