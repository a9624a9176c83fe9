/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thousands of flows as the few causes that they have.
 *
 * One sort puts the flows of a cause side by side, and within it those of a remote address; the
 * rest is cutting. A reply's cause is the service it comes from (its clients' ports differ);
 * anything else's is the rule that stopped it. Lines of several queues meet here too.
 */
#include "ctl/drops/group.h"

#include <stdlib.h>
#include <string.h>

static int by_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static uint16_t service(const struct lost *lost)
{
	return lost->packet.l4 == PACKET_L4_PORTS ? lost->packet.sport : 0;
}

/* Replies first. 0: they have one cause. */
static int by_cause(const struct lost *a, const struct lost *b)
{
	int order = by_number(b->is_reply, a->is_reply);

	if (!order)
		order = by_text(a->acl_name, b->acl_name);
	if (!order)
		order = by_number(a->direction, b->direction);
	if (!order)
		order = by_number(a->rule, b->rule);
	if (!order)
		order = by_text(a->reason, b->reason);
	if (!order)
		order = by_number(a->monitor, b->monitor);
	if (order || !a->is_reply)
		return order;
	order = by_number(a->packet.protocol, b->packet.protocol);
	if (!order)
		order = by_number(service(a), service(b));
	return order ? order : by_number(a->packet.src.family, b->packet.src.family);
}

static int by_addr(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* Several addresses in one line: they have no place among the others. */
static bool has_peer(const struct lost *lost)
{
	return lost->has_ends && lost->fold < LOST_PEERS;
}

static int compare(const void *left, const void *right)
{
	const struct lost *a = *(const struct lost *const *)left;
	const struct lost *b = *(const struct lost *const *)right;
	int order = by_cause(a, b);

	if (!order)
		order = by_number(has_peer(b), has_peer(a));
	if (!order)
		order = by_addr(lost_remote(a), lost_remote(b));
	return order ? order : by_number((int64_t)b->packets, (int64_t)a->packets);
}

static bool same_peer(const struct lost *a, const struct lost *b)
{
	return has_peer(a) && has_peer(b) && by_addr(lost_remote(a), lost_remote(b)) == 0;
}

static bool is_better(const struct lost *a, const struct lost *b)
{
	if ((a->fold == LOST_FLOW) != (b->fold == LOST_FLOW))
		return a->fold == LOST_FLOW;
	return a->packets > b->packets;
}

static void add(struct group *group, const struct lost *const *at)
{
	const struct lost *lost = *at;

	group->packets += lost->packets;
	group->flows += lost->flows;
	if (lost->last > group->last)
		group->last = lost->last;
	if (has_peer(lost) && (group->count == 0 || !same_peer(at[-1], lost)))
		group->peers++;
	if (group->count == 0 || is_better(lost, group->main))
		group->main = lost;
	group->count++;
}

static int by_weight(const void *left, const void *right)
{
	const struct group *a = left, *b = right;
	int order = by_number(b->is_reply, a->is_reply);

	return order ? order : by_number((int64_t)b->packets, (int64_t)a->packets);
}

bool groups_make(const struct lost_list *list, struct groups *out)
{
	struct groups groups = {.items = calloc(list->count + 1, sizeof(*groups.items)),
				.order = calloc(list->count + 1, sizeof(struct lost *))};
	struct group *group = NULL;

	if (!groups.items || !groups.order) {
		groups_fini(&groups);
		return false;
	}
	for (size_t i = 0; i < list->count; i++)
		groups.order[i] = &list->items[i];
	qsort(groups.order, list->count, sizeof(struct lost *), compare);
	for (size_t i = 0; i < list->count; i++) {
		if (i == 0 || by_cause(groups.order[i - 1], groups.order[i]) != 0) {
			group = &groups.items[groups.count++];
			group->members = &groups.order[i];
			group->is_reply = groups.order[i]->is_reply;
		}
		add(group, &groups.order[i]);
	}
	qsort(groups.items, groups.count, sizeof(*groups.items), by_weight);
	*out = groups;
	return true;
}

void groups_fini(struct groups *groups)
{
	free(groups->items);
	free(groups->order);
	*groups = (struct groups){0};
}

/* Into its place among the loudest so far. */
static void keep(const struct group_peer *peer, struct group_peer *out, size_t *kept, size_t max)
{
	size_t i = *kept < max ? (*kept)++ : max - 1;

	if (max == 0 ||
	    (i == max - 1 && *kept == max && out[i].members && out[i].packets >= peer->packets))
		return;
	for (; i > 0 && out[i - 1].packets < peer->packets; i--)
		out[i] = out[i - 1];
	out[i] = *peer;
}

size_t group_peers(const struct group *group, struct group_peer *out, size_t max)
{
	size_t kept = 0, found = 0;

	memset(out, 0, max * sizeof(*out));
	for (size_t i = 0; i < group->count && has_peer(group->members[i]);) {
		struct group_peer peer = {.members = &group->members[i]};

		do {
			peer.count++;
			peer.packets += group->members[i]->packets;
			peer.flows += group->members[i]->flows;
			if (group->members[i]->last > peer.last)
				peer.last = group->members[i]->last;
			i++;
		} while (i < group->count && same_peer(group->members[i - 1], group->members[i]));
		keep(&peer, out, &kept, max);
		found++;
	}
	return found;
}
