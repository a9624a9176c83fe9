/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log's windows.
 *
 * At a window's end each worker gets an empty table for its full one: one pointer, exchanged while
 * it works, and the old table is ours once the worker has passed. The writer thread then formats
 * and writes; the main thread never touches the file. While the writer still has the other tables,
 * because the disk is slow, the window stays open and grows: nothing is lost until a table is full.
 *
 * A reload replaces the set together with the policy, so it ends the window early.
 */
#include "daemon/flowlog/window.h"

#include <errno.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"

#define RETRY_MS 250 /* until another look whether the writer is done */
#define STEP_S   2   /* the clocks are apart by more: one was set */

int flowlog_prepare(struct flowlog *log, const struct policy *policy, unsigned int worker_count,
		    struct flow_tables **out)
{
	struct flow_tables *set;
	int err;

	*out = NULL;
	if (!policy->flow_log.file)
		return 0;
	if (!log->writer) {
		err = flowwriter_start(&log->sink, &log->writer);
		if (err)
			return err;
	}
	set = flow_tables_new(policy, worker_count);
	if (!set)
		return -ENOMEM;
	*out = set;
	return 0;
}

static void open_window(struct flowlog *log)
{
	log->start_s = time(NULL);
	log->opened_ms = clock_monotonic_ms();
	log->source.due_ms = log->opened_ms + (int64_t)log->set->window_s * 1000;
}

/*
 * When the window began, by the clock it ends by. A wall clock that was put forward or back
 * meanwhile makes it neither a day long nor end before it began.
 */
static int64_t start_by(const struct flowlog *log, int64_t end_s)
{
	int64_t length_s = (clock_monotonic_ms() - log->opened_ms + 500) / 1000;
	int64_t stepped_s = end_s - log->start_s - length_s;

	return stepped_s < -STEP_S || stepped_s > STEP_S ? end_s - length_s : log->start_s;
}

/* These tables are no worker's any more. */
static void give(struct flowlog *log, struct flow_table **tables, bool last)
{
	int64_t end_s = time(NULL);
	struct flow_job job = {
		.set = log->set,
		.tables = tables,
		.start_s = start_by(log, end_s),
		.end_s = end_s,
		.last = last,
	};

	log->windows++;
	log->lost_packets += flow_tables_lost(log->set, tables);
	flowwriter_give(log->writer, &job);
}

void flowlog_begin(struct flowlog *log)
{
	if (!log->set)
		return;
	flowwriter_reopen(log->writer, log->set->file);
	open_window(log);
}

void flowlog_replace(struct flowlog *log, struct flow_tables *set)
{
	if (log->set)
		give(log, log->set->active, true);
	if (log->set && !set)
		flowwriter_reopen(log->writer, "");
	log->set = set;
	log->source.due_ms = 0;
	flowlog_begin(log);
}

void flowlog_work(struct flowlog *log, struct worker *workers)
{
	int64_t now_ms = clock_monotonic_ms();

	if (log->source.due_ms == 0 || now_ms < log->source.due_ms)
		return;
	if (flowwriter_busy(log->writer, log->set)) {
		log->source.due_ms = now_ms + RETRY_MS;
		return;
	}
	flow_tables_swap(log->set);
	for (unsigned int i = 0; i < log->set->worker_count; i++)
		worker_quiescent(&workers[i]);
	give(log, log->set->spare, false);
	open_window(log);
}

bool flowlog_state(const struct flowlog *log, struct flowlog_state *out)
{
	if (!log->set)
		return false;
	out->flows = flow_tables_used(log->set, log->set->active);
	out->lost_packets = log->lost_packets + flow_tables_lost(log->set, log->set->active);
	out->windows = log->windows;
	flowwriter_state(log->writer, &out->writer);
	return true;
}

void flowlog_reopen(struct flowlog *log)
{
	if (log->set)
		flowwriter_reopen(log->writer, log->set->file);
}

void flowlog_stop(struct flowlog *log)
{
	if (log->source.due_ms != 0)
		give(log, log->set->active, true);
	else
		flow_tables_free(log->set); /* never filled */
	if (!flowwriter_stop(log->writer, FLOWLOG_STOP_MS))
		log_warning("the flow log could not be written in %d s: its last records are lost",
			    FLOWLOG_STOP_MS / 1000);
	*log = (struct flowlog){0};
}
