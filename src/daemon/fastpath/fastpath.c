/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two generations and one switch.
 *
 * The tables lie in two halves; the filter reads one word, `root`, that says where the generation
 * in use begins. A new policy is written into the other half, whole, before `root` is changed; then
 * membarrier(2) waits until every program that may still have read the old value has ended, so that
 * the old half, and its counters, belong to nobody and can be read for the last time and written
 * again. So a packet is always judged by one whole policy. The order of this switch and of the
 * workers' does not matter: what the filter does not accept the daemon decides alone, and what it
 * accepts a whole policy allowed that held at that moment.
 *
 * A filter whose daemon has gone goes on by the last policy until its deadline. From then on it
 * accepts nothing, and the queue, and so on_failure, decides: a policy is never frozen for ever.
 */
#include "daemon/fastpath/fastpath.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "core/fastpath/build.h"
#include "core/policy.h"

#define RENEW_MS 1000

static const char no_maps[] = "the filter is not loaded: naclctl steer up, on iptables-nft";

void fastpath_init(struct fastpath *fastpath)
{
	*fastpath = (struct fastpath){.maps = {.fds = {-1, -1, -1}}, .why_off = no_maps};
	fastpath->source.fd = -1;
}

/* Until no program runs that began before. */
static bool wait_for_programs(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
}

static void set_root(struct fastpath *fastpath, uint64_t root)
{
	__atomic_store_n(&fastpath->maps.control->root, root, __ATOMIC_SEQ_CST);
}

static void renew_deadline(struct fastpath *fastpath)
{
	struct timespec now, date;

	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_gettime(CLOCK_REALTIME, &date);
	__atomic_store_n(&fastpath->maps.control->now_s, date.tv_sec, __ATOMIC_RELAXED);
	__atomic_store_n(&fastpath->maps.control->deadline_ns,
			 (uint64_t)(now.tv_sec + FASTPATH_VALID_S) * UINT64_C(1000000000) +
				 (uint64_t)now.tv_nsec,
			 __ATOMIC_SEQ_CST);
}

/* Each packet once: slot 0 has what was counted by two rules. */
static struct rule_counter sum_half(const struct fastpath_maps *maps, unsigned int half,
				    uint32_t counters)
{
	struct rule_counter sum = {0};

	for (unsigned int s = 0; s < maps->stripes; s++) {
		const struct rule_counter *stripe = fastpath_stripe(maps, half, s);

		for (uint32_t c = 1; c <= counters && c < maps->counter_count; c++) {
			sum.packets += counter_read(&stripe[c].packets);
			sum.bytes += counter_read(&stripe[c].bytes);
		}
		sum.packets -= counter_read(&stripe[FASTPATH_TWICE].packets);
		sum.bytes -= counter_read(&stripe[FASTPATH_TWICE].bytes);
	}
	return sum;
}

struct rule_counter fastpath_total(const struct fastpath *fastpath, const struct snapshot *snapshot)
{
	struct rule_counter sum = fastpath->retired;

	if (snapshot->fast) {
		struct rule_counter now =
			sum_half(&fastpath->maps, fastpath->half, snapshot->policy->counter_count);

		sum.packets += now.packets;
		sum.bytes += now.bytes;
	}
	return sum;
}

/* Why this policy is not for the filter; NULL: it is. */
static const char *why_not(const struct policy *policy)
{
	if (!policy->fast_path)
		return "fast_path is false";
	return policy->flow_log.file ? "the flow log needs to see every packet" : NULL;
}

/* Writes the half that is not in use. NULL, or why it cannot be. */
static const char *fill(struct fastpath *fastpath, unsigned int half, const struct policy *policy)
{
	struct fastpath_maps *maps = &fastpath->maps;
	size_t capacity, used;
	uint64_t root = fastpath_half(maps, half, &capacity);
	int err = fastpath_build(policy, half, maps->words + root, capacity, maps->counter_count,
				 &used);

	if (err)
		return err == -E2BIG ? "the policy has outgrown the filter's maps: naclctl steer up"
				     : "no memory to make its tables";
	memset(fastpath_stripe(maps, half, 0), 0,
	       (size_t)maps->stripes * maps->counter_count * sizeof(*maps->counters));
	return NULL;
}

static void turn_off(struct fastpath *fastpath, const char *why)
{
	fastpath->on = false;
	fastpath->why_off = why;
	if (!fastpath->maps.control)
		return;
	set_root(fastpath, 0);
	wait_for_programs();
}

void fastpath_switch(struct fastpath *fastpath, const struct snapshot *old, struct snapshot *next)
{
	const char *why = why_not(next->policy);
	unsigned int half = !fastpath->half;
	bool was_on = fastpath->on;
	size_t words;

	if (!why && !fastpath->maps.control)
		why = no_maps;
	/* A predecessor may have left the other half a moment ago. */
	if (!why && !wait_for_programs())
		why = "this kernel has no membarrier";
	if (!why)
		why = fill(fastpath, half, next->policy);
	if (why) {
		turn_off(fastpath, why);
	} else {
		renew_deadline(fastpath);
		set_root(fastpath, fastpath_half(&fastpath->maps, half, &words));
		wait_for_programs();
	}
	if (old && old->fast) {
		struct rule_counter sum =
			sum_half(&fastpath->maps, fastpath->half, old->policy->counter_count);

		fastpath->retired.packets += sum.packets;
		fastpath->retired.bytes += sum.bytes;
	}
	if (!why) {
		fastpath->on = true;
		fastpath->source.due_ms = clock_monotonic_ms() + RENEW_MS;
		fastpath->why_off = NULL;
		fastpath->half = half;
		next->fast = fastpath_stripe(&fastpath->maps, half, 0) + 1;
		next->fast_stripes = fastpath->maps.stripes;
		next->fast_stride = fastpath->maps.counter_count;
	}
	if (fastpath->on != was_on)
		log_info("fast path: %s%s", why ? "off, " : "on", why ? why : "");
}

/* What maps that go have counted stays with the snapshot. */
static void leave(struct fastpath *fastpath, struct snapshot *snapshot)
{
	turn_off(fastpath, no_maps);
	if (snapshot->fast) {
		fastpath->retired = fastpath_total(fastpath, snapshot);
		snapshot_keep_fast(snapshot);
	}
	fastpath_maps_release(&fastpath->maps);
}

int fastpath_adopt(struct fastpath *fastpath, const int fds[static FASTPATH_FDS],
		   struct snapshot *snapshot)
{
	struct fastpath_maps maps;
	int err = fastpath_maps_take(&maps, fds);
	size_t words;

	if (err)
		return err;
	leave(fastpath, snapshot);
	fastpath->maps = maps;
	/* What a predecessor's filter uses just now must not be written to. */
	fastpath->half = maps.control->root == fastpath_half(&maps, 1, &words);
	fastpath_switch(fastpath, NULL, snapshot);
	return 0;
}

/* An idle daemon whose filter is off wakes for nothing. */
static void renew(struct poller_source *source, short revents)
{
	struct fastpath *fastpath = source->owner;

	(void)revents;
	source->due_ms = fastpath->on ? clock_monotonic_ms() + RENEW_MS : 0;
	if (fastpath->on)
		renew_deadline(fastpath);
}

void fastpath_start(struct fastpath *fastpath, struct poller *poller)
{
	fastpath->source = (struct poller_source){
		.fd = -1, .due_ms = clock_monotonic_ms(), .serve = renew, .owner = fastpath};
	poller_add(poller, &fastpath->source);
}

void fastpath_fini(struct fastpath *fastpath)
{
	fastpath_maps_release(&fastpath->maps);
}
