/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries first, rules then. A kind says how prefix number i comes about and what rule number r
 * looks at; the prefixes are dealt out to as many rules as there may be, each rule with several
 * taking them as a set.
 */
#include "rulegen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX      32000
#define AWS_RULES      40
#define COUNTRIES      250
#define COUNTRY_RULES  4
#define DEEP_LENGTHS   129
#define NESTED_LEN_MIN 8

struct source {
	uint64_t state;
	enum rulegen_kind kind;
	struct prefix *prefixes;
	size_t made;
};

/* SplitMix64. */
static uint64_t next64(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((next64(state) >> 32) * n >> 32);
}

static uint64_t top_bits(uint64_t x, unsigned int len)
{
	return len == 0 ? 0 : len >= 64 ? x : x & UINT64_MAX << (64 - len);
}

static struct prefix prefix_of(uint8_t family, uint64_t hi, uint64_t lo, unsigned int len)
{
	return (struct prefix){.addr = {.hi = top_bits(hi, len),
					.lo = len > 64 ? top_bits(lo, len - 64) : 0,
					.family = family},
			       .len = (uint8_t)len};
}

/* A random address inside. */
static struct addr inside(uint64_t *state, const struct prefix *p)
{
	struct addr a = p->addr;

	a.hi |= next64(state) & ~top_bits(UINT64_MAX, p->len);
	if (a.family == FAMILY_IPV4)
		a.hi &= UINT64_C(0xffffffff) << 32;
	else
		a.lo |= next64(state) & ~(p->len > 64 ? top_bits(UINT64_MAX, p->len - 64) : 0);
	return a;
}

static struct prefix longer(uint64_t *state, const struct prefix *p, unsigned int len)
{
	struct addr a = inside(state, p);

	return prefix_of(a.family, a.hi, a.lo, len);
}

static struct prefix mixed_prefix(struct source *s)
{
	static const uint8_t lengths[] = {8, 12, 16, 16, 20, 22, 24, 24, 24, 28, 30, 32, 32, 32};
	unsigned int len = lengths[below(&s->state, sizeof(lengths))];
	const struct prefix *around;

	if (s->made > 0 && below(&s->state, 3) == 0) {
		around = &s->prefixes[below(&s->state, (uint32_t)s->made)];
		if (around->len < 32)
			return longer(&s->state, around,
				      around->len + 1 + below(&s->state, 32u - around->len));
	}
	return prefix_of(FAMILY_IPV4, next64(&s->state), 0, len);
}

static struct prefix nested_prefix(struct source *s)
{
	const struct prefix *around;

	for (int tries = 0; s->made > 64 && tries < 8; tries++) {
		around = &s->prefixes[below(&s->state, (uint32_t)s->made)];
		if (around->len < 32)
			return longer(&s->state, around, around->len + 1u);
	}
	return prefix_of(FAMILY_IPV4, next64(&s->state), 0, NESTED_LEN_MIN);
}

/* Registries give out /32, providers /48 and /56, sites /64; of some 4,096 providers. */
static struct prefix ipv6_prefix(struct source *s)
{
	static const uint8_t lengths[] = {32, 40, 48, 48, 48, 48, 56, 56, 64, 64, 64, 128};
	uint64_t provider = below(&s->state, 4096), hi;

	provider = next64(&provider);
	hi = UINT64_C(1) << 61 | (provider & UINT64_C(0x0fffffff00000000)) |
	     next64(&s->state) >> 32;
	return prefix_of(FAMILY_IPV6, hi, next64(&s->state),
			 lengths[below(&s->state, sizeof(lengths))]);
}

static struct prefix deep_prefix(const struct source *s, size_t i)
{
	uint64_t chain = i / DEEP_LENGTHS, hi = next64(&chain);

	(void)s;
	return prefix_of(FAMILY_IPV6, hi >> 3 | UINT64_C(1) << 61, next64(&chain),
			 (unsigned int)(i % DEEP_LENGTHS));
}

/* The address space in equal parts, in order: part i. */
static struct prefix part(size_t i, size_t parts)
{
	unsigned int len = 1;

	while ((size_t)1 << len < parts)
		len++;
	return prefix_of(FAMILY_IPV4, (uint64_t)i << (64 - len), 0, len);
}

static struct prefix anywhere4(void)
{
	return prefix_of(FAMILY_IPV4, 0, 0, 0);
}

/* Entry i of n. */
static struct prefix entry(struct source *s, size_t i, size_t n)
{
	switch (s->kind) {
	case RULEGEN_AWS:
		return i % 8 == 7 ? mixed_prefix(s) : anywhere4();
	case RULEGEN_BLOCKLIST:
		return prefix_of(FAMILY_IPV4, next64(&s->state), 0,
				 below(&s->state, 8) == 0 ? 24 : 32);
	case RULEGEN_NESTED:
		return nested_prefix(s);
	case RULEGEN_GEOGRAPHIC:
		return part(i, n);
	case RULEGEN_CROSSED:
		return prefix_of(FAMILY_IPV4, next64(&s->state), 0, 32);
	case RULEGEN_IPV6:
		return ipv6_prefix(s);
	case RULEGEN_IPV6_DEEP:
		return deep_prefix(s, i);
	default:
		return mixed_prefix(s);
	}
}

static void look_at_ports(struct rule *rule, int16_t protocol, uint32_t first, uint32_t last)
{
	rule->protocol = protocol;
	rule->port_first = (uint16_t)first;
	rule->port_last = (uint16_t)(last > UINT16_MAX ? UINT16_MAX : last);
}

/* TCP mostly; single ports, ranges, ephemeral ports; some ICMP, some of everything. */
static void look_at_anything(uint64_t *state, struct rule *rule)
{
	uint32_t port = below(state, 65536);
	int16_t protocol = below(state, 4) == 0 ? PROTOCOL_UDP : PROTOCOL_TCP;

	if (below(state, 100) == 0) {
		rule->protocol = PROTOCOL_ALL;
		return;
	}
	switch (below(state, 10)) {
	case 0:
	case 1:
		rule->protocol = PROTOCOL_ICMP;
		rule->icmp_type = (int16_t)below(state, 20);
		break;
	case 2:
		look_at_ports(rule, protocol, 1024, 65535);
		break;
	case 3:
	case 4:
		look_at_ports(rule, protocol, port, port + below(state, 4096));
		break;
	default:
		look_at_ports(rule, protocol, port, port);
	}
}

/* What rule r of n looks at. */
static void look(struct source *s, size_t r, struct rule *rule)
{
	static const uint16_t services[] = {22, 25, 53, 80, 110, 143, 443, 993, 3306, 8080};
	uint32_t port = below(&s->state, 65536);

	switch (s->kind) {
	case RULEGEN_AWS:
		port = services[r % 10];
		look_at_ports(rule, r % 5 == 4 ? PROTOCOL_UDP : PROTOCOL_TCP,
			      r % 4 == 3 ? 1024 + (uint32_t)r * 64 : port,
			      r % 4 == 3 ? 65535 : port);
		break;
	case RULEGEN_NESTED:
	case RULEGEN_IPV6_DEEP:
		look_at_ports(rule, PROTOCOL_TCP, port, port + below(&s->state, 4096));
		break;
	case RULEGEN_CROSSED:
		rule->protocol = PROTOCOL_ALL;
		break;
	case RULEGEN_BLOCKLIST:
		rule->protocol = PROTOCOL_ALL;
		rule->action = ACTION_DENY;
		break;
	default:
		look_at_anything(&s->state, rule);
	}
}

static struct rule *add_rule(struct rulegen *gen, struct source *s)
{
	struct rule *rule = &gen->list.rules[gen->list.count++];

	*rule = (struct rule){.number = (uint16_t)gen->list.count,
			      .action = (uint8_t)below(&s->state, 2),
			      .icmp_type = RULE_ANY,
			      .icmp_code = RULE_ANY};
	return rule;
}

/* A rule over prefixes first to first + count - 1, `rules` of them looking at different things. */
static void add_rules_over(struct rulegen *gen, struct source *s, size_t first, size_t count,
			   size_t rules)
{
	static char name[] = "generated";
	struct prefix_set *set = count > 1 ? &gen->sets[gen->set_count++] : NULL;

	if (set)
		*set = (struct prefix_set){name, gen->prefixes + first, count};
	for (size_t i = 0; i < rules; i++) {
		struct rule *rule = add_rule(gen, s);

		rule->prefix = gen->prefixes[first];
		rule->set = set;
		look(s, gen->list.count - 1, rule);
		for (size_t p = first; p < first + count; p++)
			gen->entry_rules[p] = (uint16_t)(gen->list.count - 1);
	}
}

static void add_aws_rules(struct rulegen *gen, struct source *s)
{
	struct source aws = {.state = s->state, .kind = RULEGEN_AWS};

	for (size_t r = 0; r < AWS_RULES; r++) {
		struct rule *rule = add_rule(gen, &aws);

		rule->prefix = anywhere4();
		look(&aws, r, rule);
	}
}

static void add_port_rule(struct rulegen *gen, struct source *s)
{
	uint32_t port = below(&s->state, 65536);
	struct rule *rule = add_rule(gen, s);

	rule->prefix = anywhere4();
	look_at_ports(rule, PROTOCOL_TCP, port, port);
}

static void add_rules(struct rulegen *gen, struct source *s)
{
	size_t n = gen->entry_count, rules = n, each;

	if (gen->kind == RULEGEN_BLOCKLIST)
		rules = 1;
	else if (gen->kind == RULEGEN_GEOGRAPHIC)
		rules = COUNTRIES;
	else if (gen->kind == RULEGEN_CROSSED)
		rules = n / 2;
	if (rules > RULES_MAX / 2 && gen->kind == RULEGEN_CROSSED)
		rules = RULES_MAX / 2;
	else if (rules > RULES_MAX)
		rules = RULES_MAX;
	each = (n + rules - 1) / rules;
	for (size_t first = 0; first < n; first += each) {
		size_t count = first + each > n ? n - first : each;

		if (gen->kind == RULEGEN_CROSSED)
			add_port_rule(gen, s);
		add_rules_over(gen, s, first, count,
			       gen->kind == RULEGEN_GEOGRAPHIC ? COUNTRY_RULES : 1);
	}
	if (gen->kind == RULEGEN_BLOCKLIST)
		add_aws_rules(gen, s);
}

/* Which prefix goes to which set must not follow from its address: neighbours are strangers. */
static void shuffle(struct source *s, struct prefix *prefixes, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = below(&s->state, (uint32_t)i);
		struct prefix p = prefixes[i - 1];

		prefixes[i - 1] = prefixes[j];
		prefixes[j] = p;
	}
}

int rulegen_make(enum rulegen_kind kind, size_t entries, uint64_t seed, struct rulegen *out)
{
	struct rulegen gen = {.kind = kind, .entry_count = entries};
	struct source s = {.state = seed * RULEGEN_KINDS + kind, .kind = kind};

	gen.list.rules = malloc((RULES_MAX + AWS_RULES) * sizeof(*gen.list.rules));
	gen.sets = malloc((entries + 1) * sizeof(*gen.sets));
	gen.prefixes = malloc((entries + 1) * sizeof(*gen.prefixes));
	gen.entry_rules = malloc((entries + 1) * sizeof(*gen.entry_rules));
	if (!gen.list.rules || !gen.sets || !gen.prefixes || !gen.entry_rules) {
		rulegen_free(&gen);
		return -ENOMEM;
	}
	s.prefixes = gen.prefixes;
	for (size_t i = 0; i < entries; i++) {
		gen.prefixes[i] = entry(&s, i, entries);
		s.made = i + 1;
	}
	shuffle(&s, gen.prefixes, entries);
	add_rules(&gen, &s);
	*out = gen;
	return 0;
}

void rulegen_free(struct rulegen *gen)
{
	free(gen->list.rules);
	free(gen->sets);
	free(gen->prefixes);
	free(gen->entry_rules);
}

static struct addr random_addr(const struct rulegen *gen, uint64_t *state)
{
	const struct prefix v4 = anywhere4();
	const struct prefix v6 = prefix_of(FAMILY_IPV6, UINT64_C(1) << 61, 0, 3);

	return inside(state, gen->prefixes[0].addr.family == FAMILY_IPV4 ? &v4 : &v6);
}

static void random_look(uint64_t *state, struct packet *p)
{
	static const uint8_t common[] = {PROTOCOL_TCP, PROTOCOL_TCP, PROTOCOL_TCP, PROTOCOL_UDP};
	static const uint16_t services[] = {22, 53, 80, 443};

	p->protocol = common[below(state, 4)];
	p->l4 = PACKET_L4_PORTS;
	p->dport = below(state, 2) ? services[below(state, 4)] : (uint16_t)below(state, 65536);
}

static void aimed_look(uint64_t *state, const struct rule *rule, struct packet *p)
{
	random_look(state, p);
	if (rule->protocol == PROTOCOL_ALL)
		return;
	p->protocol = (uint8_t)rule->protocol;
	if (rule_has_ports(rule)) {
		p->dport = (uint16_t)(rule->port_first +
				      below(state, rule->port_last - rule->port_first + 1u));
	} else if (rule->protocol == PROTOCOL_ICMP) {
		bool v4 = p->src.family == FAMILY_IPV4;

		p->dport = 0;
		p->l4 = v4 ? PACKET_L4_ICMP : PACKET_L4_NONE;
		p->icmp_type = v4 && rule->icmp_type != RULE_ANY ? (uint8_t)rule->icmp_type : 0;
	}
}

void rulegen_traffic(const struct rulegen *gen, enum rulegen_traffic traffic, uint64_t seed,
		     struct packet *packets, size_t count)
{
	uint64_t state = seed;

	for (size_t i = 0; i < count; i++) {
		struct packet *p = &packets[i];
		uint32_t aim = below(&state, (uint32_t)gen->entry_count);

		*p = (struct packet){.hop_limit = 64, .len = 100};
		p->src = traffic == RULEGEN_HOSTILE ? inside(&state, &gen->prefixes[aim])
						    : random_addr(gen, &state);
		p->dst.family = p->src.family;
		if (traffic == RULEGEN_HOSTILE)
			aimed_look(&state, &gen->list.rules[gen->entry_rules[aim]], p);
		else
			random_look(&state, p);
	}
}

const char *rulegen_name(enum rulegen_kind kind)
{
	static const char *const names[RULEGEN_KINDS] = {"AWS-like", "mixed",      "blocklist",
							 "nested",   "geographic", "crossed",
							 "IPv6",     "IPv6 deep"};

	return names[kind];
}

const char *rulegen_traffic_name(enum rulegen_traffic traffic)
{
	return traffic == RULEGEN_RANDOM ? "random" : "hostile";
}
