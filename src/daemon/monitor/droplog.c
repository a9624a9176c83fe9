/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells of dropped packets, and of those that monitor mode would have dropped: which, where, by
 * what rule. Workers put events into their rings; the main thread writes them here, a few lines a
 * period, so that a flood of bad packets is a counter and not a flood of log. Between periods with
 * events the main thread sleeps: the first event of a quiet time wakes it, later ones wait for the
 * period's end. What is in a ring may come from a child that was taken over: nothing in it is an
 * index before it was looked at.
 */
#include "daemon/monitor/droplog.h"

#include <stdio.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "text/packet_print.h"

/* "web inbound rule 120", or what is left to say when a reload has replaced the snapshot. */
static void decider(const struct event *event, const struct snapshot *current, char *buf,
		    size_t len)
{
	const char *acl =
		event->serial == current->serial && event->acl < current->policy->acl_count
			? current->policy->acls[event->acl].name
			: "(a replaced policy)";
	const char *direction = direction_name(event->direction == OUTBOUND ? OUTBOUND : INBOUND);

	if (event->reason >= PACKET_REASONS)
		snprintf(buf, len, "unknown");
	else if (event->reason != PACKET_OK)
		snprintf(buf, len, "malformed: %s", packet_reason_name(event->reason));
	else if (event->rule == 0)
		snprintf(buf, len, "%s %s rule *", acl, direction);
	else
		snprintf(buf, len, "%s %s rule %u", acl, direction, event->rule);
}

static void tell(const struct event *event, const struct daemon *daemon)
{
	struct way way = {.hook = event->hook < HOOKS ? event->hook : HOOK_OUTPUT};
	const char *name = event->device ? links_name(&daemon->links, event->device) : NULL;
	char packet[PACKETTEXT_LEN], why[160];

	snprintf(way.in, sizeof(way.in), "%s", name ? name : "");

	packet_print(&way, &event->packet, packet);
	decider(event, daemon->current, why, sizeof(why));
	log_info("%s %s (%s)", event->monitor ? "would drop" : "dropped", packet, why);
}

/* For those who follow: what the table of flows has of it, too. */
static void remember(const struct event *event, const struct daemon *daemon)
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
	if (drop_is_sound(&drop))
		recent_add(daemon->recent, &drop);
}

/* True when there was something. */
static bool drain(struct droplog *droplog, struct daemon *daemon)
{
	struct event event;
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
			remember(&event, daemon);
			if (droplog->lines < DROPLOG_LINES) {
				droplog->lines++;
				tell(&event, daemon);
			} else {
				droplog->suppressed++;
			}
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

/* The period is over: say what was not told, and sleep unless more has come. */
static void end_period(struct droplog *droplog, struct daemon *daemon)
{
	uint64_t lost = ring_losses(daemon);
	uint64_t suppressed = droplog->suppressed + lost - droplog->lost_before;
	bool more = false;

	if (suppressed > 0)
		log_info("and %llu more in the last %d s: naclctl show counts them all",
			 (unsigned long long)suppressed, DROPLOG_PERIOD_MS / 1000);
	droplog->period_end_ms = 0;
	droplog->lines = 0;
	droplog->suppressed = 0;
	droplog->lost_before = lost;
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		more |= event_ring_arm(daemon->filters[i].events);
	if (more)
		droplog->period_end_ms = clock_monotonic_ms() + DROPLOG_PERIOD_MS;
}

/* Within a period look again soon while lines are left to give, else at its end. */
static int64_t next_look(const struct droplog *droplog)
{
	int64_t now_ms = clock_monotonic_ms(), soon_ms = now_ms + DROPLOG_LOOK_MS;

	if (droplog->period_end_ms == 0)
		return 0;
	if (recent_is_followed(droplog->daemon->recent, now_ms))
		soon_ms = now_ms + DROPLOG_FOLLOW_MS;
	else if (droplog->lines >= DROPLOG_LINES)
		return droplog->period_end_ms;
	return soon_ms < droplog->period_end_ms ? soon_ms : droplog->period_end_ms;
}

void droplog_wake(struct droplog *droplog)
{
	bool any = drain(droplog, droplog->daemon);

	if (droplog->period_end_ms == 0 && any)
		droplog->period_end_ms = clock_monotonic_ms() + DROPLOG_PERIOD_MS;
	else if (droplog->period_end_ms != 0 && clock_monotonic_ms() >= droplog->period_end_ms)
		end_period(droplog, droplog->daemon);
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
