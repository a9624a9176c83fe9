/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flows of a capture: a hash table of positions in an array that grows.
 *
 * The key is what a rule or an exemption can look at, and no more: hook, addresses, protocol, ports
 * or type and code, whether the transport header is there, and whether the hop limit is 255, which
 * neighbour discovery needs (RFC 4861).
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/traffic/flows.h"

/* A prime multiplier (the golden ratio's) mixes each word into the rest. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static uint32_t l4_of(const struct packet *p)
{
	if (p->l4 == PACKET_L4_PORTS)
		return (uint32_t)p->sport << 16 | p->dport;
	return p->l4 == PACKET_L4_ICMP ? (uint32_t)p->icmp_type << 8 | p->icmp_code : 0;
}

static uint64_t head_of(enum hook hook, const struct packet *p)
{
	return (uint64_t)l4_of(p) << 32 | (uint64_t)p->protocol << 24 | (uint64_t)p->l4 << 16 |
	       (uint64_t)p->src.family << 8 | (uint64_t)hook << 4 |
	       (uint64_t)(p->fragment != 0) << 1 | (p->hop_limit == 255);
}

static uint64_t hash_of(enum hook hook, const struct packet *p)
{
	uint64_t hash = mix(0, head_of(hook, p));

	hash = mix(hash, p->src.hi);
	hash = mix(hash, p->src.lo);
	hash = mix(hash, p->dst.hi);
	return mix(hash, p->dst.lo);
}

static bool is_same(const struct flow *flow, enum hook hook, const struct packet *p)
{
	const struct packet *q = &flow->packet;

	return head_of(flow->hook, q) == head_of(hook, p) && q->src.hi == p->src.hi &&
	       q->src.lo == p->src.lo && q->dst.hi == p->dst.hi && q->dst.lo == p->dst.lo;
}

/* Where the flow stands in the index, or where it would. */
static uint32_t slot_of(const struct flows *flows, enum hook hook, const struct packet *p)
{
	uint32_t slot = (uint32_t)hash_of(hook, p) & (flows->index_size - 1);

	while (flows->index[slot] != FLOW_NONE && !is_same(&flows->at[flows->index[slot]], hook, p))
		slot = (slot + 1) & (flows->index_size - 1);
	return slot;
}

/* Room for twice as many; the index stays at most half full. */
static bool grow(struct flows *flows)
{
	uint32_t size = flows->index_size ? flows->index_size * 2 : 1024;
	uint32_t *index = malloc(size * sizeof(*index));
	struct flow *at = realloc(flows->at, size / 2 * sizeof(*at));

	if (at)
		flows->at = at;
	if (!at || !index) {
		free(index);
		return false;
	}
	memset(index, 0xff, size * sizeof(*index));
	free(flows->index);
	flows->index = index;
	flows->index_size = size;
	for (uint32_t i = 0; i < flows->count; i++)
		index[slot_of(flows, at[i].hook, &at[i].packet)] = i;
	return true;
}

struct flow *flows_note(struct flows *flows, enum hook hook, const struct packet *packet)
{
	uint32_t slot, found;

	if (flows->index_size == 0 && !grow(flows))
		return NULL;
	slot = slot_of(flows, hook, packet);
	found = flows->index[slot];
	if (found != FLOW_NONE)
		return &flows->at[found];
	if (flows->count >= FLOWS_MAX)
		return NULL;
	if (flows->count == flows->index_size / 2) {
		if (!grow(flows))
			return NULL;
		slot = slot_of(flows, hook, packet);
	}
	found = flows->count++;
	flows->index[slot] = found;
	flows->at[found] =
		(struct flow){.packet = *packet, .hook = (uint8_t)hook, .reply = FLOW_NONE};
	return &flows->at[found];
}

uint32_t flows_find(const struct flows *flows, enum hook hook, const struct packet *packet)
{
	return flows->index_size ? flows->index[slot_of(flows, hook, packet)] : FLOW_NONE;
}

void flows_fini(struct flows *flows)
{
	free(flows->at);
	free(flows->index);
	*flows = (struct flows){0};
}
