/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries as parallel arrays, compared with the compiler's vector types: built for the machine it
 * runs on (see the Makefile). Protocol and L4 are one number here as well, as classify.c has it, so
 * that an entry is two comparisons and no branch.
 */
#include "linear.h"

#include <stdlib.h>
#include <string.h>

#define LANES 16

typedef uint32_t lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t lanes_mask __attribute__((vector_size(4 * LANES)));

struct block {
	lanes net;
	lanes mask;
	lanes first; /* of the keys */
	lanes span;  /* last - first */
};

struct linear {
	const struct rule *rules;
	struct block *blocks;
	uint16_t *owners; /* by lane: the rule's index */
	size_t count;     /* entries */
};

static void keys_of(const struct rule *rule, uint32_t *first, uint32_t *span)
{
	uint32_t base = (uint32_t)rule->protocol << 17;

	*first = base;
	*span = (1u << 17) - 1;
	if (rule->protocol == PROTOCOL_ALL) {
		*first = 0;
		*span = UINT32_MAX;
	} else if (rule_has_ports(rule) && (rule->port_first != 0 || rule->port_last != 65535)) {
		*first = base + rule->port_first;
		*span = (uint32_t)(rule->port_last - rule->port_first);
	} else if (rule->protocol == PROTOCOL_ICMP && rule->icmp_type != RULE_ANY) {
		bool any = rule->icmp_code == RULE_ANY;

		*first = base + ((uint32_t)rule->icmp_type << 8) +
			 (any ? 0u : (uint32_t)rule->icmp_code);
		*span = any ? 255 : 0;
	}
}

static bool add(struct linear *l, size_t owner, const struct rule *rule,
		const struct prefix *prefix)
{
	struct block *block = &l->blocks[l->count / LANES];
	size_t lane = l->count % LANES;
	uint32_t first, span;

	if (prefix->addr.family != FAMILY_IPV4)
		return false;
	keys_of(rule, &first, &span);
	block->net[lane] = addr_ipv4(&prefix->addr);
	block->mask[lane] = prefix->len == 0 ? 0 : UINT32_MAX << (32 - prefix->len);
	block->first[lane] = first;
	block->span[lane] = span;
	l->owners[l->count++] = (uint16_t)owner;
	return true;
}

struct linear *linear_new(const struct acl_list *list)
{
	struct linear *l = calloc(1, sizeof(*l));
	size_t entries = 0, blocks, count;
	bool ok = l != NULL;

	for (size_t i = 0; i < list->count; i++) {
		rule_prefixes(&list->rules[i], &count);
		entries += count;
	}
	blocks = entries / LANES + 1;
	if (l) {
		l->rules = list->rules;
		l->blocks = aligned_alloc(sizeof(lanes), blocks * sizeof(struct block));
		l->owners = malloc(blocks * LANES * sizeof(*l->owners));
		ok = l->blocks && l->owners;
	}
	if (ok)
		memset(l->blocks, 0, blocks * sizeof(struct block));
	for (size_t i = 0; ok && i < list->count; i++) {
		const struct prefix *prefixes = rule_prefixes(&list->rules[i], &count);

		for (size_t p = 0; ok && p < count; p++)
			ok = add(l, i, &list->rules[i], &prefixes[p]);
	}
	if (!ok) {
		linear_free(l);
		return NULL;
	}
	/* What is left of the last block matches no key. */
	for (size_t i = l->count; i < blocks * LANES; i++)
		l->blocks[i / LANES].first[i % LANES] = UINT32_MAX;
	return l;
}

void linear_free(struct linear *linear)
{
	if (!linear)
		return;
	free(linear->blocks);
	free(linear->owners);
	free(linear);
}

static uint32_t key_of(const struct packet *packet)
{
	uint32_t l4 = 65536;

	if (packet->l4 == PACKET_L4_PORTS)
		l4 = packet->dport;
	else if (packet->l4 == PACKET_L4_ICMP)
		l4 = (uint32_t)packet->icmp_type << 8 | packet->icmp_code;
	return (uint32_t)packet->protocol << 17 | l4;
}

const struct rule *linear_lookup(const struct linear *linear, const struct packet *packet)
{
	uint32_t addr = addr_ipv4(&packet->src), key = key_of(packet);
	size_t blocks = linear->count / LANES + 1;

	for (size_t b = 0; b < blocks; b++) {
		const struct block *block = &linear->blocks[b];
		lanes_mask hit = (((addr ^ block->net) & block->mask) == 0) &
				 ((key - block->first) <= block->span);
		uint64_t pairs[LANES / 2], any = 0;

		memcpy(pairs, &hit, sizeof(pairs));
		for (size_t i = 0; i < LANES / 2; i++)
			any |= pairs[i];
		if (any == 0)
			continue;
		for (size_t lane = 0; lane < LANES; lane++)
			if (hit[lane])
				return &linear->rules[linear->owners[b * LANES + lane]];
	}
	return NULL;
}
