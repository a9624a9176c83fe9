/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop's one wait. A place in the table keeps its source until that is removed, so that a
 * round may add and remove sources while it goes through them: what took another's place meanwhile
 * is left to the next round.
 *
 * poll(2) can be refused: EINVAL where the process may hold fewer descriptors now than there are
 * sources (prlimit(1)), ENOMEM where the kernel has no memory for the list. Packets need none of
 * this, so it is no reason to end: signals and deadlines are served, and it is tried again soon.
 */
#include "daemon/poller.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <time.h>

#include "common/clock.h"

bool poller_add(struct poller *poller, struct poller_source *source)
{
	for (unsigned int i = 0; i < POLLER_SOURCES_MAX; i++) {
		if (poller->sources[i])
			continue;
		poller->sources[i] = source;
		return true;
	}
	return false;
}

void poller_remove(struct poller *poller, struct poller_source *source)
{
	for (unsigned int i = 0; i < POLLER_SOURCES_MAX; i++)
		if (poller->sources[i] == source)
			poller->sources[i] = NULL;
}

/* Fills in what to wait for; how many places, and until when (-1: for ever). */
static nfds_t collect(const struct poller *poller, struct pollfd *polls, int *timeout_ms)
{
	int64_t now_ms = clock_monotonic_ms();
	nfds_t count = 0;

	*timeout_ms = -1;
	for (unsigned int i = 0; i < POLLER_SOURCES_MAX; i++) {
		const struct poller_source *source = poller->sources[i];
		int64_t left_ms = source ? source->due_ms - now_ms : 0;

		polls[i] = (struct pollfd){.fd = source ? source->fd : -1,
					   .events = source ? source->events : (short)0};
		if (!source)
			continue;
		count = i + 1;
		if (source->due_ms == 0)
			continue;
		left_ms = left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : left_ms;
		if (*timeout_ms < 0 || left_ms < *timeout_ms)
			*timeout_ms = (int)left_ms;
	}
	return count;
}

/* False: it was refused. */
static bool wait_ready(struct pollfd *polls, nfds_t count, int timeout_ms)
{
	static const struct timespec pause = {.tv_nsec = POLLER_REFUSED_MS * 1000000};

	if (poll(polls, count, timeout_ms) >= 0)
		return true;
	for (nfds_t i = 0; i < count; i++)
		polls[i].revents = 0;
	if (errno == EINTR)
		return true;
	nanosleep(&pause, NULL);
	return false;
}

void poller_round(struct poller *poller)
{
	struct poller_source *waited[POLLER_SOURCES_MAX];
	struct pollfd polls[POLLER_SOURCES_MAX];
	int timeout_ms;
	nfds_t count = collect(poller, polls, &timeout_ms);
	bool refused;

	for (nfds_t i = 0; i < count; i++)
		waited[i] = poller->sources[i];
	refused = !wait_ready(polls, count, timeout_ms);
	for (nfds_t i = count; i-- > 0;) {
		struct poller_source *source = poller->sources[i];

		if (!source || source != waited[i])
			continue;
		if (refused && source->always)
			polls[i].revents = source->events;
		if (polls[i].revents ||
		    (source->due_ms != 0 && source->due_ms <= clock_monotonic_ms()))
			source->serve(source, polls[i].revents);
	}
}
