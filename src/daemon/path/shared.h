/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PATH_SHARED_H
#define NACLD_DAEMON_PATH_SHARED_H

#include <stddef.h>

/*
 * Memory that stays one and the same in this process and the children it forks later: what a
 * judging child (isolate.h) writes and the main thread reads. Zeroed and touched. NULL: no memory.
 * Whatever is read from it may have been written by a child that an attacker has taken over: data,
 * never a pointer or an unchecked index.
 */
void *shared_new(size_t size);
void shared_free(void *memory, size_t size); /* NULL is fine */

#endif
