/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_EVAL_EXPECT_H
#define NACLD_CTL_EVAL_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

/* What a line of `naclctl eval` expects, as text with single blanks; "" expects nothing. */
struct expectation {
	char text[160];
};

/*
 * The words behind "=>": a verdict, and if wanted the rule that decides (of two the last one), the
 * exemption or outcome, or the whole answer as verdict_text prints it. False, and a sentence in
 * error (at least PACKETLINE_ERROR_LEN long), for what no answer could ever be.
 */
bool expect_parse(char *const words[], size_t count, struct expectation *out, char *error);

/* Does the answer, a line of verdict_text, meet it? */
bool expect_holds(const struct expectation *expectation, const char *answer);

#endif
