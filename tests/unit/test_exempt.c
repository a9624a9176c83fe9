/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exempt list is rendered four times: policy_exempts, the steering rules for nft and for
 * iptables, and the exported rules. A drift between them would change filtering and tell nobody, so
 * a space of packets is enumerated and put to all four. The rulesets are read as text by a reader
 * of just the matches that they use, which fails on every other word. (That the kernel reads the
 * same out of them is shown on real packets: tests/e2e/test_export.py, test_steer.py.)
 */
#include "samples.h"

#include <stdio.h>

#include "core/policy.h"
#include "interop/nft/nft.h"
#include "steer/kernel/iptables.h"
#include "steer/kernel/nft.h"

enum piece {
	WHOLE,
	FIRST, /* fragment: its transport header is there */
	LATER, /* fragment: it is not */
	PIECES,
};

struct sample {
	enum hook hook;
	const char *interface;
	struct packet packet;
	enum piece piece;
};

/*
 * The ports that a ruleset's matches see: those of a later fragment too, where nft reads whatever
 * stands at their place.
 */
static bool is_port(const struct sample *s, uint16_t port, unsigned int wanted)
{
	return s->packet.protocol == PROTOCOL_UDP && port == wanted;
}

/* The value of a match's word, which must be a number. */
static unsigned int number(const char *word, char **end)
{
	assert_non_null(word);
	assert_true(word[0] >= '0' && word[0] <= '9');
	return (unsigned int)strtoul(word, end, 10);
}

static bool by_interface(const struct sample *s, char side, const char *name)
{
	return side == (s->hook == HOOK_OUTPUT ? 'o' : 'i') && strcmp(name, s->interface) == 0;
}

static bool has_type(const struct sample *s, unsigned int first, unsigned int last)
{
	return s->packet.protocol == PROTOCOL_ICMPV6 && s->piece != LATER &&
	       s->packet.icmp_type >= first && s->packet.icmp_type <= last;
}

static bool is_family(const struct sample *s, enum family family)
{
	return s->packet.src.family == family;
}

/* One match of an nft rule, whose first word was read already. */
static bool nft_match(const struct sample *s, const char *word, char **rest)
{
	const char *what = strtok_r(NULL, " ", rest);
	char *end;
	unsigned int n;

	if (strcmp(word + 1, "ifname") == 0)
		return by_interface(s, word[0],
				    strcmp(what, "\"lo\"") == 0 ? "lo" : "an unexpected name");
	if (strcmp(word, "meta") == 0) {
		assert_string_equal(what, "nfproto");
		what = strtok_r(NULL, " ", rest);
		return is_family(s, strcmp(what, "ipv6") == 0 ? FAMILY_IPV6 : FAMILY_IPV4);
	}
	if (strcmp(word, "exthdr") == 0) {
		assert_string_equal(strtok_r(NULL, " ", rest), "missing");
		return is_family(s, FAMILY_IPV6) && s->piece == WHOLE;
	}
	if (strcmp(word, "frag") == 0) {
		assert_string_equal(strtok_r(NULL, " ", rest), "0");
		return is_family(s, FAMILY_IPV6) && s->piece == FIRST;
	}
	if (strcmp(word, "ip") == 0 && strcmp(what, "frag-off") == 0) {
		for (int i = 0; i < 3; i++)
			what = strtok_r(NULL, " ", rest); /* & 0x1fff 0 */
		assert_string_equal(what, "0");
		return is_family(s, FAMILY_IPV4) && s->piece != LATER;
	}
	n = number(strtok_r(NULL, " ", rest), &end);
	if (strcmp(word, "ip6") == 0 && strcmp(what, "hoplimit") == 0)
		return is_family(s, FAMILY_IPV6) && s->packet.hop_limit == n;
	if (strcmp(word, "icmpv6") == 0 && strcmp(what, "type") == 0)
		return has_type(s, n, number(end + 1, NULL));
	assert_string_equal(word, "udp");
	if (strcmp(what, "sport") == 0)
		return is_port(s, s->packet.sport, n);
	assert_string_equal(what, "dport");
	return is_port(s, s->packet.dport, n);
}

/* The same for iptables: an option and its value. */
static bool iptables_match(const struct sample *s, const char *option, char **rest)
{
	const char *value = strtok_r(NULL, " ", rest);

	assert_non_null(value);
	if (strcmp(option, "-m") == 0)
		return true;
	if (strcmp(option, "!") == 0) {
		assert_string_equal(value, "--header");
		assert_string_equal(strtok_r(NULL, " ", rest), "ipv6-frag");
		assert_string_equal(strtok_r(NULL, " ", rest), "--soft");
		return s->piece == WHOLE;
	}
	if (strcmp(option, "-i") == 0 || strcmp(option, "-o") == 0)
		return by_interface(s, option[1], value);
	if (strcmp(option, "-p") == 0)
		return s->packet.protocol ==
		       (strcmp(value, "udp") == 0 ? PROTOCOL_UDP : PROTOCOL_ICMPV6);
	if (strcmp(option, "--sport") == 0)
		return is_port(s, s->packet.sport, number(value, NULL));
	if (strcmp(option, "--dport") == 0)
		return is_port(s, s->packet.dport, number(value, NULL));
	if (strcmp(option, "--icmpv6-type") == 0)
		return has_type(s, number(value, NULL), number(value, NULL));
	assert_string_equal(option, "--hl-eq");
	return s->packet.hop_limit == number(value, NULL);
}

/* Does the rule match, and let the packet leave the chain? */
static bool rule_passes(const struct sample *s, char *rule, bool iptables)
{
	bool matches = true;
	char *rest, *word;

	for (word = strtok_r(rule, " \t", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (strcmp(word, "return") == 0)
			return matches;
		if (strcmp(word, "-j") == 0)
			return strcmp(strtok_r(NULL, " ", &rest), "RETURN") == 0 && matches;
		if (strcmp(word, "queue") == 0 || strcmp(word, "goto") == 0)
			return false;
		if (strcmp(word, "counter") == 0)
			continue;
		if (!(iptables ? iptables_match(s, word, &rest) : nft_match(s, word, &rest)))
			matches = false;
	}
	fail_msg("a rule without an end");
	return false;
}

/*
 * Does any rule of a chain let the packet pass? Its rules are the lines that begin with `prefix`,
 * the first of them behind `begin`.
 */
static bool chain_passes(const struct sample *s, const char *text, const char *begin,
			 const char *prefix, bool iptables)
{
	const char *at = strstr(text, begin);
	char line[256];

	for (at = at ? at + strlen(begin) : ""; strncmp(at, prefix, strlen(prefix)) == 0;
	     at = strchr(at, '\n') + 1) {
		size_t len = strcspn(at, "\n");

		assert_true(len < sizeof(line));
		memcpy(line, at, len);
		line[len] = '\0';
		if (strncmp(line, "\t\ttype filter", 13) != 0 &&
		    rule_passes(s, line + strlen(prefix), iptables))
			return true;
	}
	return false;
}

/* What a policy is turned into. */
struct rulesets {
	const struct policy *policy;
	char *nft, *exported, *iptables[2];
};

static void compare(const struct rulesets *rules, const struct sample *s, size_t *passed)
{
	static const char *const nft_begin[] = {"\tchain input {\n", "\tchain forward {\n",
						"\tchain output {\n"};
	/* The chains are declared in this order of the alphabet, then come their rules. */
	static const char *const xt_begin[] = {":NACLD-IN - [0:0]\n", ":NACLD-FWD - [0:0]\n",
					       ":NACLD-OUT - [0:0]\n"};
	static const char *const xt_prefix[] = {"-A NACLD-IN ", "-A NACLD-FWD ", "-A NACLD-OUT "};
	const char *xt = rules->iptables[s->packet.src.family == FAMILY_IPV6];
	bool exempt = policy_exempts(rules->policy, s->hook, s->interface, &s->packet);
	bool nft = chain_passes(s, rules->nft, nft_begin[s->hook], "\t\t", false);
	bool iptables = chain_passes(s, xt, xt_begin[s->hook], xt_prefix[s->hook], true);

	/* A fragment of IPv6 may go to the daemon all the same; IPv4's never get that far. */
	if (s->piece != WHOLE && exempt)
		nft = iptables = true;
	if (s->piece == LATER && is_family(s, FAMILY_IPV4))
		nft = iptables = exempt;
	if (exempt != (policy_exempts(rules->policy, s->hook, NULL, &s->packet) != 0) ||
	    exempt != nft || exempt != iptables ||
	    exempt != chain_passes(s, rules->exported, nft_begin[s->hook], "\t\t", false))
		fail_msg("mask %u, hook %s, IPv%d, %s, protocol %d, ports %d %d, type %d, hops %d, "
			 "piece %d: %s by the policy, not by all",
			 rules->policy->exempt, hook_name(s->hook), s->packet.src.family,
			 s->interface, s->packet.protocol, s->packet.sport, s->packet.dport,
			 s->packet.icmp_type, s->packet.hop_limit, s->piece,
			 exempt ? "exempt" : "not exempt");
	*passed += exempt;
}

static void each_port(const struct rulesets *rules, struct sample s, size_t *passed)
{
	static const uint16_t ports[] = {0, 67, 68, 546, 547, 40000};

	s.packet.l4 = s.piece == LATER ? PACKET_L4_NONE : PACKET_L4_PORTS;
	for (size_t i = 0; i < COUNT(ports) * COUNT(ports); i++) {
		s.packet.sport = ports[i / COUNT(ports)];
		s.packet.dport = ports[i % COUNT(ports)];
		compare(rules, &s, passed);
	}
}

static void each_type(const struct rulesets *rules, struct sample s, size_t *passed)
{
	bool icmpv6 = is_family(&s, FAMILY_IPV6) && s.packet.protocol == PROTOCOL_ICMPV6;

	if (icmpv6 && s.piece != LATER)
		s.packet.l4 = PACKET_L4_ICMP;
	for (uint8_t type = 131; type <= 138; type++) {
		s.packet.icmp_type = s.packet.l4 == PACKET_L4_ICMP ? type : 0;
		for (unsigned int hops = 254; hops <= 255; hops++) {
			s.packet.hop_limit = (uint8_t)hops;
			compare(rules, &s, passed);
		}
	}
}

static void each_packet(const struct rulesets *rules, enum hook hook, const char *interface,
			const char *address, size_t *passed)
{
	static const int protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMPV6,
					136};

	for (size_t i = 0; i < COUNT(protocols); i++) {
		for (int piece = WHOLE; piece < PIECES; piece++) {
			struct sample s = {.hook = hook,
					   .interface = interface,
					   .packet = packet_of(protocols[i], address, address),
					   .piece = (enum piece)piece};

			s.packet.fragment = piece != WHOLE;
			if (protocols[i] == PROTOCOL_TCP || protocols[i] == PROTOCOL_UDP)
				each_port(rules, s, passed);
			else
				each_type(rules, s, passed);
		}
	}
}

static char *exported(const struct policy *policy)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	const char *bad;

	assert_non_null(to);
	assert_int_equal(nft_print(policy, to, &bad), 0);
	assert_int_equal(fclose(to), 0);
	return text;
}

static size_t count_exempt(unsigned int mask)
{
	struct policy *policy = policy_new();
	struct rulesets rules = {.policy = policy};
	struct steer_plan plan;
	const char *bad;
	size_t passed = 0;

	assert_non_null(policy_add_acl(policy, "web"));
	policy->host.acl = 0;
	policy->exempt = mask;
	assert_null(policy_finish(policy));
	policy->fragments = POLICY_STRICT; /* no chain of ours but those that packets pass */
	assert_int_equal(steer_plan_build(policy, &plan, &bad), 0);
	rules.nft = nft_render(&plan);
	rules.iptables[0] = iptables_render(&plan, FAMILY_IPV4, "security");
	rules.iptables[1] = iptables_render(&plan, FAMILY_IPV6, "security");
	rules.exported = exported(policy);
	for (int hook = HOOK_INPUT; hook <= HOOK_OUTPUT; hook++) {
		each_packet(&rules, (enum hook)hook, "lo", "127.0.0.1", &passed);
		each_packet(&rules, (enum hook)hook, "lo", "::1", &passed);
		each_packet(&rules, (enum hook)hook, "eth0", "192.0.2.1", &passed);
		each_packet(&rules, (enum hook)hook, "eth0", "2001:db8::1", &passed);
	}
	free(rules.nft);
	free(rules.iptables[0]);
	free(rules.iptables[1]);
	free(rules.exported);
	steer_plan_fini(&plan);
	policy_free(policy);
	return passed;
}

static void every_rendering_is_the_same_set_of_packets(void **state)
{
	(void)state;
	assert_int_equal(count_exempt(0), 0);
	for (unsigned int mask = 1; mask <= EXEMPT_DEFAULT; mask++)
		assert_true(count_exempt(mask) > 0);
}

/* Whole and first fragments, of 6 ports: in 6 sources each, out one, for two interfaces. */
static void dhcp_is_as_large_as_it_should_be(void **state)
{
	(void)state;
	assert_int_equal(count_exempt(EXEMPT_DHCP), 2 * 2 * 2 * (6 + 1));
	assert_int_equal(count_exempt(EXEMPT_NEIGHBOUR_DISCOVERY), 2 * 2 * 2 * 4);
}

/* Every name has a shape, and every shape a name. */
static void names_and_shapes_belong_together(void **state)
{
	unsigned int seen = 0;

	(void)state;
	for (size_t i = 0; exempt_shape(i); i++) {
		assert_non_null(exempt_name(exempt_shape(i)->exempt));
		assert_true(exempt_shape(i)->directions);
		seen |= exempt_shape(i)->exempt;
	}
	assert_int_equal(seen, EXEMPT_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rendering_is_the_same_set_of_packets),
		cmocka_unit_test(dhcp_is_as_large_as_it_should_be),
		cmocka_unit_test(names_and_shapes_belong_together),
	};

	return cmocka_run_group_tests_name("exempt", tests, NULL, NULL);
}
