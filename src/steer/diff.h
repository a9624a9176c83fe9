/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_DIFF_H
#define NACLD_STEER_DIFF_H

#include <stddef.h>

#include "steer/backend.h"

/* A line that only one side has, without its leading tabs. */
struct steer_odd_line {
	bool missing; /* of what should be loaded; else loaded, and should not be */
	bool again;   /* both sides have the line, this one more often */
	const char *text;
	size_t len; /* no newline; not NUL-terminated */
};

/*
 * Calls `each` for every line of either side that the other lacks, a line that it has less often
 * included; returns how many. O(n log n) in lines.
 */
int steer_diff(const struct steer_rules *have, const struct steer_rules *want,
	       void (*each)(const struct steer_odd_line *line, void *context), void *context);

/* What to say where there is no such line, and the sides are unequal all the same. */
const char *steer_diff_same_lines(const struct steer_rules *have, const struct steer_rules *want);

/* What to add to a line that stands on one side more often; else "". */
const char *steer_diff_again(const struct steer_odd_line *line);

/*
 * The difference in one sentence's worth: "2 rules missing, the first: -A INPUT -j NACLD-IN", and
 * so on. Both sides equal: "". Returns buf.
 */
#define STEER_DIFF_LEN 512
const char *steer_diff_words(const struct steer_rules *have, const struct steer_rules *want,
			     char buf[static STEER_DIFF_LEN]);

#endif
