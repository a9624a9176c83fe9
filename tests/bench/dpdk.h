/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A yardstick: DPDK's librte_acl, asked one packet at a time. dpdk.c where the library is installed
 * (Debian: libdpdk-dev), else dpdk_none.c, which never has an answer.
 */
#ifndef NACLD_TESTS_BENCH_DPDK_H
#define NACLD_TESTS_BENCH_DPDK_H

#include "core/acl.h"

struct dpdk;

/* Once, before all else: false when the library is not installed or does not start. */
bool dpdk_start(void);

/*
 * The entries of one family of the list. NULL: it could not build them. Borrows
 * the rules.
 */
struct dpdk *dpdk_new(const struct acl_list *list, enum family family);
void dpdk_free(struct dpdk *dpdk); /* NULL is fine */

/* acl_eval for an inbound packet of that family. */
const struct rule *dpdk_lookup(const struct dpdk *dpdk, const struct packet *packet);

#endif
