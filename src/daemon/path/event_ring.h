/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_EVENT_RING_H
#define NACLD_DAEMON_PATH_EVENT_RING_H

#include "core/packet.h"
#include "daemon/path/wakeup.h"

/* A packet that was dropped, or would have been: enough to say which and why. */
struct event {
	uint64_t serial; /* of the snapshot that evaluated it: `acl` is an index in that one */
	uint32_t acl;
	uint16_t rule;     /* 0: the implicit deny */
	uint8_t direction; /* enum direction */
	uint8_t reason;    /* enum packet_reason; PACKET_OK: the rule decided */
	uint8_t hook;      /* enum hook */
	uint8_t monitor;   /* not 0: it passed, monitor mode; no bool, since a child writes it */
	uint32_t device;   /* at an edge: index of the interface */
	struct packet packet;
};

#define EVENT_RING_LEN 256 /* a power of two */

/*
 * From one worker to the main thread. Never blocks and never grows: what does not fit is counted in
 * `lost`. The reader is woken when it asked to be (wakeup.h).
 */
struct event_ring {
	uint64_t head; /* written by the worker */
	uint64_t tail; /* written by the reader */
	uint64_t lost;
	struct wakeup wakeup;
	struct event events[EVENT_RING_LEN];
};

void event_ring_init(struct event_ring *ring);

/* The worker's end. `wake` is the reader's eventfd. */
void event_ring_put(struct event_ring *ring, int wake, const struct event *event);

/*
 * The reader's: are the ring's ends possible? If not, which only a child that was taken over can
 * cause, it is emptied.
 */
bool event_ring_check(struct event_ring *ring);

/* The reader's end: takes one out; false when there is none. */
bool event_ring_take(struct event_ring *ring, struct event *out);

/* The reader asks to be woken by the next event; true when one is there already. */
bool event_ring_arm(struct event_ring *ring);

#endif
