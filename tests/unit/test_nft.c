/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order in which an exported chain asks its rules: whatever it is, the first one that matches
 * must be the rule that acl_eval names, and rules that share a lookup must never both match.
 */
#include "samples.h"

#include <errno.h>

#include "core/acl.h"
#include "interop/nft/internal.h"

static const char *const cidrs[] = {"0.0.0.0/0",      "203.0.113.0/24",    "203.0.113.128/25",
				    "203.0.113.9/32", "198.51.100.0/24",   "::/0",
				    "2001:db8::/32",  "2001:db8:1::9/128", "2001:db8:1::/48"};
static const char *const remotes[] = {"203.0.113.9",  "203.0.113.200", "198.51.100.1",
				      "192.0.2.77",   "2001:db8:1::9", "2001:db8:1::8",
				      "2001:db8:2::", "3fff::1"};
static const int protocols[] = {PROTOCOL_ALL,  PROTOCOL_TCP,    PROTOCOL_TCP, PROTOCOL_UDP,
				PROTOCOL_ICMP, PROTOCOL_ICMPV6, 47,           50};

/* Repeatable; the top bits are the good ones. */
static unsigned int roll(uint64_t *state, unsigned int sides)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (unsigned int)(*state >> 33) % sides;
}

static struct rule random_rule(uint64_t *seed, uint16_t number, const struct prefix_set *set)
{
	int protocol = protocols[roll(seed, COUNT(protocols))];
	struct rule rule = rule_of(number, roll(seed, 2) ? ACTION_ALLOW : ACTION_DENY, protocol,
				   cidrs[roll(seed, COUNT(cidrs))]);

	if (roll(seed, 8) == 0)
		rule.set = set;
	if (rule_has_ports(&rule) && roll(seed, 4)) {
		rule.port_first = (uint16_t)roll(seed, 8);
		rule.port_last = (uint16_t)(rule.port_first + roll(seed, 3));
	}
	if (rule_has_icmp(&rule) && roll(seed, 4)) {
		rule.icmp_type = (int16_t)roll(seed, 3);
		rule.icmp_code = (int16_t)((int)roll(seed, 3) - 1);
	}
	assert_null(rule_invalid(&rule));
	return rule;
}

static struct packet random_packet(uint64_t *seed, enum direction direction)
{
	const char *remote = remotes[roll(seed, COUNT(remotes))];
	const char *local = strchr(remote, ':') ? "2001:db8:f::1" : "192.0.2.1";
	int protocol = protocols[1 + roll(seed, COUNT(protocols) - 1)];
	struct packet packet = packet_of(protocol, remote, remote);

	*(direction == INBOUND ? &packet.dst : &packet.src) = addr_of(local);
	if (roll(seed, 8) == 0) {
		packet.fragment = 1;
		return packet;
	}
	packet.dport = (uint16_t)roll(seed, 11);
	packet.icmp_type = (uint8_t)roll(seed, 3);
	packet.icmp_code = (uint8_t)roll(seed, 3);
	if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP)
		packet.l4 = PACKET_L4_PORTS;
	else if (protocol == (packet.src.family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6))
		packet.l4 = PACKET_L4_ICMP;
	return packet;
}

static bool shares_lookup(const struct nft_match *a, const struct nft_match *b)
{
	return a->level == b->level && a->kind == b->kind && a->anywhere == b->anywhere &&
	       !a->rule->set && !b->rule->set;
}

/* The first rule that matches in the chain's order. */
static const struct rule *first_in_chain(const struct nft_list *list, const struct packet *packet)
{
	const struct nft_match *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct nft_match *match = &list->matches[i];

		if (!rule_matches(match->rule, list->direction, packet))
			continue;
		if (found && shares_lookup(found, match))
			fail_msg("rules %u and %u share a lookup and a packet", found->rule->number,
				 match->rule->number);
		if (!found)
			found = match;
	}
	return found ? found->rule : NULL;
}

static size_t check_list(uint64_t *seed, struct nft_list *list, const struct acl *acl)
{
	const struct acl_list *rules = &acl->lists[list->direction];
	size_t shared = 0;

	assert_int_equal(nft_list_build(list, rules), 0);
	for (size_t i = 1; i < list->count; i++)
		shared += shares_lookup(&list->matches[i - 1], &list->matches[i]);
	for (int n = 0; n < 200; n++) {
		struct packet packet = random_packet(seed, list->direction);

		if (packet.src.family == list->family)
			assert_ptr_equal(first_in_chain(list, &packet),
					 acl_eval(rules, list->direction, &packet));
	}
	nft_list_fini(list);
	return shared;
}

static void the_chain_decides_as_the_list(void **state)
{
	struct prefix mixed[] = {prefix_of("203.0.113.8/31"), prefix_of("2001:db8:1::8/127")};
	const struct prefix_set set = {.prefixes = mixed, .count = COUNT(mixed)};
	size_t shared = 0;
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		enum direction direction = round % 2 ? INBOUND : OUTBOUND;
		unsigned int count = roll(&seed, 30);
		struct acl acl = {0};

		for (unsigned int i = 1; i <= count; i++) {
			struct rule rule = random_rule(&seed, (uint16_t)(i * 10), &set);

			assert_int_equal(acl_add_rule(&acl, direction, &rule), 0);
		}
		assert_true(acl_sort(&acl));
		for (int f = FAMILY_IPV4; f <= FAMILY_IPV6; f += 2) {
			struct nft_list list = {.direction = direction, .family = (enum family)f};

			shared += check_list(&seed, &list, &acl);
		}
		acl_fini(&acl);
	}
	assert_true(shared > 1000);
}

/* What makes the export worth it: rules that differ in their ports are one lookup. */
static void disjoint_rules_share_one_level(void **state)
{
	struct nft_list list = {.direction = INBOUND, .family = FAMILY_IPV4};
	struct acl acl = {0};

	(void)state;
	for (uint16_t n = 1; n <= 500; n++) {
		struct rule rule =
			rule_of(n, n % 2 ? ACTION_ALLOW : ACTION_DENY, PROTOCOL_TCP, "0.0.0.0/0");

		rule.port_first = rule.port_last = n;
		assert_int_equal(acl_add_rule(&acl, INBOUND, &rule), 0);
	}
	assert_true(acl_sort(&acl));
	assert_int_equal(nft_list_build(&list, &acl.lists[INBOUND]), 0);
	assert_int_equal(list.count, 500);
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(list.matches[i].level, 1);
	nft_list_fini(&list);
	acl_fini(&acl);
}

static void interface_names_that_cannot_stand_in_a_ruleset(void **state)
{
	static const char *const bad[] = {"eth*", "a\"b", "-x", "a b", "\xc3\xa4"};
	FILE *to = fopen("/dev/null", "w");

	(void)state;
	assert_non_null(to);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct policy *policy = policy_new();
		const char *name = NULL;

		assert_non_null(policy);
		assert_non_null(policy_add_acl(policy, "web"));
		policy->host.acl = 0;
		assert_int_equal(policy_add_host_interface(policy, "eth0.7"), 0);
		assert_null(policy_finish(policy));
		assert_int_equal(nft_print(policy, to, &name), 0);
		assert_int_equal(policy_add_host_interface(policy, bad[i]), 0);
		assert_int_equal(nft_print(policy, to, &name), -EINVAL);
		assert_string_equal(name, bad[i]);
		policy_free(policy);
	}
	assert_int_equal(fclose(to), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_chain_decides_as_the_list),
		cmocka_unit_test(disjoint_rules_share_one_level),
		cmocka_unit_test(interface_names_that_cannot_stand_in_a_ruleset),
	};

	return cmocka_run_group_tests_name("nft", tests, NULL, NULL);
}
