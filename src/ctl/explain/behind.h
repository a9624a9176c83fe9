/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_EXPLAIN_BEHIND_H
#define NACLD_CTL_EXPLAIN_BEHIND_H

#include <jansson.h>
#include <stdio.h>

#include "ctl/explain/roundtrip.h"
#include "steer/nat/nat.h"

/* Destination NAT on this host, loaded at first use. */
struct behind {
	bool (*is_local)(const struct addr *addr);
	bool loaded;
	struct nat_rules rules;
};

/*
 * What NAT would make of a packet that arrives. False: nothing, or it cannot be seen (no
 * CAP_NET_ADMIN), or the packet does not arrive but leaves.
 */
bool behind_ask(struct behind *behind, const struct packet_line *line, struct nat_answer *out);
void behind_fini(struct behind *behind);

/* The answer for people, in one or two lines; and as {"tool", "rule", "certain", ...}. */
void behind_text(const struct policy *policy, const struct roundtrip *roundtrip,
		 const struct nat_answer *answer, FILE *to);
json_t *behind_json(const struct packet_line *line, const struct nat_answer *answer);

#endif
