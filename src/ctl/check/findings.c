/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings about a policy, with the places of the rules in their files; for people and programs.
 *
 * A finding that is meant is silenced where it is made: a comment on the rule's line, or on the
 * lines right above it, that says "check: ID".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/check/check.h"
#include "text/packet_print.h"

const struct conf_rule_place *finding_place(const struct checked *checked,
					    const struct lint_finding *finding)
{
	return conf_find_rule(checked->report, finding->acl, finding->direction,
			      finding->rule->number);
}

/* Is `id` one of the words of the comment? */
static bool names(const char *comment, const char *id)
{
	size_t len = strlen(id);

	for (const char *at = strstr(comment, id); at; at = strstr(at + 1, id))
		if ((at == comment || strchr(" ,:\t", at[-1])) &&
		    (at[len] == '\0' || strchr(" ,.;\t", at[len])))
			return true;
	return false;
}

void findings_silence(struct checked *checked)
{
	struct lint *lint = &checked->lint;
	size_t kept = 0;

	for (size_t i = 0; i < lint->count; i++) {
		const struct conf_rule_place *place = finding_place(checked, &lint->findings[i]);

		if (!place || !place->comment ||
		    !names(place->comment, lint_name(lint->findings[i].id)))
			lint->findings[kept++] = lint->findings[i];
	}
	lint->count = kept;
}

const char *finding_advice(const struct lint_finding *finding, char *buf, size_t size)
{
	FILE *memory;

	snprintf(buf, size, "%s", finding->hint);
	if (!finding->has_fix)
		return buf;
	memory = fmemopen(buf, size, "w");
	if (!memory)
		return buf;
	fprintf(memory, "add to %s: ", direction_name(finding->fix_direction));
	conf_print_rule(&finding->fix, finding->fix_direction, memory);
	fclose(memory);
	return buf;
}

static void print_finding(const struct checked *checked, const struct lint_finding *finding,
			  FILE *to)
{
	const struct conf_rule_place *place = finding_place(checked, finding);
	char packet[PACKETTEXT_LEN], advice[LINT_TEXT_LEN];

	fputs(place ? place->file : checked->file, to);
	if (place)
		fprintf(to, ":%u", place->line);
	fprintf(to, ": warning: \"%s\": %s [%s]\n", checked->policy->acls[finding->acl].name,
		finding->message, lint_name(finding->id));
	fprintf(to, "    packet: %s\n",
		packet_print(&(struct way){.hook = finding->hook}, &finding->packet, packet));
	fprintf(to, "    why: %s\n", lint_why(finding->id));
	if (finding_advice(finding, advice, sizeof(advice))[0])
		fprintf(to, "  hint: %s\n", advice);
}

void findings_print(const struct checked *checked, FILE *to)
{
	for (size_t i = 0; i < checked->lint.count; i++)
		print_finding(checked, &checked->lint.findings[i], to);
	if (checked->lint.more)
		fprintf(to, "and %zu more findings\n", checked->lint.more);
	if (checked->too_large)
		fprintf(to, "%s: its lists are too large to be looked at as a whole\n",
			checked->file);
	if (checked->live)
		fputs(checked->live, to);
}

static json_t *finding_json(const struct checked *checked, const struct lint_finding *finding)
{
	const struct conf_rule_place *place = finding_place(checked, finding);
	char packet[PACKETTEXT_LEN], advice[LINT_TEXT_LEN];
	json_t *others = json_array();

	for (size_t i = 0; i < finding->other_count; i++)
		json_array_append_new(others, json_integer(finding->others[i]->number));
	return json_pack(
		"{s:s, s:s?, s:i, s:s, s:s, s:i, s:o, s:s, s:s, s:s, s:s}", "id",
		lint_name(finding->id), "file", place ? place->file : NULL, "line",
		place ? (int)place->line : 0, "acl", checked->policy->acls[finding->acl].name,
		"direction", direction_name(finding->direction), "rule", (int)finding->rule->number,
		"others", others, "message", finding->message, "packet",
		packet_print(&(struct way){.hook = finding->hook}, &finding->packet, packet), "why",
		lint_why(finding->id), "hint", finding_advice(finding, advice, sizeof(advice)));
}

json_t *findings_json(const struct checked *checked)
{
	json_t *array = json_array();

	for (size_t i = 0; i < checked->lint.count; i++)
		json_array_append_new(array, finding_json(checked, &checked->lint.findings[i]));
	return array;
}
