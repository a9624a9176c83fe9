/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_HOOK_H
#define NACLD_CORE_HOOK_H

/* Where in the host a packet is met. */
enum hook {
	HOOK_INPUT,
	HOOK_FORWARD,
	HOOK_OUTPUT,
	HOOK_PREROUTING,  /* entered by an edge: before destination NAT, whoever it is for */
	HOOK_POSTROUTING, /* leaves by an edge: destination and port as on the wire */
	HOOKS,
};

/* "in", "forward", "out"; at an edge "in", "out" */
static inline const char *hook_name(enum hook hook)
{
	static const char *const names[HOOKS] = {"in", "forward", "out", "in", "out"};

	return names[hook];
}

/* The kernel's own word for it, as nft spells it. */
static inline const char *hook_nft_name(enum hook hook)
{
	static const char *const names[HOOKS] = {"input", "forward", "output", "prerouting",
						 "postrouting"};

	return names[hook];
}

/*
 * The priority at which a base chain of ours stands there, for the steering rules and the exported
 * ones alike: -160 and 60, beside the iptables tables mangle and security that the iptables
 * backends use (linux/netfilter_ipv4.h). Inbound that is before every firewall's filter chains (0
 * and up), outbound behind them (firewalld's stand at 10): the ACL is the outer wall. At an edge:
 * -310, before connection tracking (-200) and destination NAT (-100) and after reassembly (-400);
 * and 110, behind source NAT (100), so that what is told of a packet is as on the wire.
 */
static inline const char *hook_nft_priority(enum hook hook)
{
	static const char *const priorities[HOOKS] = {"mangle - 10", "mangle - 10", "security + 10",
						      "raw - 10", "srcnat + 10"};

	return priorities[hook];
}

#endif
