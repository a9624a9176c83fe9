/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edges: which ACL stands at which interface, what a packet's whole way meets, and that the names
 * of interfaces and their indexes are kept apart.
 */
#include "policies.h"

#include "core/way/walls.h"
#include "daemon/path/snapshot.h"

static struct packet tcp(const char *src, const char *dst, uint16_t port)
{
	return ports_of(PROTOCOL_TCP, src, 40000, dst, port);
}

#define REMOTE4 "198.51.100.9"
#define LOCAL4  "192.0.2.1"

/* four_acls,: ACL 1 at eth0 and eth1; if there are several, 2 at wg0 and 3 at the default route. */
static struct policy *edges(bool several)
{
	struct policy *policy = four_acls();

	assert_int_equal(policy_add_edge(policy, "eth0", 1), 0);
	assert_int_equal(policy_add_edge(policy, "eth1", 1), 0);
	if (several) {
		assert_int_equal(policy_add_edge(policy, "wg0", 2), 0);
		policy->edges.default_route = 3;
	}
	assert_null(policy_finish(policy));
	return policy;
}

static void one_acl_at_every_edge(void **state)
{
	struct policy *policy = edges(false);

	(void)state;
	assert_int_equal(policy->edges.only, 1);
	EXPECT(policy, HOOK_PREROUTING, "eth0", tcp(REMOTE4, LOCAL4, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{1, INBOUND, 110}}});
	EXPECT(policy, HOOK_PREROUTING, NULL, tcp(REMOTE4, LOCAL4, TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{1, INBOUND, 0}}});
	EXPECT(policy, HOOK_POSTROUTING, "eth1", tcp(LOCAL4, REMOTE4, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{1, OUTBOUND, 120}}});
	EXPECT(policy, HOOK_PREROUTING, "eth2", tcp(REMOTE4, LOCAL4, TELNET),
	       {ACTION_ALLOW, POLICY_UNPROTECTED, 0, {{0}}});
	policy_free(policy);
}

static void an_interface_has_the_acl_that_names_it(void **state)
{
	struct policy *policy = edges(true);

	(void)state;
	assert_int_equal(policy->edges.only, POLICY_SEVERAL_ACLS);
	assert_int_equal(policy_edge_acl(policy, "eth1"), 1);
	assert_int_equal(policy_edge_acl(policy, "wg0"), 2);
	assert_int_equal(policy_edge_acl(policy, "ppp0"), 3);
	assert_int_equal(policy_edge_acl(policy, "lo"), POLICY_NO_ACL);
	EXPECT(policy, HOOK_PREROUTING, "wg0", tcp(REMOTE4, LOCAL4, WEB),
	       {ACTION_ALLOW, POLICY_JUDGED, 1, {{2, INBOUND, 210}}});
	EXPECT(policy, HOOK_POSTROUTING, "ppp0", tcp(LOCAL4, REMOTE4, TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{3, OUTBOUND, 0}}});
	policy_free(policy);
}

static struct packet udp_of(const char *src, const char *dst, uint16_t sport, uint16_t dport)
{
	struct packet packet = tcp(src, dst, dport);

	packet.protocol = PROTOCOL_UDP;
	packet.sport = sport;
	return packet;
}

/*
 * DHCP's ports alone do not make a routed packet exempt: the daemon meets, without a name, only
 * what steering has found not to be the host's own. Nor is an address of loopback loopback, on a
 * wire.
 */
static void what_is_exempt_at_an_edge(void **state)
{
	struct policy *policy = edges(false);
	struct packet offer = udp_of("192.0.2.254", LOCAL4, 67, 68);
	struct packet discovery = tcp("fe80::1", "ff02::1", 0);

	(void)state;
	discovery.protocol = PROTOCOL_ICMPV6;
	discovery.l4 = PACKET_L4_ICMP;
	discovery.icmp_type = 134;
	discovery.hop_limit = 255;
	assert_int_equal(policy_exempts(policy, HOOK_PREROUTING, "eth0", &offer), EXEMPT_DHCP);
	assert_int_equal(policy_exempts(policy, HOOK_PREROUTING, NULL, &offer), 0);
	assert_int_equal(policy_exempts(policy, HOOK_PREROUTING, NULL, &discovery),
			 EXEMPT_NEIGHBOUR_DISCOVERY);
	EXPECT(policy, HOOK_PREROUTING, NULL, tcp("127.0.0.1", "127.0.0.1", TELNET),
	       {ACTION_DENY, POLICY_JUDGED, 1, {{1, INBOUND, 0}}});
	policy_free(policy);
}

static void expect_way(const struct policy *policy, struct way way, struct packet packet,
		       struct expected e)
{
	struct policy_verdict v;

	walls_eval(policy, &way, &packet, &v);
	assert_int_equal(v.action, e.action);
	assert_int_equal(v.outcome, e.outcome);
	assert_int_equal(v.step_count, e.step_count);
	for (unsigned int i = 0; i < v.step_count && i < 2; i++) {
		assert_int_equal(v.steps[i].acl, e.steps[i].acl);
		assert_int_equal(v.steps[i].direction, e.steps[i].direction);
	}
}

static void a_way_meets_the_walls_in_order(void **state)
{
	struct policy *policy = edges(true);
	struct packet web = tcp(REMOTE4, LOCAL4, WEB), telnet = tcp(REMOTE4, LOCAL4, TELNET);

	(void)state;
	expect_way(policy, (struct way){.hook = HOOK_INPUT, .in = "eth0"}, web,
		   (struct expected){
			   ACTION_ALLOW, POLICY_JUDGED, 2, {{1, INBOUND, 0}, {0, INBOUND, 0}}});
	expect_way(policy, (struct way){.hook = HOOK_INPUT, .in = "eth0"}, telnet,
		   (struct expected){ACTION_DENY, POLICY_JUDGED, 1, {{1, INBOUND, 0}}});
	expect_way(policy, (struct way){.hook = HOOK_OUTPUT, .out = "wg0"}, web,
		   (struct expected){
			   ACTION_ALLOW, POLICY_JUDGED, 2, {{0, OUTBOUND, 0}, {2, OUTBOUND, 0}}});
	expect_way(policy, (struct way){.hook = HOOK_FORWARD, .in = "eth0", .out = "wg0"}, web,
		   (struct expected){
			   ACTION_ALLOW, POLICY_JUDGED, 2, {{1, INBOUND, 0}, {2, OUTBOUND, 0}}});
	expect_way(policy, (struct way){.hook = HOOK_FORWARD}, web,
		   (struct expected){ACTION_ALLOW, POLICY_UNPROTECTED, 0, {{0}}});
	expect_way(policy, (struct way){.hook = HOOK_INPUT}, tcp("127.0.0.1", "127.0.0.1", TELNET),
		   (struct expected){ACTION_ALLOW, POLICY_EXEMPTED, 0, {{0}}});
	policy_free(policy);
}

static void a_way_without_a_name_needs_one_acl(void **state)
{
	struct policy *one = edges(false), *several = edges(true);
	const struct way in = {.hook = HOOK_INPUT}, forward = {.hook = HOOK_FORWARD};

	(void)state;
	assert_false(walls_are_ambiguous(one, &in));
	assert_true(walls_are_ambiguous(several, &in));
	assert_false(walls_are_ambiguous(several, &forward));
	expect_way(one, in, tcp(REMOTE4, LOCAL4, WEB),
		   (struct expected){
			   ACTION_ALLOW, POLICY_JUDGED, 2, {{1, INBOUND, 0}, {0, INBOUND, 0}}});
	policy_free(one);
	policy_free(several);
}

static void what_cannot_be_is_refused(void **state)
{
	struct policy *policy = edges(false);

	(void)state;
	assert_true(policy_add_edge(policy, "sixteen-letters!", 0) < 0);
	assert_int_equal(policy_add_edge(policy, "eth0", 2), 0);
	assert_string_equal(policy_finish(policy), "an interface is an edge twice");
	policy->edges.count--;
	policy->edges.default_route = 9;
	assert_non_null(policy_finish(policy));
	policy_free(policy);
}

/* Interfaces are renamed and replaced while packets of either name arrive. */
static void indexes_follow_the_names(void **state)
{
	struct snapshot *snapshot;

	(void)state;
	assert_int_equal(snapshot_new(edges(true), 1, 1, &snapshot), 0);
	snapshot->policy->edges.default_route = POLICY_NO_ACL;
	assert_int_equal(snapshot_edge_acl(snapshot, 7), POLICY_NO_ACL);
	snapshot_set_device(snapshot, 7, "eth0");
	snapshot_set_device(snapshot, 8, "wg0");
	snapshot_set_device(snapshot, 9, "other");
	assert_int_equal(snapshot_edge_acl(snapshot, 7), 1);
	assert_int_equal(snapshot_edge_acl(snapshot, 8), 2);
	assert_int_equal(snapshot_edge_acl(snapshot, 9), POLICY_NO_ACL);
	snapshot_set_device(snapshot, 8, "old-wg0");
	snapshot_set_device(snapshot, 7, "wg0");
	assert_int_equal(snapshot_edge_acl(snapshot, 7), 2);
	assert_int_equal(snapshot_edge_acl(snapshot, 8), POLICY_NO_ACL);
	snapshot_set_device(snapshot, 7, NULL);
	assert_int_equal(snapshot_edge_acl(snapshot, 7), POLICY_NO_ACL);
	assert_int_equal(snapshot_edge_acl(snapshot, 0), POLICY_NO_ACL);
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_acl_at_every_edge),
		cmocka_unit_test(an_interface_has_the_acl_that_names_it),
		cmocka_unit_test(what_is_exempt_at_an_edge),
		cmocka_unit_test(a_way_meets_the_walls_in_order),
		cmocka_unit_test(a_way_without_a_name_needs_one_acl),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(indexes_follow_the_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
