/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_WAY_REPLY_H
#define NACLD_CORE_WAY_REPLY_H

#include "core/policy.h"

/*
 * The request that a packet answers, by what the packet itself says: ends and ports swapped, seen
 * at the hook of the other direction. False where the packet opens something, is an error message,
 * or is of a protocol whose replies are not known.
 *
 * TCP says it with SYN and ACK. Where neither tells (the middle of a connection, UDP) the packet
 * comes from the service if its source port is the lower one, below the ports that clients take
 * (32768 and up), and its destination is no system port (RFC 6335).
 */
bool reply_request(enum hook hook, const struct packet *packet, enum hook *request_hook,
		   struct packet *request);

/*
 * Does the packet answer a request that the policy allows? `acl` is the one that decided about the
 * packet, for the hooks at an edge. *request and *verdict say which request, and what allows it.
 */
bool reply_is_due(const struct policy *policy, enum hook hook, uint32_t acl,
		  const struct packet *packet, struct packet *request,
		  struct policy_verdict *verdict);

#endif
