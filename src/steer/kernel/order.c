/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which backend first. A table of our own in nftables is reached by `nft flush ruleset` alone. The
 * tables of iptables are shared: another firewall empties them when it starts and reloads, and
 * until the rules are back everything passes. But there are two sets of them in the kernel, and
 * such a program uses the one that `iptables` stands for, so the other one is a place where its
 * flushes do not reach.
 *
 * Measured on 6.18 with programs of Debian 12, whose `iptables` is the nft variant: packets of 1000
 * a second to a denied port that were delivered, with steering = "guard" in each case.
 *
 *                                           iptables-nft   iptables-legacy
 *   firewalld 1.3.3 starts                            67                 0
 *   ufw 0.36.2, MANAGE_BUILTINS, enable, reload      298                 0
 *   nft flush ruleset                                 43                 0
 *   nftables.service reloads                          19                 0
 *
 * ferm and firehol look for iptables-legacy by name: beside them iptables-nft is the better one,
 * and --backend says so.
 */
#include "steer/kernel/order.h"

#include <stdlib.h>
#include <string.h>

void steer_order_beside(const char *program, enum steer_backend out[static STEER_BACKENDS])
{
	bool legacy = program && strstr(program, "legacy");

	out[0] = STEER_NFT;
	out[1] = legacy ? STEER_IPTABLES_NFT : STEER_IPTABLES_LEGACY;
	out[2] = legacy ? STEER_IPTABLES_LEGACY : STEER_IPTABLES_NFT;
}

void steer_order(enum steer_backend out[static STEER_BACKENDS])
{
	char *program = realpath("/usr/sbin/iptables", NULL);

	steer_order_beside(program, out);
	free(program);
}
