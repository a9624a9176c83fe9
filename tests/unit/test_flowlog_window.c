/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The windows of the flow log: when they end, that every worker has passed before its table is
 * given away, and that a writer in trouble makes a window longer instead of losing it. The workers
 * here are idle: worker_quiescent stands in for them and notes that it was asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "daemon/flowlog/window.h"
#include "file_sink.h"

#define WORKERS 2

static unsigned int passes;

void worker_quiescent(struct worker *worker)
{
	(void)worker;
	passes++;
}

struct fixture {
	char folder[64];
	char path[96];
	char text[4096];
	struct worker workers[WORKERS];
	struct flowlog log;
	struct flowfile file;
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f)
		return -1;
	strcpy(f->folder, "/tmp/nacld-windows.XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/flow.log", f->folder);
	passes = 0;
	f->log.sink = file_sink(&f->file);
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	flowlog_stop(&f->log);
	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static struct flow_tables *prepare(struct fixture *f, bool on)
{
	struct policy *policy = policy_new();
	struct flow_log settings = {.file = f->path,
				    .format = (char *)"${srcport} ${log-status}",
				    .account = (char *)"-",
				    .window_s = 600,
				    .flows = 40000};
	struct flow_tables *set;

	if (on)
		assert_int_equal(policy_set_flow_log(policy, &settings), 0);
	assert_int_equal(flowlog_prepare(&f->log, policy, WORKERS, &set), 0);
	policy_free(policy);
	return set;
}

static void fill(struct fixture *f, unsigned int worker, unsigned int first, unsigned int count)
{
	struct packet packet = {.len = 60, .protocol = PROTOCOL_UDP, .l4 = PACKET_L4_PORTS};
	struct policy_step step = {.direction = INBOUND};

	for (unsigned int i = 0; i < count; i++) {
		packet.sport = (uint16_t)(first + i);
		flow_table_count(f->log.set->active[worker], HOOK_INPUT, &packet, &step,
				 ACTION_ALLOW, 1);
	}
	flow_table_settle(f->log.set->active[worker]);
}

/* Until the window ends; -1: none is open. */
static int64_t left_ms(const struct flowlog *log)
{
	return log->source.due_ms == 0 ? -1 : log->source.due_ms - clock_monotonic_ms();
}

static void assert_left_ms(const struct flowlog *log, int64_t least, int64_t most)
{
	int64_t left = left_ms(log);

	if (left < least || left > most)
		fail_msg("%lld ms left, not %lld to %lld", (long long)left, (long long)least,
			 (long long)most);
}

static void end_window(struct fixture *f)
{
	f->log.source.due_ms = 1; /* long ago */
	flowlog_work(&f->log, f->workers);
}

static void wait_written(struct fixture *f)
{
	for (int i = 0; flowwriter_busy(f->log.writer, f->log.set); i++) {
		assert_true(i < 20000);
		usleep(1000);
	}
}

static const char *content(struct fixture *f)
{
	FILE *file = fopen(f->path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(f->text, 1, sizeof(f->text) - 1, file);
	fclose(file);
	f->text[len] = '\0';
	return f->text;
}

static void off_is_off(void **state)
{
	struct fixture *f = *state;

	assert_null(prepare(f, false));
	flowlog_begin(&f->log);
	flowlog_work(&f->log, f->workers);
	flowlog_reopen(&f->log);
	assert_int_equal(left_ms(&f->log), -1);
	assert_null(f->log.writer);
}

static void a_window_ends_when_it_is_due(void **state)
{
	struct fixture *f = *state;

	f->log.set = prepare(f, true);
	assert_int_equal(left_ms(&f->log), -1);
	flowlog_begin(&f->log);
	assert_left_ms(&f->log, 599000, 600001);
	fill(f, 0, 1, 1);
	fill(f, 1, 2, 1);
	flowlog_work(&f->log, f->workers);
	assert_int_equal(f->log.windows, 0);
	assert_int_equal(passes, 0);
	end_window(f);
	assert_int_equal(f->log.windows, 1);
	assert_int_equal(passes, WORKERS);
	assert_left_ms(&f->log, 599000, 600001);
	wait_written(f);
	assert_string_equal(content(f), "1 OK\n2 OK\n");
	fill(f, 1, 3, 1);
	flowlog_stop(&f->log);
	assert_string_equal(content(f), "1 OK\n2 OK\n3 OK\n");
}

/* The writer waits for a pipe's reader: the window stays open, and all of it is written later. */
static void a_writer_in_trouble_makes_the_window_longer(void **state)
{
	struct fixture *f = *state;
	struct flow_table *active;
	int reader;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	reader = open(f->path, O_RDONLY | O_NONBLOCK);
	f->log.set = prepare(f, true);
	flowlog_begin(&f->log);
	fill(f, 0, 1, 40000);
	end_window(f);
	fill(f, 0, 1, 1);
	active = f->log.set->active[0];
	end_window(f);
	assert_int_equal(f->log.windows, 1);
	assert_int_equal(passes, WORKERS);
	assert_ptr_equal(f->log.set->active[0], active);
	assert_left_ms(&f->log, 1, 1000);
	wait_written(f);
	fill(f, 0, 2, 1);
	close(reader);
	assert_int_equal(unlink(f->path), 0);
	flowlog_reopen(&f->log);
	while (access(f->path, F_OK) < 0)
		usleep(1000);
	end_window(f);
	assert_int_equal(f->log.windows, 2);
	wait_written(f);
	content(f);
	assert_non_null(strstr(f->text, "1 OK\n"));
	assert_non_null(strstr(f->text, "2 OK\n"));
	assert_string_equal(f->text + 10, "- SKIPDATA\n");
}

static void a_replaced_set_is_written_and_the_next_begins(void **state)
{
	struct fixture *f = *state;

	f->log.set = prepare(f, true);
	flowlog_begin(&f->log);
	fill(f, 0, 7, 1);
	flowlog_replace(&f->log, prepare(f, true));
	fill(f, 0, 8, 1);
	flowlog_replace(&f->log, NULL);
	assert_int_equal(left_ms(&f->log), -1);
	assert_int_equal(f->log.windows, 2);
	flowlog_stop(&f->log);
	assert_string_equal(content(f), "7 OK\n8 OK\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(off_is_off),
		TEST(a_window_ends_when_it_is_due),
		TEST(a_writer_in_trouble_makes_the_window_longer),
		TEST(a_replaced_set_is_written_and_the_next_begins),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
