/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_KERNEL_NFT_H
#define NACLD_STEER_KERNEL_NFT_H

#include "steer/plan.h"

/*
 * The plan as `table inet nacld`, letter by letter as `nft --stateless list table` prints it back:
 * so what is loaded can be compared as text. A heap string, or NULL: no memory.
 */
char *nft_render(const struct steer_plan *plan);

/*
 * What nft 1.1 lists (1.1.3 prints a mask in hexadecimal), in place, as 1.0 lists it and nft_render
 * renders it.
 */
void nft_normalize(char *listed);

/*
 * Input for `nft -f -`, one transaction, that turns the listed `current` ("" for none) into
 * `target` ("" for none). Base chains stay where they are whenever both have the same ones.
 */
char *nft_transition(const char *current, const char *target);

/* Asks the kernel, in a transaction that is only checked, for the expression a plan needs most. */
extern const char nft_probe[];

#endif
