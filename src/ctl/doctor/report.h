/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DOCTOR_REPORT_H
#define NACLD_CTL_DOCTOR_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "ctl/state/state.h"

/* What the checks have said so far. */
struct report {
	json_t *lines; /* {"check", "ok", "message", "next"} */
	bool findings;
};

/*
 * One line: what was checked, whether it is well, and what is so. A finding also says what to do
 * next; `next` NULL: it is well.
 */
void report_say(struct report *report, const char *check, const char *next, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* For people, and for programs; `file` is the configuration. */
void report_print_text(const struct report *report, FILE *to);
void report_print_json(const struct report *report, const char *file, const struct state *state,
		       FILE *to);

#endif
