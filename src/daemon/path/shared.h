/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_SHARED_H
#define NACLD_DAEMON_PATH_SHARED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory that a filtering child (privsep/parent.h) may be handed to write, and that the daemon
 * reads. Whatever is read from it may have been written by a child that an attacker has taken over:
 * it is data, never a pointer, a size or an unchecked index.
 */
struct shared {
	void *memory; /* NULL: there is none, or it is sealed */
	size_t size;
	int fd; /* a memfd, for a child to map; 0 or -1: it stays in this process */
};

/* Zeroed and touched. `handed`: with a descriptor. 0 or -errno, *out untouched then. */
int shared_open(struct shared *out, size_t size, bool handed);

/* It is complete: never to be written again, by anyone, and no longer mapped here. 0 or -errno. */
int shared_seal(struct shared *shared);

/* Harmless where all of it is zero. */
void shared_close(struct shared *shared);

/*
 * In the process that was handed the descriptor: maps `size` bytes from `at`, a multiple of
 * SHARED_PART. NULL: it is smaller, or there is no memory.
 */
#define SHARED_PART 65536 /* the largest page of any processor */
void *shared_attach(int fd, size_t at, size_t size, bool writable);

#endif
