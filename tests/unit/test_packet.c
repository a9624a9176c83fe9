/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser against a table of packets (packets.h), each of them cut at every byte, and against a
 * few hundred thousand damaged ones. Every call gets its bytes in a heap block of exactly their
 * size, so that a sanitizer sees any read beyond the copy.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "packets.h"

#define DAMAGED_PACKETS 400000

struct bytes {
	uint8_t data[512];
	size_t len;
};

static uint8_t hex_digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct bytes bytes_of(const char *hex)
{
	struct bytes b = {.len = 0};

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		assert_true(b.len < sizeof(b.data));
		b.data[b.len++] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
		hex++;
	}
	return b;
}

static enum packet_reason parse(uint8_t family, const uint8_t *data, size_t copy_len,
				size_t wire_len, struct packet *out)
{
	uint8_t *exact = malloc(copy_len ? copy_len : 1);
	enum packet_reason reason;

	assert_non_null(exact);
	memcpy(exact, data, copy_len);
	memset(out, 0xa5, sizeof(*out)); /* nothing may be left of an earlier packet */
	reason = packet_parse(family, copy_len ? exact : exact + 1, copy_len, wire_len, out);
	free(exact);
	return reason;
}

/* By field: the padding of a struct is nobody's. */
static bool same(const struct packet *a, const struct packet *b)
{
	return addr_equal(&a->src, &b->src) && addr_equal(&a->dst, &b->dst) && a->len == b->len &&
	       a->protocol == b->protocol && a->l4 == b->l4 && a->fragment == b->fragment &&
	       a->hop_limit == b->hop_limit && a->sport == b->sport && a->dport == b->dport &&
	       a->icmp_type == b->icmp_type && a->icmp_code == b->icmp_code &&
	       a->tcp_flags == b->tcp_flags;
}

static void expect_fields(const struct packet_case *t, const struct packet *p, uint32_t len)
{
	bool ports = t->l4 == PACKET_L4_PORTS, icmp = t->l4 == PACKET_L4_ICMP;
	struct addr src, dst;

	addr_parse(t->family == 4 ? "192.0.2.1" : "2001:db8::1", &src);
	addr_parse(t->family == 4 ? "203.0.113.9" : "2001:db8::9", &dst);
	assert_true(addr_equal(&p->src, &src) && addr_equal(&p->dst, &dst));
	assert_int_equal(p->hop_limit, t->family == 4 ? 64 : 255);
	assert_int_equal(p->len, len);
	assert_int_equal(p->l4, t->l4);
	assert_int_equal(p->fragment, t->fragment);
	assert_int_equal(p->sport, ports ? 40000 : 0);
	assert_int_equal(p->dport, ports ? t->look : 0);
	assert_int_equal(p->tcp_flags, ports && t->protocol == PROTOCOL_TCP ? 0x12 : 0);
	assert_int_equal(p->icmp_type, icmp ? t->look >> 8 : 0);
	assert_int_equal(p->icmp_code, icmp ? t->look & 0xff : 0);
}

static void every_packet_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKET_CASES; i++) {
		const struct packet_case *t = &packet_cases[i];
		struct bytes b = bytes_of(t->hex);
		struct packet p;
		enum packet_reason reason;

		reason = parse(t->family, b.data, b.len, b.len + t->more_wire, &p);
		if (reason != t->reason || p.protocol != t->protocol)
			fail_msg("%s: %s, protocol %u; expected %s, protocol %u", t->name,
				 packet_reason_name(reason), p.protocol,
				 packet_reason_name(t->reason), t->protocol);
		if (reason == PACKET_OK)
			expect_fields(t, &p, t->len ? t->len : (uint32_t)b.len);
	}
}

/* A reason that no packet of the table gives would be a reason nobody has seen. */
static void every_reason_is_given(void **state)
{
	(void)state;
	for (int reason = 0; reason < PACKET_REASONS; reason++) {
		size_t given = 0;

		for (size_t i = 0; i < PACKET_CASES; i++)
			given += packet_cases[i].reason == reason;
		if (given == 0)
			fail_msg("no packet gives %s", packet_reason_name(reason));
	}
}

static void reason_names(void **state)
{
	(void)state;
	for (int a = 0; a < PACKET_REASONS; a++) {
		assert_non_null(packet_reason_name(a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(packet_reason_name(a), packet_reason_name(b));
	}
	assert_string_equal(packet_reason_name(PACKET_OK), "ok");
	assert_string_equal(packet_reason_name(PACKET_TOO_SHORT), "too-short");
	assert_string_equal(packet_reason_name(PACKET_BAD_TOTAL_LEN), "bad-total-length");
	assert_string_equal(packet_reason_name(PACKET_ICMP_TRUNCATED), "icmp-truncated");
}

/*
 * A shorter copy of a good packet gives the same answer, or says that it is the copy that is short.
 */
static void copy_cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKET_CASES; i++) {
		const struct packet_case *t = &packet_cases[i];
		struct bytes b = bytes_of(t->hex);
		struct packet whole, p;
		bool enough = false;

		if (t->reason != PACKET_OK)
			continue;
		parse(t->family, b.data, b.len, b.len + t->more_wire, &whole);
		for (size_t n = 0; n <= b.len; n++) {
			enum packet_reason reason;

			reason = parse(t->family, b.data, n, b.len + t->more_wire, &p);
			if (reason != (enough ? PACKET_OK : PACKET_BEYOND_COPY)) {
				if (reason != PACKET_OK)
					fail_msg("%s, %zu bytes: %s", t->name, n,
						 packet_reason_name(reason));
				enough = true;
			}
			if (enough && !same(&p, &whole))
				fail_msg("%s, %zu bytes: another answer", t->name, n);
		}
		assert_true(enough);
	}
}

/* The same bytes, but the wire had no more: the lengths in the IP header are then a lie. */
static void wire_cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < PACKET_CASES; i++) {
		const struct packet_case *t = &packet_cases[i];
		struct bytes b = bytes_of(t->hex);
		size_t len = t->len ? t->len : b.len, header = t->family == 4 ? 20 : 40;
		struct packet p;

		if (t->reason != PACKET_OK || t->more_wire == BIGGER)
			continue;
		for (size_t n = 0; n < len && n <= b.len; n++) {
			enum packet_reason reason = parse(t->family, b.data, n, n, &p);

			if (reason != (n < header ? PACKET_TOO_SHORT : PACKET_TRUNCATED))
				fail_msg("%s, %zu bytes: %s", t->name, n,
					 packet_reason_name(reason));
		}
	}
}

/* A header that ends at any byte of itself, with the IP header telling the truth about it. */
static void header_ends_at_every_byte(void **state)
{
	static const struct {
		const char *hex;
		size_t at, len; /* of the header under test */
		uint8_t family, reason;
	} headers[] = {
		{IP4("0000", "0000", "06") TCP, 20, 20, 4, PACKET_TCP_TRUNCATED},
		{IP4("0000", "0000", "11") UDP("0008"), 20, 8, 4, PACKET_UDP_TRUNCATED},
		{IP4("0000", "0000", "01") PING, 20, 8, 4, PACKET_ICMP_TRUNCATED},
		{IP6("0000", "06") TCP, 40, 20, 6, PACKET_TCP_TRUNCATED},
		{IP6("0000", "11") UDP("0008"), 40, 8, 6, PACKET_UDP_TRUNCATED},
		{IP6("0000", "3a") TOO_BIG6, 40, 4, 6, PACKET_ICMP_TRUNCATED},
		{IP6("0000", "2b") EXT("06") TCP, 40, 8, 6, PACKET_BAD_EXTENSION},
		{IP6("0000", "3c") EXT16("06") TCP, 40, 16, 6, PACKET_BAD_EXTENSION},
		{IP6("0000", "33") AH("06") TCP, 40, 24, 6, PACKET_BAD_EXTENSION},
		{IP6("0000", "2c") FRAGMENT("06", "0000") TCP, 40, 8, 6, PACKET_BAD_EXTENSION},
		{IP6("0000", "2c") FRAGMENT("06", "0000") TCP, 48, 20, 6, PACKET_TCP_TRUNCATED},
		{IP6("0000", "3c") EXT("11") UDP("0008"), 48, 8, 6, PACKET_UDP_TRUNCATED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct bytes b = bytes_of(headers[i].hex);
		struct packet p;

		for (size_t n = headers[i].at; n <= headers[i].at + headers[i].len; n++) {
			bool whole = n == headers[i].at + headers[i].len;
			enum packet_reason reason;

			if (headers[i].family == 4)
				b.data[3] = (uint8_t)n;
			else
				b.data[5] = (uint8_t)(n - 40);
			/* The bytes behind it are there, as padding, and must not be used. */
			reason = parse(headers[i].family, b.data, b.len, b.len, &p);
			if ((reason == headers[i].reason) == whole)
				fail_msg("header %zu at %zu bytes: %s", i, n,
					 packet_reason_name(reason));
			assert_int_equal(reason, parse(headers[i].family, b.data, n, n, &p));
		}
	}
}

/* splitmix64: the same packets in every run. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Where the IPv6 chain ends: 0 when a later fragment comes first, else the transport's offset. */
static size_t transport_offset6(const uint8_t *d, size_t len, uint8_t *next)
{
	size_t at = 40;

	*next = d[6];
	while (strchr("\x2b\x2c\x33\x3c", *next) || *next == 0) {
		uint8_t was = *next;

		assert_true(at + 8 <= len);
		if (was == 44 && (d[at + 2] != 0 || d[at + 3] > 7))
			return 0;
		*next = d[at];
		at += was == 44 ? 8 : was == 51 ? 4u * d[at + 1] + 8 : 8u * d[at + 1] + 8;
	}
	return at;
}

/* What must hold of any packet that passed, found without the parser's own means. */
static void check_passed(uint8_t family, const uint8_t *d, size_t copy_len, size_t wire_len,
			 const struct packet *p)
{
	uint8_t next = d[9];
	size_t at = (d[0] & 0xf) * 4u;

	if (family == 6)
		at = transport_offset6(d, copy_len, &next);
	else if ((d[6] & 0x1f) != 0 || d[7] != 0)
		at = 0;
	assert_int_equal(d[0] >> 4, family);
	assert_true(p->src.family == family && p->dst.family == family);
	assert_true(p->len <= wire_len && p->len >= (family == 4 ? 20 : 40));
	assert_true(at <= p->len);
	if (at == 0) { /* a later fragment never yields ports or types */
		assert_int_equal(p->l4, PACKET_L4_NONE);
		assert_int_equal(p->fragment, 1);
	} else {
		assert_int_equal(p->protocol, next);
		assert_int_equal(p->l4 == PACKET_L4_PORTS, next == 6 || next == 17);
		assert_int_equal(p->l4 == PACKET_L4_ICMP, next == (family == 4 ? 1 : 58));
	}
	if (p->l4 == PACKET_L4_PORTS) {
		assert_true(at + 8 <= copy_len && at + 8 <= p->len);
		assert_int_equal(p->sport, d[at] << 8 | d[at + 1]);
		assert_int_equal(p->dport, d[at + 2] << 8 | d[at + 3]);
	} else {
		assert_true(p->sport == 0 && p->dport == 0 && p->tcp_flags == 0);
	}
	if (p->l4 == PACKET_L4_ICMP)
		assert_int_equal(p->icmp_type << 8 | p->icmp_code, d[at] << 8 | d[at + 1]);
}

/* A packet of the table with a few bytes changed, cut or lengthened; now and then pure noise. */
static uint8_t damage(uint64_t *random, struct bytes *b, size_t *wire_len)
{
	const struct packet_case *t = &packet_cases[next_random(random) % PACKET_CASES];
	unsigned int changes = next_random(random) % 5;

	*b = bytes_of(t->hex);
	*wire_len = b->len + t->more_wire;
	if (next_random(random) % 16 == 0) {
		b->len = next_random(random) % 128;
		*wire_len = b->len;
		for (size_t i = 0; i < b->len; i++)
			b->data[i] = (uint8_t)next_random(random);
	}
	for (; changes > 0 && b->len > 0; changes--)
		b->data[next_random(random) % b->len] = (uint8_t)next_random(random);
	if (next_random(random) % 4 == 0 && b->len > 0)
		b->len = next_random(random) % b->len;
	if (next_random(random) % 8 == 0)
		*wire_len = b->len + next_random(random) % 16;
	return t->family;
}

static void damaged_packets(void **state)
{
	uint64_t random = 20260711;
	size_t seen[PACKET_REASONS] = {0};

	(void)state;
	for (size_t i = 0; i < DAMAGED_PACKETS; i++) {
		struct packet p, padded;
		struct bytes b;
		size_t wire_len;
		uint8_t family = damage(&random, &b, &wire_len);
		enum packet_reason reason = parse(family, b.data, b.len, wire_len, &p);

		assert_true((unsigned int)reason < PACKET_REASONS);
		seen[reason]++;
		if (reason != PACKET_OK)
			continue;
		check_passed(family, b.data, b.len, wire_len, &p);
		if (wire_len > 60000)
			continue; /* there the length on the wire may be the packet's own */
		assert_int_equal(parse(family, b.data, b.len, wire_len + 18, &padded), PACKET_OK);
		assert_true(same(&p, &padded));
	}
	for (int reason = 0; reason < PACKET_REASONS; reason++)
		if (seen[reason] < 20)
			fail_msg("only %zu packets were %s", seen[reason],
				 packet_reason_name(reason));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_of_the_table),
		cmocka_unit_test(every_reason_is_given),
		cmocka_unit_test(reason_names),
		cmocka_unit_test(copy_cut_at_every_byte),
		cmocka_unit_test(wire_cut_at_every_byte),
		cmocka_unit_test(header_ends_at_every_byte),
		cmocka_unit_test(damaged_packets),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
