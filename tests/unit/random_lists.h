/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random lists of rules and packets for them, for test_classify.c.
 *
 * Rules that never meet test nothing. So all addresses of a list come from a few trees: a prefix is
 * mostly another one made longer or shorter, or the very same; ports and types come from a few
 * values. Packets come from the ends of prefixes and ranges, and from one step beyond.
 */
#ifndef NACLD_TESTS_UNIT_RANDOM_LISTS_H
#define NACLD_TESTS_UNIT_RANDOM_LISTS_H

#include <stdlib.h>

#include "core/acl.h"

#define LIST_SETS_MAX     6
#define LIST_PREFIXES_MAX 512

struct random_state {
	uint64_t state;
};

/* SplitMix64. */
static inline uint64_t rnd64(struct random_state *r)
{
	uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* 0 to n - 1. */
static inline uint32_t rnd(struct random_state *r, uint32_t n)
{
	return (uint32_t)((rnd64(r) >> 32) * n >> 32);
}

/* A list that owns all it needs. */
struct random_list {
	struct acl_list list;
	struct prefix_set sets[LIST_SETS_MAX];
	struct prefix prefixes[LIST_PREFIXES_MAX]; /* all that were made: the pool to nest in */
	size_t prefix_count;
	uint16_t ports[8]; /* the few values ranges are made of */
};

static inline uint64_t bits_from(uint64_t x, unsigned int len)
{
	return len == 0 ? 0 : len >= 64 ? x : x & UINT64_MAX << (64 - len);
}

static inline struct prefix make_prefix(uint8_t family, uint64_t hi, uint64_t lo, unsigned int len)
{
	return (struct prefix){.addr = {.hi = bits_from(hi, len),
					.lo = len > 64 ? bits_from(lo, len - 64) : 0,
					.family = family},
			       .len = (uint8_t)len};
}

/* The lengths at which something changes, and all the others. */
static inline unsigned int rnd_len(struct random_state *r, uint8_t family)
{
	static const uint8_t edges4[] = {0, 1, 8, 16, 24, 31, 32, 32};
	static const uint8_t edges6[] = {0, 1, 32, 63, 64, 65, 127, 128};

	if (rnd(r, 2) == 0)
		return family == FAMILY_IPV4 ? edges4[rnd(r, 8)] : edges6[rnd(r, 8)];
	return rnd(r, (uint32_t)family_bits(family) + 1);
}

/* Bits after the first `len` are new, the others are those of p. */
static inline struct prefix regrow(struct random_state *r, const struct prefix *p, unsigned int len)
{
	unsigned int kept = p->len < len ? p->len : len;
	uint64_t keep_hi = bits_from(UINT64_MAX, kept);
	uint64_t keep_lo = kept > 64 ? bits_from(UINT64_MAX, kept - 64) : 0;
	uint64_t new_hi = rnd64(r), new_lo = rnd64(r);

	/* All zeros and all ones below a prefix are its first and its last address. */
	if (rnd(r, 3) == 0)
		new_hi = new_lo = 0;
	else if (rnd(r, 3) == 0)
		new_hi = new_lo = UINT64_MAX;
	if (p->addr.family == FAMILY_IPV4)
		new_hi &= UINT64_C(0xffffffff) << 32;
	return make_prefix(p->addr.family, (p->addr.hi & keep_hi) | (new_hi & ~keep_hi),
			   (p->addr.lo & keep_lo) | (new_lo & ~keep_lo), len);
}

static inline struct prefix rnd_prefix(struct random_state *r, struct random_list *l)
{
	struct prefix root = {0}, p;

	root.addr.family = rnd(r, 2) ? FAMILY_IPV4 : FAMILY_IPV6;
	if (l->prefix_count > 0 && rnd(r, 8) != 0) {
		root = l->prefixes[rnd(r, (uint32_t)l->prefix_count)];
		if (rnd(r, 4) == 0)
			return root; /* the very same */
	}
	p = regrow(r, &root, rnd_len(r, root.addr.family));
	if (l->prefix_count < LIST_PREFIXES_MAX)
		l->prefixes[l->prefix_count++] = p;
	return p;
}

static inline uint16_t rnd_port(struct random_state *r, const struct random_list *l)
{
	return rnd(r, 6) == 0 ? (uint16_t)rnd(r, 65536) : l->ports[rnd(r, 8)];
}

static inline void rnd_look(struct random_state *r, const struct random_list *l, struct rule *rule)
{
	uint16_t a = rnd_port(r, l), b = rnd_port(r, l);

	rule->icmp_type = RULE_ANY;
	rule->icmp_code = RULE_ANY;
	if (rule_has_ports(rule)) {
		bool all = rnd(r, 4) == 0;

		rule->port_first = all ? 0 : a < b ? a : b;
		rule->port_last = all ? 65535 : a < b ? b : a;
	} else if (rule_has_icmp(rule) && rnd(r, 4) != 0) {
		rule->icmp_type = (int16_t)(rnd(r, 2) ? rnd(r, 4) : 255 - rnd(r, 4));
		if (rnd(r, 2))
			rule->icmp_code = (int16_t)(rnd(r, 2) ? rnd(r, 3) : 255);
	}
}

static inline int16_t rnd_protocol(struct random_state *r)
{
	static const int16_t usual[] = {PROTOCOL_TCP,  PROTOCOL_TCP,     PROTOCOL_TCP,
					PROTOCOL_UDP,  PROTOCOL_UDP,     PROTOCOL_ALL,
					PROTOCOL_ICMP, PROTOCOL_ICMPV6,  0,
					255,           PROTOCOL_TCP + 1, 47};

	return usual[rnd(r, 12)];
}

static inline void rnd_rule(struct random_state *r, struct random_list *l, uint32_t sets,
			    struct rule *rule)
{
	*rule = (struct rule){.action = (uint8_t)rnd(r, 2), .protocol = rnd_protocol(r)};
	if (sets > 0 && rnd(r, 3) == 0)
		rule->set = &l->sets[rnd(r, sets)];
	else
		rule->prefix = rnd_prefix(r, l);
	rnd_look(r, l, rule);
}

static inline void random_list_fini(struct random_list *l)
{
	free(l->list.rules);
	for (size_t i = 0; i < LIST_SETS_MAX; i++)
		free(l->sets[i].prefixes);
}

/* `rules` rules over sets of up to set_prefixes prefixes, or over one each. */
static inline void random_list_init(struct random_state *r, struct random_list *l, uint32_t rules,
				    uint32_t set_prefixes)
{
	static char set_name[] = "set";
	uint32_t sets = set_prefixes > 0 ? rnd(r, LIST_SETS_MAX + 1) : 0;

	*l = (struct random_list){0};
	for (size_t i = 0; i < 8; i++)
		l->ports[i] = i == 0 ? 0 : i == 1 ? 65535 : (uint16_t)(400 + rnd(r, 8));
	for (uint32_t i = 0; i < sets; i++) {
		struct prefix_set *set = &l->sets[i];

		set->name = set_name;
		set->count = rnd(r, set_prefixes + 1);
		set->prefixes = malloc((set->count + 1) * sizeof(*set->prefixes));
		for (size_t p = 0; p < set->count; p++)
			set->prefixes[p] = rnd_prefix(r, l);
	}
	l->list.rules = malloc((rules + 1) * sizeof(*l->list.rules));
	for (uint32_t i = 0; i < rules; i++) {
		rnd_rule(r, l, sets, &l->list.rules[i]);
		l->list.rules[i].number = (uint16_t)(i + 1);
	}
	l->list.count = l->list.capacity = rules;
}

static inline struct addr step(struct addr a, int by)
{
	uint64_t unit = a.family == FAMILY_IPV4 ? UINT64_C(1) << 32 : 0;

	if (a.family == FAMILY_IPV4) {
		a.hi += by > 0 ? unit : by < 0 ? -unit : 0;
		return a;
	}
	a.hi += by > 0 && a.lo == UINT64_MAX ? 1 : by < 0 && a.lo == 0 ? UINT64_MAX : 0;
	a.lo += (uint64_t)(int64_t)by;
	return a;
}

static inline struct addr last_of(const struct prefix *p)
{
	struct addr a = p->addr;

	a.hi |= ~bits_from(UINT64_MAX, p->len);
	a.lo |= p->len > 64 ? ~bits_from(UINT64_MAX, p->len - 64) : UINT64_MAX;
	if (a.family == FAMILY_IPV4) {
		a.hi &= UINT64_C(0xffffffff) << 32;
		a.lo = 0;
	}
	return a;
}

/* The first or last address of a prefix, the one before or behind it, or any inside. */
static inline struct addr addr_near(struct random_state *r, const struct prefix *p)
{
	switch (rnd(r, 5)) {
	case 0:
		return p->addr;
	case 1:
		return last_of(p);
	case 2:
		return step(p->addr, -1);
	case 3:
		return step(last_of(p), 1);
	default:
		return regrow(r, p, family_bits(p->addr.family)).addr;
	}
}

/* What the parser would say of a packet of this protocol: with ports or types, or without. */
static inline void show_transport(struct packet *packet, bool later_fragment, uint16_t l4)
{
	bool v4 = packet->src.family == FAMILY_IPV4;

	packet->l4 = PACKET_L4_NONE;
	packet->fragment = later_fragment;
	if (later_fragment)
		return;
	if (packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP) {
		packet->l4 = PACKET_L4_PORTS;
		packet->dport = l4;
	} else if (packet->protocol == (v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6)) {
		packet->l4 = PACKET_L4_ICMP;
		packet->icmp_type = (uint8_t)(l4 >> 8);
		packet->icmp_code = (uint8_t)l4;
	}
}

/* Aimed at one rule: its protocol mostly, its ports' or types' ends, its remote end's edges. */
static inline struct packet rnd_packet(struct random_state *r, const struct random_list *l,
				       enum direction direction)
{
	const struct rule *rule = &l->list.rules[rnd(r, (uint32_t)l->list.count)];
	size_t count;
	const struct prefix *prefixes = rule_prefixes(rule, &count);
	struct prefix any = {.addr.family = rnd(r, 2) ? FAMILY_IPV4 : FAMILY_IPV6};
	bool aimed = count > 0 && rnd(r, 16) != 0;
	struct addr remote = addr_near(r, aimed ? &prefixes[rnd(r, (uint32_t)count)] : &any);
	struct packet p = {.hop_limit = 64, .len = 100};
	int protocol = rnd(r, 4) ? rule->protocol : rnd_protocol(r);
	uint16_t l4 = (uint16_t)rnd(r, 65536);

	p.src = direction == INBOUND ? remote : (struct addr){.family = remote.family};
	p.dst = direction == INBOUND ? (struct addr){.family = remote.family} : remote;
	p.protocol = (uint8_t)(protocol == PROTOCOL_ALL ? (int)rnd(r, 256) : protocol);
	if (rule_has_ports(rule) && rnd(r, 8) != 0)
		l4 = (uint16_t)((rnd(r, 2) ? rule->port_first : rule->port_last) + rnd(r, 3) - 1);
	else if (rule->icmp_type != RULE_ANY && rnd(r, 8) != 0)
		l4 = (uint16_t)((rule->icmp_type << 8 | (rule->icmp_code & 0xff)) + (int)rnd(r, 3) -
				1);
	else if (rnd(r, 4) != 0)
		l4 = (uint16_t)(l->ports[rnd(r, 8)] + rnd(r, 3) - 1);
	show_transport(&p, rnd(r, 8) == 0, l4);
	return p;
}

#endif
