/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STATE_HOLDER_H
#define NACLD_CTL_STATE_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The process that has a netlink socket, by what /proc shows. */
struct holder {
	pid_t pid;     /* 0: none was found, or this user may not look */
	char name[16]; /* as ps shows it, printable */
	bool nacld;    /* it runs the program nacld, whatever it calls itself */
	char state;    /* 'R', 'S', 'D', 'T' ..., of proc(5); 0: unknown */
	bool kept;     /* only the service manager (process 1) has it, in its descriptor store */
};

/*
 * Who has the NETLINK_NETFILTER socket of this port id, in the caller's network namespace. A
 * process other than 1 comes first. Looks at every process's descriptors.
 */
void holder_find(uint32_t portid, struct holder *out);

#endif
