/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel asks the lists: one base chain a hook, at the priorities of steering, and only
 * for hooks that the policy guards.
 *
 * A routed packet may cross two edges. Its source's outbound list is a jump that comes back when it
 * allows; then the destination's inbound list has the last word.
 */
#include "interop/nft_internal.h"

static void print_base(const char *hook, const char *priority, FILE *to)
{
	fprintf(to, "\tchain %s {\n\t\ttype filter hook %s priority %s; policy accept;\n", hook,
		hook, priority);
}

/* As policy_exempts has it. */
static void print_exemptions(unsigned int exempt, bool in, FILE *to)
{
	if (exempt & EXEMPT_LOOPBACK)
		fprintf(to, "\t\t%sifname \"lo\" counter return comment \"exempt: loopback\"\n",
			in ? "i" : "o");
	if (exempt & EXEMPT_NEIGHBOUR_DISCOVERY)
		fputs("\t\ticmpv6 type 133-136 ip6 hoplimit 255 counter return "
		      "comment \"exempt: neighbour-discovery\"\n",
		      to);
	/*
	 * A later fragment could hold these numbers as data. In one of IPv6 nft takes the version
	 * and the traffic class for the first port or the type, which are never these.
	 */
	if (exempt & EXEMPT_DHCP)
		fprintf(to,
			"\t\tip frag-off & 0x1fff 0 udp sport %d udp dport %d counter return "
			"comment \"exempt: dhcp\"\n"
			"\t\tmeta nfproto ipv6 udp sport %d udp dport %d counter return "
			"comment \"exempt: dhcp\"\n",
			in ? 67 : 68, in ? 68 : 67, in ? 547 : 546, in ? 546 : 547);
}

static void print_goto(const struct host *host, const char *acl, bool in, FILE *to)
{
	if (host->interface_count > 0) {
		fprintf(to, "%sifname { ", in ? "i" : "o");
		for (size_t i = 0; i < host->interface_count; i++)
			fprintf(to, "%s\"%s\"", i ? ", " : "", host->interfaces[i]);
		fputs(" } ", to);
	}
	fprintf(to, "goto acl-%s-%sbound\n", acl, in ? "in" : "out");
}

static void print_host(const struct policy *policy, enum hook hook, FILE *to)
{
	const struct host *host = &policy->host;
	bool in = hook == HOOK_INPUT;

	print_base(in ? "input" : "output", in ? "mangle - 10" : "security + 10", to);
	print_exemptions(policy->exempt, in, to);
	fputs("\t\t", to);
	print_goto(host, policy->acls[host->acl].name, in, to);
	fputs("\t}\n\n", to);
}

/*
 * One element a subnet: "A . A" for what stays inside, "A : jump acl-..." for what crosses its
 * edge.
 */
static void print_subnet_elements(const struct policy *policy, enum family family, const char *jump,
				  const char *direction, FILE *to)
{
	for (size_t i = 0; i < policy->subnet_count; i++) {
		const struct subnet *subnet = &policy->subnets[i];

		if (subnet->prefix.addr.family != family)
			continue;
		fputs("\t\t\t", to);
		nft_print_prefix(&subnet->prefix, to);
		if (jump) {
			fprintf(to, " : %s acl-%s-%s", jump, policy->acls[subnet->acl].name,
				direction);
		} else {
			fputs(" . ", to);
			nft_print_prefix(&subnet->prefix, to);
		}
		fputs(",\n", to);
	}
}

/* Subnets are disjoint: what lies within one crosses the edge of no other. */
static void print_subnets(const struct policy *policy, enum family family, FILE *to)
{
	const char *ip = family == FAMILY_IPV4 ? "ip" : "ip6";

	fprintf(to, "\t\t%s saddr . %s daddr {\n", ip, ip);
	print_subnet_elements(policy, family, NULL, NULL, to);
	fprintf(to, "\t\t} counter return comment \"within one subnet\"\n\t\t%s saddr vmap {\n",
		ip);
	print_subnet_elements(policy, family, "jump", "outbound", to);
	fprintf(to, "\t\t}\n\t\t%s daddr vmap {\n", ip);
	print_subnet_elements(policy, family, "goto", "inbound", to);
	fputs("\t\t}\n", to);
}

static void print_forward(const struct policy *policy, FILE *to)
{
	unsigned int families = 0;

	for (size_t i = 0; i < policy->subnet_count; i++)
		families |= 1U << policy->subnets[i].prefix.addr.family;
	print_base("forward", "mangle - 10", to);
	for (int f = FAMILY_IPV4; f <= FAMILY_IPV6; f += FAMILY_IPV6 - FAMILY_IPV4)
		if (families & 1U << f)
			print_subnets(policy, (enum family)f, to);
	fputs("\t}\n\n", to);
}

void nft_hooks_print(const struct policy *policy, FILE *to)
{
	if (policy->subnet_count > 0)
		print_forward(policy, to);
	if (policy->host.acl != POLICY_NO_ACL) {
		print_host(policy, HOOK_INPUT, to);
		print_host(policy, HOOK_OUTPUT, to);
	}
}
