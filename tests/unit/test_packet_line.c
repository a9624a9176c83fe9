/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet lines: what is taken, what it becomes, what answers it, and the sentence for each mistake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/packet_line.h"

static int parse(const char *text, struct packet_line *out, char *error)
{
	char copy[256], *words[32], *save = NULL, *word;
	size_t count = 0;

	assert_true(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		words[count++] = word;
	return packet_line_parse(words, count, out, error);
}

static struct packet_line good(const char *text)
{
	char error[PACKETLINE_ERROR_LEN] = "";
	struct packet_line line;

	if (parse(text, &line, error) != 0)
		fail_msg("%s: %s", text, error);
	return line;
}

static void assert_addr(const struct addr *addr, const char *text)
{
	char buf[ADDR_STRLEN];

	assert_string_equal(addr_print(addr, buf), text);
}

static void tcp_over_ipv4(void **state)
{
	struct packet_line line = good("in tcp 203.0.113.9:40000 192.0.2.1:443");

	(void)state;
	assert_int_equal(line.way.hook, HOOK_INPUT);
	assert_int_equal(line.packet.protocol, PROTOCOL_TCP);
	assert_int_equal(line.packet.l4, PACKET_L4_PORTS);
	assert_addr(&line.packet.src, "203.0.113.9");
	assert_addr(&line.packet.dst, "192.0.2.1");
	assert_int_equal(line.packet.sport, 40000);
	assert_int_equal(line.packet.dport, 443);
	assert_int_equal(line.packet.fragment, 0);
}

static void interfaces(void **state)
{
	struct packet_line line = good("in@eth0 tcp 203.0.113.9:40000 192.0.2.1:443"), reply;

	(void)state;
	assert_string_equal(line.way.in, "eth0");
	assert_string_equal(line.way.out, "");
	assert_true(packet_line_reply(&line, &reply));
	assert_int_equal(reply.way.hook, HOOK_OUTPUT);
	assert_string_equal(reply.way.in, "");
	assert_string_equal(reply.way.out, "eth0");
	line = good("forward@eth0:fifteen-letters gre 192.0.2.1 198.51.100.1");
	assert_string_equal(line.way.in, "eth0");
	assert_string_equal(line.way.out, "fifteen-letters");
	line = good("forward@:eth1 gre 192.0.2.1 198.51.100.1");
	assert_string_equal(line.way.in, "");
	assert_string_equal(line.way.out, "eth1");
	assert_string_equal(good("out@eth.7 gre 192.0.2.1 192.0.2.2").way.out, "eth.7");
}

static void mapped_addresses(void **state)
{
	struct packet_line line = good("in tcp [::ffff:203.0.113.9]:40000 192.0.2.1:443");

	(void)state;
	assert_true(line.mapped);
	assert_addr(&line.packet.src, "203.0.113.9");
	assert_int_equal(line.packet.dport, 443);
	assert_false(good("in tcp 203.0.113.9:40000 192.0.2.1:443").mapped);
}

static void udp_over_ipv6(void **state)
{
	struct packet_line line = good("out udp [2001:db8::1]:0 [2001:db8:0:0::2]:65535");

	(void)state;
	assert_int_equal(line.way.hook, HOOK_OUTPUT);
	assert_int_equal(line.packet.protocol, PROTOCOL_UDP);
	assert_addr(&line.packet.src, "2001:db8::1");
	assert_addr(&line.packet.dst, "2001:db8::2");
	assert_int_equal(line.packet.sport, 0);
	assert_int_equal(line.packet.dport, 65535);
}

static void other_protocols(void **state)
{
	struct packet_line line = good("forward 47 192.0.2.1 198.51.100.1");

	(void)state;
	assert_int_equal(line.way.hook, HOOK_FORWARD);
	assert_int_equal(line.packet.protocol, 47);
	assert_int_equal(line.packet.l4, PACKET_L4_NONE);
	line = good("in gre 2001:db8::1 [2001:db8::2]");
	assert_int_equal(line.packet.protocol, 47);
	assert_addr(&line.packet.dst, "2001:db8::2");
	/* ICMPv6 over IPv4 is but a number: no type to look at. */
	assert_int_equal(good("in icmpv6 192.0.2.1 192.0.2.2").packet.l4, PACKET_L4_NONE);
}

static void icmp_types(void **state)
{
	struct packet_line line = good("in icmp 192.0.2.1 192.0.2.2");

	(void)state;
	assert_int_equal(line.packet.l4, PACKET_L4_ICMP);
	assert_int_equal(line.packet.icmp_type, 8);
	assert_int_equal(line.packet.icmp_code, 0);
	line = good("in icmp 192.0.2.1 192.0.2.2 type 3 code 4");
	assert_int_equal(line.packet.icmp_type, 3);
	assert_int_equal(line.packet.icmp_code, 4);
	line = good("in icmpv6 2001:db8::1 2001:db8::2");
	assert_int_equal(line.packet.icmp_type, 128);
	assert_int_equal(good("in icmpv6 fe80::1 fe80::2 type 135").packet.hop_limit, 255);
	assert_int_equal(good("in icmpv6 fe80::1 fe80::2 type 137").packet.hop_limit, 64);
}

static void mistakes(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "a packet is in|out|forward"},
		{"in@ gre 192.0.2.1 192.0.2.2", "\"in@\": an interface follows the @"},
		{"forward@: gre 192.0.2.1 192.0.2.2", "an interface follows the @"},
		{"in@eth0: gre 192.0.2.1 192.0.2.2", "only forward has two interfaces"},
		{"out@a:b gre 192.0.2.1 192.0.2.2", "only forward has two interfaces"},
		{"in@sixteen-letters! gre 192.0.2.1 192.0.2.2", "too long for an interface"},
		{"forward@a:sixteen-letters! gre 192.0.2.1 192.0.2.2", "too long for an interface"},
		{"i@eth0 gre 192.0.2.1 192.0.2.2", "begins with in, out or forward"},
		{"input gre 192.0.2.1 192.0.2.2", "begins with in, out or forward"},
		{"in tcp 192.0.2.1:1", "a packet is in|out|forward"},
		{"inn tcp 192.0.2.1:1 192.0.2.2:2", "begins with in, out or forward"},
		{"in tpc 192.0.2.1:1 192.0.2.2:2", "not a protocol"},
		{"in 256 192.0.2.1 192.0.2.2", "not a protocol"},
		{"in all 192.0.2.1 192.0.2.2", "one protocol"},
		{"in tcp 192.0.2.1 192.0.2.2:443", "needs a port with the source: 192.0.2.1:443"},
		{"in udp 192.0.2.1:53 192.0.2.2", "needs a port with the destination"},
		{"in tcp 2001:db8::1 [2001:db8::2]:2", "[2001:db8::1]:443"},
		{"in tcp 192.0.2.1:65536 192.0.2.2:1", "a port is 0 to 65535"},
		{"in tcp 192.0.2.1:4294967297 192.0.2.2:1", "a port is 0 to 65535"},
		{"in tcp 192.0.2.1: 192.0.2.2:1", "a port is 0 to 65535"},
		{"in tcp 192.0.2.1:-1 192.0.2.2:1", "a port is 0 to 65535"},
		{"in tcp 192.0.2.256:1 192.0.2.2:1", "not an address"},
		{"in tcp 192.0.2:1 192.0.2.2:1", "not an address"},
		{"in tcp 10.0.0.0/8:1 192.0.2.2:1", "not an address"},
		{"in tcp 2001:db8::1:443:999999 [2001:db8::2]:1", "not an address"},
		{"in tcp [2001:db8::1 [2001:db8::2]:1", "not an address"},
		{"in tcp [2001:db8::1]443 [2001:db8::2]:1", "not an address"},
		{"in tcp 192.0.2.1:1 [2001:db8::2]:1", "different families"},
		{"in 47 192.0.2.1:1 192.0.2.2", "only tcp and udp have ports"},
		{"in icmp 192.0.2.1 192.0.2.2 type 256", "an ICMP type is 0 to 255"},
		{"in icmp 192.0.2.1 192.0.2.2 type 8 code -1", "an ICMP code is 0 to 255"},
		{"in icmp 192.0.2.1 192.0.2.2 type", "only type T and code C"},
		{"in icmp 192.0.2.1 192.0.2.2 code 4", "a code without a type"},
		{"in icmp 192.0.2.1 192.0.2.2 type 8 type 8", "only type T and code C"},
		{"in icmp 192.0.2.1 192.0.2.2 type 8 code 0 more", "only type T and code C"},
		{"in tcp 192.0.2.1:1 192.0.2.2:2 type 8", "have type and code"},
		{"in icmpv6 192.0.2.1 192.0.2.2 type 128", "have type and code"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet_line line = {.packet.sport = 4711};
		char error[PACKETLINE_ERROR_LEN] = "";

		assert_int_equal(parse(cases[i].text, &line, error), -22);
		if (!strstr(error, cases[i].says))
			fail_msg("\"%s\" says \"%s\", not \"%s\"", cases[i].text, error,
				 cases[i].says);
		assert_int_equal(line.packet.sport, 4711); /* untouched */
	}
}

/* A word of any length ends in a sentence, never beyond the buffer (run under ASan). */
static void long_words(void **state)
{
	static char huge[5000];
	char in[] = "in", tcp[] = "tcp", end[] = "192.0.2.1:1", type[] = "type";

	(void)state;
	memset(huge, '1', sizeof(huge) - 1);
	for (size_t i = 0; i < 6; i++) {
		char *words[] = {in, tcp, end, end, type, end};
		char error[PACKETLINE_ERROR_LEN];
		struct packet_line line;

		words[i] = huge;
		assert_int_equal(packet_line_parse(words, 6, &line, error), -22);
		assert_true(memchr(error, '\0', sizeof(error)) != NULL);
	}
}

static void replies_of_ports(void **state)
{
	struct packet_line line = good("in tcp 203.0.113.9:40000 192.0.2.1:443"), reply;

	(void)state;
	assert_true(packet_line_reply(&line, &reply));
	assert_int_equal(reply.way.hook, HOOK_OUTPUT);
	assert_addr(&reply.packet.src, "192.0.2.1");
	assert_addr(&reply.packet.dst, "203.0.113.9");
	assert_int_equal(reply.packet.sport, 443);
	assert_int_equal(reply.packet.dport, 40000);
	line = good("out udp 192.0.2.1:5000 203.0.113.9:53");
	assert_true(packet_line_reply(&line, &reply));
	assert_int_equal(reply.way.hook, HOOK_INPUT);
	line = good("forward 47 192.0.2.1 203.0.113.9");
	assert_true(packet_line_reply(&line, &reply));
	assert_int_equal(reply.way.hook, HOOK_FORWARD);
	assert_addr(&reply.packet.src, "203.0.113.9");
}

static void replies_of_icmp(void **state)
{
	static const struct {
		const char *text;
		int type; /* of the reply, -1: there is none */
	} cases[] = {
		{"in icmp 192.0.2.1 192.0.2.2 type 8", 0},
		{"in icmp 192.0.2.1 192.0.2.2 type 13", 14},
		{"in icmp 192.0.2.1 192.0.2.2 type 8 code 1", -1},
		{"in icmp 192.0.2.1 192.0.2.2 type 0", -1},
		{"in icmp 192.0.2.1 192.0.2.2 type 3 code 4", -1},
		{"in icmp 192.0.2.1 192.0.2.2 type 11", -1},
		{"in icmpv6 2001:db8::1 2001:db8::2", 129},
		{"in icmpv6 2001:db8::1 2001:db8::2 type 129", -1},
		{"in icmpv6 2001:db8::1 2001:db8::2 type 2", -1},
		{"in icmpv6 2001:db8::1 2001:db8::2 type 8", -1},
		{"in icmp 2001:db8::1 2001:db8::2", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet_line line = good(cases[i].text), reply;
		bool answered = packet_line_reply(&line, &reply);

		if (answered != (cases[i].type >= 0))
			fail_msg("%s: %s", cases[i].text, answered ? "answered" : "not answered");
		if (answered)
			assert_int_equal(reply.packet.icmp_type, cases[i].type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_over_ipv4),    cmocka_unit_test(mapped_addresses),
		cmocka_unit_test(udp_over_ipv6),    cmocka_unit_test(interfaces),
		cmocka_unit_test(other_protocols),  cmocka_unit_test(icmp_types),
		cmocka_unit_test(mistakes),         cmocka_unit_test(long_words),
		cmocka_unit_test(replies_of_ports), cmocka_unit_test(replies_of_icmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
