/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker: receive a batch, judge it, answer it; nothing else.
 *
 * Invariant: a packet's id and queue are read first (queue_packet_at), and every path below
 * judge_packet then gives exactly one verdict, to that queue, for that id. What cannot be judged
 * gets the configured failure verdict. On this path there is no allocation, no descriptor, no lock and
 * no log call.
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

#include <linux/netfilter.h>
#include <sys/socket.h>

#include "daemon/flows.h"

const char *worker_failure_name(enum worker_failure failure)
{
	static const char *const names[WORKER_FAILURES] = {"no-payload", "other-family",
							   "other-hook"};

	return names[failure];
}

static bool hook_of(uint8_t nf_hook, enum hook *out)
{
	switch (nf_hook) {
	case NF_INET_LOCAL_IN:
		*out = HOOK_INPUT;
		return true;
	case NF_INET_FORWARD:
		*out = HOOK_FORWARD;
		return true;
	case NF_INET_LOCAL_OUT:
	case NF_INET_POST_ROUTING: /* steering by iptables: the host's own, behind its filter */
		*out = HOOK_OUTPUT;
		return true;
	default:
		return false;
	}
}

static bool family_of(uint8_t pf, enum family *out)
{
	*out = pf == PF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	return pf == PF_INET || pf == PF_INET6;
}

static enum action fail(struct worker *worker, const struct policy *policy,
			enum worker_failure failure)
{
	counter_add(&worker->counters.failures[failure], 1);
	return policy->on_failure == POLICY_FAIL_ACCEPT ? ACTION_ALLOW : ACTION_DENY;
}

static void count_steps(struct rule_counter *counters, const struct policy_verdict *verdict,
			uint32_t bytes, int64_t now)
{
	for (unsigned int i = 0; i < verdict->step_count; i++) {
		struct rule_counter *counter = &counters[verdict->steps[i].counter];

		counter_add(&counter->packets, 1);
		counter_add(&counter->bytes, bytes);
		__atomic_store_n(&counter->last_hit, now, __ATOMIC_RELAXED);
	}
}

static void tell_drop(struct worker *worker, const struct snapshot *snapshot, enum hook hook,
		      const struct packet *packet, enum packet_reason reason,
		      const struct policy_verdict *verdict)
{
	struct event event = {
		.serial = snapshot->serial,
		.hook = (uint8_t)hook,
		.reason = (uint8_t)reason,
		.packet = *packet,
	};

	if (verdict) {
		const struct policy_step *step = &verdict->steps[verdict->step_count - 1];

		event.acl = step->acl;
		event.direction = step->direction;
		event.rule = step->rule ? step->rule->number : 0;
	}
	event_ring_put(worker->events, &event);
}

/* What a list decided goes into the flow log, by what is really done: monitor mode drops nothing. */
static void count_flow(struct flow_table *flows, const struct snapshot *snapshot, enum hook hook,
		       const struct packet *packet, const struct policy_verdict *verdict,
		       int64_t now)
{
	if (flows && verdict->step_count > 0)
		flows_count(flows, hook, packet, &verdict->steps[verdict->step_count - 1],
			    snapshot->policy->mode == POLICY_MONITOR ? ACTION_ALLOW
								     : verdict->action,
			    now);
}

/* The verdict for one packet; enforce mode's, whatever the mode. */
static enum action judge_packet(struct worker *worker, struct snapshot *snapshot,
				struct flow_table *flows, int64_t now,
				const struct queue_packet *in)
{
	struct worker_counters *counters = &worker->counters;
	struct policy_verdict verdict;
	enum packet_reason reason;
	struct packet packet;
	enum family family;
	enum hook hook;

	if (!in->data)
		return fail(worker, snapshot->policy, WORKER_NO_PAYLOAD);
	if (!family_of(in->pf, &family))
		return fail(worker, snapshot->policy, WORKER_OTHER_FAMILY);
	if (!hook_of(in->hook, &hook))
		return fail(worker, snapshot->policy, WORKER_OTHER_HOOK);

	reason = packet_parse(family, in->data, in->copy_len, in->wire_len, &packet);
	if (reason != PACKET_OK) {
		counter_add(&counters->reasons[reason], 1);
		tell_drop(worker, snapshot, hook, &packet, reason, NULL);
		return ACTION_DENY;
	}
	policy_eval(snapshot->policy, hook, NULL, &packet, &verdict);
	counter_add(&counters->outcomes[verdict.outcome], 1);
	count_steps(snapshot->workers[worker->index], &verdict, packet.len, now);
	count_flow(flows, snapshot, hook, &packet, &verdict, now);
	if (verdict.action == ACTION_DENY)
		tell_drop(worker, snapshot, hook, &packet, PACKET_OK, &verdict);
	return verdict.action;
}

/* The table of this batch. */
static struct flow_table *flows_of(const struct worker *worker, const struct snapshot *snapshot)
{
	if (!snapshot->flows)
		return NULL;
	return __atomic_load_n(&snapshot->flows[worker->index], __ATOMIC_SEQ_CST);
}

void worker_judge(struct worker *worker, struct snapshot *snapshot, unsigned int n)
{
	struct worker_counters *counters = &worker->counters;
	bool monitor = snapshot->policy->mode == POLICY_MONITOR;
	struct flow_table *flows = flows_of(worker, snapshot);
	struct queue_packet packet;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	for (unsigned int i = 0; i < n; i++) {
		enum action action;

		if (!queue_packet_at(worker->queue, i, counters->errors, &packet))
			continue;
		action = judge_packet(worker, snapshot, flows, now.tv_sec, &packet);
		counter_add(&counters->packets, 1);
		if (monitor && action == ACTION_DENY) {
			counter_add(&counters->would_drop, 1);
			action = ACTION_ALLOW;
		}
		counter_add(action == ACTION_ALLOW ? &counters->accepted : &counters->dropped, 1);
		queue_answer(worker->queue, &packet, action);
	}
	if (flows)
		flows_settle(flows);
}

static void *run(void *arg)
{
	struct worker *worker = arg;

	while (!__atomic_load_n(&worker->stop, __ATOMIC_RELAXED)) {
		unsigned int n = queue_recv(worker->queue, worker->counters.errors);

		if (n == 0)
			continue;
		__atomic_fetch_add(&worker->sequence, 1, __ATOMIC_SEQ_CST);
		worker_judge(worker, __atomic_load_n(worker->current, __ATOMIC_SEQ_CST), n);
		queue_send(worker->queue, worker->counters.errors);
		counter_add(&worker->counters.wakeups, 1);
		__atomic_fetch_add(&worker->sequence, 1, __ATOMIC_SEQ_CST);
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
