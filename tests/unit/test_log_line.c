/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the daemon's log as packet lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "text/log_line.h"

static void check(const char *line, const char *expected)
{
	char text[256], got[256] = "", *words[12];
	size_t count;

	snprintf(text, sizeof(text), "%s", line);
	count = log_line_words(text, words, 12);
	for (size_t i = 0; i < count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "",
			 words[i]);
	assert_string_equal(got, expected);
}

static void packets_are_found(void **state)
{
	(void)state;
	check("in tcp 203.0.113.9:40000 -> 192.0.2.1:22", "in tcp 203.0.113.9:40000 192.0.2.1:22");
	check("dropped in tcp 203.0.113.9:40000 -> 192.0.2.1:22 (web inbound rule *)",
	      "in tcp 203.0.113.9:40000 192.0.2.1:22");
	check("nacld: would drop out udp [2001:db8::1]:53 -> [2001:db8::2]:9 (web outbound rule 7)",
	      "out udp [2001:db8::1]:53 [2001:db8::2]:9");
	check("Nov 27 12:00:00 host nacld[7]: dropped in@eth0 icmp 203.0.113.9 -> 192.0.2.1 type 8 "
	      "code 0 (web inbound rule 100)",
	      "in@eth0 icmp 203.0.113.9 192.0.2.1 type 8 code 0");
	check("\tdropped  forward 47 203.0.113.9  ->  192.0.2.1",
	      "forward 47 203.0.113.9 192.0.2.1");
}

static void others_are_not(void **state)
{
	(void)state;
	check("", "");
	check("in tcp 203.0.113.9:40000 192.0.2.1:22", "");
	check("-> 192.0.2.1", "");
	check("tcp 203.0.113.9 -> 192.0.2.1", "");
	check("in tcp 203.0.113.9:40000 ->", "");
	check("in tcp 203.0.113.9:40000 -> (nothing)", "");
}

static void words_are_bounded(void **state)
{
	char text[] = "in tcp A -> B 1 2 3 4 5", few[] = "in tcp A -> B";
	char *words[6];

	(void)state;
	assert_int_equal(log_line_words(text, words, 6), 6);
	assert_string_equal(words[5], "2");
	assert_int_equal(log_line_words(few, words, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_found),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(words_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
