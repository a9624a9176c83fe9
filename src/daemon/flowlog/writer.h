/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_FLOWLOG_WRITER_H
#define NACLD_DAEMON_FLOWLOG_WRITER_H

#include "daemon/flowlog/tables.h"
#include "daemon/disk.h"

/*
 * The thread that writes the flow log: the one part of the daemon that may wait for a disk. The
 * main thread gives it full tables and never waits for it.
 */
struct flowwriter;

#define FLOWWRITER_JOBS 4 /* waiting or in work */

/* A window to write: the set's tables, which come back empty. */
struct flow_job {
	struct flow_tables *set;
	struct flow_table **tables; /* set->spare or set->active */
	int64_t start_s;            /* the window, seconds since the epoch */
	int64_t end_s;
	bool last; /* the set is freed when this is written */
};

/* What it has done. */
struct flowwriter_state {
	uint64_t records; /* lines about flows in the file */
	uint64_t lost;    /* records that could not be written */
	char error[160];  /* of the last window, or empty */
};

/* 0 or -errno. */
int flowwriter_start(const struct flow_sink *sink, struct flowwriter **out);

/* Is a window of this set waiting or in work, or is there no room for another job? */
bool flowwriter_busy(struct flowwriter *writer, const struct flow_tables *set);

/* Gives a job. Not `last`: only when not busy. Last: always; without room the records are lost. */
void flowwriter_give(struct flowwriter *writer, const struct flow_job *job);

/*
 * Opens the file anew when the jobs are done (it may have been rotated), so that an error shows
 * early.
 */
void flowwriter_reopen(struct flowwriter *writer, const char *path);

void flowwriter_state(struct flowwriter *writer, struct flowwriter_state *out);

/*
 * Lets it finish its jobs and frees it. False when that took too long: the thread, and what it
 * holds, is left to the end of the process.
 */
bool flowwriter_stop(struct flowwriter *writer, int patience_ms);

#endif
