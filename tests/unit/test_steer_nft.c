/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "steer/kernel/nft.h"

static struct steer_rule rules[] = {
	{.chain = STEER_INPUT, .action = STEER_PASS, .interface = "lo"},
	{.chain = STEER_INPUT,
	 .action = STEER_PASS,
	 .family = FAMILY_IPV6,
	 .protocol = PROTOCOL_ICMPV6,
	 .type_first = 133,
	 .type_last = 136,
	 .hop_limit = 255},
	{.chain = STEER_INPUT,
	 .action = STEER_PASS,
	 .family = FAMILY_IPV6,
	 .protocol = PROTOCOL_UDP,
	 .sport = 547,
	 .dport = 546},
	{.chain = STEER_INPUT, .action = STEER_QUEUE},
	{.chain = STEER_OUTPUT, .action = STEER_QUEUE, .interface = "eth0"},
};

static struct steer_plan some_plan(void)
{
	return (struct steer_plan){.rules = rules, .count = 5};
}

/* As `nft --stateless list table inet nacld` (1.0.6) prints it. */
static const char listed[] = "table inet nacld {\n"
			     "\tchain input {\n"
			     "\t\ttype filter hook input priority mangle - 10; policy accept;\n"
			     "\t\tiifname \"lo\" return\n"
			     "\t\ticmpv6 type 133-136 ip6 hoplimit 255 return\n"
			     "\t\tmeta nfproto ipv6 udp sport 547 udp dport 546 return\n"
			     "\t\tcounter queue to 0\n"
			     "\t}\n"
			     "\n"
			     "\tchain forward {\n"
			     "\t\ttype filter hook forward priority mangle - 10; policy accept;\n"
			     "\t}\n"
			     "\n"
			     "\tchain output {\n"
			     "\t\ttype filter hook output priority security + 10; policy accept;\n"
			     "\t\toifname \"eth0\" counter queue to 0\n"
			     "\t}\n"
			     "\n"
			     "\tchain defrag {\n"
			     "\t}\n"
			     "}\n";

static void expect(char *text, const char *wanted)
{
	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static void expect_contains(char *text, const char *what)
{
	assert_non_null(text);
	if (!strstr(text, what))
		fail_msg("no \"%s\" in:\n%s", what, text);
	free(text);
}

static void rendered_as_listed(void **state)
{
	struct steer_plan plan = some_plan();

	(void)state;
	expect(nft_render(&plan), listed);
}

static void queues_and_bypass(void **state)
{
	struct steer_plan plan = some_plan();

	(void)state;
	plan.queue_first = 2;
	plan.queue_last = 5;
	expect_contains(nft_render(&plan), "oifname \"eth0\" counter queue to 2-5\n");
	plan.bypass = true;
	expect_contains(nft_render(&plan), "\t\tcounter queue flags bypass to 2-5\n");
}

static void subnets_and_single_addresses(void **state)
{
	struct steer_rule forward = {.chain = STEER_FORWARD,
				     .action = STEER_QUEUE,
				     .family = FAMILY_IPV4,
				     .has_src = true,
				     .has_dst = true};
	struct steer_plan plan = {.rules = &forward, .count = 1};

	(void)state;
	assert_int_equal(prefix_parse("10.0.1.0/24", &forward.src, NULL), PREFIX_OK);
	assert_int_equal(prefix_parse("10.0.2.1/32", &forward.dst, NULL), PREFIX_OK);
	expect_contains(nft_render(&plan), "\t\tip saddr 10.0.1.0/24 ip daddr 10.0.2.1 counter");
	assert_int_equal(prefix_parse("2001:db8::/32", &forward.src, NULL), PREFIX_OK);
	assert_int_equal(prefix_parse("2001:db8::1/128", &forward.dst, NULL), PREFIX_OK);
	expect_contains(nft_render(&plan),
			"\t\tip6 saddr 2001:db8::/32 ip6 daddr 2001:db8::1 counter");
}

static void reassembly_is_one_rule_nothing_passes(void **state)
{
	struct steer_plan plan = some_plan();

	(void)state;
	plan.defrag = true;
	expect_contains(nft_render(&plan),
			"\tchain defrag {\n\t\tudp dport 1 tproxy to :1 comment");
}

static void equal_changes_nothing(void **state)
{
	(void)state;
	expect(nft_transition(listed, listed), "");
	expect(nft_transition("", ""), "");
}

static void first_load_and_removal(void **state)
{
	(void)state;
	expect(nft_transition("", listed), listed);
	expect(nft_transition(listed, ""), "delete table inet nacld\n");
}

/* Same base chains: they are emptied and refilled, never deleted. */
static void a_change_keeps_the_base_chains(void **state)
{
	struct steer_plan plan = some_plan();
	char *target, *script;

	(void)state;
	plan.queue_first = plan.queue_last = 9;
	plan.defrag = true;
	target = nft_render(&plan);
	script = nft_transition(listed, target);
	assert_non_null(script);
	assert_memory_equal(script, "flush table inet nacld\ntable inet nacld {\n", 42);
	assert_string_equal(script + strlen("flush table inet nacld\n"), target);
	free(script);
	free(target);
}

/* Somebody added a chain, or an older release hooked elsewhere: only a new table is right. */
static void other_base_chains_need_a_new_table(void **state)
{
	static const char foreign[] = "table inet nacld {\n"
				      "\tchain input {\n"
				      "\t\ttype filter hook input priority filter; policy accept;\n"
				      "\t}\n"
				      "}\n";
	char *script = nft_transition(foreign, listed);

	(void)state;
	assert_non_null(script);
	assert_memory_equal(script, "delete table inet nacld\ntable", 29);
	free(script);
}

/* nftables 1.1.3 prints masks in hexadecimal, 1.0.6 in decimal. */
static void a_newer_listing_is_the_same(void **state)
{
	char newer[] = "\t\tip frag-off & 0x1fff == 0x0 udp sport 67 return\n"
		       "\t\tiifname \"a\" ip frag-off & 0x1fff == 0x0 return\n";

	(void)state;
	nft_normalize(newer);
	assert_string_equal(newer, "\t\tip frag-off & 8191 == 0 udp sport 67 return\n"
				   "\t\tiifname \"a\" ip frag-off & 8191 == 0 return\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_newer_listing_is_the_same),
		cmocka_unit_test(rendered_as_listed),
		cmocka_unit_test(queues_and_bypass),
		cmocka_unit_test(subnets_and_single_addresses),
		cmocka_unit_test(reassembly_is_one_rule_nothing_passes),
		cmocka_unit_test(equal_changes_nothing),
		cmocka_unit_test(first_load_and_removal),
		cmocka_unit_test(a_change_keeps_the_base_chains),
		cmocka_unit_test(other_base_chains_need_a_new_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
