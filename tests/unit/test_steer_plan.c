/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "steer/plan.h"

static struct policy *host_policy(void)
{
	struct policy *policy = policy_new();

	assert_non_null(policy);
	assert_non_null(policy_add_acl(policy, "web"));
	policy->host.acl = 0;
	return policy;
}

static void add_subnet(struct policy *policy, const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix, NULL), PREFIX_OK);
	assert_int_equal(policy_add_subnet(policy, &prefix, 0), 0);
}

static struct steer_plan build(struct policy *policy)
{
	struct steer_plan plan;
	const char *bad = NULL;

	assert_int_equal(steer_plan_build(policy, &plan, &bad), 0);
	assert_null(bad);
	policy_free(policy);
	return plan;
}

/* In a chain every exemption stands before the first queue rule, which is the last rule. */
static void host_exempts_before_it_queues(void **state)
{
	struct steer_plan plan = build(host_policy());
	const struct steer_rule *last = &plan.rules[plan.count - 1];

	(void)state;
	assert_int_equal(plan.count, 10); /* loopback, neighbours, two of dhcp, queue: twice */
	for (size_t i = 0; i < plan.count; i++)
		assert_int_equal(plan.rules[i].action, i % 5 == 4 ? STEER_QUEUE : STEER_PASS);
	assert_int_equal(plan.rules[0].chain, STEER_INPUT);
	assert_string_equal(plan.rules[0].interface, "lo");
	assert_int_equal(last->chain, STEER_OUTPUT);
	assert_int_equal(last->family, 0);
	assert_string_equal(last->interface, "");
	steer_plan_fini(&plan);
}

static void dhcp_is_the_clients_side(void **state)
{
	struct policy *policy = host_policy();
	struct steer_plan plan;

	(void)state;
	policy->exempt = EXEMPT_DHCP;
	plan = build(policy);
	assert_int_equal(plan.count, 6);
	assert_int_equal(plan.rules[0].sport, 0);
	assert_int_equal(plan.rules[0].dport, 68);
	assert_int_equal(plan.rules[1].sport, 0);
	assert_int_equal(plan.rules[1].dport, 546);
	assert_int_equal(plan.rules[3].sport, 68);
	assert_int_equal(plan.rules[3].dport, 67);
	assert_int_equal(plan.rules[4].sport, 546);
	assert_int_equal(plan.rules[4].dport, 547);
	steer_plan_fini(&plan);
}

static void only_named_interfaces_are_queued(void **state)
{
	struct policy *policy = host_policy();
	struct steer_plan plan;

	(void)state;
	policy->exempt = 0;
	assert_int_equal(policy_add_host_interface(policy, "eth0"), 0);
	assert_int_equal(policy_add_host_interface(policy, "wg-0.1"), 0);
	plan = build(policy);
	assert_int_equal(plan.count, 4);
	assert_string_equal(plan.rules[0].interface, "eth0");
	assert_string_equal(plan.rules[1].interface, "wg-0.1");
	assert_string_equal(plan.rules[3].interface, "wg-0.1");
	steer_plan_fini(&plan);
}

static void names_a_ruleset_would_misread_are_refused(void **state)
{
	static const char *const names[] = {"eth+", "eth*", "a\"b", "!eth0", "-o",
					    "",     "a b",  "a;b",  "$x",    "a\\"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct policy *policy = host_policy();
		struct steer_plan plan;
		const char *bad = NULL;

		assert_int_equal(policy_add_host_interface(policy, names[i]), 0);
		assert_int_equal(steer_plan_build(policy, &plan, &bad), -EINVAL);
		assert_string_equal(bad, names[i]);
		policy_free(policy);
	}
}

static void traffic_within_a_subnet_passes_first(void **state)
{
	struct policy *policy = policy_new();
	struct steer_plan plan;

	(void)state;
	assert_non_null(policy_add_acl(policy, "a"));
	add_subnet(policy, "10.0.1.0/24");
	add_subnet(policy, "2001:db8::/32");
	plan = build(policy);
	assert_int_equal(plan.count, 6);
	for (size_t i = 0; i < plan.count; i++) {
		const struct steer_rule *rule = &plan.rules[i];

		assert_int_equal(rule->chain, STEER_FORWARD);
		assert_int_equal(rule->action, i < 2 ? STEER_PASS : STEER_QUEUE);
		assert_int_equal(rule->has_src, i < 2 || i % 2 == 0);
		assert_int_equal(rule->has_dst, i < 2 || i % 2 == 1);
	}
	assert_true(steer_plan_uses(&plan, STEER_FORWARD, FAMILY_IPV4));
	assert_true(steer_plan_uses(&plan, STEER_FORWARD, FAMILY_IPV6));
	assert_false(steer_plan_uses(&plan, STEER_INPUT, FAMILY_IPV4));
	steer_plan_fini(&plan);
}

static void one_family_leaves_the_other_alone(void **state)
{
	struct policy *policy = policy_new();
	struct steer_plan plan;

	(void)state;
	assert_non_null(policy_add_acl(policy, "a"));
	add_subnet(policy, "2001:db8::/32");
	plan = build(policy);
	assert_false(steer_plan_uses(&plan, STEER_FORWARD, FAMILY_IPV4));
	assert_true(steer_plan_uses(&plan, STEER_FORWARD, FAMILY_IPV6));
	steer_plan_fini(&plan);
}

static void settings_reach_the_plan(void **state)
{
	struct policy *policy = host_policy();
	struct steer_plan plan;

	(void)state;
	policy->queue.first = 65530;
	policy->queue.count = 6;
	policy->on_failure = POLICY_FAIL_ACCEPT;
	policy->fragments = POLICY_STRICT;
	plan = build(policy);
	assert_int_equal(plan.queue_first, 65530);
	assert_int_equal(plan.queue_last, 65535);
	assert_true(plan.bypass);
	assert_false(plan.defrag);
	steer_plan_fini(&plan);

	plan = build(host_policy());
	assert_int_equal(plan.queue_first, plan.queue_last);
	assert_false(plan.bypass);
	assert_true(plan.defrag);
	steer_plan_fini(&plan);
}

static void no_association_is_no_rule(void **state)
{
	struct policy *policy = policy_new();
	struct steer_plan plan;

	(void)state;
	assert_non_null(policy_add_acl(policy, "idle"));
	plan = build(policy);
	assert_int_equal(plan.count, 0);
	steer_plan_fini(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_exempts_before_it_queues),
		cmocka_unit_test(dhcp_is_the_clients_side),
		cmocka_unit_test(only_named_interfaces_are_queued),
		cmocka_unit_test(names_a_ruleset_would_misread_are_refused),
		cmocka_unit_test(traffic_within_a_subnet_passes_first),
		cmocka_unit_test(one_family_leaves_the_other_alone),
		cmocka_unit_test(settings_reach_the_plan),
		cmocka_unit_test(no_association_is_no_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
