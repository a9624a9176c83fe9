/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_NAT_PARTS_H
#define NACLD_STEER_NAT_PARTS_H

#include "steer/nat/nat.h"

/* Does a rule, or a part of it, apply to the packet? */
enum nat_match {
	NAT_NO,
	NAT_MAYBE, /* it asks for what the packet alone does not tell */
	NAT_YES,
};

/* Chains that jump to one another; deeper ones are not followed. */
#define NAT_DEPTH_MAX 16

static inline enum nat_match nat_match_of(bool yes)
{
	return yes ? NAT_YES : NAT_NO;
}

static inline enum nat_match nat_both(enum nat_match a, enum nat_match b)
{
	return a < b ? a : b;
}

static inline enum nat_match nat_negated(enum nat_match match)
{
	return match == NAT_YES ? NAT_NO : match == NAT_NO ? NAT_YES : NAT_MAYBE;
}

/* Is that interface's name it, or what a name that ends in `wildcard` stands for? */
enum nat_match nat_interface(const struct nat_packet *packet, const char *name, char wildcard);

/* Is it the protocol of that name or number? */
enum nat_match nat_protocol(const struct nat_packet *packet, const char *name);

/* What iptables-save -t nat printed, from PREROUTING on; what `nft -j list ruleset` did. */
bool nat_ask_saved(const char *saved, const struct nat_packet *packet, struct nat_answer *out);
bool nat_ask_ruleset(const char *json, const struct nat_packet *packet, struct nat_answer *out);

#endif
