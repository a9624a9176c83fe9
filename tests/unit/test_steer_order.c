/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which backend first: never the tables that the host's own iptables fills and empties. */
#include "steer/kernel/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void beside(const char *program, enum steer_backend second)
{
	enum steer_backend order[STEER_BACKENDS];

	steer_order_beside(program, order);
	assert_int_equal(order[0], STEER_NFT);
	assert_int_equal(order[1], second);
	assert_int_equal(order[2],
			 second == STEER_IPTABLES_NFT ? STEER_IPTABLES_LEGACY : STEER_IPTABLES_NFT);
}

static void the_other_variant_is_preferred(void **state)
{
	(void)state;
	beside("/usr/sbin/xtables-nft-multi", STEER_IPTABLES_LEGACY);
	beside("/usr/sbin/xtables-legacy-multi", STEER_IPTABLES_NFT);
	beside(NULL, STEER_IPTABLES_LEGACY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_other_variant_is_preferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
