/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What doctor's checks say, line by line. A check knows this and not the doctor; it is told what to
 * look at and says what it finds.
 */
#include "ctl/doctor/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/term.h"

#define CHECK_WIDTH 13

void report_say(struct report *report, const char *check, const char *next, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (next)
		report->findings = true;
	json_array_append_new(report->lines,
			      json_pack("{s:s, s:b, s:s, s:s?}", "check", check, "ok", next == NULL,
					"message", text, "next", next));
}

void report_print_text(const struct report *report, FILE *to)
{
	struct term term = term_for(to);
	json_t *line;
	size_t i;

	json_array_foreach(report->lines, i, line)
	{
		const char *check = json_string_value(json_object_get(line, "check"));
		const char *next = json_string_value(json_object_get(line, "next"));

		fprintf(to, "%s%s%s  %s", next ? term.bold : "", next ? "PROBLEM" : "ok     ",
			next ? term.off : "", check);
		term_pad(to, strlen(check), CHECK_WIDTH);
		fputs(json_string_value(json_object_get(line, "message")), to);
		fprintf(to, next ? "; next: %s\n" : "\n", next);
	}
}

void report_print_json(const struct report *report, const char *file, const struct state *state,
		       FILE *to)
{
	json_t *root = json_pack("{s:b, s:s, s:o, s:O}", "ok", !report->findings, "config", file,
				 "state", state_json(state), "checks", report->lines);

	if (root)
		json_dumpf(root, to, JSON_INDENT(2));
	fputc('\n', to);
	json_decref(root);
}
