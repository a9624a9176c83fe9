/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_FASTPATH_BUILD_H
#define NACLD_CORE_FASTPATH_BUILD_H

#include "core/fastpath/format.h"
#include "core/policy.h"

/*
 * Writes a compiled policy (policy_compile) as one generation of tables, for the accept filter.
 *
 * @words     where the generation's root is to be; `capacity` words long
 * @counters  how many a stripe has
 *
 * Returns 0 and how many words it takes; -E2BIG: more than there is room for, or more counters; or
 * -ENOMEM. *words is spoiled on failure. A counter of the policy is the next number here.
 *
 * What the tables do not say is left to the daemon: edges that different ACLs guard, an address
 * whose rules the compiled list keeps linked (classify.c) and where the link decides, and routed
 * IPv6 where a protected subnet is longer than a /64. O(size of the compiled lists).
 */
int fastpath_build(const struct policy *policy, unsigned int generation, uint64_t *words,
		   size_t capacity, size_t counters, size_t *used);

/*
 * How many words a generation of this policy takes, with room to grow: what steering asks for, by
 * counting rules and prefixes. A power of two, at most half of FASTPATH_WORDS_MAX.
 */
size_t fastpath_estimate(const struct policy *policy);

#endif
