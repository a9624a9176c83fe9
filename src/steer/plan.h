/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_PLAN_H
#define NACLD_STEER_PLAN_H

#include "core/policy.h"

/* Where a rule is. The order of enum hook, so that one converts to the other. */
enum steer_chain {
	STEER_INPUT = HOOK_INPUT,
	STEER_FORWARD = HOOK_FORWARD,
	STEER_OUTPUT = HOOK_OUTPUT,
	STEER_PREROUTING = HOOK_PREROUTING,
	STEER_POSTROUTING = HOOK_POSTROUTING,
	STEER_CHAINS,
};

/*
 * Stands in a rule for the interfaces of default routes, whichever they are when it is loaded. The
 * kernel allows no slash in a name.
 */
#define STEER_DEFAULT_ROUTE "/default-route"

/* Room for the name of a folder with the accept filter's pins (steer/fastpath). */
#define STEER_FASTPATH_LEN 96

/* What a rule asks of addresses besides prefixes: the kernel's tables know which are the host's. */
enum steer_own {
	STEER_ANYBODY,
	STEER_TO_HOST, /* to an address of this host, or to many at once */
	STEER_BY_HOST, /* from an address of this host, or from none */
	STEER_LOOPED,  /* to many, from an address of this host: perhaps its own, come back */
	STEER_ON_WIRE, /* the same, and with a link-layer header: it really came by the wire */
};

enum steer_action {
	STEER_PASS,  /* leave our chain: the packet is none of nacld's business */
	STEER_QUEUE, /* hand it to the daemon */
};

/* One kernel rule before it has a syntax. What is zero or empty is not looked at. */
struct steer_rule {
	uint8_t chain;    /* enum steer_chain */
	uint8_t action;   /* enum steer_action */
	uint8_t family;   /* enum family, or 0: both */
	uint8_t protocol; /* 0, PROTOCOL_UDP (with ports) or PROTOCOL_ICMPV6 (with types) */
	uint16_t sport;
	uint16_t dport;
	uint8_t type_first; /* ICMPv6 types, inclusive */
	uint8_t type_last;
	uint8_t hop_limit; /* of an ICMPv6 rule */
	bool whole;        /* a UDP rule, of no later fragment: nft would read ports in one too */
	bool has_src;
	bool has_dst;
	struct prefix src;
	struct prefix dst;
	uint8_t own;                          /* enum steer_own */
	char interface[POLICY_INTERFACE_LEN]; /* in by or out by; may be STEER_DEFAULT_ROUTE */
};

/* Everything for the kernel, in order. */
struct steer_plan {
	struct steer_rule *rules;
	size_t count;
	uint16_t queue_first;
	uint16_t queue_last;
	bool bypass; /* no daemon: accept instead of drop */
	bool defrag; /* have the kernel put fragments together first */
	bool fast;   /* the policy asks for the accept filter, with maps of these sizes */
	size_t fast_words;
	size_t fast_counters;
	/* The folder of its pins, once it is loaded (steer/fastpath); "": the queue has it all. */
	char fast_folder[STEER_FASTPATH_LEN];
};

/*
 * What the policy asks of the kernel. 0, -ENOMEM, or -EINVAL when an interface name cannot be in
 * a ruleset: *bad_interface then points at it, inside the policy. The plan owns its rules.
 */
int steer_plan_build(const struct policy *policy, struct steer_plan *out,
		     const char **bad_interface);

/* Do packets of this chain leave, so that a rule's interface is the one they leave by? */
bool steer_chain_is_outbound(enum steer_chain chain);

void steer_plan_fini(struct steer_plan *plan);

/* Does any rule of this chain apply to this family? */
bool steer_plan_uses(const struct steer_plan *plan, enum steer_chain chain, enum family family);

#endif
