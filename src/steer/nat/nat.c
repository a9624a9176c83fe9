/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Destination NAT, as the kernel's tools list it: which rule would translate a packet's address.
 * Whoever asks about an edge wants to know what comes behind it; whoever asks about the host's or
 * a subnet's rules may have named a port that they never see.
 *
 * Only what the packet tells is decided (addresses, protocol, ports, interface, whether an address
 * is this host's). A rule that asks for more may apply, and is reported so: nothing is guessed.
 */
#include "steer/nat/nat.h"

#include <stdlib.h>

#include "steer/backend.h"
#include "steer/kernel/exec.h"
#include "steer/nat/parts.h"

#define NFT 4

/* nft lists iptables-nft's rules too, without what they translate to: those are asked for first. */
static const struct {
	const char *name;
	uint8_t family; /* 0: both */
	const char *argv[5];
} tools[NAT_TOOLS] = {
	{"iptables-nft", FAMILY_IPV4, {"iptables-nft-save", "-t", "nat", NULL}},
	{"ip6tables-nft", FAMILY_IPV6, {"ip6tables-nft-save", "-t", "nat", NULL}},
	{"iptables-legacy", FAMILY_IPV4, {"iptables-legacy-save", "-t", "nat", NULL}},
	{"ip6tables-legacy", FAMILY_IPV6, {"ip6tables-legacy-save", "-t", "nat", NULL}},
	[NFT] = {"nft", 0, {"nft", "--json", "list", "ruleset", NULL}},
};

void nat_rules_read(struct nat_rules *out)
{
	*out = (struct nat_rules){0};
	for (int i = 0; i < NAT_TOOLS; i++) {
		struct steer_result result;

		if (!steer_tool_installed(tools[i].argv[0]))
			continue;
		/* A look must not make the table, and its hooks: iptables-legacy-save -t does. */
		if ((i == 2 || i == 3) && !steer_legacy_has(i - 2, "nat"))
			continue;
		if (steer_exec(tools[i].argv, NULL, &result) == 0 && result.status == 0) {
			out->text[i] = result.out;
			result.out = NULL;
		}
		steer_result_fini(&result);
	}
}

void nat_rules_fini(struct nat_rules *rules)
{
	for (int i = 0; i < NAT_TOOLS; i++)
		free(rules->text[i]);
	*rules = (struct nat_rules){0};
}

bool nat_ask(const struct nat_rules *rules, const struct nat_packet *packet, struct nat_answer *out)
{
	for (int i = 0; i < NAT_TOOLS; i++) {
		if (!rules->text[i] ||
		    (tools[i].family && tools[i].family != packet->packet->dst.family))
			continue;
		*out = (struct nat_answer){.tool = tools[i].name};
		if (i == NFT ? nat_ask_ruleset(rules->text[i], packet, out)
			     : nat_ask_saved(rules->text[i], packet, out))
			return true;
	}
	return false;
}
