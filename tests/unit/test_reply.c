/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which packets answer a request, and whether the policy lets that request through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/way/reply.h"

#define SYN     0x02
#define ACK     0x10
#define SYN_ACK 0x12
#define FIN_ACK 0x11

static struct packet ported(int protocol, uint16_t sport, uint16_t dport, uint8_t flags)
{
	return (struct packet){
		.src = addr_from_ipv4(0xc0000201),
		.dst = addr_from_ipv4(0xcb007109),
		.len = 60,
		.protocol = (uint8_t)protocol,
		.l4 = PACKET_L4_PORTS,
		.sport = sport,
		.dport = dport,
		.tcp_flags = flags,
	};
}

static bool answers(const struct packet *packet)
{
	struct packet request;
	enum hook hook;

	return reply_request(HOOK_OUTPUT, packet, &hook, &request);
}

static bool tcp_answers(uint16_t sport, uint16_t dport, uint8_t flags)
{
	struct packet packet = ported(PROTOCOL_TCP, sport, dport, flags);

	return answers(&packet);
}

static bool udp_answers(uint16_t sport, uint16_t dport)
{
	struct packet packet = ported(PROTOCOL_UDP, sport, dport, 0);

	return answers(&packet);
}

static bool icmp_answers(int protocol, uint8_t type)
{
	struct packet packet = ported(protocol, 0, 0, 0);

	packet.l4 = PACKET_L4_ICMP;
	packet.icmp_type = type;
	return answers(&packet);
}

static void tcp_says_it_with_its_flags(void **state)
{
	(void)state;
	assert_true(tcp_answers(443, 38091, SYN_ACK));
	assert_true(tcp_answers(40000, 2000, SYN_ACK)); /* whatever the ports */
	assert_false(tcp_answers(443, 38091, SYN));
	assert_true(tcp_answers(443, 38091, ACK));
	assert_false(tcp_answers(38091, 443, ACK));
	assert_false(tcp_answers(38091, 443, FIN_ACK));
	assert_false(tcp_answers(40000, 50000, ACK)); /* could be either */
}

static void udp_by_its_ports(void **state)
{
	(void)state;
	assert_true(udp_answers(53, 38091));
	assert_true(udp_answers(1194, 40000));
	assert_true(udp_answers(53, 1024));
	assert_false(udp_answers(38091, 53));
	assert_false(udp_answers(51820, 51820)); /* both are services */
	assert_false(udp_answers(123, 123));
	assert_false(udp_answers(32768, 60000));
}

static void echo_replies_and_no_errors(void **state)
{
	(void)state;
	assert_true(icmp_answers(PROTOCOL_ICMP, 0));
	assert_true(icmp_answers(PROTOCOL_ICMP, 14));
	assert_true(icmp_answers(PROTOCOL_ICMPV6, 129));
	assert_false(icmp_answers(PROTOCOL_ICMP, 8));
	assert_false(icmp_answers(PROTOCOL_ICMP, 3));
	assert_false(icmp_answers(PROTOCOL_ICMPV6, 128));
	assert_false(icmp_answers(PROTOCOL_ICMPV6, 0));
}

static void the_request_is_the_packet_turned_round(void **state)
{
	struct packet packet = ported(PROTOCOL_TCP, 443, 38091, SYN_ACK), request;
	enum hook hook;

	(void)state;
	assert_true(reply_request(HOOK_POSTROUTING, &packet, &hook, &request));
	assert_int_equal(hook, HOOK_PREROUTING);
	assert_true(addr_equal(&request.src, &packet.dst) && addr_equal(&request.dst, &packet.src));
	assert_int_equal(request.sport, 38091);
	assert_int_equal(request.dport, 443);
	assert_int_equal(request.tcp_flags, SYN);
}

/* Inbound 443 is allowed, at the host or at an edge; nothing goes out. */
static struct policy *web(bool edge)
{
	struct policy *policy = policy_new();
	struct acl *acl = policy_add_acl(policy, "web");
	struct rule rule = {.number = 100,
			    .action = ACTION_ALLOW,
			    .protocol = PROTOCOL_TCP,
			    .port_first = 443,
			    .port_last = 443,
			    .icmp_type = RULE_ANY,
			    .icmp_code = RULE_ANY,
			    .prefix.addr.family = FAMILY_IPV4};

	assert_int_equal(acl_add_rule(acl, INBOUND, &rule), 0);
	if (edge)
		assert_int_equal(policy_add_edge(policy, "eth0", 0), 0);
	else
		policy->host.acl = 0;
	assert_null(policy_finish(policy));
	return policy;
}

static void it_is_due_when_the_request_passes(void **state)
{
	(void)state;
	for (int edge = 0; edge < 2; edge++) {
		struct policy *policy = web(edge);
		enum hook hook = edge ? HOOK_POSTROUTING : HOOK_OUTPUT;
		struct packet packet = ported(PROTOCOL_TCP, 443, 38091, SYN_ACK), request;
		struct policy_verdict verdict;

		assert_true(reply_is_due(policy, hook, 0, &packet, &request, &verdict));
		assert_int_equal(verdict.steps[0].rule->number, 100);
		packet.sport = 80; /* nobody may ask that */
		assert_false(reply_is_due(policy, hook, 0, &packet, &request, &verdict));
		packet = ported(PROTOCOL_TCP, 443, 38091, SYN);
		assert_false(reply_is_due(policy, hook, 0, &packet, &request, &verdict));
		policy_free(policy);
	}
}

/* What no list looks at was not allowed by one: no rule answers for it. */
static void nothing_is_due_where_no_list_is_asked(void **state)
{
	struct policy *policy = web(true);
	struct packet packet = ported(PROTOCOL_TCP, 443, 38091, SYN_ACK), request;
	struct policy_verdict verdict;

	(void)state;
	assert_false(reply_is_due(policy, HOOK_OUTPUT, 0, &packet, &request, &verdict));
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_says_it_with_its_flags),
		cmocka_unit_test(udp_by_its_ports),
		cmocka_unit_test(echo_replies_and_no_errors),
		cmocka_unit_test(the_request_is_the_packet_turned_round),
		cmocka_unit_test(it_is_due_when_the_request_passes),
		cmocka_unit_test(nothing_is_due_where_no_list_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
