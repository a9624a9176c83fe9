/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel asks the lists: one base chain a hook, at the priorities of steering, and only
 * for hooks that the policy guards.
 *
 * A routed packet may cross two edges. Its source's outbound list is a jump that comes back when it
 * allows; then the destination's inbound list has the last word.
 */
#include "interop/nft_internal.h"

static void print_base(enum hook hook, FILE *to)
{
	const char *name = hook_nft_name(hook);

	fprintf(to, "\tchain %s {\n\t\ttype filter hook %s priority %s; policy accept;\n", name,
		name, hook_nft_priority(hook));
}

/* One shape of the exempt list; `udp` is what tells UDP packets whose ports can be read. */
static void print_match(const struct exempt_shape *shape, bool in, const char *udp, FILE *to)
{
	fputs("\t\t", to);
	if (shape->interface)
		fprintf(to, "%sifname \"%s\" ", in ? "i" : "o", shape->interface);
	if (shape->protocol == PROTOCOL_UDP)
		fputs(udp, to);
	if (shape->sport)
		fprintf(to, "udp sport %u ", shape->sport);
	if (shape->dport)
		fprintf(to, "udp dport %u ", shape->dport);
	if (shape->protocol == PROTOCOL_ICMPV6)
		fprintf(to, "icmpv6 type %u-%u ip6 hoplimit %u ", shape->type_first,
			shape->type_last, shape->hop_limit);
	fprintf(to, "counter return comment \"exempt: %s\"\n", exempt_name(shape->exempt));
}

/*
 * Of a later fragment nft reads ports all the same (seen on 6.18): IPv4's data, of IPv6 the fixed
 * header with its flow label. (Its first 16 bits, and 8, are no source port or type of the list.)
 */
static void print_shape(const struct exempt_shape *shape, bool in, FILE *to)
{
	if (shape->family == FAMILY_IPV6 && shape->protocol == PROTOCOL_UDP) {
		print_match(shape, in, "exthdr frag missing ", to);
		print_match(shape, in, "frag frag-off 0 ", to);
	} else {
		print_match(shape, in, "ip frag-off & 0x1fff 0 ", to);
	}
}

static void print_exemptions(unsigned int exempt, bool in, FILE *to)
{
	unsigned int direction = in ? INBOUND : OUTBOUND;
	const struct exempt_shape *shape;

	for (size_t i = 0; (shape = exempt_shape(i)); i++)
		if (exempt & shape->exempt && shape->directions & 1U << direction)
			print_shape(shape, in, to);
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

	print_base(hook, to);
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
	print_base(HOOK_FORWARD, to);
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
