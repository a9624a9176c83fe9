/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is different from an older policy, packet by packet: what `naclctl diff` says.
 */
#include "ctl/report/report.h"

#include <string.h>

#include "ctl/diff/diff.h"
#include "ctl/report/html.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* "rule 100", "rule *", "no ACL". */
static void decider(const json_t *rule, FILE *to)
{
	if (json_is_integer(rule))
		fprintf(to, "rule %" JSON_INTEGER_FORMAT, json_integer_value(rule));
	else
		fputs(json_is_string(rule) ? "rule *" : "no ACL", to);
}

static void change(const json_t *change, FILE *to)
{
	bool opens = strcmp(text_of(change, "now"), "allow") == 0;
	json_int_t more = json_integer_value(json_object_get(change, "more"));
	json_t *packets = json_object_get(change, "packets"), *packet;
	size_t i;

	fprintf(to, "<tr><td class=\"%s\">%s</td><td>", opens ? "yes" : "no",
		opens ? "allowed now" : "dropped now");
	json_array_foreach(packets, i, packet)
	{
		fputs(i > 0 ? "<br>" : "", to);
		html_code(to, json_string_value(packet));
	}
	if (more > 0)
		fprintf(to, "<br>and %" JSON_INTEGER_FORMAT " more", more);
	fputs("</td><td>", to);
	decider(json_object_get(change, "old_rule"), to);
	fputs("</td><td>", to);
	decider(json_object_get(change, "new_rule"), to);
	fputs("</td><td>", to);
	html_code(to, text_of(change, "such_as"));
	fputs("</td></tr>\n", to);
}

static void side(const json_t *side, FILE *to)
{
	json_t *changes = json_object_get(side, "changes"), *one;
	size_t i;

	fputs("<h3>", to);
	html_text(to, text_of(side, "at"));
	fprintf(to,
		" (%s), %s</h3>\n<table><tr><th>verdict<th>packets<th>decided before by"
		"<th>decided now by<th>such as</tr>\n",
		text_of(side, "acl"), text_of(side, "direction"));
	json_array_foreach(changes, i, one) change(one, to);
	fputs("</table>\n", to);
	if (json_is_true(json_object_get(side, "more")))
		fputs("<p>And more.</p>\n", to);
}

void report_changes(const struct report *report, FILE *to)
{
	json_t *object = NULL, *one;
	size_t i;

	if (!report->against)
		return;
	fputs("<section><h2>Changes against ", to);
	html_code(to, report->against_name);
	fputs("</h2>\n", to);
	diff_policies(report->against, report->policy, false, &object);
	if (!object)
		fputs("<p><strong>Not compared: the lists are too large, or memory ended."
		      "</strong></p>\n",
		      to);
	else if (json_is_true(json_object_get(object, "equal")))
		fputs("<p>Equal in effect: no packet is treated differently.</p>\n", to);
	if (json_is_true(json_object_get(object, "settings_differ")))
		fputs("<p>Settings beside the lists differ: mode, exemptions, failure or fragments."
		      "</p>\n",
		      to);
	json_array_foreach(json_object_get(object, "lists"), i, one) side(one, to);
	fputs("</section>\n", to);
	json_decref(object);
}
