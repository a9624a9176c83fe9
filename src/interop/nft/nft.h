/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_NFT_NFT_H
#define NACLD_INTEROP_NFT_NFT_H

#include <stdio.h>

struct policy;

/*
 * A policy as a ruleset of the kernel's own, for `nft -f`: the verdicts of policy_eval without a
 * daemon. `table inet nacld_export`, never steering's `table inet nacld`. Loading it again replaces
 * it in one transaction. In monitor mode it drops nothing and counts what would be. The text begins
 * with a comment that says where it differs from the daemon.
 *
 * 0, -ENOMEM, or -EINVAL when an interface name cannot be used in a ruleset: *bad_interface then
 * points at it, inside the policy. Something may have been written by then. Write errors are the
 * stream's.
 */
int nft_print(const struct policy *policy, FILE *to, const char **bad_interface);

#endif
