/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log's writer: a thread with a short queue of windows.
 *
 * A disk may be full, slow, or gone for an hour. All of that happens to the process that writes
 * (disk.h); this thread waits for it, as long as that takes, and nobody for this thread: a job
 * holds tables that no worker uses, so nobody waits for their return; while they are out the
 * workers go on filling the others, beyond the window's end if need be. What cannot be written is
 * counted, and the first window that can be written again has a SKIPDATA line for it.
 *
 * The lock is held to look at the queue and the state, never across a system call on the file. A
 * job stays in the queue while it is in work, so "is this set held" is one look.
 */
#include "daemon/flowlog/writer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"

struct flowwriter {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;

	/* Under the lock. */
	struct flow_job jobs[FLOWWRITER_JOBS];
	unsigned int head;
	unsigned int count;
	bool reopen;
	bool stop;
	char wanted[PATH_MAX];
	struct flowwriter_state state;

	/* The thread's own. */
	struct flow_sink sink;
	size_t len;     /* of the lines in the buffer */
	uint64_t lines; /* so many */
	char buffer[FLOW_SINK_MAX];
	bool skipped;       /* a window with lost packets could not be written */
	uint64_t told_lost; /* of state.lost: what SKIPDATA lines have reported */
	bool failing;
};

static struct flow_job *job_at(struct flowwriter *writer, unsigned int i)
{
	return &writer->jobs[(writer->head + i) % FLOWWRITER_JOBS];
}

static void lose(struct flowwriter *writer, uint64_t records)
{
	pthread_mutex_lock(&writer->lock);
	writer->state.lost += records;
	pthread_mutex_unlock(&writer->lock);
}

/* Logs the first failure and the recovery; the state has the present error. */
static void note(struct flowwriter *writer, const char *path, int err)
{
	const char *hint = err == -ENOENT || err == -EACCES
				   ? ": did its folder exist before nacld started, and may "
				     "nacld write to it?"
				   : "";

	pthread_mutex_lock(&writer->lock);
	snprintf(writer->state.error, sizeof(writer->state.error), "%s", err ? strerror(-err) : "");
	pthread_mutex_unlock(&writer->lock);
	if (err && !writer->failing)
		log_warning("flow log %s: %s%s; until it can be written its records are lost, "
			    "traffic is not affected",
			    path, strerror(-err), hint);
	else if (!err && writer->failing)
		log_info("flow log %s: written again", path);
	writer->failing = err != 0;
}

/* Room for one more line; NULL: flush first. */
static char *room(struct flowwriter *writer)
{
	return writer->len + FLOWLOG_LINE_MAX <= sizeof(writer->buffer)
		       ? writer->buffer + writer->len
		       : NULL;
}

static void add_line(struct flowwriter *writer, size_t len)
{
	writer->len += len;
	writer->lines++;
}

/* `records`: the lines in the buffer are about flows. */
static int flush(struct flowwriter *writer, const char *path, bool records)
{
	uint64_t lines = writer->lines, lost;
	int err = writer->sink.write(writer->sink.owner, writer->buffer, writer->len, &lost);

	writer->len = 0;
	writer->lines = 0;
	if (records) {
		lose(writer, lost);
		pthread_mutex_lock(&writer->lock);
		writer->state.records += lines - lost;
		pthread_mutex_unlock(&writer->lock);
	}
	note(writer, path, err);
	return err;
}

/*
 * From the first packet to the last; no longer than the window, though the clock may have been put
 * forward.
 */
static int64_t span_of(const struct flow *flow, const struct flow_job *job)
{
	int64_t most_s = job->end_s - job->start_s + 1;

	return flow->span_s > most_s ? most_s : flow->span_s;
}

static void describe(const struct flow *flow, const struct flow_job *job,
		     struct flow_record *record)
{
	const struct flow_tables *set = job->set;
	struct flow_tuple tuple = flow_table_tuple(flow);

	*record = (struct flow_record){
		.account = set->account,
		.start = flow->first_s,
		.end = flow->first_s + span_of(flow, job),
		.src = tuple.src,
		.dst = tuple.dst,
		.sport = tuple.sport,
		.dport = tuple.dport,
		.protocol = tuple.protocol,
		.tcp_flags = flow->tcp_flags,
		.direction = tuple.direction,
		.action = tuple.action,
		.packets = flow->packets,
		.bytes = flow->bytes,
		.acl = flow->acl < set->acl_count ? set->acls[flow->acl] : NULL,
		.rule = flow->rule,
	};
}

/* All flows of one table; the first failure loses the rest. */
static int write_table(struct flowwriter *writer, const struct flow_job *job,
		       const struct flow_table *table, int err)
{
	const struct flow_tables *set = job->set;
	struct flow_record record;
	struct flow flow;
	uint64_t unwritten = 0;
	uint32_t at = 0;

	while (flow_table_next(table, &at, &flow)) {
		char *line = room(writer);

		if (!err && !line) {
			err = flush(writer, set->file, true);
			line = room(writer);
		}
		if (err) {
			unwritten++;
			continue;
		}
		describe(&flow, job, &record);
		add_line(writer, flow_record_print(&set->format, &record, line));
	}
	lose(writer, unwritten);
	return err;
}

static int write_status(struct flowwriter *writer, const struct flow_job *job,
			enum flow_record_status status)
{
	struct flow_record record = {
		.status = status,
		.account = job->set->account,
		.start = job->start_s,
		.end = job->end_s,
	};
	char *line = room(writer);

	add_line(writer, flow_record_print(&job->set->format, &record, line));
	return flush(writer, job->set->file, false);
}

static uint64_t records_lost(struct flowwriter *writer)
{
	struct flowwriter_state state;

	flowwriter_state(writer, &state);
	return state.lost;
}

/* The line that stands for what is missing, in this window or since the last one written. */
static void write_skipped(struct flowwriter *writer, const struct flow_job *job)
{
	uint64_t lost = records_lost(writer);

	if (write_status(writer, job, FLOW_RECORD_SKIPDATA) == 0) {
		writer->skipped = false;
		writer->told_lost = lost;
	}
}

static void write_window(struct flowwriter *writer, const struct flow_job *job)
{
	const struct flow_tables *set = job->set;
	int err = writer->sink.open(writer->sink.owner, set->file);

	if (err)
		note(writer, set->file, err);
	writer->skipped |= flow_tables_lost(set, job->tables) > 0;
	for (unsigned int i = 0; i < set->worker_count; i++)
		err = write_table(writer, job, job->tables[i], err);
	if (!err)
		err = flush(writer, set->file, true);
	if (err)
		return;
	if (writer->skipped || records_lost(writer) != writer->told_lost)
		write_skipped(writer, job);
	else if (flow_tables_used(set, job->tables) == 0)
		write_status(writer, job, FLOW_RECORD_NODATA);
}

/* The job at the head is done: out of the queue, and its tables back. */
static void finish(struct flowwriter *writer, const struct flow_job *job)
{
	bool last;

	for (unsigned int i = 0; i < job->set->worker_count; i++)
		flow_table_clear(job->tables[i]);
	pthread_mutex_lock(&writer->lock);
	last = job_at(writer, 0)->last; /* may have become so meanwhile */
	writer->head = (writer->head + 1) % FLOWWRITER_JOBS;
	writer->count--;
	pthread_mutex_unlock(&writer->lock);
	if (last)
		flow_tables_free(job->set);
}

static void open_anew(struct flowwriter *writer, const char *path)
{
	writer->sink.open(writer->sink.owner, "");
	if (path[0] != '\0')
		note(writer, path, writer->sink.open(writer->sink.owner, path));
}

static void *run(void *arg)
{
	struct flowwriter *writer = arg;
	char path[PATH_MAX];

	pthread_mutex_lock(&writer->lock);
	for (;;) {
		if (writer->count > 0) {
			struct flow_job job = *job_at(writer, 0);

			pthread_mutex_unlock(&writer->lock);
			write_window(writer, &job);
			finish(writer, &job);
		} else if (writer->reopen) {
			writer->reopen = false;
			memcpy(path, writer->wanted, sizeof(path));
			pthread_mutex_unlock(&writer->lock);
			open_anew(writer, path);
		} else if (writer->stop) {
			break;
		} else {
			pthread_cond_wait(&writer->wake, &writer->lock);
			continue;
		}
		pthread_mutex_lock(&writer->lock);
	}
	pthread_mutex_unlock(&writer->lock);
	writer->sink.open(writer->sink.owner, "");
	return NULL;
}

int flowwriter_start(const struct flow_sink *sink, struct flowwriter **out)
{
	struct flowwriter *writer = calloc(1, sizeof(*writer));
	sigset_t set, old;
	int err;

	if (!writer)
		return -ENOMEM;
	writer->sink = *sink;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->wake, NULL);
	sigfillset(&set);
	pthread_sigmask(SIG_SETMASK, &set, &old);
	err = pthread_create(&writer->thread, NULL, run, writer);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		free(writer);
		return -err;
	}
	*out = writer;
	return 0;
}

static bool holds(struct flowwriter *writer, const struct flow_tables *set)
{
	for (unsigned int i = 0; i < writer->count; i++)
		if (job_at(writer, i)->set == set)
			return true;
	return false;
}

bool flowwriter_busy(struct flowwriter *writer, const struct flow_tables *set)
{
	bool busy;

	pthread_mutex_lock(&writer->lock);
	busy = writer->count == FLOWWRITER_JOBS || holds(writer, set);
	pthread_mutex_unlock(&writer->lock);
	return busy;
}

/* No room for the last job of a set: its records are lost. True when the set is free to go. */
static bool drop_last(struct flowwriter *writer, const struct flow_job *job)
{
	writer->state.lost += flow_tables_used(job->set, job->tables);
	for (unsigned int i = writer->count; i > 0; i--) {
		if (job_at(writer, i - 1)->set == job->set) {
			job_at(writer, i - 1)->last = true;
			return false;
		}
	}
	return true;
}

void flowwriter_give(struct flowwriter *writer, const struct flow_job *job)
{
	bool free_set = false;

	pthread_mutex_lock(&writer->lock);
	if (writer->count < FLOWWRITER_JOBS)
		*job_at(writer, writer->count++) = *job;
	else
		free_set = drop_last(writer, job);
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	if (free_set)
		flow_tables_free(job->set);
}

void flowwriter_reopen(struct flowwriter *writer, const char *path)
{
	pthread_mutex_lock(&writer->lock);
	snprintf(writer->wanted, sizeof(writer->wanted), "%s", path);
	writer->reopen = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
}

void flowwriter_state(struct flowwriter *writer, struct flowwriter_state *out)
{
	pthread_mutex_lock(&writer->lock);
	*out = writer->state;
	pthread_mutex_unlock(&writer->lock);
}

bool flowwriter_stop(struct flowwriter *writer, int patience_ms)
{
	struct timespec until;

	if (!writer)
		return true;
	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += patience_ms / 1000;
	until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	if (pthread_clockjoin_np(writer->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
		return false;
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
	return true;
}
