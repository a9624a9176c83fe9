/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drop table: who lost packets, in bounded memory, whatever is thrown at it.
 *
 * Sets of WAYS places. A flow's home is the set of its peer: a rule and a remote address. When that
 * is full the flow may take a free place of another set, which its own hash names; so the table is
 * a complete list until it is nearly full. When there is none, something in the home set is folded:
 *
 *   - of the rule that has most places there. A rule with few is left alone, and so are replies: no
 *     flow that opens something takes the place of one that answers (its client hangs)
 *   - of that rule the peer that has most. If it has several, its quietest ports become one line
 *     "ports"; the peer stays
 *   - if all its peers have one, the quietest line goes into the rule's line "peers"
 *
 * Quiet is few packets; a line counts half as many for each minute without one, so that yesterday's
 * makes room. A flood of flows of one packet must not win over one that tries three times: what was
 * folded away is remembered in a sketch, and comes back with its count. Sums are never lost: each
 * packet is in one line.
 *
 * A flow, peer and rule are known by keyed hashes of 64, 32 and 64 bits, the keys random. A set's
 * sequence number is odd while it is written: a reader copies again.
 */
#include "daemon/drops/drop_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/drops/drop_sketch.h"
#include "daemon/path/shared.h"

#define WAYS 32
#define SETS (DROP_TABLE_FLOWS / WAYS) /* a power of two */

#define QUIET_SHIFT 6 /* a line's weight halves every 64 s */
#define READ_TRIES  64

struct drop_set {
	uint32_t sequence;
	uint32_t used;
	uint64_t flows[WAYS];
	uint32_t peers[WAYS];
	uint32_t rules[WAYS];
	struct drop drops[WAYS];
};

/* What has no place of its own, by rule; the last one takes the rules that find none. */
struct drop_rest {
	uint32_t sequence;
	uint32_t used;
	uint64_t rules[DROP_TABLE_RULES];
	struct drop drops[DROP_TABLE_RULES];
};

/* The worker may be another process, so there is no pointer in it, nor an index that is trusted. */
struct drop_state {
	struct drop_set sets[SETS];
	struct drop_rest rest;
	struct drop_sketch sketch;
};

struct drop_table {
	struct drop_state *state;
	struct drop_keys keys;
	struct shared memory; /* of the state */
};

_Static_assert(sizeof(struct drop_state) <= DROP_TABLE_BYTES, "bounded, as it says");

/* A packet on its way into the table. */
struct newcomer {
	uint64_t flow;
	uint64_t rule;
	uint32_t peer;
	uint32_t now_s;
	unsigned int weight; /* as often as it was seen, this time included */
	struct drop drop;
};

const char *drop_fold_name(enum drop_fold fold)
{
	static const char *const names[DROP_FOLDS] = {"flow", "ports", "peers", "rules"};

	return names[fold];
}

const struct addr *drop_remote(const struct drop *drop)
{
	return drop->direction == INBOUND ? &drop->packet.src : &drop->packet.dst;
}

struct drop_table *drop_table_new(void)
{
	struct drop_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	if (shared_open(&table->memory, sizeof(*table->state), true) < 0 ||
	    getrandom(&table->keys, sizeof(table->keys), 0) < 0) {
		drop_table_free(table);
		return NULL;
	}
	table->state = table->memory.memory;
	return table;
}

struct drop_keys drop_table_keys(const struct drop_table *table)
{
	return table->keys;
}

int drop_table_fd(const struct drop_table *table)
{
	return table->memory.fd;
}

struct drop_table *drop_table_attach(const struct drop_keys *keys, int fd)
{
	struct drop_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->keys = *keys;
	table->state = shared_attach(fd, 0, sizeof(*table->state), true);
	if (!table->state) {
		free(table);
		return NULL;
	}
	return table;
}

void drop_table_free(struct drop_table *table)
{
	if (!table)
		return;
	shared_close(&table->memory);
	free(table);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of a product the low bits are poor; what comes out has good ones everywhere. */
static uint64_t hash(uint64_t a, uint64_t b)
{
	return mix(mix(a, b) ^ b, UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t port_or_type(const struct packet *packet)
{
	if (packet->l4 == PACKET_L4_PORTS)
		return packet->dport;
	if (packet->l4 == PACKET_L4_ICMP)
		return (uint64_t)packet->icmp_type << 8 | packet->icmp_code;
	return 0;
}

static void identify(const struct drop_table *table, struct newcomer *new)
{
	const struct drop *drop = &new->drop;
	const struct addr *remote = drop_remote(drop);
	const uint64_t *keys = table->keys.words;
	uint64_t rule = (uint64_t)drop->acl | (uint64_t)drop->rule << 16 |
			(uint64_t)drop->reason << 32 | (uint64_t)drop->hook << 40 |
			(uint64_t)drop->direction << 48 | (uint64_t)drop->monitor << 49 |
			(uint64_t)drop->answers << 50;
	uint64_t port = port_or_type(&drop->packet) | (uint64_t)drop->packet.l4 << 16 |
			(uint64_t)drop->packet.protocol << 24;
	uint64_t peer;

	new->rule = hash(rule ^ keys[0], keys[1] | 1);
	peer = hash(remote->hi ^ keys[1], remote->lo ^ new->rule ^ keys[2]);
	new->peer = (uint32_t)(peer >> 16);
	new->flow = hash(peer ^ keys[3], port ^ keys[2]);
}

static void begin_write(uint32_t *sequence)
{
	__atomic_store_n(sequence, *sequence | 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void end_write(uint32_t *sequence)
{
	__atomic_store_n(sequence, (*sequence | 1) + 1, __ATOMIC_RELEASE);
}

static unsigned int used(const struct drop_set *set)
{
	return set->used < WAYS ? set->used : WAYS;
}

static unsigned int find(const struct drop_set *set, uint64_t flow)
{
	unsigned int i = 0;

	while (i < used(set) && set->flows[i] != flow)
		i++;
	return i;
}

/* Later numbers into earlier ones; the clock may have been set back. */
static void merge(struct drop *into, const struct drop *from, enum drop_fold fold)
{
	into->packets += from->packets;
	into->bytes += from->bytes;
	into->flows += from->flows;
	into->fold = (uint8_t)fold;
	if (from->first_s < into->first_s)
		into->first_s = from->first_s;
	if (from->last_s < into->last_s)
		return;
	into->last_s = from->last_s;
	into->packet = from->packet;
	into->device = from->device;
}

static void put(struct drop_set *set, unsigned int i, const struct newcomer *new)
{
	set->flows[i] = new->flow;
	set->peers[i] = new->peer;
	set->rules[i] = (uint32_t) new->rule;
	set->drops[i] = new->drop;
	if (i >= set->used)
		set->used = i + 1;
}

/* A new packet of a flow that has a place, or that takes a free one. */
static bool add(struct drop_set *set, const struct newcomer *new)
{
	unsigned int i = find(set, new->flow);

	if (i == WAYS)
		return false;
	begin_write(&set->sequence);
	if (i < used(set))
		merge(&set->drops[i], &new->drop, (enum drop_fold)set->drops[i].fold);
	else
		put(set, i, new);
	if (set->drops[i].fold == DROP_FLOW)
		set->drops[i].flows = 1;
	end_write(&set->sequence);
	return true;
}

static uint64_t weight(const struct drop *drop, uint32_t now_s)
{
	uint32_t halves = now_s > drop->last_s ? (now_s - drop->last_s) >> QUIET_SHIFT : 0;

	return halves < 64 ? (drop->packets + drop->earlier) >> halves : 0;
}

/* Which of the lines with this tag is the quietest, but for `other` and folded ones; or WAYS. */
static unsigned int quietest(const struct drop_set *set, const uint32_t *tags, uint32_t tag,
			     unsigned int other, bool folded_too, uint32_t now_s)
{
	unsigned int best = WAYS;

	for (unsigned int i = 0; i < WAYS; i++) {
		const struct drop *drop = &set->drops[i], *least = &set->drops[best % WAYS];
		uint64_t mine, its;

		if (tags[i] != tag || i == other || (!folded_too && drop->fold != DROP_FLOW))
			continue;
		mine = weight(drop, now_s);
		its = best == WAYS ? UINT64_MAX : weight(least, now_s);
		if (mine < its || (mine == its && drop->last_s < least->last_s))
			best = i;
	}
	return best;
}

static unsigned int same(const uint32_t *tags, uint32_t tag)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < WAYS; i++)
		n += tags[i] == tag;
	return n;
}

/* Where something has to go: the rule with most places, replies counting half. WAYS: nowhere. */
static unsigned int crowded_rule(const struct drop_set *set, const struct newcomer *new)
{
	unsigned int best = WAYS, most = 0;

	for (unsigned int i = 0; i < WAYS; i++) {
		bool answers = set->drops[i].answers;
		unsigned int n;

		if (answers && !new->drop.answers)
			continue;
		n = same(set->rules, set->rules[i]) + (set->rules[i] == (uint32_t) new->rule);
		n *= answers ? 1 : 2;
		if (n > most) {
			most = n;
			best = i;
		}
	}
	return best;
}

/* Of a rule's peers, the one with most places, the newcomer counted. */
static uint32_t loudest_peer(const struct drop_set *set, uint32_t rule, const struct newcomer *new,
			     unsigned int *count)
{
	uint32_t peer = 0;

	*count = 0;
	for (unsigned int i = 0; i < WAYS; i++) {
		unsigned int n;

		if (set->rules[i] != rule)
			continue;
		n = same(set->peers, set->peers[i]) + (set->peers[i] == new->peer);
		if (n > *count) {
			*count = n;
			peer = set->peers[i];
		}
	}
	return peer;
}

/* The peer's line "ports": the one there is, or its quietest port made one. */
static unsigned int ports_line(struct drop_set *set, uint32_t peer, uint32_t now_s)
{
	unsigned int i = 0;

	while (i < WAYS && (set->peers[i] != peer || set->drops[i].fold != DROP_PORTS))
		i++;
	if (i == WAYS) {
		i = quietest(set, set->peers, peer, WAYS, false, now_s);
		set->drops[i].fold = DROP_PORTS;
		set->flows[i] = 0; /* a flow no more */
	}
	return i;
}

/* A flow that loses its place: it comes back with its count. */
static void remember(struct drop_sketch *sketch, uint64_t flow, const struct drop *drop,
		     uint32_t now_s)
{
	uint64_t seen = drop->packets + drop->earlier;

	if (drop->fold == DROP_FLOW)
		drop_sketch_note(sketch, flow,
				 seen < DROP_SKETCH_MAX ? (unsigned int)seen : DROP_SKETCH_MAX,
				 now_s);
}

/* Folds ports of a peer that has several lines, so that the newcomer is in the set. */
static void fold_ports(struct drop_sketch *sketch, struct drop_set *set, uint32_t peer,
		       const struct newcomer *new)
{
	unsigned int ports = ports_line(set, peer, new->now_s);
	unsigned int least = quietest(set, set->peers, peer, ports, false, new->now_s);

	if (peer == new->peer &&
	    (least == WAYS || weight(&set->drops[least], new->now_s) > new->weight)) {
		drop_sketch_note(sketch, new->flow, new->weight, new->now_s);
		merge(&set->drops[ports], &new->drop, DROP_PORTS);
		return;
	}
	remember(sketch, set->flows[least], &set->drops[least], new->now_s);
	merge(&set->drops[ports], &set->drops[least], DROP_PORTS);
	put(set, least, new);
}

/* Into the rule's line "peers". */
static void set_aside(struct drop_state *state, const struct drop *drop, uint64_t rule)
{
	struct drop_rest *rest = &state->rest;
	unsigned int last = DROP_TABLE_RULES - 1, i = 0;

	while (i < last && i < rest->used && rest->rules[i] != rule)
		i++;
	begin_write(&rest->sequence);
	if (i < rest->used) {
		merge(&rest->drops[i], drop, i == last ? DROP_RULES : DROP_PEERS);
	} else {
		rest->rules[i] = rule;
		rest->drops[i] = *drop;
		rest->drops[i].fold = (uint8_t)(i == last ? DROP_RULES : DROP_PEERS);
		rest->used = i + 1;
	}
	end_write(&rest->sequence);
}

/* The hash that its rule has: places hold only half of it. */
static uint64_t rule_of(const struct drop_table *table, const struct drop *drop)
{
	struct newcomer again = {.drop = *drop};

	identify(table, &again);
	return again.rule;
}

/* Each peer of the rule has one line: the quietest goes, which may be the newcomer. */
static void fold_peer(struct drop_table *table, struct drop_set *set, uint32_t rule,
		      const struct newcomer *new)
{
	struct drop_state *state = table->state;
	unsigned int least = quietest(set, set->rules, rule, WAYS, true, new->now_s);
	struct drop *drop = &set->drops[least % WAYS];

	if (least == WAYS ||
	    (rule == (uint32_t) new->rule &&weight(drop, new->now_s) > new->weight)) {
		drop_sketch_note(&state->sketch, new->flow, new->weight, new->now_s);
		set_aside(state, &new->drop, new->rule);
		return;
	}
	remember(&state->sketch, set->flows[least], drop, new->now_s);
	set_aside(state, drop, rule_of(table, drop));
	put(set, least, new);
}

static void make_room(struct drop_table *table, struct drop_set *home, struct newcomer *new)
{
	unsigned int crowded, count = 0;
	uint32_t rule, peer = 0;

	new->drop.earlier = (uint8_t)drop_sketch_seen(&table->state->sketch, new->flow, new->now_s);
	new->weight = 1U + new->drop.earlier;
	crowded = crowded_rule(home, new);
	rule = crowded == WAYS ? (uint32_t) new->rule : home->rules[crowded];
	if (crowded < WAYS)
		peer = loudest_peer(home, rule, new, &count);
	begin_write(&home->sequence);
	if (count >= 2)
		fold_ports(&table->state->sketch, home, peer, new);
	else
		fold_peer(table, home, rule, new);
	end_write(&home->sequence);
}

void drop_table_count(struct drop_table *table, const struct drop *drop, uint32_t now_s)
{
	struct drop_set *sets = table->state->sets;
	struct newcomer new = {.now_s = now_s, .drop = *drop};
	uint64_t home, other;

	new.drop.packets = 1;
	new.drop.flows = 1;
	new.drop.fold = DROP_FLOW;
	new.drop.bytes = drop->packet.len;
	new.drop.first_s = new.drop.last_s = now_s;
	identify(table, &new);
	home = new.peer % SETS;
	other = home ^ (1 + new.flow % (SETS - 1)); /* never the same */
	if (!add(&sets[home], &new) && !add(&sets[other], &new))
		make_room(table, &sets[home], &new);
}

static bool bounded(const struct packet *packet)
{
	const struct addr *ends[] = {&packet->src, &packet->dst};

	for (int i = 0; i < 2; i++)
		if (ends[i]->family != 0 && ends[i]->family != FAMILY_IPV4 &&
		    ends[i]->family != FAMILY_IPV6)
			return false;
	return packet->l4 <= PACKET_L4_ICMP && packet->src.family == packet->dst.family;
}

bool drop_is_sound(const struct drop *drop)
{
	return drop->packets > 0 && drop->fold < DROP_FOLDS && drop->hook < HOOKS &&
	       drop->reason < PACKET_REASONS && drop->direction <= OUTBOUND &&
	       drop->rule <= RULE_NUMBER_MAX && drop->monitor <= 1 && drop->answers <= 1 &&
	       bounded(&drop->packet);
}

/* What stood there at one moment; false when none of the tries met one. */
static bool copy(const uint32_t *sequence, const struct drop *from, struct drop *out)
{
	for (int i = 0; i < READ_TRIES; i++) {
		uint32_t before = __atomic_load_n(sequence, __ATOMIC_ACQUIRE);

		memcpy(out, from, sizeof(*out));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(before & 1) && __atomic_load_n(sequence, __ATOMIC_RELAXED) == before)
			return drop_is_sound(out);
	}
	return false;
}

bool drop_table_next(const struct drop_table *table, uint32_t *at, struct drop *out)
{
	const struct drop_state *state = table->state;

	for (; *at < DROP_TABLE_FLOWS + DROP_TABLE_RULES;) {
		uint32_t i = (*at)++, way = i % WAYS;
		const struct drop_set *set = &state->sets[i / WAYS % SETS];

		if (i < DROP_TABLE_FLOWS
			    ? way < used(set) && copy(&set->sequence, &set->drops[way], out)
			    : copy(&state->rest.sequence, &state->rest.drops[i - DROP_TABLE_FLOWS],
				   out))
			return true;
	}
	return false;
}
