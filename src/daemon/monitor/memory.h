/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_MONITOR_MEMORY_H
#define NACLD_DAEMON_MONITOR_MEMORY_H

#include <stdint.h>
#include <sys/resource.h>

#define MEMORY_GROUPS_MAX 8

/* The control groups that this process is in and that have a limit, opened before the sandbox. */
struct memory {
	struct memory_group {
		int limit, usage, stat;
		const char *reclaimable; /* what stat calls the files that the kernel can drop */
	} groups[MEMORY_GROUPS_MAX];
	unsigned int count;
	int statm; /* this process's size; or -1 */
};

/* What memory_bound changed. */
struct memory_bound {
	uint64_t
		left; /* bytes there were; UINT64_MAX: no limit is known, and nothing was changed */
	struct rlimit before;
};

/* Cannot fail: what cannot be opened is no limit. memory_close undoes it. */
void memory_open(struct memory *memory);
void memory_close(struct memory *memory);

/*
 * Until memory_unbound this process gets no more memory than its control groups leave, as they are
 * now: an allocation beyond that fails, as it does where memory has run out, instead of the kernel
 * ending some process of the group. The main thread's alone: workers allocate nothing.
 */
struct memory_bound memory_bound(const struct memory *memory);
void memory_unbound(const struct memory_bound *bound);

#endif
