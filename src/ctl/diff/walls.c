/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which list of the old policy to compare with which of the new: the two that guard the same place.
 * A renamed ACL is no change; an ACL that guards another place is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/diff/diff.h"

static uint32_t guard_of(const struct policy *policy, const struct prefix *subnet)
{
	for (size_t i = 0; i < policy->subnet_count; i++)
		if (prefix_equal(&policy->subnets[i].prefix, subnet))
			return policy->subnets[i].acl;
	return POLICY_NO_ACL;
}

static struct diff_wall subnet_wall(const struct policy *old, const struct policy *new,
				    const struct prefix *subnet)
{
	struct diff_wall wall = {.local = subnet->addr,
				 .old_acl = guard_of(old, subnet),
				 .new_acl = guard_of(new, subnet)};
	char text[PREFIX_STRLEN];

	if (wall.local.family == FAMILY_IPV4)
		wall.local.hi |= UINT64_C(1) << 32;
	else
		wall.local.lo |= 1;
	snprintf(wall.name, sizeof(wall.name), "subnet %s", prefix_print(subnet, text));
	return wall;
}

/* The ACL of the edge association that names the interface; NULL: that of the default route. */
static uint32_t guard_of_edge(const struct policy *policy, const char *interface)
{
	if (!interface)
		return policy->edges.default_route;
	for (size_t i = 0; i < policy->edges.count; i++)
		if (strcmp(policy->edges.items[i].interface, interface) == 0)
			return policy->edges.items[i].acl;
	return POLICY_NO_ACL;
}

static void add_edge(const struct policy *old, const struct policy *new, const char *interface,
		     struct diff_wall *walls, size_t *count)
{
	struct diff_wall wall = {.host = true,
				 .old_acl = guard_of_edge(old, interface),
				 .new_acl = guard_of_edge(new, interface)};

	if (wall.old_acl == POLICY_NO_ACL && wall.new_acl == POLICY_NO_ACL)
		return;
	snprintf(wall.name, sizeof(wall.name), "edge %s", interface ? interface : "default-route");
	walls[(*count)++] = wall;
}

static void add_edges(const struct policy *old, const struct policy *new, struct diff_wall *walls,
		      size_t *count)
{
	add_edge(old, new, NULL, walls, count);
	for (size_t i = 0; i < old->edges.count; i++)
		add_edge(old, new, old->edges.items[i].interface, walls, count);
	for (size_t i = 0; i < new->edges.count; i++)
		if (guard_of_edge(old, new->edges.items[i].interface) == POLICY_NO_ACL)
			add_edge(old, new, new->edges.items[i].interface, walls, count);
}

struct diff_wall *diff_walls(const struct policy *old, const struct policy *new, size_t *count)
{
	size_t most = 2 + old->subnet_count + new->subnet_count + old->edges.count +
		      new->edges.count; /* 2: the host, default routes */
	struct diff_wall *walls = calloc(most, sizeof(*walls));

	*count = 0;
	if (!walls)
		return NULL;
	if (old->host.acl != POLICY_NO_ACL || new->host.acl != POLICY_NO_ACL)
		walls[(*count)++] = (struct diff_wall){.name = "host",
						       .host = true,
						       .old_acl = old->host.acl,
						       .new_acl = new->host.acl};
	add_edges(old, new, walls, count);
	for (size_t i = 0; i < old->subnet_count; i++)
		walls[(*count)++] = subnet_wall(old, new, &old->subnets[i].prefix);
	for (size_t i = 0; i < new->subnet_count; i++)
		if (guard_of(old, &new->subnets[i].prefix) == POLICY_NO_ACL)
			walls[(*count)++] = subnet_wall(old, new, &new->subnets[i].prefix);
	return walls;
}
