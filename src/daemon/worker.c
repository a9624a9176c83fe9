/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's thread: receive a batch, filter it, answer it; nothing else. What a predecessor left
 * in the buffers is the first batch.
 *
 * The snapshot is held from the first sequence increment to the second. Both, and the load of the
 * pointer, are sequentially consistent, as is the main thread's swap and its look at the sequence:
 * if it sees an even number after the swap, the next batch will load the new pointer. The same
 * holds for the worker's flow table, which the main thread exchanges at a window's end.
 */
#include "daemon/worker.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "common/clock.h"
#include "daemon/path/sched.h"

static const struct timespec retry_pause = {.tv_nsec = 1000000};

static bool asked_to_stop(const struct worker *worker)
{
	return __atomic_load_n(&worker->stop, __ATOMIC_RELAXED);
}

/* Until the kernel has memory to take the verdicts. Unsent ones stay for a successor to give. */
static void send_verdicts(struct worker *worker)
{
	while (!queue_send(worker->queue, worker->filter->errors) && !asked_to_stop(worker))
		nanosleep(&retry_pause, NULL);
}

/*
 * False when no filter was to be had before it was time to go: a successor will filter these
 * packets.
 */
static bool filter_by_child(struct worker *worker, struct isolate *isolate)
{
	bool judged;

	__atomic_store_n(&worker->waits_for, isolate, __ATOMIC_SEQ_CST);
	while (!(judged = privsep_filter(isolate, worker->queue)) && !asked_to_stop(worker))
		nanosleep(&retry_pause, NULL);
	__atomic_store_n(&worker->waits_for, NULL, __ATOMIC_SEQ_CST);
	return judged;
}

static void work(struct worker *worker, unsigned int n)
{
	struct snapshot *snapshot;
	bool judged = true;

	__atomic_fetch_add(&worker->sequence, 1, __ATOMIC_SEQ_CST);
	snapshot = __atomic_load_n(worker->current, __ATOMIC_SEQ_CST);
	if (snapshot->isolates)
		judged = filter_by_child(worker, snapshot->isolates[worker->filter->index]);
	else
		filter_batch(worker->filter, snapshot, queue_batch(worker->queue), n);
	if (judged)
		send_verdicts(worker);
	counter_add(&worker->filter->counters->wakeups, 1);
	__atomic_fetch_add(&worker->sequence, 1, __ATOMIC_SEQ_CST);
	wakeup_ring(&worker->wakeup, worker->filter->wake);
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	unsigned int n = queue_leftover(worker->queue);

	crash_watch(queue_batch(worker->queue)->region, worker->signal_stack);
	sched_packets_first();
	for (;;) {
		if (n > 0)
			work(worker, n);
		if (asked_to_stop(worker))
			break;
		n = queue_recv(worker->queue, worker->filter->errors);
	}
	crash_unwatch();
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

bool worker_rescue(struct worker *worker)
{
	struct isolate *isolate = __atomic_load_n(&worker->waits_for, __ATOMIC_SEQ_CST);

	if (!isolate)
		return false;
	privsep_blame(isolate);
	pthread_kill(worker->thread, SIGUSR2);
	return true;
}

/*
 * Once in WORKER_STUCK_MS: a child that has just taken another's place needs a moment. A worker
 * that filters by itself cannot be helped, but its successor can be told what it was stuck with.
 */
static void rescue_in_time(struct worker *worker, int64_t *since_ms)
{
	if (clock_monotonic_ms() - *since_ms < WORKER_STUCK_MS)
		return;
	*since_ms = clock_monotonic_ms();
	if (!worker_rescue(worker))
		batch_blame(queue_batch(worker->queue)->region);
}

void worker_stop(struct worker *worker)
{
	static const struct timespec pause = {.tv_nsec = 2000000};
	int64_t since_ms = clock_monotonic_ms();

	if (!worker->started)
		return;
	__atomic_store_n(&worker->stop, 1, __ATOMIC_RELAXED);
	/* The signal may fall between the worker's look at `stop` and its sleep: hence again. */
	while (!__atomic_load_n(&worker->stopped, __ATOMIC_ACQUIRE)) {
		pthread_kill(worker->thread, SIGUSR2);
		nanosleep(&pause, NULL);
		rescue_in_time(worker, &since_ms);
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

void worker_quiescent(struct worker *worker)
{
	static const struct timespec pause = {.tv_nsec = 100000};
	bool busy, still;
	uint64_t seen = worker_progress(worker, &busy);
	int64_t since_ms = clock_monotonic_ms();

	if (!busy || !worker->started)
		return;
	while (worker_progress(worker, &still) == seen) {
		nanosleep(&pause, NULL);
		rescue_in_time(worker, &since_ms);
	}
}
