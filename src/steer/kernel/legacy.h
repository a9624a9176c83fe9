/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_KERNEL_LEGACY_H
#define NACLD_STEER_KERNEL_LEGACY_H

#include <stdbool.h>

/*
 * Has this table of iptables-legacy's, of IPv4 (0) or IPv6 (1), a chain of nacld's? Asked of the
 * kernel, without a tool. The table must be there already: asking makes it. True, too, where it
 * cannot be told.
 */
bool legacy_has_chains(int family, const char *table);

#endif
