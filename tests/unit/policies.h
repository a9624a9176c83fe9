/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy that test_policy.c judges by, and what it expects of a verdict. The policy has four
 * ACLs, whose rules number themselves: ACL a has inbound rule a * 100 + 10 and outbound rule
 * a * 100 + 20, each about TCP port 443 (and one more for IPv6); so a verdict shows by its numbers
 * who was asked.
 */
#ifndef NACLD_TESTS_UNIT_POLICIES_H
#define NACLD_TESTS_UNIT_POLICIES_H

#include "samples.h"

#include "core/policy.h"

#define WEB    443 /* every list allows it */
#define TELNET 23  /* none does */

static inline void add_rule(struct policy *policy, uint32_t acl, enum direction direction,
			    struct rule rule)
{
	assert_int_equal(acl_add_rule(&policy->acls[acl], direction, &rule), 0);
}

static inline void add_acl(struct policy *policy, const char *name)
{
	uint32_t a = (uint32_t)policy->acl_count;
	uint16_t in = (uint16_t)(a * 100 + 10), out = (uint16_t)(a * 100 + 20);

	assert_non_null(policy_add_acl(policy, name));
	add_rule(policy, a, INBOUND, port_rule_of(in, 1, 6, "0.0.0.0/0", WEB, WEB));
	add_rule(policy, a, OUTBOUND, port_rule_of(out, 1, 6, "0.0.0.0/0", WEB, WEB));
	add_rule(policy, a, INBOUND, port_rule_of(in + 1, 1, 6, "::/0", WEB, WEB));
	add_rule(policy, a, OUTBOUND, port_rule_of(out + 1, 1, 6, "::/0", WEB, WEB));
}

static inline void add_subnet(struct policy *policy, const char *cidr, uint32_t acl)
{
	struct prefix prefix = prefix_of(cidr);

	assert_int_equal(policy_add_subnet(policy, &prefix, acl), 0);
}

/*
 * host: ACL 0; 10.0.1.0/24 and 2001:db8:1::/64: ACL 1; 10.0.2.0/24 and v6: ACL 2; 10.0.3.0/24: 3.
 */
static inline struct policy *four_acls(void)
{
	struct policy *policy = policy_new();

	assert_non_null(policy);
	add_acl(policy, "host");
	add_acl(policy, "one");
	add_acl(policy, "two");
	add_acl(policy, "three");
	policy->host.acl = 0;
	add_subnet(policy, "10.0.1.0/24", 1);
	add_subnet(policy, "2001:db8:1::/64", 1);
	add_subnet(policy, "10.0.2.0/24", 2);
	add_subnet(policy, "2001:db8:2::/64", 2);
	add_subnet(policy, "10.0.3.0/24", 3);
	assert_null(policy_finish(policy));
	return policy;
}

struct expected {
	enum action action;
	enum policy_outcome outcome;
	unsigned int step_count;
	struct {
		uint32_t acl;
		enum direction direction;
		unsigned int rule; /* 0: the implicit one */
	} steps[2];
};

static inline void expect(const struct policy *policy, enum hook hook, const char *interface,
			  struct packet packet, struct expected e, int line)
{
	struct policy_verdict v;

	memset(&v, 0xa5, sizeof(v));
	policy_eval(policy, hook, interface, &packet, &v);
	if (v.action != e.action || v.outcome != e.outcome || v.step_count != e.step_count)
		fail_msg("line %d: %s, %s, %u steps", line, action_name(v.action),
			 policy_outcome_name(v.outcome), v.step_count);
	for (unsigned int i = 0; i < v.step_count; i++) {
		const struct policy_step *step = &v.steps[i];
		const struct acl_list *list = &policy->acls[step->acl].lists[step->direction];

		if (step->acl != e.steps[i].acl || step->direction != e.steps[i].direction ||
		    (step->rule ? step->rule->number : 0) != e.steps[i].rule)
			fail_msg("line %d: step %u: acl %u, %s, rule %u", line, i, step->acl,
				 direction_name(step->direction),
				 step->rule ? step->rule->number : 0);
		assert_int_equal(step->action, step->rule ? ACTION_ALLOW : ACTION_DENY);
		assert_int_equal(step->counter,
				 step->rule ? step->rule->counter : list->implicit_counter);
	}
}

#define EXPECT(policy, hook, interface, packet, ...) \
	expect(policy, hook, interface, packet, (struct expected)__VA_ARGS__, __LINE__)

#endif
