/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_FLOWLOG_WINDOW_H
#define NACLD_DAEMON_FLOWLOG_WINDOW_H

#include "daemon/flowlog/writer.h"
#include "daemon/poller.h"
#include "daemon/worker.h"

/* How long a stopping daemon waits for its last window to be written. */
#define FLOWLOG_STOP_MS 3000

/* The flow log as the main thread keeps it. All zero: off. */
struct flowlog {
	struct flow_tables *set;     /* what the workers fill; NULL: off */
	struct flow_sink sink;       /* for the writer; set before flowlog_prepare */
	struct flowwriter *writer;   /* from the first set on */
	struct poller_source source; /* due at the window's end; no window is open: never */
	int64_t opened_ms;           /* the window's start, monotonic */
	int64_t start_s;             /* the same in seconds since the epoch */
	uint64_t windows;            /* given to the writer */
	uint64_t lost_packets;       /* of those windows: packets of flows that found no place */
};

/*
 * The set for a policy: NULL in *out where its flow log is off. Starts the writer for the first
 * one. 0 or -errno; every fallible step of turning the log on is here.
 */
int flowlog_prepare(struct flowlog *log, const struct policy *policy, unsigned int worker_count,
		    struct flow_tables **out);

/* Opens the first window: the workers run, and fill log->set if that is not NULL. */
void flowlog_begin(struct flowlog *log);

/*
 * From here on `set` is what the workers fill, in a new window; the caller has made it so and every
 * worker has passed. The set before it is written down, its window ending now.
 */
void flowlog_replace(struct flowlog *log, struct flow_tables *set);

/*
 * Ends the window when it is time (source.due_ms): exchanges tables and gives the full ones to the
 * writer.
 */
void flowlog_work(struct flowlog *log, struct worker *workers);

/* What the log has come to. */
struct flowlog_state {
	uint64_t flows;        /* held now */
	uint64_t lost_packets; /* of flows that found the table full */
	uint64_t windows;      /* given to the writer */
	struct flowwriter_state writer;
};

/* False: it is off. */
bool flowlog_state(const struct flowlog *log, struct flowlog_state *out);

/* The file may have been renamed: reopens it. */
void flowlog_reopen(struct flowlog *log);

/*
 * After the workers have ended: writes the open window, waits FLOWLOG_STOP_MS at most, frees all.
 */
void flowlog_stop(struct flowlog *log);

#endif
