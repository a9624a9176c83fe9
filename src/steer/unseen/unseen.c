/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rules of a policy cannot see on this host: each in one sentence with its place, what it
 * means, and what to do. nacld(8), "What the rules cannot see", tells the same at length.
 */
#include "steer/unseen/unseen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "steer/backend.h"
#include "steer/kernel/exec.h"
#include "steer/unseen/parts.h"

struct look {
	const struct policy *policy;
	unseen_tell *tell;
	void *context;
};

__attribute__((format(printf, 3, 4))) static void say(const struct look *look, const char *next,
						      const char *format, ...)
{
	char text[UNSEEN_TEXT_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	look->tell(look->context, next, text);
}

static void look_at_interface(const struct look *look, const char *name)
{
	struct link_facts facts;
	char next[96];

	if (link_ask(name, &facts))
		return; /* no rtnetlink: steering itself will say more */
	if (!facts.exists && facts.name[0]) {
		snprintf(next, sizeof(next), "write \"%s\" in the configuration", facts.name);
		say(look, next,
		    "\"%s\" is only an alternative name of %s: no rule matches it, its packets are "
		    "not filtered",
		    name, facts.name);
	} else if (!facts.exists) {
		say(look, "correct the name, or bring the interface up",
		    "no interface \"%s\" now: its packets are filtered once it exists", name);
	} else if (facts.master[0]) {
		snprintf(next, sizeof(next), "write \"%s\" in its place", facts.master);
		say(look, next,
		    "interface \"%s\" is a port of %s: its packets have that name, none has this one",
		    name, facts.master);
	}
	if (facts.exists && tc_takes_packets(name))
		say(look, "see `tc filter show dev` of it and bpftool(8), ingress and egress",
		    "traffic control at interface \"%s\" sees packets before every rule, or after "
		    "all: what it redirects, changes or drops is not what rules see",
		    name);
	if (facts.exists && feature_is_on(name, "hw-tc-offload")) {
		snprintf(next, sizeof(next), "ethtool -K %s hw-tc-offload off", name);
		say(look, next,
		    "interface \"%s\" may forward by itself (hw-tc-offload is on): flows that tc "
		    "or a flowtable hands to it pass every rule",
		    name);
	}
	if (facts.has_xdp)
		say(look, "see `ip link show` and bpftool(8); what it redirects or drops is gone",
		    "an XDP program at interface \"%s\" takes packets before any rule sees them",
		    name);
}

static void look_at_interfaces(const struct look *look)
{
	const struct policy *policy = look->policy;

	for (size_t i = 0; i < policy->edges.count; i++)
		look_at_interface(look, policy->edges.items[i].interface);
	for (size_t i = 0; i < policy->host.interface_count; i++)
		look_at_interface(look, policy->host.interfaces[i]);
}

static bool is_on(const char *path)
{
	FILE *file = fopen(path, "re");
	int c = file ? getc(file) : '0';

	if (file)
		fclose(file);
	return c == '1';
}

/* A subnet's rules see bridged packets then, and so do those of an edge that is a bridge. */
static void look_at_bridges(const struct look *look)
{
	bool on = is_on("/proc/sys/net/bridge/bridge-nf-call-iptables") ||
		  is_on("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
	struct link_facts facts;

	if (on && look->policy->subnet_count > 0)
		say(look, NULL,
		    "bridge netfilter is on (net.bridge.bridge-nf-call-iptables): bridged packets "
		    "are filtered by subnet like routed ones");
	for (size_t i = 0; on && i < look->policy->edges.count; i++)
		if (link_ask(look->policy->edges.items[i].interface, &facts) == 0 &&
		    facts.is_bridge)
			say(look, NULL,
			    "bridge netfilter is on (net.bridge.bridge-nf-call-iptables): what "
			    "passes from port to port of %s crosses that edge too",
			    look->policy->edges.items[i].interface);
}

static bool take_flowtable(void *context, const char *table, const char *name, const char *devices,
			   bool offload)
{
	say(context,
	    "keep filtered traffic out of it (its `flow add` rule); change rules by naclctl reload, "
	    "which has it let go of its flows, and not by a signal",
	    "flowtable %s of table %s carries established flows past every rule (%s%s)", name,
	    table, devices[0] ? devices : "no device", offload ? ", in hardware" : "");
	return true;
}

static void look_at_flowtables(struct look *look)
{
	const struct edges *edges = &look->policy->edges;

	/* They carry routed packets only. */
	if (look->policy->subnet_count > 0 || edges->count > 0 ||
	    edges->default_route != POLICY_NO_ACL)
		flowtables_walk(take_flowtable, look);
}

/* Tells the first rule of the text that translates a destination, and how many more there are. */
static unsigned int find_nat(const char *text, char *first, size_t size)
{
	static const char *const words[] = {"-j DNAT ", "-j REDIRECT", "-j NETMAP ", " dnat ",
					    "redirect to "};
	unsigned int count = 0;

	for (const char *end; *text; text = *end ? end + 1 : end) {
		bool found = false;

		end = strchrnul(text, '\n');
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			found |= memmem(text, (size_t)(end - text), words[i], strlen(words[i])) !=
				 NULL;
		if (!found || *text == '#')
			continue;
		if (count++ == 0)
			snprintf(first, size, "%.*s", (int)(end - text),
				 text + strspn(text, " \t"));
	}
	return count;
}

/* Rules at an edge see what is on the wire; all others see what NAT has made of it. */
static void look_at_nat(const struct look *look)
{
	static const char *const tools[][4] = {
		{"iptables-nft-save", "-t", "nat", NULL},
		{"ip6tables-nft-save", "-t", "nat", NULL},
		{"iptables-legacy-save", "-t", "nat", NULL},
		{"ip6tables-legacy-save", "-t", "nat", NULL},
		{"nft", "--stateless", "list", "ruleset"},
	};
	char first[120] = "", line[120];
	unsigned int count = 0;

	if (look->policy->host.acl == POLICY_NO_ACL && look->policy->subnet_count == 0)
		return;
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		const char *const argv[] = {tools[i][0], tools[i][1], tools[i][2], tools[i][3],
					    NULL};
		struct steer_result result;

		/* nft lists iptables-nft's rules again: asked only where those told none. */
		if ((i == 4 && count > 0) || !steer_tool_installed(argv[0]))
			continue;
		/* A look must not make the table, and its hooks: iptables-legacy-save -t does. */
		if ((i == 2 || i == 3) && !steer_legacy_has((int)i - 2, "nat"))
			continue;
		if (steer_exec(argv, NULL, &result) == 0 && result.status == 0) {
			unsigned int found = find_nat(result.out, line, sizeof(line));

			if (found > 0 && count == 0)
				memcpy(first, line, sizeof(first));
			count += found;
		}
		steer_result_fini(&result);
	}
	if (count > 0)
		say(look, NULL,
		    "NAT comes before the rules of a host or subnet: they see what %u rule%s made of "
		    "addresses and ports, the first: %s; rules at an edge see the wire",
		    count, count == 1 ? "" : "s", first);
}

void unseen_look(const struct policy *policy, unseen_tell *tell, void *context)
{
	struct look look = {.policy = policy, .tell = tell, .context = context};

	look_at_interfaces(&look);
	look_at_bridges(&look);
	look_at_flowtables(&look);
	look_at_nat(&look);
}
