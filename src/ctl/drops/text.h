/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DROPS_TEXT_H
#define NACLD_CTL_DROPS_TEXT_H

#include <stdio.h>

#include "ctl/drops/group.h"

/* The grouped view: replies that were dropped first, each with the rule that is missing. */
void drops_print_groups(const struct lost_list *list, const struct groups *groups, FILE *to);

/* A line each. */
void drops_print_list(const struct lost_list *list, FILE *to);

/* The packets as a file for eval. */
void drops_print_packets(const struct lost_list *list, FILE *to);

/* Of a group of replies: who waits for what, which rule drops it, and what to add. */
void drops_print_reply(const struct group *group, int64_t now, FILE *to);

/* One packet, as --follow says it. */
void drops_print_packet(const struct lost *lost, FILE *to);

/* What to do about a flow: the missing rule, or that it passes now. Nothing where nothing is. */
void drops_print_remedy(const struct lost *lost, FILE *to);

#endif
