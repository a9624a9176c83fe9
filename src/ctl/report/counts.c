/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running daemon has counted. Counters of single rules stand beside the rules.
 */
#include "ctl/report/report.h"

#include "ctl/report/html.h"
#include "ctl/term.h"

static void count(const char *name, json_int_t value, FILE *to)
{
	char text[TERM_TEXT_LEN];

	fputs("<tr><td>", to);
	html_text(to, name);
	fprintf(to, "</td><td class=\"n\">%s</td></tr>\n", term_count((uint64_t)value, text));
}

static json_int_t sum(const json_t *queues, const char *key)
{
	json_int_t total = 0;
	json_t *queue;
	size_t i;

	json_array_foreach((json_t *)queues, i, queue) total +=
		json_integer_value(json_object_get(queue, key));
	return total;
}

/* What a packet could not be parsed for, and whatever else dropped it before a list was asked. */
static void reasons(const json_t *counts, FILE *to)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)counts, name, value)
		count(name, json_integer_value(value), to);
}

void report_counts(const struct report *report, FILE *to)
{
	static const struct {
		const char *key;
		const char *name;
	} keys[] = {
		{"accepted", "let through"},
		{"dropped", "dropped"},
		{"would_drop", "would be dropped by enforcing"},
		{"kernel_dropped", "lost: the queue was full"},
		{"user_dropped", "lost: could not be handed to nacld"},
	};
	const json_t *queues = json_object_get(report->status, "queues");

	if (!report->status)
		return;
	fputs("<section><h2>Counted</h2>\n<table><tr><th>packets<th>count</tr>\n", to);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		count(keys[i].name, sum(queues, keys[i].key), to);
	reasons(json_object_get(report->status, "reasons"), to);
	fputs("</table></section>\n", to);
}
