/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring between a worker and the main thread: order, overflow, and one wake-up a sleep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/path/event_ring.h"

static struct event_ring ring;
static int wake;

static int open_ring(void **state)
{
	(void)state;
	event_ring_init(&ring);
	wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return wake < 0;
}

static int close_ring(void **state)
{
	(void)state;
	return close(wake);
}

static void put(uint64_t serial)
{
	struct event event = {.serial = serial};

	event_ring_put(&ring, wake, &event);
}

static uint64_t wakeups(void)
{
	uint64_t count;

	return read(wake, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void events_come_out_in_order(void **state)
{
	struct event event;

	(void)state;
	assert_false(event_ring_take(&ring, &event));
	put(1);
	put(2);
	assert_true(event_ring_take(&ring, &event));
	assert_int_equal(event.serial, 1);
	assert_true(event_ring_take(&ring, &event));
	assert_int_equal(event.serial, 2);
	assert_false(event_ring_take(&ring, &event));
}

static void a_full_ring_loses_the_newest_and_counts_it(void **state)
{
	struct event event;

	(void)state;
	for (uint64_t i = 0; i < EVENT_RING_LEN + 5; i++)
		put(i);
	assert_int_equal(ring.lost, 5);
	for (uint64_t i = 0; i < EVENT_RING_LEN; i++) {
		assert_true(event_ring_take(&ring, &event));
		assert_int_equal(event.serial, i);
	}
	assert_false(event_ring_take(&ring, &event));
}

static void the_reader_is_woken_once_each_time_it_sleeps(void **state)
{
	struct event event;

	(void)state;
	put(1);
	put(2);
	assert_int_equal(wakeups(), 1);
	assert_true(event_ring_arm(&ring)); /* two are waiting: look before sleeping */
	while (event_ring_take(&ring, &event))
		;
	assert_false(event_ring_arm(&ring));
	put(3);
	assert_int_equal(wakeups(), 1);
}

static void ends_that_cannot_be_empty_the_ring(void **state)
{
	static const uint64_t ends[][2] = {
		{EVENT_RING_LEN + 1, 0}, {0, 1}, {UINT64_MAX, 5}, {7, UINT64_MAX / 2}};
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		ring.head = ends[i][0];
		ring.tail = ends[i][1];
		assert_false(event_ring_check(&ring));
		assert_true(event_ring_check(&ring));
		assert_false(event_ring_take(&ring, &event));
		put(i);
		assert_true(event_ring_take(&ring, &event));
		assert_int_equal(event.serial, i);
	}
}

#define MANY 2000000

static void *write_many(void *arg)
{
	(void)arg;
	for (uint64_t i = 0; i < MANY; i++)
		put(i);
	return NULL;
}

static void two_threads_lose_only_what_is_counted(void **state)
{
	uint64_t taken = 0, next = 0;
	struct event event;
	pthread_t writer;
	int done;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, write_many, NULL), 0);
	do {
		done = pthread_tryjoin_np(writer, NULL) == 0;
		while (event_ring_take(&ring, &event)) {
			assert_true(event.serial >= next);
			next = event.serial + 1;
			taken++;
		}
	} while (!done);
	assert_int_equal(taken + ring.lost, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_come_out_in_order, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(a_full_ring_loses_the_newest_and_counts_it,
						open_ring, close_ring),
		cmocka_unit_test_setup_teardown(the_reader_is_woken_once_each_time_it_sleeps,
						open_ring, close_ring),
		cmocka_unit_test_setup_teardown(ends_that_cannot_be_empty_the_ring, open_ring,
						close_ring),
		cmocka_unit_test_setup_teardown(two_threads_lose_only_what_is_counted, open_ring,
						close_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
