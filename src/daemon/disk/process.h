/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DISK_PROCESS_H
#define NACLD_DAEMON_DISK_PROCESS_H

#include <limits.h>
#include <stdint.h>

#include "daemon/disk.h"

/*
 * The process that writes, and how it is spoken to: one message a request over a SOCK_SEQPACKET
 * socket, of this program to itself.
 */
enum disk_kind {
	DISK_STATE,  /* a file's text, in the memfd that comes with it; none: it goes; no answer */
	DISK_PACKET, /* a packet; no answer */
	DISK_OPEN,   /* the flow log's path */
	DISK_LINES,  /* lines for the flow log */
};

struct disk_request {
	uint32_t kind;
	uint32_t number;   /* of the packet's queue; enum disk_state */
	uint32_t wire_len; /* of the packet */
	uint32_t len;      /* bytes in use */
	char bytes[FLOW_SINK_MAX + 1];
};

struct disk_answer {
	int32_t err; /* 0 or -errno */
	uint64_t lost;
};

/* What it has done, in memory that it shares with the daemon. */
struct disk_progress {
	uint64_t states;
	uint64_t packets;
	int32_t state_err; /* how the last one went: 0 or -errno */
};

/* Serves both sockets (enum launch_disk_fd) until neither has another end. */
void disk_process_run(struct disk_progress *progress);

#endif
