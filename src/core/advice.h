/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_ADVICE_H
#define NACLD_CORE_ADVICE_H

#include "core/acl.h"

/*
 * The allow rule that would let `packet` through the list, with a free number in front of the deny
 * that stopped it. It opens what is needed and no more:
 *
 * @blocker       the rule that denied it, NULL for the implicit deny. An explicit deny bounds the
 *                new rule: ports and remote end stay within what it denies, so no other deny is
 *                undone
 * @request_rule  for a reply, the rule that let its request through in the other direction: its
 *                remote end is mirrored, and a destination port of 1024 and up (a client's
 *                ephemeral port) becomes 1024-65535, the range that serves every client (AWS's own
 *                recommendation). NULL for a request: the packet's own remote address (an ICMP
 *                error: any, as every router may send one) and its one port
 *
 * Returns false, *out untouched, when no number is free in front of the blocker. A rule it returns
 * has that packet allowed once added. O(rules + prefixes).
 */
bool advice_missing_rule(const struct acl_list *list, enum direction direction,
			 const struct packet *packet, const struct rule *blocker,
			 const struct rule *request_rule, struct rule *out);

#endif
