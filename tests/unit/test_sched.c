/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own answers, thread by thread. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/path/sched.h"

/* The start of the kernel's structure, whose header does not go with the C library's. */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

static struct attributes attributes(void)
{
	struct attributes attr = {0};

	assert_int_equal(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0), 0);
	return attr;
}

/* before, after */
static void *as_a_worker(void *out)
{
	struct attributes *seen = out;

	seen[0] = attributes();
	sched_packets_first();
	seen[1] = attributes();
	return NULL;
}

static void a_worker_asks_for_short_slices(void **state)
{
	struct attributes seen[2];
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, as_a_worker, seen), 0);
	pthread_join(thread, NULL);
	assert_int_equal(seen[1].nice, seen[0].nice);
	assert_int_equal(seen[1].policy, seen[0].policy);
	if (seen[0].runtime == 0) {
		print_message(
			"SKIP this kernel knows no slices for ordinary threads (before 6.12)\n");
		skip();
	}
	assert_int_equal(seen[1].runtime, SCHEDULE_SLICE_NS);
	assert_int_not_equal(attributes().runtime, SCHEDULE_SLICE_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_asks_for_short_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
