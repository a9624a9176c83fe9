/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_IMAGE_IMAGE_H
#define NACLD_CORE_IMAGE_IMAGE_H

#include "core/policy.h"

/*
 * A compiled policy as one piece of memory, for another process of the same program to filter by:
 * nothing is parsed or compiled again there. It has what policy_eval and policy_eval_edge look at:
 * no sets, no comments, no names of ACLs, no flow log.
 */

/* How many bytes the compiled policy takes. O(rules). */
size_t image_size(const struct policy *policy);

/* Writes it to `to`, which is 8-byte aligned and has image_size bytes. O(size). */
void image_write(const struct policy *policy, void *to);

/*
 * The policy in `image`, a private writable mapping of what image_write wrote: its pointers are
 * adapted in place. It stays in the mapping and must not be freed. NULL: this is no image of `size`
 * bytes. What wrote it is trusted: only its size is looked at. O(lists).
 */
const struct policy *image_open(void *image, size_t size);

#endif
