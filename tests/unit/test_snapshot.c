/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots: counts of unchanged rules survive a reload, those of changed rules start again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/policy.h"
#include "daemon/path/snapshot.h"

static void add_rule(struct acl *acl, enum direction direction, uint16_t number, uint16_t port)
{
	struct rule rule = {
		.number = number,
		.action = ACTION_ALLOW,
		.protocol = PROTOCOL_TCP,
		.port_first = port,
		.port_last = port,
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
	};

	assert_int_equal(prefix_parse("0.0.0.0/0", &rule.prefix, NULL), PREFIX_OK);
	assert_int_equal(acl_add_rule(acl, direction, &rule), 0);
}

/* Inbound rules by {number, port}, ended by {0, 0}. */
static struct snapshot *snapshot_of(const char *name, uint64_t serial, const uint16_t rules[][2])
{
	struct policy *policy = policy_new();
	struct snapshot *snapshot;
	struct acl *acl;

	assert_non_null(policy);
	acl = policy_add_acl(policy, name);
	assert_non_null(acl);
	for (size_t i = 0; rules[i][0]; i++)
		add_rule(acl, INBOUND, rules[i][0], rules[i][1]);
	assert_null(policy_finish(policy));
	assert_int_equal(snapshot_new(policy, serial, 2, &snapshot), 0);
	return snapshot;
}

static void hit(struct snapshot *snapshot, unsigned int worker, uint32_t counter, uint64_t packets,
		int64_t when)
{
	counter_add(&snapshot->workers[worker][counter].packets, packets);
	counter_add(&snapshot->workers[worker][counter].bytes, packets * 100);
	snapshot->workers[worker][counter].last_hit = when;
}

static const struct rule *inbound(const struct snapshot *snapshot, size_t i)
{
	return &snapshot->policy->acls[0].lists[INBOUND].rules[i];
}

static void counters_are_summed_over_workers(void **state)
{
	static const uint16_t rules[][2] = {{100, 443}, {0, 0}};
	struct snapshot *snapshot = snapshot_of("web", 1, rules);
	struct rule_counter sum;

	(void)state;
	hit(snapshot, 0, 0, 3, 50);
	hit(snapshot, 1, 0, 4, 40);
	sum = snapshot_counter(snapshot, 0);
	assert_int_equal(sum.packets, 7);
	assert_int_equal(sum.bytes, 700);
	assert_int_equal(sum.last_hit, 50);
	snapshot_free(snapshot);
}

static void unchanged_rules_keep_their_counts(void **state)
{
	static const uint16_t before[][2] = {{100, 443}, {110, 80}, {120, 22}, {0, 0}};
	static const uint16_t after[][2] = {{90, 25}, {100, 443}, {110, 8080}, {120, 22}, {0, 0}};
	struct snapshot *old = snapshot_of("web", 1, before);
	struct snapshot *now = snapshot_of("web", 2, after);
	uint32_t implicit = old->policy->acls[0].lists[INBOUND].implicit_counter;

	(void)state;
	hit(old, 0, inbound(old, 0)->counter, 5, 10);
	hit(old, 1, inbound(old, 1)->counter, 6, 11);
	hit(old, 1, inbound(old, 2)->counter, 7, 12);
	hit(old, 0, implicit, 8, 13);
	snapshot_inherit(old, now);
	assert_int_equal(snapshot_counter(now, inbound(now, 0)->counter).packets, 0);
	assert_int_equal(snapshot_counter(now, inbound(now, 1)->counter).packets, 5);
	assert_int_equal(snapshot_counter(now, inbound(now, 2)->counter).packets, 0);
	assert_int_equal(snapshot_counter(now, inbound(now, 3)->counter).packets, 7);
	assert_int_equal(snapshot_counter(now, inbound(now, 3)->counter).last_hit, 12);
	implicit = now->policy->acls[0].lists[INBOUND].implicit_counter;
	assert_int_equal(snapshot_counter(now, implicit).packets, 8);
	snapshot_free(old);
	snapshot_free(now);
}

static void another_acl_starts_from_nothing(void **state)
{
	static const uint16_t rules[][2] = {{100, 443}, {0, 0}};
	struct snapshot *old = snapshot_of("web", 1, rules);
	struct snapshot *now = snapshot_of("mail", 2, rules);

	(void)state;
	hit(old, 0, 0, 5, 10);
	snapshot_inherit(old, now);
	assert_int_equal(snapshot_counter(now, 0).packets, 0);
	snapshot_free(old);
	snapshot_free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_summed_over_workers),
		cmocka_unit_test(unchanged_rules_keep_their_counts),
		cmocka_unit_test(another_acl_starts_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
