/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of rules and traffic for benches: the same seed gives the same, anywhere. Modelled on what
 * network ACLs, blocklists and country lists look like; nothing is taken from any collection of
 * them.
 */
#ifndef NACLD_TESTS_BENCH_RULEGEN_H
#define NACLD_TESTS_BENCH_RULEGEN_H

#include "core/acl.h"

enum rulegen_kind {
	RULEGEN_AWS,        /* some services open to all, some to an office, the rest denied */
	RULEGEN_MIXED,      /* prefixes of all lengths, a third nested; ports, ranges, ICMP */
	RULEGEN_BLOCKLIST,  /* one set of /32 and /24, denied, in front of 40 AWS-like rules */
	RULEGEN_NESTED,     /* every prefix within another, up to 25 deep; port ranges */
	RULEGEN_GEOGRAPHIC, /* 250 sets that part the address space, four rules for each */
	RULEGEN_CROSSED, /* single ports from anywhere and single hosts with all ports, by turns */
	RULEGEN_IPV6,    /* /32, /48, /56, /64 and /128 as they are given out; ports */
	RULEGEN_IPV6_DEEP, /* every length from /0 to /128 on the way to each of some addresses */
	RULEGEN_KINDS
};

enum rulegen_traffic {
	RULEGEN_RANDOM,  /* any address of the family, common protocols and ports */
	RULEGEN_HOSTILE, /* each packet into another entry, with its rule's protocol and port */
	RULEGEN_TRAFFICS
};

/* A list with about `entries` entries; owns all it needs. More than 32,000 make rules over sets. */
struct rulegen {
	enum rulegen_kind kind;
	struct acl_list list;
	struct prefix_set *sets;
	size_t set_count;
	struct prefix *prefixes; /* of all rules, in one array */
	size_t entry_count;
	uint16_t *entry_rules; /* by prefix: a rule it belongs to */
};

/* 0 or -ENOMEM. */
int rulegen_make(enum rulegen_kind kind, size_t entries, uint64_t seed, struct rulegen *out);
void rulegen_free(struct rulegen *gen);

/* Inbound packets. */
void rulegen_traffic(const struct rulegen *gen, enum rulegen_traffic traffic, uint64_t seed,
		     struct packet *packets, size_t count);

const char *rulegen_name(enum rulegen_kind kind);
const char *rulegen_traffic_name(enum rulegen_traffic traffic);

#endif
