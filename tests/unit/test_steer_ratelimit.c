/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often steering may be restored: always, but not without end in one moment. */
#include "steer/watch/ratelimit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void five_at_once_and_then_a_pause_each(void **state)
{
	struct steer_ratelimit limit = {0};
	int64_t now = 1000;

	(void)state;
	for (int i = 0; i < STEER_RATELIMIT_COUNT; i++) {
		assert_false(steer_ratelimit_busy(&limit, now));
		assert_true(steer_ratelimit_next(&limit, now) <= now);
		assert_true(steer_ratelimit_take(&limit, now));
	}
	for (int i = 0; i < 1000; i++) {
		assert_true(steer_ratelimit_busy(&limit, now));
		assert_false(steer_ratelimit_take(&limit, now));
		assert_int_equal(steer_ratelimit_next(&limit, now), now + STEER_RATELIMIT_PAUSE_MS);
		now += STEER_RATELIMIT_PAUSE_MS - 1;
		assert_false(steer_ratelimit_take(&limit, now));
		assert_true(steer_ratelimit_take(&limit, ++now));
	}
}

/* A minute's quiet, and it is as at the beginning. */
static void after_a_minute_it_is_free_again(void **state)
{
	struct steer_ratelimit limit = {0};

	(void)state;
	for (int i = 0; i < STEER_RATELIMIT_COUNT; i++)
		assert_true(steer_ratelimit_take(&limit, 1000 + i));
	assert_true(steer_ratelimit_busy(&limit, 1000 + STEER_RATELIMIT_MS - 1));
	assert_false(steer_ratelimit_busy(&limit, 1000 + STEER_RATELIMIT_MS));
	assert_true(steer_ratelimit_next(&limit, 1000 + STEER_RATELIMIT_MS) <= 0);
}

/* Whoever removes it every 7 s finds it restored each time, without delay. */
static void a_steady_opponent(void **state)
{
	struct steer_ratelimit limit = {0};

	(void)state;
	for (int64_t now = 0; now < 600000; now += 7000)
		assert_true(steer_ratelimit_take(&limit, now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_at_once_and_then_a_pause_each),
		cmocka_unit_test(after_a_minute_it_is_free_again),
		cmocka_unit_test(a_steady_opponent),
	};

	return cmocka_run_group_tests_name("steer_ratelimit", tests, NULL, NULL);
}
