/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_NFQUEUE_PROC_H
#define NACLD_COMMON_NFQUEUE_PROC_H

#include <stdbool.h>
#include <stdint.h>

/* One line of /proc/net/netfilter/nfnetlink_queue: what the kernel says of a queue. */
struct nfqueue_proc {
	uint32_t portid;  /* the netlink socket that listens; mostly its program's process id */
	uint32_t waiting; /* packets without a verdict */
	uint32_t dropped; /* because the queue was full */
	uint32_t user_dropped; /* because the receive buffer was full */
};

/*
 * Opens the table. The file is readable by root only, so a service manager may hand it over as
 * standard input; that is tried when opening it is refused. A descriptor, or -errno.
 */
int nfqueue_proc_open(void);

/* Reads the line of one queue; false when it is not there or cannot be read. */
bool nfqueue_proc_read(int fd, uint16_t number, struct nfqueue_proc *out);

#endif
