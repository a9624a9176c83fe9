/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DAEMON_H
#define NACLD_DAEMON_DAEMON_H

#include "daemon/flowlog.h"
#include "daemon/worker.h"
#include "format/conf.h"

/*
 * The daemon's state, held by main. Only the main thread touches it; workers see `current` and what
 * their own struct worker points at.
 */
struct daemon {
	const char *config_path;
	const char *socket_path;
	struct snapshot *current;
	struct worker *workers;
	struct event_ring *rings; /* [worker] */
	unsigned int worker_count;
	struct flowlog flowlog;
	int wake;           /* eventfd the rings and bells write to */
	int table_fd;       /* the kernel's queue table, or -errno */
	int64_t started_ms; /* of the monotonic clock */
	uint64_t reloads;
	char last_reload_error[256]; /* of the last reload, empty when it succeeded */
};

/*
 * Loads the first policy and allocates the workers. 0, or -EINVAL with the reasons in *report,
 * or -ENOMEM.
 */
int daemon_load(struct daemon *daemon, struct conf_report *report);

/*
 * Opens every queue and starts every worker. 0 or -errno, said to the log. daemon_stop undoes what
 * was done, also after a failure.
 */
int daemon_start(struct daemon *daemon);
void daemon_stop(struct daemon *daemon);

/* What a reload came to. `error` is one sentence for the log and the client; empty on success. */
struct reload_result {
	char error[256];
	char note[256]; /* something to do by hand after a success, or empty */
};

/*
 * Reads the configuration again and swaps it in between two batches. On failure the old policy stays
 * and *report says why. No packet and no count of an unchanged rule is lost. True on success.
 */
bool daemon_reload(struct daemon *daemon, struct conf_report *report, struct reload_result *result);

/* Frees what daemon_load made. */
void daemon_fini(struct daemon *daemon);

#endif
