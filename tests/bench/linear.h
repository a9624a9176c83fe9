/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A yardstick: every entry in order, sixteen at a time in vector registers. The best one can do
 * without an index, and hard to beat where there are few rules. IPv4 only.
 */
#ifndef NACLD_TESTS_BENCH_LINEAR_H
#define NACLD_TESTS_BENCH_LINEAR_H

#include "core/acl.h"

struct linear;

/* NULL: no memory, or an IPv6 prefix in the list. Borrows the rules. */
struct linear *linear_new(const struct acl_list *list);
void linear_free(struct linear *linear); /* NULL is fine */

/* acl_eval for an inbound IPv4 packet. */
const struct rule *linear_lookup(const struct linear *linear, const struct packet *packet);

#endif
