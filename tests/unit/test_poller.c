/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop's wait: who is served and when, also where no descriptor is free, no memory is to
 * be had and the kernel refuses to wait.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "daemon/poller.h"

/* Nothing under test asks for memory: while this is set there is none. */
static bool out_of_memory;
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return out_of_memory ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return out_of_memory ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return out_of_memory ? NULL : __real_realloc(old, size);
}

struct served {
	struct poller_source source;
	struct poller *poller;
	struct served *removes;
	unsigned int times;
	short revents;
};

static void serve(struct poller_source *source, short revents)
{
	struct served *served = source->owner;
	char byte;

	served->times++;
	served->revents = revents;
	if (revents & POLLIN)
		(void)!read(source->fd, &byte, 1);
	else
		source->due_ms = 0;
	if (served->removes)
		poller_remove(served->poller, &served->removes->source);
}

static struct served served_at(struct poller *poller, int fd, int64_t due_ms)
{
	return (struct served){
		.poller = poller,
		.source = {.fd = fd, .events = POLLIN, .due_ms = due_ms, .serve = serve},
	};
}

static void add(struct served *served)
{
	served->source.owner = served;
	assert_true(poller_add(served->poller, &served->source));
}

static void what_is_ready_or_due_is_served_and_nothing_else(void **state)
{
	struct poller poller = {0};
	int ends[2], idle[2];
	struct served ready, quiet, due, later;

	(void)state;
	assert_int_equal(pipe(ends) | pipe(idle), 0);
	ready = served_at(&poller, ends[0], 0);
	quiet = served_at(&poller, idle[0], 0);
	due = served_at(&poller, -1, clock_monotonic_ms());
	later = served_at(&poller, -1, clock_monotonic_ms() + 60000);
	add(&ready);
	add(&quiet);
	add(&due);
	add(&later);
	assert_int_equal(write(ends[1], "x", 1), 1);
	poller_round(&poller);
	assert_int_equal(ready.times, 1);
	assert_int_equal(ready.revents, POLLIN);
	assert_int_equal(due.times, 1);
	assert_int_equal(due.revents, 0);
	assert_int_equal(quiet.times + later.times, 0);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(idle[i]);
	}
}

static void it_waits_until_the_first_deadline(void **state)
{
	struct poller poller = {0};
	int64_t now = clock_monotonic_ms();
	struct served soon = served_at(&poller, -1, now + 30),
		      later = served_at(&poller, -1, now + 60000);

	(void)state;
	add(&later);
	add(&soon);
	while (soon.times == 0)
		poller_round(&poller);
	assert_true(clock_monotonic_ms() >= now + 30);
	assert_true(clock_monotonic_ms() < now + 30000);
	assert_int_equal(later.times, 0);
}

static void what_was_removed_in_a_round_is_not_served_in_it(void **state)
{
	struct poller poller = {0};
	struct served second = served_at(&poller, -1, 1);
	struct served first = served_at(&poller, -1, 1);

	(void)state;
	first.removes = &second;
	add(&second);
	add(&first); /* the last is served first */
	poller_round(&poller);
	assert_int_equal(first.times, 1);
	assert_int_equal(second.times, 0);
}

static void there_are_places_for_so_many(void **state)
{
	struct poller poller = {0};
	struct poller_source sources[POLLER_SOURCES_MAX + 1];

	(void)state;
	for (unsigned int i = 0; i < POLLER_SOURCES_MAX; i++)
		assert_true(poller_add(&poller, &sources[i]));
	assert_false(poller_add(&poller, &sources[POLLER_SOURCES_MAX]));
	poller_remove(&poller, &sources[7]);
	assert_true(poller_add(&poller, &sources[POLLER_SOURCES_MAX]));
	assert_ptr_equal(poller.sources[7], &sources[POLLER_SOURCES_MAX]);
}

/* poll(2) takes no longer list than the process may hold descriptors. */
static void signals_and_deadlines_are_served_where_waiting_is_refused(void **state)
{
	struct rlimit before, none = {0};
	struct poller poller = {0};
	struct served signals, silent, due;
	struct pollfd probe;
	int64_t began;
	sigset_t set;
	int ends[2];

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_int_equal(pipe(ends), 0);
	signals = served_at(&poller, signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), 0);
	signals.source.always = true;
	silent = served_at(&poller, ends[0], 0);
	due = served_at(&poller, -1, 1);
	add(&silent);
	add(&due);
	add(&signals);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	out_of_memory = true;
	probe = (struct pollfd){.fd = signals.source.fd};
	began = clock_monotonic_ms();
	if (poll(&probe, 1, 0) < 0)
		poller_round(&poller);
	out_of_memory = false;
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(signals.times, 1);
	assert_int_equal(signals.revents, POLLIN);
	assert_int_equal(due.times, 1);
	assert_int_equal(silent.times, 0);
	assert_true(clock_monotonic_ms() - began >= POLLER_REFUSED_MS); /* no busy loop */
	poller_round(&poller);
	assert_int_equal(silent.times, 1);
	close(signals.source.fd);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_ready_or_due_is_served_and_nothing_else),
		cmocka_unit_test(it_waits_until_the_first_deadline),
		cmocka_unit_test(what_was_removed_in_a_round_is_not_served_in_it),
		cmocka_unit_test(there_are_places_for_so_many),
		cmocka_unit_test(signals_and_deadlines_are_served_where_waiting_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
