/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_WALLS_H
#define NACLD_CORE_WALLS_H

#include "core/policy.h"
#include "core/way/way.h"

/*
 * Judges a packet wall by wall until one drops it: the edge it enters by, the host or the subnets,
 * the edge it leaves by. Where INPUT or OUTPUT name no interface, that is any edge if one ACL
 * guards them all; FORWARD then crosses none. What NAT does between the walls is not known
 * here. The outcome is JUDGED when any wall asked a list, else what the first one said that is not
 * UNPROTECTED.
 */
void walls_eval(const struct policy *policy, const struct way *way, const struct packet *packet,
		struct policy_verdict *out);

/* Must an interface be named, because edges have different ACLs? */
#define WALLS_AMBIGUOUS "edges have different ACLs: name the interface, as in in@eth0"
bool walls_are_ambiguous(const struct policy *policy, const struct way *way);

/* The one exemption that the way's packet met at its first wall, or 0. */
unsigned int walls_exempt(const struct policy *policy, const struct way *way,
			  const struct packet *packet);

#endif
