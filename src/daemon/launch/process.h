/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_LAUNCH_PROCESS_H
#define NACLD_DAEMON_LAUNCH_PROCESS_H

#include <stdint.h>

#include "daemon/launcher.h"

/*
 * The launcher, and how it is spoken to: a message a request and one an answer, over a
 * SOCK_SEQPACKET socket, of this program to itself. Descriptors come with either.
 */
enum launch_kind {
	LAUNCH_FILTER, /* with what the child is handed */
	LAUNCH_DISK,   /* with the memfd of its progress; the answer has the ends of its sockets */
};

struct launch_request {
	uint32_t kind;
	uint32_t len;                 /* of the text */
	char text[LAUNCHER_TEXT_MAX]; /* LAUNCH_DISK, the first time: arguments, each NUL-ended */
};

struct launch_answer {
	int32_t err; /* 0 or -errno */
	int32_t pid;
};

/* Serves the socket until it has no other end. Does not return. */
void launch_process_run(int socket) __attribute__((noreturn));

#endif
