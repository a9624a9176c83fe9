/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a filtering child does with a batch: filter_packet for each packet that has no answer, and
 * the answer beside it. It says which packet it is at first, so that the one it dies of is known.
 */
#include <time.h>

#include "daemon/privsep/child.h"

static enum answer answer_of(struct child *child, struct flow_table *flows, int64_t now_s,
			     const struct ask_packet *in)
{
	struct batch_packet packet = {
		.pf = in->pf,
		.hook = in->hook,
		.device = in->device,
		.data = in->has_data ? in->data : NULL,
		.copy_len = in->copy_len,
		.wire_len = in->wire_len,
	};
	enum action action = filter_packet(&child->filter, &child->snapshot, flows, now_s, &packet);

	return action == ACTION_ALLOW ? ANSWER_ACCEPT : ANSWER_DROP;
}

void child_answer(struct child *child)
{
	struct answers *out = child->answers;
	uint32_t which = child->ask->flows;
	struct flow_table *flows = which < FLOWS ? child->flows[which] : NULL;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	for (uint32_t i = 0; i < child->ask->count && i < BATCH_LEN; i++) {
		if (out->answers[i] != ANSWER_NONE)
			continue;
		__atomic_store_n(&out->at, i + 1, __ATOMIC_RELAXED);
		__atomic_store_n(&out->answers[i],
				 answer_of(child, flows, now.tv_sec, &child->ask->packets[i]),
				 __ATOMIC_RELAXED);
	}
	if (flows)
		flow_table_settle(flows);
	__atomic_store_n(&out->at, 0, __ATOMIC_RELAXED);
}
