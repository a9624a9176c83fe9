/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes: strict text in, canonical text out, contains. */
#include <stdio.h>

#include "samples.h"

#define UNTOUCHED UINT64_C(0x1122334455667788)

static void address_text(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: not an address */
	} table[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"2001:db8::1", "2001:db8::1"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"},
		{"::", "::"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"", NULL},
		{"10.1", NULL},
		{"10", NULL},
		{"010.0.0.1", NULL},
		{"10.00.0.1", NULL},
		{"0x0a.0.0.1", NULL},
		{"256.0.0.1", NULL},
		{"192.0.2.1.5", NULL},
		{"192.0.2.", NULL},
		{" 192.0.2.1", NULL},
		{"192.0.2.1 ", NULL},
		{"192.0.2.1/32", NULL},
		{"2001:db8::1::2", NULL},
		{"2001:db8:1", NULL},
		{"2001:db8::12345", NULL},
		{"fe80::1%eth0", NULL},
		{"[2001:db8::1]", NULL},
		{"example.org", NULL},
	};
	char buf[ADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = {.hi = UNTOUCHED, .lo = UNTOUCHED};

		if (addr_parse(table[i].text, &a) != !!table[i].printed)
			fail_msg("\"%s\"", table[i].text);
		if (table[i].printed)
			assert_string_equal(addr_print(&a, buf), table[i].printed);
		else
			assert_true(a.hi == UNTOUCHED && a.lo == UNTOUCHED);
	}
}

/* The bits are left-aligned, so that one mask serves both families. */
static void address_bits(void **state)
{
	static const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, 1, 2,  3,  4,
					  5,    6,    7,    8,    9, 10, 11, 12};
	struct addr v4 = addr_from_ipv4(0xc0000201), v6 = addr_from_ipv6(bytes);

	(void)state;
	assert_true(v4.hi == UINT64_C(0xc000020100000000) && v4.lo == 0);
	assert_int_equal(v4.family, FAMILY_IPV4);
	assert_int_equal(addr_ipv4(&v4), 0xc0000201);
	assert_true(v6.hi == UINT64_C(0x20010db801020304) && v6.lo == UINT64_C(0x05060708090a0b0c));
	assert_int_equal(v6.family, FAMILY_IPV6);
	v6 = addr_of("c000:201::"); /* the same bits */
	assert_false(addr_equal(&v4, &v6));
	assert_int_equal(family_bits(FAMILY_IPV4), 32);
	assert_int_equal(family_bits(FAMILY_IPV6), 128);
}

static void prefix_text(void **state)
{
	static const struct {
		const char *text, *printed;
		enum prefix_error error;
		bool host_bits;
	} table[] = {
		{"10.0.0.0/8", "10.0.0.0/8", PREFIX_OK, false},
		{"100.68.0.18/18", "100.68.0.0/18", PREFIX_OK, true}, /* the AWS user guide's own */
		{"0.0.0.0/0", "0.0.0.0/0", PREFIX_OK, false},
		{"192.0.2.1/0", "0.0.0.0/0", PREFIX_OK, true},
		{"192.0.2.1", "192.0.2.1/32", PREFIX_OK, false},
		{"192.0.2.1/31", "192.0.2.0/31", PREFIX_OK, true},
		{"::/0", "::/0", PREFIX_OK, false},
		{"2001:db8::1", "2001:db8::1/128", PREFIX_OK, false},
		{"2001:db8::1/64", "2001:db8::/64", PREFIX_OK, true},
		{"2001:db8:0:1::/63", "2001:db8::/63", PREFIX_OK, true},
		{"2001:db8::8000:0:0:0/65", "2001:db8:0:0:8000::/65", PREFIX_OK, false},
		{"2001:db8::/127", "2001:db8::/127", PREFIX_OK, false},
		{"192.0.2.0/33", NULL, PREFIX_BAD_LENGTH, false},
		{"2001:db8::/129", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/08", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/-1", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/+8", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/ 8", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/8 ", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/24/24", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/255.255.255.0", NULL, PREFIX_BAD_LENGTH, false},
		{"192.0.2.0/4294967304", NULL, PREFIX_BAD_LENGTH, false},
		{"", NULL, PREFIX_BAD_ADDRESS, false},
		{"/8", NULL, PREFIX_BAD_ADDRESS, false},
		{"10/8", NULL, PREFIX_BAD_ADDRESS, false},
		{"@blocklist", NULL, PREFIX_BAD_ADDRESS, false},
		{"0000:0000:0000:0000:0000:0000:255.255.255.2555/1", NULL, PREFIX_BAD_ADDRESS,
		 false},
	};
	char buf[PREFIX_STRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct prefix p = {.len = 77};
		bool host_bits = !table[i].host_bits;

		if (prefix_parse(table[i].text, &p, &host_bits) != table[i].error)
			fail_msg("\"%s\"", table[i].text);
		if (table[i].error != PREFIX_OK) { /* out-parameters untouched */
			assert_true(p.len == 77 && host_bits);
			continue;
		}
		assert_string_equal(prefix_print(&p, buf), table[i].printed);
		if (host_bits != table[i].host_bits)
			fail_msg("\"%s\": host bits", table[i].text);
	}
}

/* Every length of both families: the first and last address are in, their neighbours are not. */
static void contains_at_every_length(void **state)
{
	static const char *const samples[] = {"170.85.170.85",
					      "aa55:aa55:aa55:aa55:55aa:55aa:55aa:55aa"};

	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct addr a = addr_of(samples[i]);

		for (unsigned int len = 0; len <= family_bits(a.family); len++) {
			char text[64];
			struct prefix p;

			snprintf(text, sizeof(text), "%s/%u", samples[i], len);
			p = prefix_of(text);
			assert_int_equal(p.len, len);
			assert_true(prefix_contains(&p, &a));
			for (unsigned int bit = 0; bit < family_bits(a.family); bit++) {
				struct addr other = a;

				if (bit < 64)
					other.hi ^= UINT64_C(1) << (63 - bit);
				else
					other.lo ^= UINT64_C(1) << (127 - bit);
				if (prefix_contains(&p, &other) != (bit >= len))
					fail_msg("%s, bit %u", text, bit);
			}
		}
	}
}

static void mapped_addresses(void **state)
{
	static const struct {
		const char *text, *printed;
		bool unmapped;
	} table[] = {
		{"::ffff:192.0.2.1", "192.0.2.1/32", true},
		{"::ffff:c000:201/128", "192.0.2.1/32", true},
		{"::ffff:192.0.2.0/120", "192.0.2.0/24", true},
		{"::ffff:128.0.0.0/97", "128.0.0.0/1", true},
		{"::ffff:0:0/96", "::ffff:0.0.0.0/96", false}, /* not all of IPv4 */
		{"::/64", "::/64", false},
		{"::192.0.2.1", "::192.0.2.1/128", false},
		{"1::ffff:192.0.2.1", "1::ffff:c000:201/128", false},
		{"::1:ffff:192.0.2.1", "::1:ffff:c000:201/128", false},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201/128", false},
		{"192.0.2.0/24", "192.0.2.0/24", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char buf[PREFIX_STRLEN];
		struct prefix prefix;

		assert_int_equal(prefix_parse(table[i].text, &prefix, NULL), PREFIX_OK);
		assert_int_equal(prefix_unmap(&prefix), table[i].unmapped);
		assert_string_equal(prefix_print(&prefix, buf), table[i].printed);
	}
}

static void relations(void **state)
{
	static const struct {
		const char *a, *b;
		bool a_covers_b, b_covers_a;
	} table[] = {
		{"10.0.0.0/8", "10.1.0.0/16", true, false},
		{"10.0.0.0/8", "10.0.0.0/8", true, true},
		{"10.0.0.0/8", "11.0.0.0/8", false, false},
		{"0.0.0.0/0", "192.0.2.1/32", true, false},
		{"0.0.0.0/0", "::/0", false, false},
		{"::/0", "::/128", true, false},
		{"0.0.0.0/32", "::/128", false, false},
		{"2001:db8::/64", "2001:db8:0:0:8000::/65", true, false},
		{"2001:db8::/65", "2001:db8:0:0:8000::/65", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct prefix a = prefix_of(table[i].a), b = prefix_of(table[i].b);
		bool nested = table[i].a_covers_b || table[i].b_covers_a;

		assert_int_equal(prefix_covers(&a, &b), table[i].a_covers_b);
		assert_int_equal(prefix_covers(&b, &a), table[i].b_covers_a);
		assert_int_equal(prefix_overlaps(&a, &b), nested);
		assert_int_equal(prefix_overlaps(&b, &a), nested);
		assert_int_equal(prefix_equal(&a, &b), table[i].a_covers_b && table[i].b_covers_a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_text),     cmocka_unit_test(address_bits),
		cmocka_unit_test(prefix_text),      cmocka_unit_test(contains_at_every_length),
		cmocka_unit_test(mapped_addresses), cmocka_unit_test(relations),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
