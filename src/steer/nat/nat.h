/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_NAT_NAT_H
#define NACLD_STEER_NAT_NAT_H

#include "core/packet.h"

#define NAT_TOOLS    5
#define NAT_RULE_LEN 200

/* The rules that could translate the destination of an arriving packet, as each tool lists them. */
struct nat_rules {
	char *text[NAT_TOOLS]; /* NULL: none, or not to be had */
};

/* An arriving packet, as it is on the wire. */
struct nat_packet {
	const struct packet *packet;
	const char *interface; /* it enters by, or "": not known */
	bool (*is_local)(const struct addr *addr);
};

struct nat_answer {
	bool certain;  /* no: the rule, or one on the way to it, asks for more than is known */
	bool has_addr; /* the destination becomes `addr`; no: this host's, where it came in */
	bool has_port; /* its port becomes `port` */
	bool unknown;  /* what it becomes cannot be told: only that a rule translates it */
	struct addr addr;
	uint16_t port;
	const char *tool;        /* that listed it: "iptables-nft" and so on */
	char rule[NAT_RULE_LEN]; /* as it lists it, perhaps cut; of nft: where it stands */
};

/*
 * Lists them: runs iptables-save of both variants and families, and nft. Needs CAP_NET_ADMIN in
 * the network namespace; makes no table. The caller calls nat_rules_fini.
 */
void nat_rules_read(struct nat_rules *out);
void nat_rules_fini(struct nat_rules *rules);

/*
 * The first rule that translates the packet's destination before it is delivered or routed, as far
 * as can be told from the packet alone. False: none does.
 */
bool nat_ask(const struct nat_rules *rules, const struct nat_packet *packet,
	     struct nat_answer *out);

#endif
