/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_UNSEEN_UNSEEN_H
#define NACLD_STEER_UNSEEN_UNSEEN_H

#include "core/policy.h"

#define UNSEEN_TEXT_LEN 320

/* Takes one sentence, and what to do about it; `next` NULL: worth knowing, and nothing is wrong. */
typedef void unseen_tell(void *context, const char *next, const char *text);

/*
 * What the policy's rules do not see on this host, or see otherwise than its author may think:
 * interfaces that are not there or are a port of another, XDP programs and flowtables that take
 * packets past every rule, bridge netfilter, NAT before rules of a host or a subnet. The same words
 * for `steer up` and `doctor`. Runs iptables-save and nft; needs CAP_NET_ADMIN.
 */
void unseen_look(const struct policy *policy, unseen_tell *tell, void *context);

/*
 * Has every flowtable let go of the flows it carries, so that the next packet of each meets the
 * rules again. Tells, loudly, of those that stay: over a port of a bridge, in hardware, or as this
 * process may not. Nothing is done, or told, where there is no flowtable, or where that
 * cannot be seen for want of CAP_NET_ADMIN.
 */
void unseen_recall_flows(unseen_tell *tell, void *context);

#endif
