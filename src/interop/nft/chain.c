/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of one list: its maps, then the chain that looks them up in the order list.c found.
 *
 * Every rule keeps its counter and its name. Where several share one map they are elements of
 * it, where one is alone it is an nft rule, and a rule over an address set is always alone:
 * its set is declared once and shared.
 */
#include "interop/nft/internal.h"

#include <string.h>

const char *nft_deny(enum policy_mode mode)
{
	return mode == POLICY_MONITOR ? "accept" : "drop";
}

void nft_print_prefix(const struct prefix *prefix, FILE *to)
{
	char buf[PREFIX_STRLEN];
	const char *text = prefix_print(prefix, buf);
	bool host = prefix->len == family_bits(prefix->addr.family);

	fprintf(to, "%.*s", (int)(host ? strcspn(text, "/") : strlen(text)), text);
}

/* How many, from the first on, are one lookup. */
static size_t group_len(const struct nft_match *first, size_t left)
{
	size_t n = 1;

	while (n < left && !first->rule->set && first[n].level == first->level &&
	       first[n].kind == first->kind && !first[n].rule->set &&
	       first[n].anywhere == first->anywhere)
		n++;
	return n;
}

static const char *address_field(const struct nft_list *list)
{
	if (list->family == FAMILY_IPV4)
		return list->direction == INBOUND ? "ip saddr" : "ip daddr";
	return list->direction == INBOUND ? "ip6 saddr" : "ip6 daddr";
}

static const char *icmp_field(const struct nft_list *list)
{
	return list->family == FAMILY_IPV4 ? "icmp" : "icmpv6";
}

/* Only names that nft itself knows: others would depend on the host's /etc/protocols. */
static void print_protocol(int protocol, FILE *to)
{
	if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_ICMP ||
	    protocol == PROTOCOL_ICMPV6)
		fputs(protocol_name(protocol), to);
	else
		fprintf(to, "%d", protocol);
}

static void print_ports(const struct rule *rule, FILE *to)
{
	fprintf(to, "%u", rule->port_first);
	if (rule->port_first != rule->port_last)
		fprintf(to, "-%u", rule->port_last);
}

static const char *verdict(const struct nft_list *list, const struct rule *rule)
{
	return rule->action == ACTION_ALLOW ? "return" : nft_deny(list->policy->mode);
}

static void print_comment(const struct nft_list *list, const struct rule *rule, FILE *to)
{
	fprintf(to, "comment \"%s %s ", list->acl, direction_name(list->direction));
	if (rule)
		fprintf(to, "%u", rule->number);
	else
		fputc('*', to);
	if (list->policy->mode == POLICY_MONITOR && (!rule || rule->action == ACTION_DENY))
		fputs(": would drop", to);
	fputc('"', to);
}

static void print_chain_name(const struct nft_list *list, FILE *to)
{
	fprintf(to, "acl-%s-%s-ipv%d", list->acl, direction_name(list->direction), list->family);
}

static void print_map_name(const struct nft_list *list, const struct nft_match *first, FILE *to)
{
	static const char *const names[] = {[NFT_ANY] = "address",
					    [NFT_PROTOCOL] = "protocol",
					    [NFT_PORT] = "port",
					    [NFT_ICMP] = "icmp"};

	print_chain_name(list, to);
	fprintf(to, "-%u-%s%s", first->level, names[first->kind],
		first->kind != NFT_ANY && !first->anywhere ? "-address" : "");
}

static void print_map_type(const struct nft_list *list, const struct nft_match *first, FILE *to)
{
	const char *icmp = icmp_field(list);

	if (!first->anywhere)
		fprintf(to, "ipv%d_addr%s", list->family, first->kind == NFT_ANY ? "" : " . ");
	if (first->kind == NFT_PROTOCOL || first->kind == NFT_PORT)
		fprintf(to, "inet_proto%s", first->kind == NFT_PORT ? " . inet_service" : "");
	if (first->kind == NFT_ICMP)
		fprintf(to, "%s_type . %s_code", icmp, icmp);
}

static void print_element(const struct nft_list *list, const struct nft_match *match, FILE *to)
{
	const struct rule *rule = match->rule;

	fputs("\t\t\t", to);
	if (!match->anywhere) {
		nft_print_prefix(&rule->prefix, to);
		fputs(match->kind == NFT_ANY ? "" : " . ", to);
	}
	if (match->kind == NFT_PROTOCOL || match->kind == NFT_PORT)
		print_protocol(rule->protocol, to);
	if (match->kind == NFT_PORT) {
		fputs(" . ", to);
		print_ports(rule, to);
	} else if (match->kind == NFT_ICMP) {
		fprintf(to, "%d . ", rule->icmp_type);
		if (rule->icmp_code == RULE_ANY)
			fputs("0-255", to);
		else
			fprintf(to, "%d", rule->icmp_code);
	}
	fputc(' ', to);
	print_comment(list, rule, to);
	fprintf(to, " : %s,\n", verdict(list, rule));
}

static void print_map(const struct nft_list *list, const struct nft_match *first, size_t count,
		      FILE *to)
{
	bool exact = first->kind == NFT_PROTOCOL && first->anywhere;

	fputs("\tmap ", to);
	print_map_name(list, first, to);
	fputs(" {\n\t\ttype ", to);
	print_map_type(list, first, to);
	fprintf(to, " : verdict\n%s\t\tcounter\n\t\telements = {\n",
		exact ? "" : "\t\tflags interval\n");
	for (size_t i = 0; i < count; i++)
		print_element(list, &first[i], to);
	fputs("\t\t}\n\t}\n\n", to);
}

static void print_lookup(const struct nft_list *list, const struct nft_match *first, FILE *to)
{
	const char *icmp = icmp_field(list);

	fputs("\t\t", to);
	if (!first->anywhere)
		fprintf(to, "%s%s", address_field(list), first->kind == NFT_ANY ? "" : " . ");
	if (first->kind == NFT_PROTOCOL || first->kind == NFT_PORT)
		fprintf(to, "meta l4proto%s", first->kind == NFT_PORT ? " . th dport" : "");
	if (first->kind == NFT_ICMP)
		fprintf(to, "%s type . %s code", icmp, icmp);
	fputs(" vmap @", to);
	print_map_name(list, first, to);
	fputc('\n', to);
}

static void print_rule(const struct nft_list *list, const struct nft_match *match, FILE *to)
{
	const struct rule *rule = match->rule;

	fputs("\t\t", to);
	if (rule->set) {
		fprintf(to, "%s @set-%s-ipv%d ", address_field(list), rule->set->name,
			list->family);
	} else if (!match->anywhere) {
		fprintf(to, "%s ", address_field(list));
		nft_print_prefix(&rule->prefix, to);
		fputc(' ', to);
	}
	if (match->kind == NFT_PROTOCOL) {
		fputs("meta l4proto ", to);
		print_protocol(rule->protocol, to);
		fputc(' ', to);
	} else if (match->kind == NFT_PORT) {
		fprintf(to, "%s dport ", protocol_name(rule->protocol));
		print_ports(rule, to);
		fputc(' ', to);
	} else if (match->kind == NFT_ICMP) {
		fprintf(to, "%s type %d ", icmp_field(list), rule->icmp_type);
		if (rule->icmp_code != RULE_ANY)
			fprintf(to, "%s code %d ", icmp_field(list), rule->icmp_code);
	}
	fprintf(to, "counter %s ", verdict(list, rule));
	print_comment(list, rule, to);
	fputc('\n', to);
}

/*
 * nacld looks behind an IPv6 authentication header, nft names the header itself as the protocol.
 * From the first rule on that asks for a protocol such a packet cannot be evaluated here: it is
 * dropped.
 */
static void print_guard(const struct nft_list *list, FILE *to)
{
	fprintf(to, "\t\tmeta l4proto ah counter %s comment \"behind an authentication header\"\n",
		nft_deny(list->policy->mode));
}

/* The rules as they are for packets, or (later) for fragments without a transport header. */
static void print_chain(const struct nft_list *list, bool later, FILE *to)
{
	bool guarded = list->family == FAMILY_IPV4 || later;

	fputs("\tchain ", to);
	print_chain_name(list, to);
	fprintf(to, "%s {\n", later ? "-later" : "");
	for (size_t i = 0, n; i < list->count; i += n) {
		const struct nft_match *first = &list->matches[i];

		n = group_len(first, list->count - i);
		if (later && first->kind != NFT_ANY && first->kind != NFT_PROTOCOL)
			continue;
		if (!guarded && first->kind != NFT_ANY) {
			print_guard(list, to);
			guarded = true;
		}
		if (n == 1)
			print_rule(list, first, to);
		else
			print_lookup(list, first, to);
	}
	fprintf(to, "\t\tcounter %s ", nft_deny(list->policy->mode));
	print_comment(list, NULL, to);
	fputs("\n\t}\n\n", to);
}

void nft_list_print(const struct nft_list *list, FILE *to)
{
	for (size_t i = 0, n; i < list->count; i += n) {
		n = group_len(&list->matches[i], list->count - i);
		if (n > 1)
			print_map(list, &list->matches[i], n, to);
	}
	print_chain(list, false, to);
	if (list->policy->fragments == POLICY_STRICT)
		print_chain(list, true, to);
}
