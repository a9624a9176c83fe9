/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_SHARE_H
#define NACLD_DAEMON_PRIVSEP_SHARE_H

#include "daemon/drops/drop_table.h"
#include "daemon/path/filter.h"
#include "daemon/path/flow_table.h"
#include "daemon/path/queue.h"

/*
 * The boundary between the daemon and a filtering child.
 *
 *   process          rights                               opens or starts anything?
 *   nacld            the queues, CAP_NET_ADMIN            no: seccomp, landlock
 *   nacld-filter     read, write, exit, the clock         no
 *   nacld-disk       files below the folders it writes    files there, nothing else
 *   nacld-launcher   what the daemon was started with,    starts the two above
 *                    less its capabilities
 *
 *   memory           written by        read by            what is checked
 *   receive buffers  kernel, daemon    daemon             every length (batch.c)
 *   image            daemon, once      child              its size; sealed afterwards
 *   edge devices     daemon            child              -
 *   struct ask       daemon            child (read-only)  -
 *   struct answers   child, daemon     daemon             one byte a packet: accept, drop, or it
 *                                                         is refused and on_failure applies; `at`
 *                                                         is an index once it was compared
 *   counters         child, daemon     daemon             numbers, shown as they are
 *   event ring       child, daemon     daemon             its ends (event_ring_check); an event
 *                                                         is copied, then each index compared
 *   drop table       child, daemon     daemon             each line is copied, then looked at whole
 *   flow tables      child, daemon     daemon             a flow is copied, then each index
 *                                                         compared
 *
 * A child never sees a packet's id nor its queue: an answer belongs to a place that was handed over
 * in this batch, and each place gets exactly one verdict, from the daemon. So a child that was
 * taken over can let through or drop what it is given, and write nonsense into numbers that people
 * read. In none of the memory that it writes is there a pointer, a size or a descriptor. What it
 * writes and no filter would is counted (filter_refuse), and `naclctl show` tells of it.
 */

/* The descriptors a child starts with, besides the standard streams; the flow tables' may lack. */
enum child_fd {
	CHILD_GO = 3, /* pipe: a byte asks for the answers to a batch */
	CHILD_DONE,   /* pipe: a byte says that all are there; the first one, that it is confined */
	CHILD_LIFE,   /* pipe: nothing comes; its other end's end is the child's (SIGIO) */
	CHILD_WAKE,   /* eventfd of the reader of events */
	CHILD_SHARE,  /* struct ask, struct answers, and what drop tables call the ACLs */
	CHILD_FILTER, /* struct filter_memory */
	CHILD_COUNTERS,
	CHILD_IMAGE,
	CHILD_EDGES,
	CHILD_DROPS,
	CHILD_FLOWS,
	CHILD_FDS = 2 + CHILD_FLOWS,
};

#define FLOWS 3 /* none, and the two that are exchanged */

enum answer {
	ANSWER_NONE,
	ANSWER_ACCEPT,
	ANSWER_DROP,
};

struct ask_packet {
	uint8_t pf;
	uint8_t hook;
	uint8_t has_data;
	uint16_t copy_len;
	uint32_t wire_len;
	uint32_t device;
	uint8_t data[QUEUE_COPY_RANGE];
};

/* The daemon's part. */
struct ask {
	/* The same for all batches. */
	uint64_t serial; /* of the snapshot */
	size_t counter_count;
	size_t edge_count;
	size_t acl_count;
	struct drop_keys drop_keys;
	struct flow_shape shapes[FLOWS]; /* [0] is none's */
	uint32_t flow_tables;            /* how many of these there are: 1, or FLOWS */
	/* This batch. */
	uint32_t flows; /* which of the flow tables is filled; 0: none */
	uint32_t count;
	struct ask_packet packets[BATCH_LEN];
};

/* The child's part. Answers side by side: few cache lines go back. */
struct answers {
	uint32_t at;                /* 1 + the packet in the child's hands */
	uint8_t answers[BATCH_LEN]; /* enum answer; ANSWER_NONE is the daemon's to write */
};
_Static_assert(sizeof(struct answers) <= SHARED_PART, "what is behind them begins there");

#define SHARE_ANSWERS ((sizeof(struct ask) + SHARED_PART - 1) / SHARED_PART * SHARED_PART)
#define SHARE_ACLS    (SHARE_ANSWERS + SHARED_PART) /* read-only to the child, too */

#endif
