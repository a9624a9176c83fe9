/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DAEMON_H
#define NACLD_DAEMON_DAEMON_H

#include "daemon/disk.h"
#include "daemon/drops/drop_acls.h"
#include "daemon/fastpath/fastpath.h"
#include "daemon/keep/fdstore.h"
#include "daemon/launcher.h"
#include "daemon/links.h"
#include "daemon/drops/recent.h"
#include "daemon/flowlog/window.h"
#include "daemon/monitor/memory.h"
#include "daemon/confine/sandbox.h"
#include "daemon/trial/record.h"
#include "daemon/worker.h"
#include "conf/conf.h"

/*
 * The daemon's state, held by main. Only the main thread touches it; workers see `current` and what
 * their own struct worker points at.
 */
struct daemon {
	const char *config_path;
	const char *socket_path;
	struct snapshot *current;
	struct worker *workers;
	struct filter *filters;     /* [worker] */
	struct drop_acls drop_acls; /* what the ids in drop tables mean */
	int64_t counting_s;         /* since when the tables count, by the wall clock */
	struct recent *recent;      /* the last dropped packets */
	unsigned int worker_count;
	struct flowlog flowlog;
	struct links links;
	struct fastpath fastpath;
	int offered[FASTPATH_FDS]; /* maps that have come, until all have; or -1 */
	struct fdstore fdstore;    /* what a predecessor left, until daemon_start */
	struct memory memory;      /* what a reload may take */
	struct sandbox sandbox;
	struct sandbox writing; /* of the process that writes */
	struct launcher launcher;
	struct disk disk;
	struct poller_source unsaved; /* due when the running policy is to be saved */
	bool save_failed;             /* which was said */
	struct trial trial;
	int notify;         /* the service manager's socket, or -1 */
	int wake;           /* eventfd workers write to */
	int table_fd;       /* the kernel's queue table, or -errno */
	int64_t started_ms; /* of the monotonic clock */
	bool started;       /* packets are filtered */
	uint64_t reloads;
	char last_reload_error[256]; /* of the last reload, empty when it succeeded */
};

/*
 * Loads the first policy and allocates the workers; starts no thread. 0, or -EINVAL with the
 * reasons in *report, or -ENOMEM.
 */
int daemon_load(struct daemon *daemon, struct conf_report *report);

/*
 * Opens every queue, or continues a predecessor's; then, when all that needs more than the
 * sandbox allows is done, starts every thread. 0 or -errno, said to the log. daemon_stop undoes
 * what was done, also after a failure.
 */
int daemon_open(struct daemon *daemon);
int daemon_start(struct daemon *daemon);
void daemon_stop(struct daemon *daemon);

/*
 * Nothing will filter the packets that wait for a successor: releases them, so that on_failure
 * applies.
 */
void daemon_abandon(struct daemon *daemon);

/*
 * Where the policy asks for it, starts a filter for each worker, before any packet is given to the
 * snapshot. 0, or -errno, said to the log.
 */
int daemon_isolate(struct daemon *daemon, struct snapshot *snapshot);

/* Frees a snapshot that no worker uses any more, and ends its filtering children. NULL is fine. */
void daemon_drop(struct daemon *daemon, struct snapshot *snapshot);

/* Gives the snapshot's ACLs the ids that drop tables know them by. 0 or -ENOMEM. */
int daemon_name_acls(struct daemon *daemon, struct snapshot *snapshot);

/*
 * One of the accept filter's maps, from steering, of which this takes a copy. With the last of them
 * the filter goes over to these, and they go into the store. 0 or -errno: what was before goes on.
 */
int daemon_offer_map(struct daemon *daemon, unsigned int map, int fd);

/* Packets and bytes that the accept filter has accepted since this daemon began. */
struct rule_counter daemon_fast_total(const struct daemon *daemon);

/* What the flow log has come to; false when it is off. */
bool daemon_flow_log(const struct daemon *daemon, struct flowlog_state *out);

/* Frees what daemon_load made. */
void daemon_fini(struct daemon *daemon);

#endif
