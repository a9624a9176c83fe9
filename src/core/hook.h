/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_HOOK_H
#define NACLD_CORE_HOOK_H

/* Where in the host a packet is met. */
enum hook {
	HOOK_INPUT,
	HOOK_FORWARD,
	HOOK_OUTPUT,
};

/* "in", "forward", "out" */
static inline const char *hook_name(enum hook hook)
{
	static const char *const names[] = {"in", "forward", "out"};

	return names[hook];
}

/* The kernel's own word for it, as nft spells it. */
static inline const char *hook_nft_name(enum hook hook)
{
	static const char *const names[] = {"input", "forward", "output"};

	return names[hook];
}

/*
 * The priority at which a base chain of ours stands there, for the steering rules and the exported
 * ones alike: -160 and 60, beside the iptables tables mangle and security that the iptables
 * backends use (linux/netfilter_ipv4.h). Inbound that is before every firewall's filter chains (0
 * and up), outbound behind them (firewalld's stand at 10): the ACL is the outer wall.
 */
static inline const char *hook_nft_priority(enum hook hook)
{
	static const char *const priorities[] = {"mangle - 10", "mangle - 10", "security + 10"};

	return priorities[hook];
}

#endif
