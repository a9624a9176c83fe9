/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's thread: receive a batch, judge it, answer it; nothing else.
 *
 * The snapshot is held from the first sequence increment to the second. Both, and the load of the
 * pointer, are sequentially consistent, as is the main thread's swap and its look at the sequence:
 * if it sees an even number after the swap, the next batch will load the new pointer. The same holds
 * for the worker's flow table, which the main thread exchanges at a window's end.
 */
#include "daemon/worker.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "daemon/schedule.h"

static void *run(void *arg)
{
	struct worker *worker = arg;

	schedule_packets_first();
	while (!__atomic_load_n(&worker->stop, __ATOMIC_RELAXED)) {
		unsigned int n = queue_recv(worker->queue, worker->judge.counters.errors);

		if (n == 0)
			continue;
		__atomic_fetch_add(&worker->sequence, 1, __ATOMIC_SEQ_CST);
		judge_batch(&worker->judge, __atomic_load_n(worker->current, __ATOMIC_SEQ_CST),
			    queue_batch(worker->queue), n);
		queue_send(worker->queue, worker->judge.counters.errors);
		counter_add(&worker->judge.counters.wakeups, 1);
		__atomic_fetch_add(&worker->sequence, 1, __ATOMIC_SEQ_CST);
		bell_ring(&worker->bell);
	}
	__atomic_store_n(&worker->stopped, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Its only purpose is to interrupt a worker's receive call. */
static void wake(int signal)
{
	(void)signal;
}

int worker_start(struct worker *worker)
{
	struct sigaction action = {.sa_handler = wake}; /* no SA_RESTART: recvmmsg must return */
	sigset_t set, old;
	int err;

	sigaction(SIGUSR2, &action, NULL);
	sigfillset(&set);
	sigdelset(&set, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &set, &old);
	err = pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	worker->started = err == 0;
	return -err;
}

void worker_stop(struct worker *worker)
{
	static const struct timespec pause = {.tv_nsec = 2000000};

	if (!worker->started)
		return;
	__atomic_store_n(&worker->stop, 1, __ATOMIC_RELAXED);
	/* The signal may fall between the worker's look at `stop` and its sleep: hence again. */
	while (!__atomic_load_n(&worker->stopped, __ATOMIC_ACQUIRE)) {
		pthread_kill(worker->thread, SIGUSR2);
		nanosleep(&pause, NULL);
	}
	pthread_join(worker->thread, NULL);
	worker->started = false;
}

uint64_t worker_progress(const struct worker *worker, bool *busy)
{
	uint64_t sequence = __atomic_load_n(&worker->sequence, __ATOMIC_SEQ_CST);

	*busy = sequence & 1;
	return sequence;
}

void worker_pass(struct worker *worker)
{
	static const struct timespec pause = {.tv_nsec = 100000};
	bool busy, still;
	uint64_t seen = worker_progress(worker, &busy);

	if (!busy || !worker->started)
		return;
	while (worker_progress(worker, &still) == seen)
		nanosleep(&pause, NULL);
}
