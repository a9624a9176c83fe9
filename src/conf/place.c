/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each rule stands, for those who have something to say of it after the load; and the
 * comments that answer them before they ask: "# check: ID" on the rule's line or right above.
 *
 * Rules are noted while the configuration is walked and put into the order of lines at its end, so
 * that one pass over a text finds all comments.
 */
#include "conf/place.h"

#include <stdlib.h>
#include <string.h>

#define MARK "check:"

void conf_note_rule(struct conf_reader *r, struct conf_place place, uint32_t acl,
		    enum direction direction, uint16_t number)
{
	struct conf_report *report = r->report;
	size_t count = report->place_count, source = 0;

	conf_flat_origin(&r->flat, place.line, &source, &place.line);
	if (count == 0 || (count & (count - 1)) == 0) { /* full at the powers of two */
		struct conf_rule_place *grown =
			reallocarray(report->places, count ? 2 * count : 1, sizeof(*grown));

		if (!grown)
			return;
		report->places = grown;
	}
	report->places[report->place_count++] = (struct conf_rule_place){
		.acl = acl,
		.direction = direction,
		.number = number,
		.line = place.line,
		.source = source,
	};
}

/* Behind a '#' or "//" of the line that is in no string; NULL: there is none. */
static const char *comment_of(const char *line, const char *end)
{
	bool quoted = false;

	for (; line < end; line++) {
		if (quoted && *line == '\\' && line + 1 < end)
			line++;
		else if (*line == '"')
			quoted = !quoted;
		else if (!quoted && *line == '#')
			return line + 1;
		else if (!quoted && *line == '/' && line + 1 < end && line[1] == '/')
			return line + 2;
	}
	return NULL;
}

static bool is_comment_only(const char *line, const char *end)
{
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	return line < end && (*line == '#' || (*line == '/' && line + 1 < end && line[1] == '/'));
}

/* What stands behind the mark; "" and *len 0 where there is none. */
static const char *marked(const char *line, const char *end, size_t *len)
{
	const char *comment = comment_of(line, end);
	const char *mark =
		comment ? memmem(comment, (size_t)(end - comment), MARK, strlen(MARK)) : NULL;

	*len = mark ? (size_t)(end - mark) - strlen(MARK) : 0;
	return mark ? mark + strlen(MARK) : "";
}

static char *joined(const char *a, size_t a_len, const char *b, size_t b_len)
{
	char *text = malloc(a_len + b_len + 2);

	if (!text)
		return NULL;
	memcpy(text, a, a_len);
	text[a_len] = ' ';
	memcpy(text + a_len + 1, b, b_len);
	text[a_len + 1 + b_len] = '\0';
	return text;
}

static void read_comments(struct conf_report *report, size_t source, const char *text)
{
	const char *above = "";
	size_t above_len = 0, next = 0;

	for (unsigned int line = 1; text && *text; line++) {
		const char *end = strchrnul(text, '\n');
		size_t len;
		const char *mark = marked(text, end, &len);
		bool only = is_comment_only(text, end);

		for (; next < report->place_count; next++) {
			struct conf_rule_place *place = &report->places[next];

			if (place->source != source || place->line < line)
				continue;
			if (place->line > line)
				break;
			if (len + above_len > 0)
				place->comment = joined(above, above_len, mark, len);
		}
		if (!only || len > 0) {
			above = only ? mark : "";
			above_len = only ? len : 0;
		}
		text = *end ? end + 1 : end;
	}
}

static int by_line(const void *a, const void *b)
{
	const struct conf_rule_place *left = a, *right = b;

	if (left->source != right->source)
		return left->source < right->source ? -1 : 1;
	return (left->line > right->line) - (left->line < right->line);
}

void conf_note_comments(struct conf_reader *r)
{
	struct conf_report *report = r->report;

	if (report->place_count > 0)
		qsort(report->places, report->place_count, sizeof(*report->places), by_line);
	for (size_t s = 0; s < r->sources.count; s++)
		read_comments(report, s, r->sources.items[s].text);
	for (size_t i = 0; i < report->place_count; i++)
		if (report->places[i].source < report->file_count)
			report->places[i].file = report->files[report->places[i].source];
}

void conf_places_fini(struct conf_report *report)
{
	for (size_t i = 0; i < report->place_count; i++)
		free(report->places[i].comment);
	free(report->places);
}

const struct conf_rule_place *conf_find_rule(const struct conf_report *report, uint32_t acl,
					     enum direction direction, uint16_t number)
{
	for (size_t i = 0; i < report->place_count; i++) {
		const struct conf_rule_place *place = &report->places[i];

		if (place->file && place->acl == acl && place->direction == direction &&
		    place->number == number)
			return place;
	}
	return NULL;
}
