/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_MONITOR_DROPLOG_H
#define NACLD_DAEMON_MONITOR_DROPLOG_H

#include "daemon/daemon.h"
#include "daemon/poller.h"

/*
 * At most so many dropped packets are told in one period, and as many replies to allowed requests
 * beside them; of one rule and remote address fewer. The rest are counted.
 */
#define DROPLOG_LINES      10
#define DROPLOG_PEER_LINES 3
#define DROPLOG_PERIOD_MS  10000
#define DROPLOG_LOOK_MS    200 /* between two looks within a period */
#define DROPLOG_FOLLOW_MS  50  /* the same while somebody follows */

#define DROPLOG_PEERS      128 /* rules and addresses of one period that are known apart */
#define DROPLOG_SUPPRESSED 3   /* of these, told by name at its end */

/* A rule and a remote address in this period. */
struct droplog_peer {
	struct drop drop; /* the last one */
	bool is_reply;
	unsigned int lines;
	uint64_t suppressed;
};

/* The state of the limiter. */
struct droplog {
	struct daemon *daemon;
	struct poller_source source; /* due at the next look within a period */
	int64_t period_end_ms;       /* 0: asleep until a worker wakes us */
	int64_t period_begin_s;      /* by the wall clock */
	unsigned int lines[2];       /* told: of others, of replies */
	uint64_t suppressed;
	uint64_t lost_before; /* ring losses already told of */
	struct droplog_peer peers[DROPLOG_PEERS];
	unsigned int peer_count;
};

/* From here on its deadlines are served. */
void droplog_start(struct droplog *droplog, struct daemon *daemon, struct poller *poller);

/* A worker has rung: takes events out of the rings and tells them. */
void droplog_wake(struct droplog *droplog);

#endif
