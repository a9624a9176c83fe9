/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_NFT_INTERNAL_H
#define NACLD_INTEROP_NFT_INTERNAL_H

/*
 * What the files of the nft writer share; included nowhere else.
 *
 *   nft.c        the ruleset: comment, sets, malformed packets
 *   hooks.c      base chains: what is filtered by which list
 *   list.c       one list: which rules may share a lookup
 *   chain.c      its text
 */
#include "core/policy.h"
#include "interop/nft/nft.h"

/* What a rule looks at behind the remote address, in one family. */
enum nft_kind {
	NFT_ANY,
	NFT_PROTOCOL,
	NFT_PORT,
	NFT_ICMP,
};

/* One rule as one family sees it. */
struct nft_match {
	const struct rule *rule; /* borrowed */
	uint32_t level;          /* from 1: where in the chain it is looked up */
	uint8_t kind;            /* enum nft_kind */
	bool anywhere;           /* the remote end is every address of the family */
};

/* One list of an ACL for one family, in the order of its chain. */
struct nft_list {
	const char *acl; /* borrowed */
	enum direction direction;
	enum family family;
	const struct policy *policy; /* borrowed: mode, fragments */
	struct nft_match *matches;
	size_t count;
};

/*
 * Orders the rules that can match a packet of the family. The members before matches are set;
 * matches and count are filled in. 0 or -ENOMEM. O(rules squared), a few ns a pair.
 */
int nft_list_build(struct nft_list *list, const struct acl_list *rules);

/*
 * The maps, and the chain that looks them up: "acl-NAME-inbound-ipv4". Where fragments arrive as
 * they are another, "...-later", for those without a transport header.
 */
void nft_list_print(const struct nft_list *list, FILE *to);

void nft_list_fini(struct nft_list *list);

/* The base chains. */
void nft_hooks_print(const struct policy *policy, FILE *to);

/* "192.0.2.0/24", or "192.0.2.1" for a full-length prefix. */
void nft_print_prefix(const struct prefix *prefix, FILE *to);

/* "drop", or in monitor mode what passes and is only counted. */
const char *nft_deny(enum policy_mode mode);

#endif
