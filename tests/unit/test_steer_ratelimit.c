/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often steering may be put back: any window of a minute holds five. */
#include "steer/watch/ratelimit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void five_at_once(void **state)
{
	struct steer_ratelimit limit = {0};

	(void)state;
	for (int i = 0; i < STEER_RATELIMIT_COUNT; i++) {
		assert_true(steer_ratelimit_next(&limit) <= 0);
		assert_true(steer_ratelimit_take(&limit, 1000 + i));
	}
	assert_false(steer_ratelimit_take(&limit, 1004));
	assert_int_equal(steer_ratelimit_next(&limit), 1000 + STEER_RATELIMIT_MS);
	assert_false(steer_ratelimit_take(&limit, 1000 + STEER_RATELIMIT_MS - 1));
	assert_true(steer_ratelimit_take(&limit, 1000 + STEER_RATELIMIT_MS));
	assert_false(steer_ratelimit_take(&limit, 1000 + STEER_RATELIMIT_MS));
	assert_int_equal(steer_ratelimit_next(&limit), 1001 + STEER_RATELIMIT_MS);
}

/*
 * Every 7 s for ten minutes: no window of a minute has more than five, and none is held back for
 * good.
 */
static void a_steady_opponent(void **state)
{
	int64_t taken[128];
	struct steer_ratelimit limit = {0};
	int count = 0;

	(void)state;
	for (int64_t now = 0; now < 600000; now += 7000)
		if (steer_ratelimit_take(&limit, now))
			taken[count++] = now;
	assert_in_range(count, 45, 50);
	for (int i = STEER_RATELIMIT_COUNT; i < count; i++)
		assert_true(taken[i] - taken[i - STEER_RATELIMIT_COUNT] >= STEER_RATELIMIT_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_at_once),
		cmocka_unit_test(a_steady_opponent),
	};

	return cmocka_run_group_tests_name("steer_ratelimit", tests, NULL, NULL);
}
