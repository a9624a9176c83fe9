/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DISK_H
#define NACLD_DAEMON_DISK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/confine/sandbox.h"
#include "daemon/launcher.h"
#include "daemon/path/batch.h"
#include "daemon/path/shared.h"
#include "daemon/poller.h"

#define FLOW_SINK_MAX 60000 /* bytes in one write */

/* Where the lines of the flow log go. All of it waits as long as the file does. */
struct flow_sink {
	void *owner;
	/* Makes `path` the file that is open, made if need be; "" closes it. 0 or -errno. */
	int (*open)(void *owner, const char *path);
	/* Whole lines. 0 or -errno; *lost is how many of them are not in the file. */
	int (*write)(void *owner, const char *text, size_t len, uint64_t *lost);
};

/*
 * A process that writes files, so that none that has packets does: a write to a disk that stands
 * still cannot be interrupted, not even by SIGKILL, and a process that is stuck in one keeps its
 * queues. This one has no queue and no packet but those to be saved; it may be stuck for ever.
 *
 * Nobody waits for it but the flow log's thread, in a wait that a kill ends. A packet that it
 * cannot take is lost and counted, a policy is tried again. When it dies it is started again.
 */
struct disk {
	struct launcher *launcher;
	int orders;    /* what needs no answer; -1: there is no process */
	int flow_log;  /* the flow log's requests and answers */
	uint64_t lost; /* packets that were fatal and are not saved */
	struct shared progress;
	uint64_t states;  /* files handed over */
	uint64_t packets; /* and packets */
	pid_t pid;        /* 0: it has died */
	uint64_t restarts;
	int64_t started_ms;
	int64_t pause_ms;            /* the last one before a start, 0: none yet */
	struct poller_source source; /* its end, or its next start */
	void (*restarted)(void *owner);
	void *owner;
};

/* How long after its end it is started again: longer each time, until one lives DISK_LIVES_MS. */
#define DISK_PAUSE_MS     100
#define DISK_PAUSE_MAX_MS 60000
#define DISK_LIVES_MS     60000

/*
 * Starts it, confined to `folders`; it does not live on in another's memory, so at any time.
 * `required`: where it cannot be confined in full it ends. 0 or -errno.
 */
int disk_start(struct disk *disk, struct launcher *launcher, const struct sandbox *folders,
	       bool required);

/* Its program, under ROLE_DISK: confines itself as its arguments say. Returns the exit status. */
int disk_run(char **arguments);

/* From here on it is started again when it dies; `restarted` is called then. */
void disk_watch(struct disk *disk, struct poller *poller, void (*restarted)(void *owner),
		void *owner);

/* It ends when it has written what it was given; nobody waits for that. */
void disk_stop(struct disk *disk);

/* What it keeps in the state folder. */
enum disk_state {
	DISK_STATE_LAST_GOOD, /* the policy that runs */
	DISK_STATE_TRIAL,     /* what a restart has to know of one that is on trial */
};

/*
 * The text in the memfd `text` becomes that file of the state folder; -1: the file goes. False: it
 * has not written the last one yet, or takes nothing: try again later.
 */
bool disk_save_state(struct disk *disk, enum disk_state which, int text);
bool disk_is_busy(const struct disk *disk);

/*
 * The same, and waits until the file is on the disk, `limit_ms` at most. 0, or what it met as
 * -errno; -ETIMEDOUT: not yet, it may still be written; -EPIPE: the process has ended just now.
 */
int disk_save_state_now(struct disk *disk, enum disk_state which, int text, int limit_ms);

/* A packet that was fatal, for a capture file of its own. From any thread; never waits. */
void disk_save_packet(struct disk *disk, uint16_t queue, const struct batch_packet *packet);

/* For the flow log's thread, which waits for each answer. */
struct flow_sink disk_flow_sink(struct disk *disk);

#endif
