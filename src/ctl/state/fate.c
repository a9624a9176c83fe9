/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of packets, by who reads the queue. Pure, and the one place that says so: doctor,
 * show and steer cannot say different things of the same host.
 *
 * A bound queue never drops packets for want of a reader: they wait in it (a stopped or hung nacld,
 * a queue that the service manager keeps until the daemon starts again), or another program
 * decides. Only an unbound queue follows the rules' bypass flag.
 */
#include "ctl/state/state.h"

#include <stdio.h>

enum state_fate state_fate(const struct state *state)
{
	if (!state->steered)
		return STATE_UNSTEERED;
	switch (state->reader) {
	case STATE_NOBODY:
		return state->bypass ? STATE_PASSES : STATE_DROPPED;
	case STATE_ANSWERS:
		return state->monitor ? STATE_MONITORED : STATE_FILTERED;
	case STATE_SILENT:
	case STATE_STOPPED:
	case STATE_KEPT:
		return STATE_WAITS;
	case STATE_STRANGER:
		return STATE_DECIDED;
	case STATE_UNKNOWN:
	case STATE_READERS:
		break;
	}
	return STATE_FATE_UNKNOWN;
}

const char *state_reader_name(enum state_reader reader)
{
	static const char *const names[] = {"unknown", "nobody", "nacld", "silent",
					    "stopped", "kept",   "other"};

	return reader < STATE_READERS ? names[reader] : "unknown";
}

const char *state_fate_name(enum state_fate fate)
{
	static const char *const names[] = {"unknown", "unsteered", "filtered", "monitored",
					    "wait",    "decided",   "pass",     "dropped"};

	return fate < STATE_FATES ? names[fate] : "unknown";
}

const char *state_fate_text(const struct state *state, char buf[static STATE_TEXT_LEN])
{
	static const char *const texts[] = {
		[STATE_FATE_UNKNOWN] = "are unknown: who reads the queue cannot be seen from here",
		[STATE_UNSTEERED] =
			"do not exist: nothing is steered, all traffic passes unfiltered",
		[STATE_FILTERED] = "are filtered",
		[STATE_MONITORED] = "pass; what would be dropped is counted (monitor)",
		[STATE_PASSES] = "pass, unfiltered (on_failure = \"accept\")",
		[STATE_DROPPED] = "are all dropped (on_failure = \"drop\")",
	};
	enum state_fate fate = state_fate(state);

	if (fate == STATE_WAITS)
		snprintf(buf, STATE_TEXT_LEN,
			 "wait in queue %u (%u now) until nacld goes on; a full queue %s",
			 state->queue, state->waiting,
			 state->bypass ? "lets them pass unfiltered" : "drops them");
	else if (fate == STATE_DECIDED)
		snprintf(buf, STATE_TEXT_LEN, "are decided by %s (pid %d), not by nacld's rules",
			 state->holder.name, (int)state->holder.pid);
	else
		snprintf(buf, STATE_TEXT_LEN, "%s", texts[fate]);
	return buf;
}
