/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_DIAG_H
#define NACLD_CONF_DIAG_H

#include "conf/conf.h"
#include "conf/reader.h"

#define CONF_HINT_LEN 160

/* Adds one diagnostic to the report; a hint may be NULL. Never fails: a full report counts on. */
void conf_complain(struct conf_reader *r, enum conf_severity severity, struct conf_place place,
		   const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

#define conf_error(r, place, hint, ...) conf_complain(r, CONF_ERROR, place, hint, __VA_ARGS__)
#define conf_warn(r, place, hint, ...)  conf_complain(r, CONF_WARNING, place, hint, __VA_ARGS__)

/* Says it once. */
void conf_out_of_memory(struct conf_reader *r);

/* "line 7", or "other.conf:7" where it is in another file than `from`. Returns buf. */
const char *conf_refer(const struct conf_reader *r, struct conf_place from, struct conf_place to,
		       char buf[static CONF_HINT_LEN]);

/* Before everything else. False: no memory, which the report then says. */
bool conf_report_begin(struct conf_report *report);

/* At the end: puts the diagnostics into file order. */
void conf_report_sort(struct conf_reader *r);

#endif
