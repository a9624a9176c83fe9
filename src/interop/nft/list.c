/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One list of an ACL as a chain of lookups.
 *
 * Two rules that no packet can match both may change places, whatever their actions. So every rule
 * gets a level: one more than the highest among the earlier rules it overlaps, 1 when there is
 * none. Rules of one level are disjoint, so those that look at the same fields become one verdict
 * map, each rule an element with its own counter; the chain asks level after level. This gives the
 * first match: of all rules a packet matches, the one with the lowest number overlaps all others
 * (they share this packet), hence is on a lower level than any of them, and is met first. A
 * usual list, whose rules differ in their ports, is one lookup however long it is.
 *
 * Where the exact answer costs too much (does an address set meet a prefix?) overlap is assumed:
 * the level is then higher than it need be, and the argument holds all the same.
 *
 * A later fragment has no port and no ICMP type. nft reads some all the same (the kernel's short
 * way to a header field does not ask for the fragment offset): the data of an IPv4 fragment, the
 * header of an IPv6 one. So such fragments must never come to these lookups; they have a chain of
 * their own, without them. A rule that looks at neither is in both, which is why it never
 * shares a map with one that does.
 */
#include "interop/nft/internal.h"

#include <errno.h>
#include <stdlib.h>

static bool has_family(const struct rule *rule, enum family family)
{
	const struct prefix *prefixes;
	size_t count;

	prefixes = rule_prefixes(rule, &count);
	for (size_t i = 0; i < count; i++)
		if (prefixes[i].addr.family == family)
			return true;
	return false;
}

/* False when no packet of the family can match (an IPv6 packet has no ICMPv4 type). */
static bool match_init(struct nft_match *match, const struct rule *rule, enum family family)
{
	int icmp = family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
	bool typed = rule->icmp_type != RULE_ANY;

	if (!has_family(rule, family))
		return false;
	if (typed && rule->protocol == PROTOCOL_ICMP && family == FAMILY_IPV6)
		return false;
	*match = (struct nft_match){.rule = rule, .level = 1, .kind = NFT_PROTOCOL};
	match->anywhere = !rule->set && rule->prefix.len == 0;
	if (rule->protocol == PROTOCOL_ALL)
		match->kind = NFT_ANY;
	else if (rule_has_ports(rule) && !rule_all_ports(rule))
		match->kind = NFT_PORT;
	else if (typed && rule->protocol == icmp)
		match->kind = NFT_ICMP;
	return true;
}

/* May any packet match both? */
static bool overlap(const struct nft_match *a, const struct nft_match *b)
{
	const struct rule *r = a->rule, *s = b->rule;

	if (a->kind != NFT_ANY && b->kind != NFT_ANY && r->protocol != s->protocol)
		return false;
	if (a->kind == NFT_PORT && b->kind == NFT_PORT &&
	    (r->port_last < s->port_first || s->port_last < r->port_first))
		return false;
	if (a->kind == NFT_ICMP && b->kind == NFT_ICMP &&
	    (r->icmp_type != s->icmp_type ||
	     (r->icmp_code != RULE_ANY && s->icmp_code != RULE_ANY &&
	      r->icmp_code != s->icmp_code)))
		return false;
	return r->set || s->set || prefix_overlaps(&r->prefix, &s->prefix);
}

/*
 * By level; there, rules that look at no protocol first (the guard of print_chain stands behind
 * them), and those that may share a map side by side, by number.
 */
static int by_level(const void *a, const void *b)
{
	const struct nft_match *m = a, *n = b;

	if (m->level != n->level)
		return m->level < n->level ? -1 : 1;
	if (m->kind != n->kind)
		return (int)m->kind - (int)n->kind;
	if (!m->rule->set != !n->rule->set)
		return m->rule->set ? -1 : 1;
	if (m->anywhere != n->anywhere)
		return m->anywhere ? -1 : 1;
	return (int)m->rule->number - (int)n->rule->number;
}

int nft_list_build(struct nft_list *list, const struct acl_list *rules)
{
	list->count = 0;
	list->matches = calloc(rules->count + 1, sizeof(*list->matches));
	if (!list->matches)
		return -ENOMEM;
	for (size_t i = 0; i < rules->count; i++) {
		struct nft_match *match = &list->matches[list->count];

		if (!match_init(match, &rules->rules[i], list->family))
			continue;
		for (size_t j = 0; j < list->count; j++)
			if (list->matches[j].level >= match->level &&
			    overlap(&list->matches[j], match))
				match->level = list->matches[j].level + 1;
		list->count++;
	}
	qsort(list->matches, list->count, sizeof(*list->matches), by_level);
	return 0;
}

void nft_list_fini(struct nft_list *list)
{
	free(list->matches);
	list->matches = NULL;
	list->count = 0;
}
