/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_KERNEL_ORDER_H
#define NACLD_STEER_KERNEL_ORDER_H

#include "steer/backend.h"

/*
 * The order in which backends are tried: nft, the variant of iptables that this host's own
 * `iptables` is not, and that one. Reads a symbolic link.
 */
void steer_order(enum steer_backend out[static STEER_BACKENDS]);

/* By the path of the program that `iptables` is (NULL: there is none). Pure. */
void steer_order_beside(const char *program, enum steer_backend out[static STEER_BACKENDS]);

#endif
