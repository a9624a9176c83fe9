/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_BACKEND_H
#define NACLD_STEER_BACKEND_H

#include "steer/plan.h"

/* The ways to put a plan into the kernel; order.h says which is preferred. */
enum steer_backend {
	STEER_NFT,
	STEER_IPTABLES_NFT,
	STEER_IPTABLES_LEGACY,
	STEER_BACKENDS,
};

/*
 * Our part of a ruleset in its normal form; nft uses the first text for both families. `kernel` is
 * the same as the kernel's nftables tell it (kernel/nftables.h), of rules that are or were loaded
 * there; else NULL.
 */
struct steer_rules {
	char *text[2];
	char *kernel;
};

#define STEER_REASON_LEN 512

const char *steer_backend_name(enum steer_backend backend); /* "nft", "iptables-nft", ... */
bool steer_backend_parse(const char *name, enum steer_backend *out);

/* Are its tools installed? Else reason names the package. */
bool steer_backend_installed(enum steer_backend backend, char reason[static STEER_REASON_LEN]);

/* Can the kernel do it? Changes nothing; iptables cannot say before it is loaded, so: true. */
bool steer_backend_usable(enum steer_backend backend, char reason[static STEER_REASON_LEN]);

/*
 * Has the kernel that iptables table, for every family? Only the legacy variant depends on how the
 * kernel was built; nft makes what is missing.
 */
bool steer_backend_has_table(enum steer_backend backend, const char *table);

/*
 * What of ours is loaded. 0; or -errno with reason filled: then it is not known, or known to be
 * something that the backend's tool cannot print, and never to be nothing. The caller calls
 * steer_rules_fini after success.
 */
int steer_backend_read(enum steer_backend backend, struct steer_rules *out,
		       char reason[static STEER_REASON_LEN]);

/*
 * The same from the kernel alone, in the form of steer_rules.kernel ("": nothing): no tool is run,
 * whatever others have in the same tables does not matter. -ENOTSUP: the kernel does not tell
 * (iptables-legacy).
 */
int steer_backend_kernel(enum steer_backend backend, char **out,
			 char reason[static STEER_REASON_LEN]);

/* How many address families the rules are loaded for: 1 where the kernel has no IPv6. */
int steer_backend_families(enum steer_backend backend);

/*
 * The plan in this backend's normal form. Outbound iptables rules go to `output_table`. The
 * interfaces of default routes stand in it as STEER_DEFAULT_ROUTE: what `expand` turns into rules.
 */
int steer_backend_template(enum steer_backend backend, const struct steer_plan *plan,
			   const char *output_table, struct steer_rules *out);

/*
 * A template as the routing tables are now: each line that says STEER_DEFAULT_ROUTE once for every
 * interface that a default route names, of either family; where none does, once for all but
 * loopback. 0 or -errno.
 */
int steer_backend_expand(const struct steer_rules *template, struct steer_rules *out);

/* Does the template depend on routes? */
bool steer_follows_routes(const struct steer_rules *template);

/* Both in one. */
int steer_backend_render(enum steer_backend backend, const struct steer_plan *plan,
			 const char *output_table, struct steer_rules *out);

/*
 * Replaces what is loaded by `target` (empty: removes it, and 0 means that it is gone). All or
 * nothing: when one family fails, the other is restored. *changed says whether the kernel was
 * touched. What is loaded and cannot be printed is replaced all the same. A table inet nacld that
 * nacld did not make is left alone: -EEXIST, where rules are to be loaded there.
 */
int steer_backend_apply(enum steer_backend backend, const struct steer_rules *target, bool *changed,
			char reason[static STEER_REASON_LEN]);

/*
 * Leaves out the rules that ask the accept filter, for when its pins are gone: the queue then has
 * it all. False: there were none. `kernel` is not kept, since it tells of them.
 */
bool steer_rules_drop_filter(struct steer_rules *rules);

bool steer_rules_empty(const struct steer_rules *rules);
/* By what the kernel tells, where that is known of both; else by their texts. */
bool steer_rules_equal(const struct steer_rules *a, const struct steer_rules *b);
void steer_rules_fini(struct steer_rules *rules);

/*
 * Has the kernel this table of iptables-legacy's, for IPv4 (0) or IPv6 (1)? It has one once
 * somebody has asked for it: asking the tools makes it, hooks and all. True where it cannot be
 * told.
 */
bool steer_legacy_has(int family, const char *table);

#endif
