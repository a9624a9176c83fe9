/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log's writer on real files: windows become lines, a pipe nobody reads and a full device
 * lose only what is counted, a rotated file is opened anew, and the thread that gives never waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/flowlog/writer.h"
#include "file_sink.h"

struct fixture {
	char folder[64];
	char path[96];
	char text[1 << 16];
	struct flowfile file;
	struct flow_sink sink;
	struct flowwriter *writer;
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f)
		return -1;
	strcpy(f->folder, "/tmp/nacld-flows.XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/flow.log", f->folder);
	f->sink = file_sink(&f->file);
	return flowwriter_start(&f->sink, &f->writer);
}

static int end(void **state)
{
	struct fixture *f = *state;
	bool stopped = flowwriter_stop(f->writer, 10000);

	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return stopped ? 0 : -1;
}

static struct flow_tables *set_for(const char *path, uint32_t flows)
{
	struct policy *policy = policy_new();
	struct flow_log log = {.file = (char *)path,
			       .format = (char *)"${srcport} ${log-status}",
			       .account = (char *)"-",
			       .window_s = 60,
			       .flows = flows};
	struct flow_tables *set;

	assert_non_null(policy_add_acl(policy, "web"));
	assert_int_equal(policy_set_flow_log(policy, &log), 0);
	set = flow_tables_new(policy, 1);
	assert_non_null(set);
	policy_free(policy);
	return set;
}

static void fill(struct flow_tables *set, unsigned int flows)
{
	struct packet packet = {.src = addr_from_ipv4(0xc0000201),
				.dst = addr_from_ipv4(0xc0000202),
				.len = 60,
				.protocol = PROTOCOL_UDP,
				.l4 = PACKET_L4_PORTS};
	struct policy_step step = {.direction = INBOUND};

	for (unsigned int i = 0; i < flows; i++) {
		packet.sport = (uint16_t)(i + 1);
		flow_table_count(set->active[0], HOOK_INPUT, &packet, &step, ACTION_ALLOW, 1);
	}
	flow_table_settle(set->active[0]);
}

/* Ends the set's window. */
static void give(struct fixture *f, struct flow_tables *set, bool last)
{
	struct flow_job job = {.set = set, .start_s = 1, .end_s = 61, .last = last};

	flow_tables_swap(set);
	job.tables = set->spare;
	flowwriter_give(f->writer, &job);
}

static void wait_idle(struct fixture *f, const struct flow_tables *set)
{
	static const struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; flowwriter_busy(f->writer, set); i++) {
		assert_true(i < 20000);
		nanosleep(&pause, NULL);
	}
}

static struct flowwriter_state state_of(struct fixture *f)
{
	struct flowwriter_state state;

	flowwriter_state(f->writer, &state);
	return state;
}

static const char *content(struct fixture *f)
{
	FILE *file = fopen(f->path, "r");
	size_t len = 0;

	if (file) {
		len = fread(f->text, 1, sizeof(f->text) - 1, file);
		fclose(file);
	}
	f->text[len] = '\0';
	return f->text;
}

static void windows_become_lines(void **state)
{
	struct fixture *f = *state;
	struct flow_tables *set = set_for(f->path, 64);

	fill(set, 1);
	give(f, set, false);
	wait_idle(f, set);
	assert_string_equal(content(f), "1 OK\n");
	give(f, set, false); /* nothing in it */
	wait_idle(f, set);
	assert_string_equal(content(f), "1 OK\n- NODATA\n");
	give(f, set, false); /* the first table again, which came back empty */
	wait_idle(f, set);
	assert_string_equal(content(f), "1 OK\n- NODATA\n- NODATA\n");
	fill(set, 70);
	give(f, set, true);
	assert_true(flowwriter_stop(f->writer, 10000));
	content(f);
	assert_non_null(strstr(f->text, "\n64 OK\n"));
	assert_null(strstr(f->text, "\n65 OK\n"));
	assert_string_equal(f->text + strlen(f->text) - 11, "- SKIPDATA\n");
	assert_int_equal(flowwriter_start(&f->sink, &f->writer), 0);
}

/* More than a buffer holds, at once. */
static void a_large_window_comes_whole(void **state)
{
	struct fixture *f = *state;
	struct flow_tables *set = set_for(f->path, 65000);
	struct stat st;

	fill(set, 60000);
	give(f, set, false);
	wait_idle(f, set);
	assert_int_equal(state_of(f).records, 60000);
	assert_int_equal(stat(f->path, &st), 0);
	/* The digits of 1 to 60000, and " OK\n" 60000 times. */
	assert_int_equal(st.st_size, 9 + 180 + 2700 + 36000 + 5 * 50001 + 4 * 60000);
	give(f, set, true);
}

static void what_a_full_device_does_not_take_is_counted(void **state)
{
	struct fixture *f = *state;
	struct flow_tables *full = set_for("/dev/full", 64), *set = set_for(f->path, 64);

	fill(full, 10);
	give(f, full, true);
	wait_idle(f, full);
	assert_int_equal(state_of(f).lost, 10);
	assert_int_equal(state_of(f).records, 0);
	assert_string_equal(state_of(f).error, "No space left on device");
	fill(set, 1);
	give(f, set, true);
	wait_idle(f, set);
	assert_string_equal(content(f), "1 OK\n- SKIPDATA\n");
	assert_string_equal(state_of(f).error, "");
}

static void a_missing_folder_is_told_and_survived(void **state)
{
	struct fixture *f = *state;
	struct flow_tables *set = set_for("/nowhere/at/all/flow.log", 64);

	fill(set, 3);
	give(f, set, true);
	wait_idle(f, set);
	assert_int_equal(state_of(f).lost, 3);
	assert_string_equal(state_of(f).error, "No such file or directory");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A reader that sleeps holds the writer up for its patience, and the giver not at all. */
static void a_reader_that_sleeps_loses_only_counted_records(void **state)
{
	struct fixture *f = *state;
	struct flow_tables *set = set_for(f->path, 40000), *more[FLOWWRITER_JOBS];
	char piece[1 << 16], before = '\n';
	double start;
	uint64_t got, lines = 0;
	ssize_t n;
	int reader;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	reader = open(f->path, O_RDONLY | O_NONBLOCK);
	assert_true(fcntl(reader, F_SETPIPE_SZ, 1 << 14) > 0); /* less than the writer's buffer */
	fill(set, 40000);
	start = seconds();
	give(f, set, true);
	for (unsigned int i = 0; i < FLOWWRITER_JOBS; i++) { /* one too many */
		more[i] = set_for(f->path, 64);
		fill(more[i], 1);
		give(f, more[i], true);
	}
	assert_true(seconds() - start < 0.5);
	wait_idle(f, set);
	got = state_of(f).records;
	while ((n = read(reader, piece, sizeof(piece))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (piece[i] == '\n') {
				assert_true(before == 'K' || before == 'A'); /* OK, SKIPDATA */
				lines++;
			}
			before = piece[i];
		}
	}
	assert_int_equal(before, '\n');
	assert_true(got > 1000 && got < 40000);
	/* As the pipe empties the next jobs may follow: a record and a SKIPDATA each. */
	assert_true(lines >= got && lines <= got + 2 * FLOWWRITER_JOBS);
	assert_true(flowwriter_stop(f->writer, 10000));
	close(reader);
	assert_int_equal(flowwriter_start(&f->sink, &f->writer), 0);
}

static void every_record_is_written_or_lost(void **state)
{
	struct fixture *f = *state;
	struct flow_tables *set = set_for("/dev/full", 64), *extra;

	for (unsigned int i = 0; i < 3 * FLOWWRITER_JOBS; i++) {
		extra = set_for("/dev/full", 64);
		fill(extra, 2);
		give(f, extra, true);
	}
	wait_idle(f, set);
	while (state_of(f).lost < 6 * FLOWWRITER_JOBS)
		usleep(1000);
	assert_int_equal(state_of(f).lost, 6 * FLOWWRITER_JOBS);
	flow_tables_free(set);
}

static void a_rotated_file_is_opened_anew(void **state)
{
	struct fixture *f = *state;
	struct flow_tables *set = set_for(f->path, 64);
	char rotated[128];

	fill(set, 1);
	give(f, set, false);
	wait_idle(f, set);
	snprintf(rotated, sizeof(rotated), "%s.1", f->path);
	assert_int_equal(rename(f->path, rotated), 0);
	flowwriter_reopen(f->writer, f->path);
	while (access(f->path, F_OK) < 0)
		usleep(1000);
	fill(set, 2);
	give(f, set, true);
	wait_idle(f, set);
	assert_int_equal(strlen(content(f)), strlen("1 OK\n2 OK\n"));
	assert_int_equal(unlink(rotated), 0);
}

/* The kernel's limit on a file's size gives the short write that a full disk gives. */
static void half_a_line_is_cut_off(void **state)
{
	struct rlimit old, small;
	struct fixture *f = *state;
	struct flowfile file;
	uint64_t lost;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	flowfile_init(&file);
	assert_int_equal(flowfile_open(&file, f->path), 0);
	memcpy(flowfile_room(&file, 100), "one\ntwo\nthree\n", 14);
	for (int i = 0; i < 3; i++)
		flowfile_line(&file, 0);
	file.len = 14;
	small.rlim_max = old.rlim_max;
	small.rlim_cur = 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(flowfile_flush(&file, &lost), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(lost, 1);
	assert_false(file.torn);
	assert_string_equal(content(f), "one\ntwo\n");
	flowfile_close(&file);
}

static void a_line_that_cannot_be_cut_off_is_ended(void **state)
{
	struct fixture *f = *state;
	struct flowfile file;
	uint64_t lost;
	int full;

	flowfile_init(&file);
	assert_int_equal(flowfile_open(&file, f->path), 0);
	memcpy(flowfile_room(&file, 100), "one\n", 4);
	flowfile_line(&file, 4);
	assert_int_equal(flowfile_flush(&file, &lost), 0);
	assert_int_equal(lost, 0);
	file.torn = true;
	memcpy(flowfile_room(&file, 100), "two\n", 4);
	flowfile_line(&file, 4);
	assert_int_equal(flowfile_flush(&file, &lost), 0);
	assert_string_equal(content(f), "one\n\ntwo\n");
	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(full >= 0);
	assert_int_equal(dup2(full, file.fd), file.fd);
	close(full);
	file.torn = true;
	memcpy(flowfile_room(&file, 100), "three\nfour\n", 11);
	flowfile_line(&file, 6);
	flowfile_line(&file, 5);
	assert_int_equal(flowfile_flush(&file, &lost), -ENOSPC);
	assert_int_equal(lost, 2);
	assert_true(file.torn);
	flowfile_close(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(windows_become_lines),
		TEST(a_large_window_comes_whole),
		TEST(what_a_full_device_does_not_take_is_counted),
		TEST(a_missing_folder_is_told_and_survived),
		TEST(a_reader_that_sleeps_loses_only_counted_records),
		TEST(every_record_is_written_or_lost),
		TEST(a_rotated_file_is_opened_anew),
		TEST(half_a_line_is_cut_off),
		TEST(a_line_that_cannot_be_cut_off_is_ended),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
