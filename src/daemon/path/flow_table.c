/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow table: an open-addressed hash of flows, sized once.
 *
 * A flow takes 64 bytes, aligned: the packet path touches one cache line, and the next ones only
 * where places collide. Places are a power of two and at least twice the flows allowed, so runs
 * stay short: chance makes one of 32 in every fifth full table, and FLOWS_PROBES, taken for full,
 * practically never. Senders who aim at collisions cost a bounded time, and cannot well aim: the
 * hash is keyed with random numbers at the table's making. Entries are never removed one by one,
 * only all at once, so a free place ends every search.
 *
 * Of many flows most lines are out of the cache, and fetching one takes as long as filtering a
 * packet. So a packet's line is asked for at once and written FLOWS_AHEAD packets later, or when
 * the batch ends (flow_table_settle); until then the packet waits in the table as a flow of one
 * packet.
 *
 * The hash folds 64 by 64 bit products, a few cycles each. The key is addresses and tuple:
 *
 *   63      48 47      32 31   24 23            16 15   0
 *   +---------+----------+-------+----------------+------+
 *   |  sport  |  dport   | proto | kind           |  0   |   kind: action 0x01, direction 0x02,
 *   +---------+----------+-------+----------------+------+         hook 0x0c, IPv6 0x10
 *
 * Protocols without ports have 0 and 0, ICMP too (AWS VPC user guide).
 */
#include "daemon/path/flow_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "daemon/path/shared.h"
#include "text/flow_record.h"

_Static_assert(sizeof(struct flow) == 64, "a flow is one cache line");

#define KIND_ACTION          0x01
#define KIND_DIRECTION_SHIFT 1
#define KIND_HOOK_SHIFT      2
#define KIND_IPV6            0x20

#define HUGE_PAGE ((size_t)2 << 20)

/* What the worker writes. It may be another process, so there is no pointer in it, nor a size. */
struct flow_state {
	uint64_t used;
	uint64_t lost;
	unsigned int waiting; /* of `ahead`, the oldest at `oldest` */
	unsigned int oldest;
	uint64_t hashes[FLOWS_AHEAD];
	struct flow ahead[FLOWS_AHEAD];
};

struct flow_table {
	struct flow *places;
	struct flow_state *state;
	struct flow_shape shape;
	struct shared memory; /* of the state, and of the places where they are handed */
};

static size_t places_size(const struct flow_table *table)
{
	return ((size_t)table->shape.mask + 1) * sizeof(*table->places);
}

/* State and places in one piece, each at the beginning of a part. */
static bool allocate_handed(struct flow_table *table)
{
	if (shared_open(&table->memory, SHARED_PART + places_size(table), true) < 0)
		return false;
	table->state = table->memory.memory;
	table->places = (void *)((uint8_t *)table->memory.memory + SHARED_PART);
	return true;
}

static bool allocate(struct flow_table *table)
{
	size_t size = places_size(table);

	if (shared_open(&table->memory, sizeof(*table->state), false) < 0)
		return false;
	table->state = table->memory.memory;
	table->places = aligned_alloc(size < HUGE_PAGE ? sizeof(struct flow) : HUGE_PAGE, size);
	if (!table->places)
		return false;
	if (size >= HUGE_PAGE)
		madvise(table->places, size,
			MADV_HUGEPAGE); /* fewer misses; refused, it is as good */
	memset(table->places, 0, size);
	return true;
}

struct flow_table *flow_table_new(uint32_t flows, bool handed)
{
	struct flow_table *table = calloc(1, sizeof(*table));
	size_t places = 2;

	if (!table)
		return NULL;
	while (places < (size_t)flows * 2)
		places *= 2;
	table->memory.fd = -1;
	table->shape.mask = (uint32_t)(places - 1);
	table->shape.limit = flows;
	if (!(handed ? allocate_handed(table) : allocate(table)) ||
	    getrandom(table->shape.keys, sizeof(table->shape.keys), 0) < 0) {
		flow_table_free(table);
		return NULL;
	}
	return table;
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	if (table->memory.fd < 0)
		free(table->places);
	shared_close(&table->memory);
	free(table);
}

struct flow_shape flow_table_shape(const struct flow_table *table)
{
	return table->shape;
}

int flow_table_fd(const struct flow_table *table)
{
	return table->memory.fd;
}

struct flow_table *flow_table_attach(const struct flow_shape *shape, int fd)
{
	struct flow_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->shape = *shape;
	table->state = shared_attach(fd, 0, sizeof(*table->state), true);
	table->places = shared_attach(fd, SHARED_PART, places_size(table), true);
	if (!table->state || !table->places) {
		free(table);
		return NULL;
	}
	return table;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(const struct flow_table *table, const struct packet *packet, uint64_t tuple)
{
	const uint64_t *keys = table->shape.keys;
	uint64_t high = fold(packet->src.hi ^ keys[0], packet->dst.hi ^ keys[1]);
	uint64_t low = fold(packet->src.lo ^ keys[2], packet->dst.lo ^ keys[3]);

	/*
	 * One product alone turns ports in a row, as a scan has them, into places at one distance,
	 * and with one key in 150 they crowd.
	 */
	return fold(fold(high ^ tuple, low ^ keys[0]) ^ keys[1], keys[2] ^ keys[3]);
}

static uint64_t tuple_of(enum hook hook, const struct packet *packet,
			 const struct policy_step *decider, enum action done)
{
	uint64_t kind = (done == ACTION_ALLOW ? KIND_ACTION : 0) |
			(unsigned int)decider->direction << KIND_DIRECTION_SHIFT |
			(unsigned int)hook << KIND_HOOK_SHIFT |
			(packet->src.family == FAMILY_IPV6 ? KIND_IPV6 : 0);
	uint64_t tuple = (uint64_t)packet->protocol << 24 | kind << 16;

	if (packet->l4 == PACKET_L4_PORTS)
		tuple |= (uint64_t)packet->sport << 48 | (uint64_t)packet->dport << 32;
	return tuple;
}

static bool same_flow(const struct flow *a, const struct flow *b)
{
	return ((a->tuple ^ b->tuple) | (a->src_hi ^ b->src_hi) | (a->src_lo ^ b->src_lo) |
		(a->dst_hi ^ b->dst_hi) | (a->dst_lo ^ b->dst_lo)) == 0;
}

/* The flow's place, or a free one for it; NULL when there is none. */
static struct flow *find(const struct flow_table *table, const struct flow *packet, uint64_t hash)
{
	for (unsigned int i = 0; i < FLOWS_PROBES; i++, hash++) {
		struct flow *flow = &table->places[hash & table->shape.mask];

		if (flow->packets == 0)
			return table->state->used < table->shape.limit ? flow : NULL;
		if (same_flow(flow, packet))
			return flow->packets < UINT32_MAX ? flow : NULL;
	}
	return NULL;
}

/* The clock may be set back: a flow ends at its first second or later. */
static uint16_t span(const struct flow *flow, uint32_t now_s)
{
	int64_t passed = (int64_t)now_s - flow->first_s;

	if (passed < flow->span_s)
		return flow->span_s;
	return passed > UINT16_MAX ? UINT16_MAX : (uint16_t)passed;
}

/* Takes the packet that has waited longest into its flow. */
static void settle_one(struct flow_table *table)
{
	const struct flow *packet = &table->state->ahead[table->state->oldest];
	struct flow *flow = find(table, packet, table->state->hashes[table->state->oldest]);

	table->state->oldest = (table->state->oldest + 1) % FLOWS_AHEAD;
	table->state->waiting--;
	if (!flow) {
		counter_add(&table->state->lost, 1);
	} else if (flow->packets == 0) {
		counter_add(&table->state->used, 1);
		*flow = *packet;
	} else {
		flow->packets++;
		flow->bytes += packet->bytes;
		flow->span_s = span(flow, packet->first_s);
		flow->rule = packet->rule;
		flow->acl = packet->acl;
		flow->tcp_flags |= packet->tcp_flags;
	}
}

void flow_table_settle(struct flow_table *table)
{
	while (table->state->waiting > 0)
		settle_one(table);
}

void flow_table_count(struct flow_table *table, enum hook hook, const struct packet *packet,
		      const struct policy_step *decider, enum action done, int64_t now_s)
{
	uint64_t tuple = tuple_of(hook, packet, decider, done);
	unsigned int slot;

	if (table->state->waiting == FLOWS_AHEAD)
		settle_one(table);
	slot = (table->state->oldest + table->state->waiting++) % FLOWS_AHEAD;
	table->state->hashes[slot] = hash(table, packet, tuple);
	__builtin_prefetch(&table->places[table->state->hashes[slot] & table->shape.mask], 1);
	table->state->ahead[slot] = (struct flow){
		.src_hi = packet->src.hi,
		.src_lo = packet->src.lo,
		.dst_hi = packet->dst.hi,
		.dst_lo = packet->dst.lo,
		.tuple = tuple,
		.bytes = packet->len,
		.packets = 1,
		.first_s = (uint32_t)now_s,
		.rule = decider->rule ? decider->rule->number : FLOWLOG_RULE_IMPLICIT,
		.acl = decider->acl < FLOWS_NO_ACL ? (uint16_t)decider->acl : FLOWS_NO_ACL,
		.tcp_flags = flowlog_tcp_flags(packet->tcp_flags),
	};
}

uint32_t flow_table_limit(const struct flow_table *table)
{
	return table->shape.limit;
}

uint64_t flow_table_used(const struct flow_table *table)
{
	return counter_read(&table->state->used);
}

uint64_t flow_table_lost(const struct flow_table *table)
{
	return counter_read(&table->state->lost);
}

bool flow_table_next(const struct flow_table *table, uint32_t *at, struct flow *out)
{
	while (*at <= table->shape.mask) {
		*out = table->places[(*at)++];
		if (out->packets != 0)
			return true;
	}
	return false;
}

struct flow_tuple flow_table_tuple(const struct flow *flow)
{
	unsigned int kind = flow->tuple >> 16 & 0xff;
	unsigned int hook = kind >> KIND_HOOK_SHIFT & 7;
	uint8_t family = kind & KIND_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;

	return (struct flow_tuple){
		.src = {.hi = flow->src_hi, .lo = flow->src_lo, .family = family},
		.dst = {.hi = flow->dst_hi, .lo = flow->dst_lo, .family = family},
		.sport = (uint16_t)(flow->tuple >> 48),
		.dport = (uint16_t)(flow->tuple >> 32),
		.protocol = (uint8_t)(flow->tuple >> 24),
		.hook = hook < HOOKS ? (enum hook)hook : HOOK_OUTPUT,
		.direction = kind >> KIND_DIRECTION_SHIFT & 1 ? OUTBOUND : INBOUND,
		.action = kind & KIND_ACTION ? ACTION_ALLOW : ACTION_DENY,
	};
}

void flow_table_clear(struct flow_table *table)
{
	table->state->waiting = 0;
	memset(table->places, 0, places_size(table));
	__atomic_store_n(&table->state->used, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&table->state->lost, 0, __ATOMIC_RELAXED);
}
