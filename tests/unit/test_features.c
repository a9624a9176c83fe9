/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a driver does by itself, as the kernel tells it of loopback, which every host has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "steer/unseen/parts.h"

static void features_are_known_by_name(void **state)
{
	(void)state;
	assert_true(feature_is_on("lo", "loopback"));
	assert_true(feature_is_on("lo", "tx-scatter-gather"));
	assert_false(feature_is_on("lo", "rx-vlan-filter"));
	assert_false(feature_is_on("lo", "hw-tc-offload"));
}

static void what_is_not_there_is_off(void **state)
{
	(void)state;
	assert_false(feature_is_on("lo", "no-such-feature"));
	assert_false(feature_is_on("no-such-device", "loopback"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features_are_known_by_name),
		cmocka_unit_test(what_is_not_there_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
