/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon with a filtering child that an attacker has taken over, by UDP destination port: it
 * writes what no filter writes into all the memory that it shares with the daemon. Linked with
 * --wrap=child_answer; the daemon itself, and the child until then, are as they are.
 */
#include <string.h>
#include <unistd.h>

#include "daemon/privsep/child.h"

enum hostile_port {
	HOSTILE_ANSWERS = 6671,
	HOSTILE_RING = 6672,
	HOSTILE_FLOWS = 6673,
	HOSTILE_COUNTERS = 6674,
	HOSTILE_EARLY = 6675,
};

void __real_child_answer(struct child *child);
void __wrap_child_answer(struct child *child);

/* Any bytes will do, as long as they differ. */
static void fill(void *memory, size_t len)
{
	static uint64_t state = 1;
	uint8_t *at = memory;

	for (size_t i = 0; i < len; i++) {
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		at[i] = (uint8_t)(state >> 56);
	}
}

static void spoil_answers(struct child *child)
{
	fill(child->answers, sizeof(*child->answers));
	for (size_t i = 0; i < BATCH_LEN; i++)
		child->answers->answers[i] |= 0x80;
}

/* The table's places and its state are the first of what struct flow_table holds. */
static void spoil_flows(struct child *child)
{
	for (uint32_t i = 1; i < child->ask->flow_tables; i++) {
		void *const *inside = (void *const *)child->flows[i];

		fill(inside[0], ((size_t)child->ask->shapes[i].mask + 1) * sizeof(struct flow));
		fill(inside[1], 1024);
	}
}

static void spoil(struct child *child, uint16_t port)
{
	static const uint8_t bytes[64];
	static const uint64_t one = 1;

	switch (port) {
	case HOSTILE_ANSWERS:
		spoil_answers(child);
		break;
	case HOSTILE_RING:
		fill(child->filter.events, sizeof(*child->filter.events));
		if (write(CHILD_WAKE, &one, sizeof(one)) < 0)
			_exit(1);
		break;
	case HOSTILE_FLOWS:
		spoil_flows(child);
		break;
	case HOSTILE_COUNTERS:
		fill(child->filter.counters, sizeof(*child->filter.counters));
		fill(child->counters, child->ask->counter_count * sizeof(*child->counters));
		break;
	case HOSTILE_EARLY: /* the next batches have their answer before they are asked for */
		spoil_answers(child);
		if (write(CHILD_DONE, bytes, sizeof(bytes)) < 0)
			_exit(1);
		break;
	default:
		break;
	}
}

void __wrap_child_answer(struct child *child)
{
	__real_child_answer(child);
	for (uint32_t i = 0; i < child->ask->count; i++) {
		const uint8_t *data = child->ask->packets[i].data;

		if (child->ask->packets[i].copy_len >= 24 && data[0] == 0x45 && data[9] == 17)
			spoil(child, (uint16_t)(data[22] << 8 | data[23]));
	}
}
