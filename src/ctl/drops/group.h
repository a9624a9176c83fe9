/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DROPS_GROUP_H
#define NACLD_CTL_DROPS_GROUP_H

#include "ctl/drops/lost.h"

/* Drops that have one cause: the replies of one service, or what one rule stopped. */
struct group {
	const struct lost *const *members; /* by remote address, the list's */
	size_t count;
	const struct lost *main; /* the flow that lost most, one that was not folded if there is */
	uint64_t packets;
	uint64_t flows;
	size_t peers; /* remote addresses that are known */
	int64_t last;
	bool is_reply;
};

/* A remote address of a group. */
struct group_peer {
	const struct lost *const *members;
	size_t count;
	uint64_t packets;
	uint64_t flows;
	int64_t last;
};

struct groups {
	struct group *items; /* replies first, then by packets */
	size_t count;
	const struct lost **order; /* what the members are in */
};

/* Of a diagnosed list, which must outlive them. False: no memory. */
bool groups_make(const struct lost_list *list, struct groups *out);
void groups_fini(struct groups *groups);

/* The group's peers, loudest first, at most `max` of them into `out`; how many there are. */
size_t group_peers(const struct group *group, struct group_peer *out, size_t max);

#endif
