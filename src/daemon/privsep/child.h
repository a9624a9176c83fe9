/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_PRIVSEP_CHILD_H
#define NACLD_DAEMON_PRIVSEP_CHILD_H

#include "daemon/privsep/share.h"

/* What the child has of the daemon's memory, mapped into its own. */
struct child {
	const struct ask *ask;
	struct answers *answers;
	struct filter filter;
	struct snapshot snapshot;
	struct rule_counter *counters;
	struct flow_table *flows[FLOWS];
};

/*
 * The program of a filtering child: maps what it was handed (share.h), gives everything else up,
 * and answers batches until the daemon is gone. Returns the exit status where it cannot begin.
 */
int child_run(void);

/* One batch: an answer for each packet that has none yet. */
void child_answer(struct child *child);

#endif
