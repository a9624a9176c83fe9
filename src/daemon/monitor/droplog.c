/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells of dropped packets, and of those that monitor mode would have dropped. Workers put events
 * into their rings; the main thread writes them here, a few lines a period, so that a flood of bad
 * packets is a counter and not a flood of log.
 *
 * Replies to allowed requests have lines of their own, which noise cannot use up; and since a ring
 * loses events under a flood, the drop tables are asked at a period's end for replies that were not
 * told. One remote address cannot take all lines of a rule either: what is suppressed of it is
 * counted, and said at the end.
 *
 * Between periods with events the main thread sleeps: the first event of a quiet time wakes it.
 * What is in a ring may come from a child that was taken over: nothing in it is an index before it
 * was looked at (drop_is_sound).
 */
#include "daemon/monitor/droplog.h"

#include <stdio.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "core/way/reply.h"
#include "daemon/monitor/dropline.h"

/* An event as the table of flows has it. False: no worker of ours wrote it. */
static bool as_drop(const struct event *event, const struct daemon *daemon, struct drop *out)
{
	const struct snapshot *current = daemon->current;
	bool known = event->serial == current->serial && event->acl < current->policy->acl_count;
	struct drop drop = {
		.packets = 1,
		.flows = 1,
		.bytes = event->packet.len,
		.first_s = (uint32_t)time(NULL),
		.packet = event->packet,
		.device = event->device,
		.acl = known && event->reason == PACKET_OK ? current->acl_ids[event->acl]
							   : DROP_NO_ACL,
		.rule = event->rule,
		.direction = event->direction,
		.reason = event->reason,
		.hook = event->hook,
		.monitor = event->monitor != 0,
	};

	drop.last_s = drop.first_s;
	if (event->reason != PACKET_OK &&
	    (event->hook == HOOK_OUTPUT || event->hook == HOOK_POSTROUTING))
		drop.direction = OUTBOUND;
	*out = drop;
	return drop_is_sound(&drop);
}

/* The policy's ACL of that id, or POLICY_NO_ACL. */
static uint32_t acl_of(const struct snapshot *snapshot, uint16_t id)
{
	for (uint32_t i = 0; id != DROP_NO_ACL && i < snapshot->policy->acl_count; i++)
		if (snapshot->acl_ids[i] == id)
			return i;
	return POLICY_NO_ACL;
}

static bool is_reply(const struct daemon *daemon, const struct drop *drop)
{
	uint32_t acl = acl_of(daemon->current, drop->acl);
	struct policy_verdict verdict;
	struct packet request;

	return acl != POLICY_NO_ACL && drop->reason == PACKET_OK &&
	       reply_is_due(daemon->current->policy, (enum hook)drop->hook, acl, &drop->packet,
			    &request, &verdict);
}

static bool same_peer(const struct drop *a, const struct drop *b)
{
	return a->acl == b->acl && a->rule == b->rule && a->direction == b->direction &&
	       a->reason == b->reason && addr_equal(drop_remote(a), drop_remote(b));
}

/* NULL: there are too many in this period. */
static struct droplog_peer *peer_of(struct droplog *droplog, const struct drop *drop, bool reply)
{
	struct droplog_peer *peer = droplog->peers;

	for (; peer < droplog->peers + droplog->peer_count; peer++)
		if (peer->is_reply == reply && same_peer(&peer->drop, drop))
			return peer;
	/* The last quarter is for replies: noise from many addresses must not use it up. */
	if (droplog->peer_count >= (reply ? DROPLOG_PEERS : DROPLOG_PEERS / 4 * 3))
		return NULL;
	droplog->peer_count++;
	*peer = (struct droplog_peer){.is_reply = reply};
	return peer;
}

static void take(struct droplog *droplog, const struct drop *drop, bool reply)
{
	struct droplog_peer *peer = peer_of(droplog, drop, reply);

	if (!peer) {
		droplog->suppressed++;
		return;
	}
	peer->drop = *drop;
	if (droplog->lines[reply] >= DROPLOG_LINES || peer->lines >= DROPLOG_PEER_LINES) {
		peer->suppressed++;
		return;
	}
	droplog->lines[reply]++;
	peer->lines++;
	dropline_tell(droplog->daemon, drop, reply);
}

/* True when there was something. */
static bool drain(struct droplog *droplog, struct daemon *daemon)
{
	struct event event;
	struct drop drop;
	bool any = false;

	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		struct filter *filter = &daemon->filters[i];

		if (!event_ring_check(filter->events))
			filter_refuse(filter);
		/* One ring's fill at most: its ends are what the worker says. */
		for (int n = 0; n < EVENT_RING_LEN; n++) {
			if (!event_ring_take(filter->events, &event))
				break;
			any = true;
			if (!as_drop(&event, daemon, &drop))
				continue;
			recent_add(daemon->recent, &drop);
			take(droplog, &drop, is_reply(daemon, &drop));
		}
	}
	return any;
}

static uint64_t ring_losses(const struct daemon *daemon)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < daemon->worker_count; i++)
		lost += counter_read(&daemon->filters[i].events->lost);
	return lost;
}

/* Replies of this period whose events the rings have lost. O(places of all queues). */
static void find_untold_replies(struct droplog *droplog)
{
	const struct daemon *daemon = droplog->daemon;
	struct drop drop;

	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		uint32_t at = 0;

		while (drop_table_next(daemon->filters[i].drops, &at, &drop)) {
			struct droplog_peer *peer;

			if (!drop.answers || drop.fold != DROP_FLOW ||
			    drop.last_s < droplog->period_begin_s || !is_reply(daemon, &drop))
				continue;
			peer = peer_of(droplog, &drop, true);
			if (peer && peer->lines == 0)
				take(droplog, &drop, true);
		}
	}
}

/* The loudest that were suppressed by name; how many packets that are. */
static uint64_t tell_suppressed(struct droplog *droplog)
{
	uint64_t told = 0;

	for (int n = 0; n < DROPLOG_SUPPRESSED; n++) {
		struct droplog_peer *loudest = NULL;

		for (unsigned int i = 0; i < droplog->peer_count; i++)
			if (droplog->peers[i].suppressed > 0 &&
			    (!loudest || droplog->peers[i].suppressed > loudest->suppressed))
				loudest = &droplog->peers[i];
		if (!loudest)
			break;
		dropline_tell_suppressed(droplog->daemon, &loudest->drop, loudest->is_reply,
					 loudest->suppressed);
		told += loudest->suppressed;
		loudest->suppressed = 0;
	}
	return told;
}

/* The period is over: say what was not told, and sleep unless more has come. */
static void end_period(struct droplog *droplog, struct daemon *daemon)
{
	uint64_t lost = ring_losses(daemon), suppressed;
	bool more = false;

	if (lost != droplog->lost_before)
		find_untold_replies(droplog);
	tell_suppressed(droplog);
	suppressed = droplog->suppressed + lost - droplog->lost_before;
	for (unsigned int i = 0; i < droplog->peer_count; i++)
		suppressed += droplog->peers[i].suppressed;
	if (suppressed > 0)
		log_info("and %llu more in the last %d s: naclctl drops has them all",
			 (unsigned long long)suppressed, DROPLOG_PERIOD_MS / 1000);
	droplog->period_end_ms = 0;
	droplog->lines[false] = droplog->lines[true] = 0;
	droplog->suppressed = 0;
	droplog->peer_count = 0;
	droplog->lost_before = lost;
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		more |= event_ring_arm(daemon->filters[i].events);
	if (more)
		droplog->period_end_ms = clock_monotonic_ms() + DROPLOG_PERIOD_MS;
	droplog->period_begin_s = time(NULL);
}

/* Within a period look again soon, or at its end. */
static int64_t next_look(const struct droplog *droplog)
{
	int64_t now_ms = clock_monotonic_ms(), soon_ms = now_ms + DROPLOG_LOOK_MS;

	if (droplog->period_end_ms == 0)
		return 0;
	if (recent_is_followed(droplog->daemon->recent, now_ms))
		soon_ms = now_ms + DROPLOG_FOLLOW_MS;
	return soon_ms < droplog->period_end_ms ? soon_ms : droplog->period_end_ms;
}

void droplog_wake(struct droplog *droplog)
{
	bool any = drain(droplog, droplog->daemon);

	if (droplog->period_end_ms == 0 && any) {
		droplog->period_end_ms = clock_monotonic_ms() + DROPLOG_PERIOD_MS;
		droplog->period_begin_s = time(NULL);
	} else if (droplog->period_end_ms != 0 && clock_monotonic_ms() >= droplog->period_end_ms) {
		end_period(droplog, droplog->daemon);
	}
	droplog->source.due_ms = next_look(droplog);
}

static void look(struct poller_source *source, short revents)
{
	(void)revents;
	droplog_wake(source->owner);
}

void droplog_start(struct droplog *droplog, struct daemon *daemon, struct poller *poller)
{
	*droplog = (struct droplog){
		.daemon = daemon,
		.source = {.fd = -1, .serve = look, .owner = droplog},
	};
	poller_add(poller, &droplog->source);
}
