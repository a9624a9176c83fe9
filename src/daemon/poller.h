/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_POLLER_H
#define NACLD_DAEMON_POLLER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the main thread serves: descriptors and deadlines, each with the function that serves it.
 * One thread's; no allocation and no descriptor of its own, so that it works on where both have run
 * out.
 */
struct poller_source {
	int fd;         /* -1: there is only the deadline */
	short events;   /* of poll(2) */
	int64_t due_ms; /* of the monotonic clock; 0: none. The function sets the next one */
	bool always;    /* served too where waiting is refused: looking does not block */
	/* revents as poll(2) has them; 0: it is due. */
	void (*serve)(struct poller_source *source, short revents);
	void *owner;
};

#define POLLER_SOURCES_MAX 48

struct poller {
	struct poller_source *sources[POLLER_SOURCES_MAX]; /* NULL: a free place */
};

/*
 * Serves `source` from the next round on, until it is removed; it stays the caller's, who may
 * change its fields at any time. The first place that is free is taken, and the last place is
 * served first: clients before the socket they came by, and before signals, which may be the end.
 * False: there is no place.
 */
bool poller_add(struct poller *poller, struct poller_source *source);

/* It is not served any more, in this round either. Harmless when it was not there. */
void poller_remove(struct poller *poller, struct poller_source *source);

/*
 * One round: waits until something is ready or due, and serves that. Where the kernel refuses to
 * wait it takes POLLER_REFUSED_MS, and what is due or asks for it is served all the same.
 */
#define POLLER_REFUSED_MS 100
void poller_round(struct poller *poller);

#endif
