/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at the kernel, its queues and who reads them, for the one model of what is so. A daemon's
 * word is believed only where its own process is seen to have the queue.
 */
#include "ctl/state/state.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/nfqueue_proc.h"

/* The queues that nacld says it reads have its numbers; another's it does not name. */
static bool says_it_reads(const json_t *status, unsigned int number)
{
	json_t *queues = json_object_get(status, "queues"), *queue;
	size_t i;

	json_array_foreach(queues, i, queue)
	{
		if (json_integer_value(json_object_get(queue, "queue")) == number)
			return true;
	}
	return false;
}

static enum state_reader reader_of(const struct holder *holder, const json_t *status,
				   unsigned int number)
{
	if (holder->kept)
		return STATE_KEPT;
	/* Without a holder to see (another namespace of processes) what nacld says must do. */
	if (status && says_it_reads(status, number) && (holder->nacld || holder->pid == 0))
		return STATE_ANSWERS;
	if (holder->pid == 0)
		return STATE_UNKNOWN;
	if (!holder->nacld)
		return STATE_STRANGER;
	return holder->state == 'T' || holder->state == 't' ? STATE_STOPPED : STATE_SILENT;
}

static void look_at_queue(int table, const json_t *status, unsigned int number, struct state *out)
{
	struct nfqueue_proc queue;

	out->queue = number;
	out->reader = STATE_NOBODY;
	out->waiting = 0;
	out->holder = (struct holder){0};
	if (!nfqueue_proc_read(table, (uint16_t)number, &queue))
		return;
	out->waiting = queue.waiting;
	holder_find(queue.portid, &out->holder);
	out->reader = reader_of(&out->holder, status, number);
}

void state_look(const struct steer_status *survey, const json_t *status, struct state *out)
{
	const struct steer_rules *rules = &survey->loaded[survey->backend];
	const char *mode = json_string_value(json_object_get(status, "mode"));
	enum steer_backend which;
	unsigned int first, last;
	int table;

	*out = (struct state){.monitor = mode && strcmp(mode, "monitor") == 0};
	if (steer_status_unknown(survey, &which)) {
		out->steered = true; /* perhaps: what becomes of packets is not known */
		return;
	}
	out->steered = survey->count > 0 && steer_queues(rules, &first, &last) && last <= 65535;
	if (!out->steered)
		return;
	out->bypass = steer_bypasses(rules);
	table = nfqueue_proc_open();
	if (table < 0)
		return;
	for (unsigned int i = first; i <= last; i++) {
		look_at_queue(table, status, i, out);
		if (out->reader != STATE_ANSWERS)
			break;
	}
	close(table);
}

json_t *state_json(const struct state *state)
{
	const struct holder *holder = &state->holder;
	bool seen = state->steered && state->reader != STATE_UNKNOWN;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s?}", "reader",
			 state_reader_name(state->reader), "packets",
			 state_fate_name(state_fate(state)), "queue",
			 seen ? json_integer(state->queue) : json_null(), "waiting",
			 seen ? json_integer(state->waiting) : json_null(), "pid",
			 holder->pid ? json_integer(holder->pid) : json_null(), "program",
			 holder->pid ? holder->name : NULL);
}
