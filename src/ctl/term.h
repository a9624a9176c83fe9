/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_TERM_H
#define NACLD_CTL_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * How people see things: emphasis only on a terminal (and not with NO_COLOR), units, times,
 * columns.
 */
struct term {
	const char *bold; /* escape sequences, or "" */
	const char *off;
};

struct term term_for(FILE *stream);

#define TERM_TEXT_LEN 32

/* "0", "17", "12 034", "3 456 789": thousands apart, as people read them. Returns buf. */
const char *term_count(uint64_t value, char buf[static TERM_TEXT_LEN]);

/* "0 B", "999 B", "1.5 KiB", "20.0 GiB". Returns buf. */
const char *term_bytes(uint64_t bytes, char buf[static TERM_TEXT_LEN]);

/* "3 s", "5 min", "2 h", "4 d". Negative (a clock set back) is "0 s". Returns buf. */
const char *term_duration(int64_t seconds, char buf[static TERM_TEXT_LEN]);

/* Pads what has been printed, `width` columns of it, to `column`, and puts two blanks behind it. */
void term_pad(FILE *to, size_t width, size_t column);

#endif
