/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `naclctl check` finds, and which ports each list lets pass beside what clients need.
 */
#include "ctl/report/report.h"

#include <errno.h>

#include "core/lint/lint.h"
#include "ctl/check/check.h"
#include "ctl/cover/cover.h"
#include "ctl/report/html.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void line(const char *label, const char *text, FILE *to)
{
	if (!*text)
		return;
	fprintf(to, "<br>%s: ", label);
	html_text(to, text);
}

static void one_finding(const json_t *finding, FILE *to)
{
	fputs("<li><strong>", to);
	html_text(to, text_of(finding, "message"));
	fputs("</strong> ", to);
	html_code(to, text_of(finding, "id"));
	fprintf(to, "<br>rule %" JSON_INTEGER_FORMAT " of the %s list of ",
		json_integer_value(json_object_get(finding, "rule")),
		text_of(finding, "direction"));
	html_code(to, text_of(finding, "acl"));
	if (*text_of(finding, "file")) {
		fputs(", ", to);
		html_code(to, text_of(finding, "file"));
		fprintf(to, " line %" JSON_INTEGER_FORMAT,
			json_integer_value(json_object_get(finding, "line")));
	}
	line("such as", text_of(finding, "packet"), to);
	line("why it matters", text_of(finding, "why"), to);
	line("what to do", text_of(finding, "hint"), to);
	fputs("</li>\n", to);
}

static void list_findings(const json_t *findings, size_t more, FILE *to)
{
	size_t i;
	json_t *finding;

	if (json_array_size(findings) == 0) {
		fputs("<p>Nothing was found.</p>\n", to);
		return;
	}
	fputs("<ol>\n", to);
	json_array_foreach((json_t *)findings, i, finding) one_finding(finding, to);
	fputs("</ol>\n", to);
	if (more)
		fprintf(to, "<p>And %zu more.</p>\n", more);
}

void report_findings(const struct report *report, FILE *to)
{
	struct checked checked = {
		.file = report->source, .policy = report->policy, .report = report->places};
	int status = lint_policy(report->policy, &checked.lint);
	json_t *findings;

	fputs("<section><h2>Findings</h2>\n<p>What the rules do that was probably not "
	      "intended.</p>\n",
	      to);
	if (status != 0) {
		fprintf(to, "<p><strong>Not looked for: %s.</strong></p></section>\n",
			status == -E2BIG ? "the lists are too large" : "out of memory");
		return;
	}
	findings_silence(&checked);
	findings = findings_json(&checked);
	list_findings(findings, checked.lint.more, to);
	fputs("</section>\n", to);
	json_decref(findings);
	lint_fini(&checked.lint);
}

static void print_cover(const void *what, FILE *to)
{
	cover_print(what, to);
}

static void one_cover(const struct acl *acl, enum direction direction, uint8_t protocol, FILE *to)
{
	static struct cover cover;
	int status;

	cover = (struct cover){.acl = acl, .direction = direction, .protocol = protocol};
	cover.peer.addr.family = FAMILY_IPV4;
	status = cover_fill(&cover);
	fputs("<figure><figcaption>", to);
	html_code(to, acl->name);
	fprintf(to, ", %s %s, %s every IPv4 address</figcaption>\n", direction_name(direction),
		protocol_name(protocol), direction == INBOUND ? "from" : "to");
	if (status != 0) {
		fprintf(to, "<p>Not drawn: %s.</p></figure>\n",
			status == -E2BIG ? "the list is too large" : "out of memory");
		return;
	}
	cover_svg(&cover, 1, to);
	fputs("<details><summary>in text</summary>", to);
	html_pre(to, print_cover, &cover);
	fputs("</details></figure>\n", to);
}

#define COVERED_MAX 8 /* ACLs with pictures: a page is for people */

void report_cover(const struct report *report, FILE *to)
{
	static const uint8_t protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
	size_t count = report->policy->acl_count;

	fputs("<section><h2>Ports</h2>\n<p>1,024 ports a column: full height, all of them pass; "
	      "half height, some of them, or for some addresses; an empty frame, none.</p>\n",
	      to);
	for (size_t i = 0; i < count && i < COVERED_MAX; i++)
		for (int d = INBOUND; d <= OUTBOUND; d++)
			for (int p = 0; p < 2; p++)
				one_cover(&report->policy->acls[i], (enum direction)d, protocols[p],
					  to);
	if (count > COVERED_MAX)
		fprintf(to, "<p>%zu more ACLs: <code>naclctl cover -a NAME</code> shows one.</p>\n",
			count - COVERED_MAX);
	fputs("</section>\n", to);
}
