/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that follow default routes: a line for each interface, or one for all but loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "steer/plan.h"
#include "steer/routes/routes.h"

static const char nft[] = "\t\tiifname \"" STEER_DEFAULT_ROUTE "\" meta pkttype broadcast accept\n"
			  "\t\treturn\n"
			  "\t\toifname \"" STEER_DEFAULT_ROUTE "\" accept\n";
static const char iptables[] = "-A NACLD-PRE -i eth7 -j NFQUEUE\n"
			       "-A NACLD-PRE -i " STEER_DEFAULT_ROUTE " -j NFQUEUE\n"
			       "-A NACLD-POST -o " STEER_DEFAULT_ROUTE " -j NFQUEUE\n";

static void expands(const struct routes *routes, const char *template, const char *expected)
{
	char *text = routes_expand(routes, template);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void each_interface_has_a_line(void **state)
{
	char names[2][IF_NAMESIZE] = {"eth0", "wg0"};
	const struct routes routes = {.names = names, .count = 2};

	(void)state;
	expands(&routes, nft,
		"\t\tiifname \"eth0\" meta pkttype broadcast accept\n"
		"\t\tiifname \"wg0\" meta pkttype broadcast accept\n"
		"\t\treturn\n"
		"\t\toifname \"eth0\" accept\n"
		"\t\toifname \"wg0\" accept\n");
	expands(&routes, iptables,
		"-A NACLD-PRE -i eth7 -j NFQUEUE\n"
		"-A NACLD-PRE -i eth0 -j NFQUEUE\n"
		"-A NACLD-PRE -i wg0 -j NFQUEUE\n"
		"-A NACLD-POST -o eth0 -j NFQUEUE\n"
		"-A NACLD-POST -o wg0 -j NFQUEUE\n");
}

static void without_a_route_it_is_all_but_loopback(void **state)
{
	const struct routes none = {0};

	(void)state;
	expands(&none, nft,
		"\t\tiifname != \"lo\" meta pkttype broadcast accept\n"
		"\t\treturn\n"
		"\t\toifname != \"lo\" accept\n");
	expands(&none, iptables,
		"-A NACLD-PRE -i eth7 -j NFQUEUE\n"
		"-A NACLD-PRE ! -i lo -j NFQUEUE\n"
		"-A NACLD-POST ! -o lo -j NFQUEUE\n");
	expands(&none, "", "");
	expands(&none, "no end of line", "no end of line");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_interface_has_a_line),
		cmocka_unit_test(without_a_route_it_is_all_but_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
