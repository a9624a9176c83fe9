/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_PROGRESS_H
#define NACLD_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How far something is that may take long: on a terminal a line on stderr once a second, from the
 * second second on; elsewhere nothing. Ctrl-C asks to end, and is answered with what there is.
 */
struct progress {
	const char *what; /* "packets" */
	int64_t begun_ms;
	int64_t shown_ms;
	bool terminal;
	bool shown; /* a line stands there */
};

/* Also has SIGINT noted instead of ending the process; a second one ends it. */
void progress_begin(struct progress *progress, const char *what);

/*
 * `done` of whatever it is, `share` of all, or below 0 where that is not known. Cheap: to be called
 * every few thousand. False once Ctrl-C was pressed.
 */
bool progress_step(struct progress *progress, uint64_t done, double share);

/* Wipes the line. True when Ctrl-C ended it. */
bool progress_end(struct progress *progress);

#endif
