/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_FASTPATH_FASTPATH_H
#define NACLD_STEER_FASTPATH_FASTPATH_H

#include <stdbool.h>
#include <stddef.h>

#include "steer/plan.h"

/*
 * The accept filter's programs and maps in the kernel, and their pins in the bpf filesystem, by
 * which iptables-nft's rules name the programs: a folder for each network namespace, and in it one
 * for each build of the filter and size of its maps. Nothing is ever pinned anew under a used name,
 * since a rule keeps the program that it was made with. Root's alone (CAP_BPF, CAP_PERFMON).
 */

#define FASTPATH_REASON_LEN 256

/* Was the filter built into this program? */
bool fastpath_is_built(void);

/* What is asked of the kernel: how large the maps are to be. */
struct fastpath_need {
	size_t words;    /* of one generation */
	size_t counters; /* of one stripe */
};

/*
 * The folder of pins of this build that is large enough; false where there is none. Nothing is
 * changed.
 */
bool fastpath_find(const struct fastpath_need *need, char folder[static STEER_FASTPATH_LEN]);

/* The same; where there is none, loads the programs and pins them. 0, or -errno with the reason. */
int fastpath_load(const struct fastpath_need *need, char folder[static STEER_FASTPATH_LEN],
		  char reason[static FASTPATH_REASON_LEN]);

/* Control, words, counters. */
#define FASTPATH_MAPS_COUNT 3

/* Opens the maps of a folder, for a daemon. 0 or -errno; the descriptors are the caller's. */
int fastpath_open(const char *folder, int fds[static FASTPATH_MAPS_COUNT]);

/*
 * Removes the pins of this network namespace but those in `keep` (NULL: all). What a rule still
 * uses stays in the kernel until that rule goes. 0, or -errno of the first that could not be.
 */
int fastpath_remove(const char *keep);

/* A program as the kernel took it. */
struct fastpath_program {
	const char *name;
	unsigned int verified; /* instructions that the verifier followed; 0: not known (5.15) */
};

/*
 * Loads the programs, tells of each, and lets go of them: for doctor and tests. 0, or -errno with
 * the reason.
 */
int fastpath_probe(void (*each)(const struct fastpath_program *program, void *context),
		   void *context, char reason[static FASTPATH_REASON_LEN]);

#endif
