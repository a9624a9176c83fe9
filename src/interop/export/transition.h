/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_EXPORT_TRANSITION_H
#define NACLD_INTEROP_EXPORT_TRANSITION_H

#include "interop/nacl.h"

enum nacl_step_kind {
	NACL_CREATE,
	NACL_REPLACE,
	NACL_DELETE,
};

struct nacl_step {
	uint8_t kind;     /* enum nacl_step_kind */
	bool temporary;   /* a copy that stands in while its number changes hands */
	bool unsheltered; /* a replacement for which no number was free: see below */
	struct nacl_entry entry;
};

/*
 * The steps from one list of rules to another, one entry at a time: a packet that both lists allow
 * is allowed after every step, and one that both deny is denied. So a reply rule that is in both is
 * never missing, wherever it moves. The exception are replacements marked `unsheltered`: the
 * numbers before theirs are taken.
 *
 * Entries are sorted (nacl_finish). The steps lie in the arena. 0 or -ENOMEM. O(n log n).
 */
int nacl_transition(struct arena *arena, const struct nacl_acl *from, const struct nacl_acl *to,
		    enum direction direction, struct nacl_step **steps, size_t *count);

#endif
