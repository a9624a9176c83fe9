/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a yes of the accept filter claims: that the daemon would say yes too, because of the rules
 * that were counted. NULL where it holds, else what does not.
 */
#ifndef NACLD_TESTS_UNIT_FASTPATH_CLAIM_H
#define NACLD_TESTS_UNIT_FASTPATH_CLAIM_H

#include "core/packet.h"
#include "core/policy.h"
#include "fastpath_source.h"

/* The counters of both generations are zero before, and again afterwards. */
static inline const char *fastpath_books(struct fastpath_packet_source *from,
					 const struct policy_verdict *verdict, uint32_t bytes,
					 unsigned int generation)
{
	struct fastpath_counter *counters = from->counters + generation * from->counter_count;
	const char *wrong = NULL;
	unsigned int steps = verdict ? verdict->step_count : 0;

	for (unsigned int i = 0; i < steps; i++) {
		struct fastpath_counter *counter = &counters[verdict->steps[i].counter + 1];

		if (counter->packets != 1 || counter->bytes != bytes || counter->last_hit != 1000)
			wrong = "a rule that decided is not counted, or not right";
		*counter = (struct fastpath_counter){0};
	}
	if (counters[FASTPATH_TWICE].packets != (steps == 2) ||
	    counters[FASTPATH_TWICE].bytes != (steps == 2 ? bytes : 0))
		wrong = "what was counted twice is not counted";
	counters[FASTPATH_TWICE] = (struct fastpath_counter){0};
	for (size_t i = 0; i < 2 * from->counter_count; i++)
		if (from->counters[i].packets || from->counters[i].bytes)
			wrong = "something else was counted";
	return wrong;
}

static inline const char *fastpath_claim(const struct policy *policy,
					 struct fastpath_packet_source *from, uint64_t root,
					 unsigned int generation, enum hook hook, bool ipv6,
					 bool *accepted)
{
	struct policy_verdict verdict;
	struct packet packet;

	*accepted = fastpath_run(from, root, hook, ipv6);
	if (!*accepted)
		return fastpath_books(from, NULL, 0, generation);
	if (packet_parse(ipv6 ? FAMILY_IPV6 : FAMILY_IPV4, from->data, from->len, from->len,
			 &packet) != PACKET_OK)
		return "accepted, and the daemon would refuse to read it";
	policy_eval(policy, hook, NULL, &packet, &verdict);
	if (verdict.action != ACTION_ALLOW)
		return "accepted, and the daemon would drop it";
	if (verdict.outcome != POLICY_JUDGED)
		return "accepted, and the daemon would ask no list";
	return fastpath_books(from, &verdict, packet.len, generation);
}

#endif
