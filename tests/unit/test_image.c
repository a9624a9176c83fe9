/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy as an image: the same verdicts where it is mapped as where it was compiled. Each image
 * is moved, and what it was written to is overwritten, so that a pointer left behind shows.
 */
#include "policies.h"

#include "core/image/image.h"
#include "random_lists.h"

/* The policy in another place. The image's memory is *memory. */
static const struct policy *moved(struct policy *policy, void **memory)
{
	size_t size = image_size(policy);
	void *written = malloc(size), *image = malloc(size);

	assert_non_null(written);
	assert_non_null(image);
	memset(written, 0xa5, size);
	image_write(policy, written);
	memcpy(image, written, size);
	memset(written, 0xa5, size);
	assert_null(image_open(image, size - 1));
	*memory = image;
	policy = (struct policy *)image_open(image, size);
	assert_non_null(policy);
	free(written);
	return policy;
}

static struct packet tcp(const char *src, const char *dst, uint16_t port)
{
	return ports_of(PROTOCOL_TCP, src, 40000, dst, port);
}

static void every_association_is_in_it(void **state)
{
	struct policy *policy = four_acls();
	const struct policy *image;
	void *memory;

	(void)state;
	assert_int_equal(policy_add_host_interface(policy, "eth0"), 0);
	assert_int_equal(policy_add_edge(policy, "eth1", 1), 0);
	assert_int_equal(policy_add_edge(policy, "wg0", 2), 0);
	assert_null(policy_finish(policy));
	assert_int_equal(policy_compile(policy), 0);
	image = moved(policy, &memory);
	policy_free(policy);
	EXPECT(image, HOOK_INPUT, "eth0", tcp("198.51.100.9", "192.0.2.1", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{0, INBOUND, 10}}});
	EXPECT(image, HOOK_INPUT, "eth2", tcp("198.51.100.9", "192.0.2.1", WEB),
	       {ACTION_ALLOW, POLICY_UNPROTECTED, 0, {{0}}});
	EXPECT(image, HOOK_FORWARD, NULL, tcp("10.0.1.5", "10.0.2.5", WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 2, {{1, OUTBOUND, 120}, {2, INBOUND, 210}}});
	EXPECT(image, HOOK_FORWARD, NULL, tcp("2001:db8:1::5", "2001:db8:2::5", TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{1, OUTBOUND, 0}}});
	EXPECT(image, HOOK_PREROUTING, "wg0", tcp("198.51.100.9", "192.0.2.1", TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{2, INBOUND, 0}}});
	assert_int_equal(image->edges.only, POLICY_SEVERAL_ACLS);
	assert_int_equal(image->edges.items[1].acl, 2);
	free(memory);
}

/* One ACL with a random list in one direction, and the same rules in the other. */
static struct policy *random_policy(const struct random_list *l)
{
	struct policy *policy = policy_new();
	struct acl *acl;

	assert_non_null(policy);
	acl = policy_add_acl(policy, "random");
	assert_non_null(acl);
	for (size_t i = 0; i < l->list.count; i++)
		for (int d = INBOUND; d <= OUTBOUND; d++)
			assert_int_equal(acl_add_rule(acl, d, &l->list.rules[i]), 0);
	policy->host.acl = 0;
	policy->exempt = 0;
	assert_null(policy_finish(policy));
	assert_int_equal(policy_compile(policy), 0);
	return policy;
}

static void random_lists_answer_the_same(void **state)
{
	size_t found = 0;

	(void)state;
	for (uint64_t i = 0; i < 200; i++) {
		struct random_state r = {.state = i};
		const struct policy *image;
		struct policy *policy;
		struct random_list l;
		void *memory;

		random_list_init(&r, &l, i == 0 ? 0 : 1 + rnd(&r, 60), rnd(&r, 4) * 8);
		policy = random_policy(&l);
		image = moved(policy, &memory);
		for (int n = 0; n < 500; n++) {
			struct packet packet = rnd_packet(&r, &l, INBOUND);
			struct policy_verdict a, b;

			policy_eval(policy, HOOK_INPUT, NULL, &packet, &a);
			policy_eval(image, HOOK_INPUT, NULL, &packet, &b);
			assert_int_equal(a.action, b.action);
			assert_int_equal(a.steps[0].counter, b.steps[0].counter);
			assert_int_equal(a.steps[0].rule ? a.steps[0].rule->number : 0,
					 b.steps[0].rule ? b.steps[0].rule->number : 0);
			found += a.steps[0].rule != NULL;
		}
		policy_free(policy);
		random_list_fini(&l);
		free(memory);
	}
	assert_true(found > 200 * 500 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_association_is_in_it),
		cmocka_unit_test(random_lists_answer_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
