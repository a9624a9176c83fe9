/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STATE_STATE_H
#define NACLD_CTL_STATE_STATE_H

#include <jansson.h>

#include "ctl/state/holder.h"
#include "steer/status.h"

/* Who reads the queues that packets are sent to. */
enum state_reader {
	STATE_UNKNOWN,  /* the kernel's table cannot be read */
	STATE_NOBODY,   /* no socket is bound */
	STATE_ANSWERS,  /* nacld, and it answers */
	STATE_SILENT,   /* nacld, and it does not answer */
	STATE_STOPPED,  /* nacld, stopped by a signal or a debugger */
	STATE_KEPT,     /* nobody, and the service manager keeps the queue for nacld */
	STATE_STRANGER, /* another program */
	STATE_READERS,
};

/* What becomes of a packet that the rules of the kernel send to nacld. */
enum state_fate {
	STATE_FATE_UNKNOWN,
	STATE_UNSTEERED, /* none is sent: it passes, unfiltered */
	STATE_FILTERED,  /* by the rules */
	STATE_MONITORED, /* passes; what the rules say is counted */
	STATE_WAITS,     /* in the queue, until nacld goes on or the queue is full */
	STATE_DECIDED,   /* by the stranger */
	STATE_PASSES,    /* unfiltered: on_failure = "accept" */
	STATE_DROPPED,   /* on_failure = "drop" */
	STATE_FATES,
};

/* The one model of what is so between kernel, queue and daemon. */
struct state {
	bool steered; /* rules are loaded that lead to a queue */
	bool bypass;  /* and with nobody there packets pass */
	bool monitor;
	enum state_reader reader; /* of several queues: of the worst */
	unsigned int queue;       /* that one's number */
	uint32_t waiting;         /* packets in it */
	struct holder holder;     /* of that one */
};

/* Pure: every combination has its fate (a table of the tests has them all). */
enum state_fate state_fate(const struct state *state);

/* Names for programs: "nobody", "stopped", ...; "unsteered", "waits", ... */
const char *state_reader_name(enum state_reader reader);
const char *state_fate_name(enum state_fate fate);

/* Looks at the kernel; status NULL: the daemon gave none. */
void state_look(const struct steer_status *survey, const json_t *status, struct state *out);

/* As the end of "packets that the kernel sends to nacld ...". Returns buf. */
#define STATE_TEXT_LEN 192
const char *state_fate_text(const struct state *state, char buf[static STATE_TEXT_LEN]);

/* {"reader", "packets", "queue", "waiting", "pid", "program"}: the last two null where unknown. */
json_t *state_json(const struct state *state);

#endif
