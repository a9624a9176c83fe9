/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accept filter against policy_eval: random policies, every class of packet, each hook.
 *
 * Two ways round. Whatever bytes it is given, a yes means that the daemon would accept, by the
 * rules that were counted. And of plain packets, which are most of what a network carries, it says
 * yes to all that the lists allow: else it would be right by never saying anything.
 *
 * FASTPATH_POLICIES scales the random part.
 */
#include "classify_check.h"

#include "core/fastpath/build.h"
#include "fastpath_claim.h"
#include "packets.h"

#define ACLS     3
#define SUBNETS  6
#define CAPACITY ((size_t)1 << 16)
#define COUNTERS 1024
#define BYTES    512

struct world {
	struct random_list lists[ACLS][2];
	struct policy *policy;
	uint64_t *words;
	struct fastpath_counter *counters;
	struct fastpath_packet_source source;
	uint64_t root;
	unsigned int generation;
	size_t accepted;
};

static void add_lists(struct random_state *r, struct world *w)
{
	for (uint32_t a = 0; a < ACLS; a++) {
		char name[16];

		snprintf(name, sizeof(name), "acl%u", a);
		assert_non_null(policy_add_acl(w->policy, name));
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			random_list_init(r, &w->lists[a][d], 1 + rnd(r, 20), rnd(r, 4) * 8);
			for (size_t i = 0; i < w->lists[a][d].list.count; i++)
				assert_int_equal(acl_add_rule(&w->policy->acls[a],
							      (enum direction)d,
							      &w->lists[a][d].list.rules[i]),
						 0);
		}
	}
}

/* Subnets where lists look, as far as they are disjoint. */
static void add_subnets(struct random_state *r, struct world *w)
{
	for (int i = 0; i < SUBNETS; i++) {
		struct random_list *l = &w->lists[rnd(r, ACLS)][rnd(r, 2)];
		struct prefix prefix = rnd_prefix(r, l);
		bool free_place = prefix.len > 0;

		for (size_t s = 0; s < w->policy->subnet_count; s++)
			free_place &= !prefix_overlaps(&w->policy->subnets[s].prefix, &prefix);
		if (free_place)
			assert_int_equal(policy_add_subnet(w->policy, &prefix, rnd(r, ACLS)), 0);
	}
}

/* As policy_compile does, but also with links left in. */
static void compile(struct world *w, const struct merge_budget *budget)
{
	assert_int_equal(policy_compile(w->policy), 0);
	for (size_t a = 0; a < w->policy->acl_count; a++) {
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			classify_free(w->policy->compiled[a][d]);
			w->policy->compiled[a][d] =
				build(&w->policy->acls[a].lists[d], (enum direction)d, budget);
		}
	}
}

static void world_init(struct random_state *r, struct world *w, const struct merge_budget *budget)
{
	size_t used = 0;

	*w = (struct world){.policy = policy_new(), .root = 1 + rnd(r, 3)};
	assert_non_null(w->policy);
	add_lists(r, w);
	w->policy->exempt = rnd(r, 8);
	w->policy->host.acl = rnd(r, 4) ? rnd(r, ACLS) : POLICY_NO_ACL;
	w->policy->edges.default_route = rnd(r, 4) ? rnd(r, ACLS) : POLICY_NO_ACL;
	if (rnd(r, 4) == 0)
		assert_int_equal(policy_add_edge(w->policy, "eth0", rnd(r, ACLS)), 0);
	add_subnets(r, w);
	assert_null(policy_finish(w->policy));
	compile(w, budget);
	w->generation = rnd(r, 2);
	w->words = calloc(CAPACITY, sizeof(*w->words));
	w->counters = calloc((size_t)2 * COUNTERS, sizeof(*w->counters));
	assert_true(w->words && w->counters);
	assert_int_equal(fastpath_build(w->policy, w->generation, w->words + w->root,
					CAPACITY - w->root, COUNTERS, &used),
			 0);
	assert_true(used <= fastpath_estimate(w->policy));
	w->source = (struct fastpath_packet_source){.words = w->words,
						    .word_count = w->root + used,
						    .counters = w->counters,
						    .counter_count = COUNTERS};
}

static void world_fini(struct world *w)
{
	policy_free(w->policy);
	for (size_t a = 0; a < ACLS; a++)
		for (int d = INBOUND; d <= OUTBOUND; d++)
			random_list_fini(&w->lists[a][d]);
	free(w->words);
	free(w->counters);
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_addr(uint8_t *at, const struct addr *a)
{
	size_t bytes = a->family == FAMILY_IPV4 ? 4 : 16;

	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)((i < 8 ? a->hi : a->lo) >> (56 - i % 8 * 8));
}

/* The transport header and some data; returns its length. */
static size_t put_transport(struct random_state *r, uint8_t *at, const struct packet *p)
{
	size_t len = 8 + rnd(r, 40);

	if (p->l4 == PACKET_L4_PORTS) {
		put16(at, p->sport);
		put16(at + 2, p->dport);
	}
	if (p->l4 == PACKET_L4_ICMP) {
		at[0] = p->icmp_type;
		at[1] = p->icmp_code;
	}
	if (p->protocol == PROTOCOL_UDP)
		put16(at + 4, len);
	if (p->protocol == PROTOCOL_TCP) {
		len += 12;
		at[12] = 5 << 4;
	}
	return len;
}

/* A whole, right packet; IPv6 with up to two extension headers that the filter follows. */
static size_t put_packet(struct random_state *r, uint8_t *at, const struct packet *p)
{
	size_t len;

	memset(at, 0, BYTES);
	if (p->src.family == FAMILY_IPV4) {
		at[0] = 0x45;
		len = 20 + put_transport(r, at + 20, p);
		put16(at + 2, len);
		at[8] = p->hop_limit;
		at[9] = p->protocol;
		put_addr(at + 12, &p->src);
		put_addr(at + 16, &p->dst);
		return len;
	}
	at[0] = 0x60;
	at[6] = p->protocol;
	at[7] = p->hop_limit;
	put_addr(at + 8, &p->src);
	put_addr(at + 24, &p->dst);
	len = 40;
	for (uint8_t *next = at + 6; rnd(r, 4) == 0 && len < 56; next = at + len, len += 8) {
		at[len] = *next;
		*next = len == 40 && rnd(r, 2) ? 0 : 60;
	}
	len += put_transport(r, at + len, p);
	put16(at + 4, len - 40);
	return len;
}

static bool has_kept_links(const struct policy *policy)
{
	for (size_t a = 0; a < policy->acl_count; a++) {
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			struct classify_stats stats;

			classify_stats(policy->compiled[a][d], &stats);
			if (stats.linked > 0)
				return true;
		}
	}
	return false;
}

/* Does the filter know such packets, and all that is asked about them? */
static bool is_plain(const struct world *w, enum hook hook, const struct packet *p)
{
	uint16_t port = p->l4 == PACKET_L4_PORTS && p->protocol == PROTOCOL_UDP ? p->dport : 0;
	bool known = port != 67 && port != 68 && port != 546 && port != 547;

	if (p->src.family == FAMILY_IPV6 && p->protocol == PROTOCOL_ICMPV6)
		known &= p->icmp_type < 133 || p->icmp_type > 136;
	for (uint8_t extension = 0; extension < 64; extension++)
		if (strchr("\x2b\x2c\x33\x3c", extension) && p->src.family == FAMILY_IPV6)
			known &= p->protocol != extension;
	if (p->src.family == FAMILY_IPV4 ? p->src.hi >> 56 == 127
					 : p->src.hi == 0 && p->src.lo == 1)
		known = false;
	for (size_t i = 0; hook == HOOK_FORWARD && i < w->policy->subnet_count; i++)
		known &= w->policy->subnets[i].prefix.len <= 64;
	return known && !has_kept_links(w->policy);
}

static void ask(struct world *w, enum hook hook, bool ipv6, const uint8_t *bytes, size_t len,
		bool *accepted)
{
	uint8_t *exact = malloc(len ? len : 1);
	const char *wrong;

	assert_non_null(exact);
	memcpy(exact, bytes, len);
	w->source.data = exact;
	w->source.len = len;
	wrong = fastpath_claim(w->policy, &w->source, w->root, w->generation, hook, ipv6, accepted);
	free(exact);
	if (wrong)
		fail_msg("hook %d: %s", hook, wrong);
	w->accepted += *accepted;
}

static void expect_yes_to_plain(struct world *w, enum hook hook, const struct packet *p,
				const uint8_t *bytes, size_t len, bool accepted)
{
	struct policy_verdict verdict;
	struct packet parsed;

	if (!is_plain(w, hook, p))
		return;
	if (packet_parse((enum family)p->src.family, bytes, len, len, &parsed) != PACKET_OK)
		return;
	policy_eval(w->policy, hook, NULL, &parsed, &verdict);
	if (accepted != (verdict.outcome == POLICY_JUDGED && verdict.action == ACTION_ALLOW))
		fail_msg("hook %d, protocol %d: allowed, and the filter does not know", hook,
			 p->protocol);
}

static struct packet packet_for(struct random_state *r, const struct world *w, enum hook hook)
{
	enum direction direction = hook == HOOK_OUTPUT || hook == HOOK_POSTROUTING ? OUTBOUND
				   : hook == HOOK_FORWARD ? (enum direction)rnd(r, 2)
							  : INBOUND;
	const struct random_list *l = &w->lists[rnd(r, ACLS)][direction];
	struct packet p = rnd_packet(r, l, direction);
	struct addr *near = direction == INBOUND ? &p.dst : &p.src;

	if (p.fragment)
		show_transport(&p, false, (uint16_t)rnd(r, 65536));
	p.hop_limit = rnd(r, 2) ? 255 : 64;
	for (size_t tries = 0; hook == HOOK_FORWARD && tries < 8 && w->policy->subnet_count;
	     tries++) {
		struct prefix *prefix =
			&w->policy->subnets[rnd(r, (uint32_t)w->policy->subnet_count)].prefix;

		if (prefix->addr.family == near->family)
			*near = addr_near(r, prefix);
	}
	return p;
}

/* Breaks a packet: some bytes, its length, or a field that a length stands in. */
static size_t spoil(struct random_state *r, uint8_t *bytes, size_t len)
{
	for (uint32_t n = rnd(r, 4); n > 0; n--)
		bytes[rnd(r, (uint32_t)len)] = (uint8_t)rnd64(r);
	if (rnd(r, 3) == 0)
		bytes[rnd(r, 8)] ^= (uint8_t)(1 << rnd(r, 8));
	return rnd(r, 3) ? len : rnd(r, (uint32_t)len + 8);
}

static void yes_means_that_the_daemon_would_accept(void **state)
{
	const char *scale = getenv("FASTPATH_POLICIES");
	size_t policies = scale ? strtoul(scale, NULL, 10) : 600 / SLOW, sent = 0, accepted = 0;

	(void)state;
	for (size_t i = 0; i < policies; i++) {
		struct random_state r = {.state = i};
		uint8_t bytes[BYTES];
		struct world w;

		world_init(&r, &w, &budgets[i % BUDGETS]);
		for (size_t n = 0; n < 1500; n++, sent++) {
			enum hook hook = (enum hook)rnd(&r, HOOKS);
			struct packet p = packet_for(&r, &w, hook);
			bool ipv6 = p.src.family == FAMILY_IPV6, yes;
			size_t len = put_packet(&r, bytes, &p);

			ask(&w, hook, ipv6, bytes, len, &yes);
			expect_yes_to_plain(&w, hook, &p, bytes, len, yes);
			len = spoil(&r, bytes, len);
			ask(&w, hook, rnd(&r, 16) ? ipv6 : !ipv6, bytes, len, &yes);
		}
		accepted += w.accepted;
		world_fini(&w);
	}
	assert_true(accepted > sent / 10);
}

/* A policy that allows everything, everywhere. */
static void open_world(struct world *w)
{
	struct rule rule = {.number = 1,
			    .action = ACTION_ALLOW,
			    .protocol = PROTOCOL_ALL,
			    .icmp_type = RULE_ANY,
			    .icmp_code = RULE_ANY};
	struct prefix subnet;
	size_t used = 0;

	*w = (struct world){.policy = policy_new(), .root = 1};
	assert_non_null(policy_add_acl(w->policy, "open"));
	for (uint16_t n = 1; n <= 2; n++) {
		rule.number = n;
		rule.prefix.addr.family = n == 1 ? FAMILY_IPV4 : FAMILY_IPV6;
		assert_int_equal(acl_add_rule(&w->policy->acls[0], INBOUND, &rule), 0);
		assert_int_equal(acl_add_rule(&w->policy->acls[0], OUTBOUND, &rule), 0);
	}
	w->policy->host.acl = w->policy->edges.default_route = 0;
	assert_int_equal(prefix_parse("192.0.2.0/24", &subnet, NULL), PREFIX_OK);
	assert_int_equal(policy_add_subnet(w->policy, &subnet, 0), 0);
	assert_int_equal(prefix_parse("2001:db8::/64", &subnet, NULL), PREFIX_OK);
	assert_int_equal(policy_add_subnet(w->policy, &subnet, 0), 0);
	assert_null(policy_finish(w->policy));
	assert_int_equal(policy_compile(w->policy), 0);
	w->words = calloc(CAPACITY, sizeof(*w->words));
	w->counters = calloc((size_t)2 * COUNTERS, sizeof(*w->counters));
	assert_int_equal(fastpath_build(w->policy, 0, w->words + 1, CAPACITY - 1, COUNTERS, &used),
			 0);
	w->source = (struct fastpath_packet_source){.words = w->words,
						    .word_count = 1 + used,
						    .counters = w->counters,
						    .counter_count = COUNTERS};
}

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (unsigned int byte; *hex; hex += 2) {
		while (*hex == ' ')
			hex++;
		if (!*hex)
			break;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

/* The parser's own table, where everything is allowed that can be read. */
static void every_class_of_packet_where_all_is_allowed(void **state)
{
	size_t yes_count = 0;
	struct world w;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < sizeof(packet_cases) / sizeof(packet_cases[0]); i++) {
		const struct packet_case *c = &packet_cases[i];
		uint8_t bytes[4096];
		size_t len = from_hex(c->hex, bytes);

		assert_true(len <= sizeof(bytes));
		for (int hook = 0; hook < HOOKS; hook++) {
			bool yes;

			ask(&w, (enum hook)hook, c->family == FAMILY_IPV6, bytes, len, &yes);
			if (yes && (c->reason != PACKET_OK || c->fragment || c->more_wire))
				fail_msg("\"%s\" was accepted at hook %d", c->name, hook);
			yes_count += yes;
		}
	}
	assert_true(yes_count > 50);
	world_fini(&w);
}

static void nothing_is_accepted_without_valid_tables(void **state)
{
	struct packet p = {.protocol = PROTOCOL_TCP, .l4 = PACKET_L4_PORTS, .dport = 443};
	struct fastpath_control control = {.root = 1, .deadline_ns = 100, .now_s = 1};
	struct random_state r = {0};
	uint8_t bytes[BYTES];
	struct world w;

	(void)state;
	open_world(&w);
	assert_true(addr_parse("198.51.100.1", &p.src) && addr_parse("192.0.2.1", &p.dst));
	w.source.len = put_packet(&r, bytes, &p);
	w.source.data = bytes;
	assert_true(
		fastpath_accepts(&w.source, &control, 99, (uint32_t)w.source.len, HOOK_INPUT, 0));
	assert_false(
		fastpath_accepts(&w.source, &control, 100, (uint32_t)w.source.len, HOOK_INPUT, 0));
	control.root = 0;
	assert_false(
		fastpath_accepts(&w.source, &control, 99, (uint32_t)w.source.len, HOOK_INPUT, 0));
	control.root = 1;
	for (size_t words = 0; words < w.source.word_count; words++) {
		struct fastpath_packet_source cut = w.source;

		cut.word_count = words; /* a map that ends too early is no map */
		fastpath_accepts(&cut, &control, 99, (uint32_t)cut.len, HOOK_INPUT, 0);
	}
	world_fini(&w);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct random_state r = {.state = 7};
	size_t used, again;
	struct world w;

	(void)state;
	world_init(&r, &w, &budgets[0]);
	assert_int_equal(fastpath_build(w.policy, 0, w.words, CAPACITY, COUNTERS, &used), 0);
	assert_int_equal(fastpath_build(w.policy, 0, w.words, used, COUNTERS, &again), 0);
	for (size_t capacity = 0; capacity < used; capacity++) {
		uint64_t *exact = malloc(capacity * sizeof(*exact) + 1);

		assert_int_equal(fastpath_build(w.policy, 0, exact, capacity, COUNTERS, &again),
				 -E2BIG);
		free(exact);
	}
	assert_int_equal(
		fastpath_build(w.policy, 0, w.words, CAPACITY, w.policy->counter_count, &again),
		-E2BIG);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yes_means_that_the_daemon_would_accept),
		cmocka_unit_test(every_class_of_packet_where_all_is_allowed),
		cmocka_unit_test(nothing_is_accepted_without_valid_tables),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
