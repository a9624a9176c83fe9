/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The alarm for packets that nobody judged because a queue or its receive buffer was full: a line
 * in the log that says which queue, how many and what to do.
 *
 * The kernel tells no one of an overflow; it counts, in a table that has to be looked at. So while
 * packets come the main thread looks once a second. The look that finds no new packet arms the
 * workers' bells and is the last one: an idle daemon is not woken.
 *
 * With on_failure = "accept" the kernel lets the overflow pass and counts nothing. All there is to
 * see then is a queue that is nearly full at the moment of a look, which under a load that lasts it
 * is.
 */
#include "daemon/monitor/overflow.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/nfqueue_proc.h"

#define ADVICE "raise queue.length (%u now) or queue.count, see naclctl show"

/* Less than an eighth is free: a worker that keeps up leaves more. */
static bool is_crowded(const struct nfqueue_proc *kernel, uint32_t length)
{
	return kernel->waiting >= length - length / 8;
}

static void tell(const struct daemon *daemon, const struct worker *worker, uint32_t dropped,
		 uint32_t user_dropped)
{
	const struct policy *policy = daemon->current->policy;
	unsigned int number = queue_number(worker->queue), length = policy->queue.length;

	if (dropped > 0)
		log_warning("queue %u was full: %u packets dropped unfiltered; " ADVICE, number,
			    dropped, length);
	if (user_dropped > 0)
		log_warning("queue %u: its receive buffer was full: %u packets dropped unfiltered; "
			    "raise queue.count (%u now), see naclctl show",
			    number, user_dropped, policy->queue.count);
	if (dropped == 0 && user_dropped == 0)
		log_warning("queue %u is nearly full, and what does not fit passes unfiltered "
			    "(on_failure is \"accept\"); " ADVICE,
			    number, length);
}

/* True while something is left to tell, because it is too early for another line. */
static bool look_at(struct overflow *overflow, const struct daemon *daemon, unsigned int i,
		    int64_t now_ms)
{
	const struct policy *policy = daemon->current->policy;
	const struct worker *worker = &daemon->workers[i];
	struct batch_told *told = queue_told(worker->queue);
	struct nfqueue_proc kernel;
	uint32_t dropped, user_dropped;

	if (!nfqueue_proc_read(daemon->table_fd, queue_number(worker->queue), &kernel))
		return false;
	dropped = kernel.dropped - told->dropped;
	user_dropped = kernel.user_dropped - told->user_dropped;
	if (policy->on_failure == POLICY_FAIL_ACCEPT && is_crowded(&kernel, policy->queue.length))
		overflow->seen[i].crowded = true;
	if (dropped == 0 && user_dropped == 0 && !overflow->seen[i].crowded)
		return false;
	if (overflow->seen[i].told_ms > 0 && now_ms - overflow->seen[i].told_ms < OVERFLOW_TELL_MS)
		return true;
	tell(daemon, worker, dropped, user_dropped);
	*told = (struct batch_told){.dropped = kernel.dropped, .user_dropped = kernel.user_dropped};
	overflow->seen[i].crowded = false;
	overflow->seen[i].told_ms = now_ms;
	return false;
}

static bool packets_came(struct overflow *overflow, const struct daemon *daemon)
{
	bool came = false;

	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		uint64_t packets = counter_read(&daemon->workers[i].filter->counters->packets);

		came |= packets != overflow->seen[i].packets;
		overflow->seen[i].packets = packets;
	}
	return came;
}

static bool somebody_rang(const struct daemon *daemon)
{
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		if (!wakeup_armed(&daemon->workers[i].wakeup))
			return true;
	return false;
}

static void look(struct poller_source *source, short revents)
{
	struct overflow *overflow = source->owner;
	struct daemon *daemon = overflow->daemon;
	int64_t now_ms = clock_monotonic_ms();
	bool more = packets_came(overflow, daemon);

	(void)revents;
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		more |= look_at(overflow, daemon, i, now_ms);
	if (!more) {
		for (unsigned int i = 0; i < daemon->worker_count; i++)
			wakeup_arm(&daemon->workers[i].wakeup);
		more = packets_came(overflow, daemon); /* before the wakeup was armed, say */
	}
	source->due_ms = more ? now_ms + OVERFLOW_LOOK_MS : 0;
}

void overflow_wake(struct overflow *overflow)
{
	if (overflow->source.due_ms == 0 && somebody_rang(overflow->daemon))
		look(&overflow->source, 0);
}

void overflow_start(struct overflow *overflow, struct daemon *daemon, struct poller *poller)
{
	*overflow = (struct overflow){
		.daemon = daemon,
		.source = {.fd = -1, .serve = look, .owner = overflow},
	};
	poller_add(poller, &overflow->source);
}
