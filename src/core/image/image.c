/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy's arrays behind each other, behind a header that holds the policy itself.
 *
 * Pointers are written as they are valid for the writer, with the writer's address of the piece
 * beside them; who maps it elsewhere adds the difference to the few that there are: one for each
 * array, list and compiled half. So the bulk, rules and tables, stays as it was written, in pages
 * that all readers share.
 */
#include "core/image/image.h"

#include <stdint.h>
#include <string.h>

#include "core/classify/classify.h"

struct image {
	size_t size;
	const void *written_at;
	struct policy policy;
};

static size_t aligned(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static size_t list_size(const struct policy *policy, size_t acl, enum direction direction)
{
	return aligned(policy->acls[acl].lists[direction].count * sizeof(struct rule)) +
	       classify_copy_size(policy->compiled[acl][direction]);
}

size_t image_size(const struct policy *policy)
{
	size_t size = aligned(sizeof(struct image)) +
		      aligned(policy->acl_count * sizeof(*policy->acls)) +
		      aligned(policy->acl_count * sizeof(*policy->compiled)) +
		      aligned(policy->subnet_count * sizeof(*policy->subnets)) +
		      aligned(policy->edges.count * sizeof(*policy->edges.items)) +
		      aligned(policy->host.interface_count * sizeof(*policy->host.interfaces));

	for (size_t i = 0; i < policy->acl_count; i++)
		size += list_size(policy, i, INBOUND) + list_size(policy, i, OUTBOUND);
	return size;
}

/* Takes the next `len` bytes, with a copy of `from` in them. */
static void *put(uint8_t **at, const void *from, size_t len)
{
	void *to = *at;

	if (len > 0)
		memcpy(to, from, len);
	*at += aligned(len);
	return to;
}

static void put_list(struct policy *copy, const struct policy *policy, size_t acl,
		     enum direction direction, uint8_t **at)
{
	struct acl_list *list = &copy->acls[acl].lists[direction];
	const struct classify *compiled = policy->compiled[acl][direction];

	list->rules = put(at, list->rules, list->count * sizeof(*list->rules));
	for (size_t i = 0; i < list->count; i++) {
		list->rules[i].set = NULL;
		list->rules[i].comment = NULL;
	}
	copy->compiled[acl][direction] = classify_copy(compiled, list->rules, *at);
	*at += classify_copy_size(compiled);
}

void image_write(const struct policy *policy, void *to)
{
	struct image *image = to;
	struct policy *copy = &image->policy;
	uint8_t *at = (uint8_t *)to + aligned(sizeof(*image));

	*image = (struct image){.size = image_size(policy), .written_at = to, .policy = *policy};
	copy->flow_log = (struct flow_log){0};
	copy->sets = NULL;
	copy->set_count = 0;
	copy->acls = put(&at, policy->acls, policy->acl_count * sizeof(*policy->acls));
	copy->compiled = put(&at, policy->compiled, policy->acl_count * sizeof(*policy->compiled));
	copy->subnets = put(&at, policy->subnets, policy->subnet_count * sizeof(*policy->subnets));
	copy->edges.items =
		put(&at, policy->edges.items, policy->edges.count * sizeof(*policy->edges.items));
	copy->host.interfaces =
		put(&at, policy->host.interfaces,
		    policy->host.interface_count * sizeof(*policy->host.interfaces));
	for (size_t i = 0; i < policy->acl_count; i++) {
		copy->acls[i].name = NULL;
		put_list(copy, policy, i, INBOUND, &at);
		put_list(copy, policy, i, OUTBOUND, &at);
	}
}

static void *moved(void *pointer, ptrdiff_t by)
{
	return (void *)((uintptr_t)pointer + (uintptr_t)by);
}

static void move_list(struct policy *policy, size_t acl, enum direction direction, ptrdiff_t by)
{
	struct acl_list *list = &policy->acls[acl].lists[direction];
	struct classify **compiled = &policy->compiled[acl][direction];

	list->rules = moved(list->rules, by);
	*compiled = moved(*compiled, by);
	classify_move(*compiled, by);
}

const struct policy *image_open(void *memory, size_t size)
{
	struct image *image = memory;
	struct policy *policy;
	ptrdiff_t by;

	if (size < sizeof(*image) || image->size != size)
		return NULL;
	by = (ptrdiff_t)((uintptr_t)memory - (uintptr_t)image->written_at);
	policy = &image->policy;
	policy->acls = moved(policy->acls, by);
	policy->compiled = moved(policy->compiled, by);
	policy->subnets = moved(policy->subnets, by);
	policy->edges.items = moved(policy->edges.items, by);
	policy->host.interfaces = moved(policy->host.interfaces, by);
	for (size_t i = 0; i < policy->acl_count; i++) {
		move_list(policy, i, INBOUND, by);
		move_list(policy, i, OUTBOUND, by);
	}
	return policy;
}
