/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel asks the lists: one base chain a hook, at the priorities of steering, and only
 * for hooks that the policy guards.
 *
 * A routed packet may leave one subnet and enter another. Its source's outbound list is a jump that
 * comes back when it allows; then the destination's inbound list has the last word.
 */
#include "interop/nft/internal.h"

static void print_base(enum hook hook, FILE *to)
{
	const char *name = hook_nft_name(hook);

	fprintf(to, "\tchain %s {\n\t\ttype filter hook %s priority %s; policy accept;\n", name,
		name, hook_nft_priority(hook));
}

static bool is_inbound(enum hook hook)
{
	return hook == HOOK_INPUT || hook == HOOK_PREROUTING;
}

/* One shape of the exempt list; `udp` is what tells UDP packets whose ports can be read. */
static void print_match(const struct exempt_shape *shape, enum hook hook, const char *udp, FILE *to)
{
	bool in = is_inbound(hook);

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
	/* DHCP's ports alone do not make a packet at an edge the host's own. */
	if (shape->protocol == PROTOCOL_UDP && hook == HOOK_PREROUTING)
		fputs("fib daddr type { local, broadcast, multicast } ", to);
	if (shape->protocol == PROTOCOL_UDP && hook == HOOK_POSTROUTING)
		fputs("fib saddr type { local, broadcast } ", to);
	fprintf(to, "counter return comment \"exempt: %s\"\n", exempt_name(shape->exempt));
}

/*
 * Of a later fragment nft reads ports all the same (seen on 6.18): IPv4's data, of IPv6 the fixed
 * header with its flow label. (Its first 16 bits, and 8, are no source port or type of the list.)
 */
static void print_shape(const struct exempt_shape *shape, enum hook hook, FILE *to)
{
	if (shape->family == FAMILY_IPV6 && shape->protocol == PROTOCOL_UDP) {
		print_match(shape, hook, "exthdr frag missing ", to);
		print_match(shape, hook, "frag frag-off 0 ", to);
	} else {
		print_match(shape, hook, "ip frag-off & 0x1fff 0 ", to);
	}
}

static void print_exemptions(unsigned int exempt, enum hook hook, FILE *to)
{
	unsigned int direction = is_inbound(hook) ? INBOUND : OUTBOUND;
	bool edge = hook == HOOK_PREROUTING || hook == HOOK_POSTROUTING;
	const struct exempt_shape *shape;

	for (size_t i = 0; (shape = exempt_shape(i)); i++)
		if (exempt & shape->exempt && shape->directions & 1U << direction &&
		    !(edge && shape->interface))
			print_shape(shape, hook, to);
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
	print_exemptions(policy->exempt, hook, to);
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

static bool has_edges(const struct edges *edges)
{
	return edges->count > 0 || edges->default_route != POLICY_NO_ACL;
}

/* Each edge by its name; `match` is looked at first. A text cannot follow default routes. */
static void print_edge_gotos(const struct policy *policy, const char *match, bool in, FILE *to)
{
	const struct edges *edges = &policy->edges;
	const char *direction = in ? "inbound" : "outbound";

	if (edges->count > 0)
		fprintf(to, "\t\t%s%sifname vmap {\n", match, in ? "i" : "o");
	for (size_t i = 0; i < edges->count; i++)
		fprintf(to, "\t\t\t\"%s\" : goto acl-%s-%s,\n", edges->items[i].interface,
			policy->acls[edges->items[i].acl].name, direction);
	if (edges->count > 0)
		fputs("\t\t}\n", to);
	if (edges->default_route != POLICY_NO_ACL)
		fprintf(to,
			"\t\t# edge = \"default-route\": put its interface here\n"
			"\t\t%s%sifname != \"lo\" goto acl-%s-%s\n",
			match, in ? "i" : "o", policy->acls[edges->default_route].name, direction);
}

/* A host's own multicast that comes back to it is no arrival: see steer/plan.c. */
static void print_edges(const struct policy *policy, enum hook hook, FILE *to)
{
	bool in = hook == HOOK_PREROUTING;

	print_base(hook, to);
	print_exemptions(policy->exempt, hook, to);
	if (in) {
		print_edge_gotos(policy,
				 "meta pkttype { broadcast, multicast } fib saddr type local "
				 "ether saddr >= 00:00:00:00:00:00 ",
				 in, to);
		fputs("\t\tmeta pkttype { broadcast, multicast } fib saddr type local counter "
		      "return comment \"its own, come back\"\n",
		      to);
	}
	print_edge_gotos(policy, "", in, to);
	fputs("\t}\n\n", to);
}

void nft_hooks_print(const struct policy *policy, FILE *to)
{
	if (has_edges(&policy->edges)) {
		print_edges(policy, HOOK_PREROUTING, to);
		print_edges(policy, HOOK_POSTROUTING, to);
	}
	if (policy->subnet_count > 0)
		print_forward(policy, to);
	if (policy->host.acl != POLICY_NO_ACL) {
		print_host(policy, HOOK_INPUT, to);
		print_host(policy, HOOK_OUTPUT, to);
	}
}
