/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy as stateless rules of the kernel's own.
 *
 *   prerouting, postrouting, input, output, forward
 *                            base chains at the priorities of steering: the ACL is the outer wall
 *                            here too. They say what is exempt, or stays inside a subnet, and whom
 *                            to ask
 *   acl-NAME-DIRECTION       one list: what is malformed, then the list of the packet's family
 *   acl-NAME-DIRECTION-ipvN  the rules (list.c). "return" allows, so that a packet from subnet
 *                            A to B is asked for twice, and "drop" ends it
 *
 * Of a malformed packet nft can see no more than that a field cannot be loaded: the rule then does
 * not match. An allow rule behind it might, so whatever transport header cannot be loaded as a
 * whole is dropped before any rule is asked.
 */
#include "interop/nft/nft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interop/nft/internal.h"

#define TABLE "inet nacld_export"

static const char about[] =
	"# The rules of nacld as stateless kernel rules: the same verdicts, no daemon.\n"
	"# Written by `naclctl export nft`. Load it with `nft -f FILE`, again after a change; remove it\n"
	"# with `nft delete table " TABLE "`. Then `naclctl steer down`, or both filter.\n"
	"#\n"
	"# Every rule keeps a counter, with the ACL, direction and number in its comment: those of a map\n"
	"# count there (`nft list table " TABLE "`). `*` counts once for each family.\n"
	"#\n"
	"# Where the kernel differs from nacld:\n"
	"# - A program on this host gets an error when its packet is dropped (\"Operation not permitted\");\n"
	"#   nacld drops silently.\n"
	"# - Malformed packets have no named reasons. A TCP, UDP or ICMP header that is truncated or has\n"
	"#   an impossible length, and a broken IPv6 header chain, are dropped and counted together.\n"
	"#   Lengths beyond the packet's end, extension headers that are out of place or too many, and\n"
	"#   odd fragments are not noticed: such packets are evaluated by the rules.\n"
	"# - Headers beyond the first 256 bytes are read here; nacld drops such packets.\n"
	"# - Behind an IPv6 authentication header nothing is seen. Where a rule asks for a protocol, and no\n"
	"#   earlier one has decided, such packets are dropped.\n"
	"# - No `last hit`, no explanations from traffic, no flow log; on_failure and queues have no\n"
	"#   meaning: nothing is queued.\n";

static const char malformed[] =
	"\tchain malformed {\n"
	"\t\tip frag-off & 0x1fff != 0 counter %1$s comment \"malformed: fragment\"\n"
	"\t\tfrag frag-off != 0 counter %1$s comment \"malformed: fragment\"\n"
	"\t\tmeta l4proto vmap {\n"
	"\t\t\ttcp : goto malformed-tcp,\n"
	"\t\t\tudp : goto malformed-udp,\n"
	"\t\t\ticmp : goto malformed-icmp,\n"
	"\t\t\ticmpv6 : goto malformed-icmpv6,\n"
	"\t\t}\n"
	"\t\tmeta l4proto >= 0 return\n"
	"\t\tcounter %1$s comment \"malformed: no transport protocol found\"\n"
	"\t}\n\n"
	"\tchain malformed-tcp {\n"
	"\t\ttcp doff >= 5 tcp urgptr >= 0 return\n"
	"\t\tcounter %1$s comment \"malformed: tcp\"\n"
	"\t}\n\n"
	"\tchain malformed-udp {\n"
	"\t\tudp length >= 8 return\n"
	"\t\tudp length 0 meta length > 65535 return comment \"many segments in one\"\n"
	"\t\tcounter %1$s comment \"malformed: udp\"\n"
	"\t}\n\n"
	"\tchain malformed-icmp {\n"
	"\t\tmeta nfproto ipv6 return\n"
	"\t\t@th,48,16 >= 0 return comment \"8 bytes are there\"\n"
	"\t\tcounter %1$s comment \"malformed: icmp\"\n"
	"\t}\n\n"
	"\tchain malformed-icmpv6 {\n"
	"\t\tmeta nfproto ipv4 return\n"
	"\t\t@th,16,16 >= 0 return comment \"4 bytes are there\"\n"
	"\t\tcounter %1$s comment \"malformed: icmpv6\"\n"
	"\t}\n";

/* A tproxy statement turns on the kernel's reassembly by being loaded; see `naclctl steer`. */
static const char defrag[] =
	"\tchain defrag {\n"
	"\t\tudp dport 1 tproxy to :1 comment \"nothing passes here: loaded, it "
	"has the kernel reassemble fragments\"\n"
	"\t}\n\n";

static bool is_at_an_edge(const struct edges *edges, uint32_t acl)
{
	for (size_t i = 0; i < edges->count; i++)
		if (edges->items[i].acl == acl)
			return true;
	return edges->default_route == acl;
}

/* Which of the families (bit FAMILY_IPV4, bit FAMILY_IPV6) an ACL is asked for. */
static unsigned int acl_families(const struct policy *policy, uint32_t acl)
{
	unsigned int families = 0;

	if (policy->host.acl == acl || is_at_an_edge(&policy->edges, acl))
		families = 1U << FAMILY_IPV4 | 1U << FAMILY_IPV6;
	for (size_t i = 0; i < policy->subnet_count; i++)
		if (policy->subnets[i].acl == acl)
			families |= 1U << policy->subnets[i].prefix.addr.family;
	return families;
}

static int by_address(const void *a, const void *b)
{
	const struct prefix *p = a, *q = b;

	if (p->addr.hi != q->addr.hi)
		return p->addr.hi < q->addr.hi ? -1 : 1;
	if (p->addr.lo != q->addr.lo)
		return p->addr.lo < q->addr.lo ? -1 : 1;
	return (int)p->len - (int)q->len;
}

/* Sorted, and without what lies inside another: prefixes nest or are disjoint. */
static int print_set(const struct prefix_set *set, enum family family, FILE *to)
{
	struct prefix *sorted = calloc(set->count + 1, sizeof(*sorted));
	const struct prefix *last = NULL;
	size_t count = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < set->count; i++)
		if (set->prefixes[i].addr.family == family)
			sorted[count++] = set->prefixes[i];
	qsort(sorted, count, sizeof(*sorted), by_address);
	if (count > 0)
		fprintf(to,
			"\tset set-%s-ipv%d {\n\t\ttype ipv%d_addr\n\t\tflags interval\n"
			"\t\tauto-merge\n\t\telements = {\n",
			set->name, family, family);
	for (size_t i = 0; i < count; i++) {
		if (last && prefix_covers(last, &sorted[i]))
			continue;
		last = &sorted[i];
		fputs("\t\t\t", to);
		nft_print_prefix(last, to);
		fputs(",\n", to);
	}
	if (count > 0)
		fputs("\t\t}\n\t}\n\n", to);
	free(sorted);
	return 0;
}

static int print_list(const struct policy *policy, uint32_t acl, enum direction direction,
		      enum family family, FILE *to)
{
	struct nft_list list = {.acl = policy->acls[acl].name,
				.direction = direction,
				.family = family,
				.policy = policy};

	if (nft_list_build(&list, &policy->acls[acl].lists[direction]))
		return -ENOMEM;
	nft_list_print(&list, to);
	nft_list_fini(&list);
	return 0;
}

/*
 * Where a list is asked: fragments without a transport header, what is malformed, then by family.
 */
static void print_entry(const struct policy *policy, const char *acl, const char *direction,
			unsigned int families, FILE *to)
{
	static const struct {
		int family;
		const char *offset;
	} table[] = {{FAMILY_IPV4, "ip frag-off & 0x1fff"}, {FAMILY_IPV6, "frag frag-off"}};

	fprintf(to, "\tchain acl-%s-%s {\n", acl, direction);
	for (size_t i = 0; i < 2 && policy->fragments == POLICY_STRICT; i++)
		if (families & 1U << table[i].family)
			fprintf(to, "\t\t%s != 0 goto acl-%s-%s-ipv%d-later\n", table[i].offset,
				acl, direction, table[i].family);
	fputs("\t\tjump malformed\n\t\tmeta nfproto vmap {\n", to);
	for (size_t i = 0; i < 2; i++)
		if (families & 1U << table[i].family)
			fprintf(to, "\t\t\tipv%d : goto acl-%s-%s-ipv%d,\n", table[i].family, acl,
				direction, table[i].family);
	fputs("\t\t}\n\t}\n\n", to);
}

static int print_acl(const struct policy *policy, uint32_t acl, FILE *to)
{
	unsigned int families = acl_families(policy, acl);
	const char *name = policy->acls[acl].name;

	if (!families)
		fprintf(to, "\t# ACL %s protects nothing: left out.\n\n", name);
	for (int d = INBOUND; families && d <= OUTBOUND; d++) {
		const char *direction = direction_name((enum direction)d);

		for (int f = FAMILY_IPV4; f <= FAMILY_IPV6; f += FAMILY_IPV6 - FAMILY_IPV4)
			if ((families & 1U << f) &&
			    print_list(policy, acl, (enum direction)d, (enum family)f, to))
				return -ENOMEM;
		print_entry(policy, name, direction, families, to);
	}
	return 0;
}

static void print_about(const struct policy *policy, FILE *to)
{
	fputs(about, to);
	fputs(policy->fragments == POLICY_STRICT
		      ? "# - Fragments are filtered as they are: later ones by the chains named \"later\".\n"
		      : "# - Fragments are reassembled before they are filtered (chain defrag).\n",
	      to);
	if (policy->mode == POLICY_MONITOR)
		fputs("#\n# MONITOR MODE: nothing is dropped. What would be is counted by the rule "
		      "that says so.\n",
		      to);
	fputs("\ntable " TABLE "\ndelete table " TABLE "\n\n", to);
}

static int print_table(const struct policy *policy, FILE *to)
{
	fputs("table " TABLE " {\n", to);
	for (size_t i = 0; i < policy->set_count; i++)
		if (print_set(policy->sets[i], FAMILY_IPV4, to) ||
		    print_set(policy->sets[i], FAMILY_IPV6, to))
			return -ENOMEM;
	nft_hooks_print(policy, to);
	for (size_t i = 0; i < policy->acl_count; i++)
		if (print_acl(policy, (uint32_t)i, to))
			return -ENOMEM;
	if (policy->fragments == POLICY_REASSEMBLE)
		fputs(defrag, to);
	fprintf(to, malformed, nft_deny(policy->mode));
	fputs("}\n", to);
	return 0;
}

int nft_print(const struct policy *policy, FILE *to, const char **bad_interface)
{
	for (size_t i = 0; i < policy->host.interface_count; i++) {
		if (!policy_interface_is_plain(policy->host.interfaces[i])) {
			*bad_interface = policy->host.interfaces[i];
			return -EINVAL;
		}
	}
	for (size_t i = 0; i < policy->edges.count; i++) {
		if (!policy_interface_is_plain(policy->edges.items[i].interface)) {
			*bad_interface = policy->edges.items[i].interface;
			return -EINVAL;
		}
	}
	print_about(policy, to);
	return print_table(policy, to);
}
