/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Diagnostics: collected while a configuration is read, shown by whoever asked for the load.
 *
 * All room is reserved before the load begins, so a full report never needs to grow: when it is
 * full an error takes the place of the last warning, and the rest is only counted. Text that comes
 * from the file goes to terminals and into JSON: control characters and bytes that are no UTF-8
 * become '?', and very long lines are cut.
 */
#include "conf/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/words/plain.h"
#include "conf/place.h"

#define SOURCE_SHOWN_MAX 200

/* A printable copy of at most SOURCE_SHOWN_MAX bytes (and "..."), or NULL. */
static char *printable(const char *text, size_t len, size_t max)
{
	bool cut = len > max;
	size_t from = 0, to = 0;
	char *copy;

	if (cut)
		len = max;
	copy = malloc(len + sizeof("..."));
	if (!copy)
		return NULL;
	while (from < len) {
		size_t n = plain_utf8_len((const unsigned char *)text + from, len - from);

		if (n == 0) {
			copy[to++] = text[from++] == '\t' ? ' ' : '?';
			continue;
		}
		memcpy(copy + to, text + from, n);
		from += n;
		to += n;
	}
	strcpy(copy + to, cut ? "..." : "");
	return copy;
}

/* Lines above the one libconfig names in which a string is looked for. */
#define LOOK_BACK_MAX 100

/* A line of the flat text in its own file. */
static struct conf_place unflatten(const struct conf_reader *r, unsigned int line)
{
	struct conf_place place = {.file = r->sources.items[0].name, .line = line};
	size_t source;

	if (conf_flat_origin(&r->flat, line, &source, &place.line))
		place.file = r->sources.items[source].name;
	return place;
}

static bool holds(const struct conf_reader *r, struct conf_place place, const char *text)
{
	size_t len;
	const char *line = conf_source_line(&r->sources, place.file, place.line, &len);

	return line && memmem(line, len, text, strlen(text));
}

/* The place with the file's own name and line, and the line that holds what it must. */
static struct conf_place settle(const struct conf_reader *r, struct conf_place place)
{
	if (place.file)
		return place;
	if (r->sources.count == 0)
		return (struct conf_place){.file = "configuration"};
	if (place.line == 0)
		return (struct conf_place){.file = r->sources.items[0].name};
	for (unsigned int back = 0; place.text && back < LOOK_BACK_MAX && back < place.line;
	     back++) {
		struct conf_place at = unflatten(r, place.line - back);

		if (holds(r, at, place.text))
			return at;
	}
	return unflatten(r, place.line);
}

static char *source_text(const struct conf_reader *r, struct conf_place place)
{
	size_t len;
	const char *text = conf_source_line(&r->sources, place.file, place.line, &len);

	if (!text)
		return NULL;
	for (; len > 0 && (*text == ' ' || *text == '\t'); len--)
		text++;
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
		len--;
	return len ? printable(text, len, SOURCE_SHOWN_MAX) : NULL;
}

static void diagnostic_fini(struct conf_diagnostic *d)
{
	free(d->file);
	free(d->message);
	free(d->source);
	free(d->hint);
}

/* A free slot; for an error, if need be, that of the last warning. NULL: full. */
static struct conf_diagnostic *take_slot(struct conf_report *report, enum conf_severity severity)
{
	if (!report->items)
		return NULL;
	if (report->count < CONF_DIAGNOSTICS_MAX)
		return &report->items[report->count++];
	if (severity != CONF_ERROR)
		return NULL;
	for (size_t i = report->count; i-- > 0;) {
		struct conf_diagnostic *last = &report->items[report->count - 1];

		if (report->items[i].severity == CONF_ERROR)
			continue;
		diagnostic_fini(&report->items[i]);
		memmove(&report->items[i], &report->items[i + 1],
			(report->count - 1 - i) * sizeof(*last));
		report->dropped++;
		return last;
	}
	return NULL;
}

void conf_complain(struct conf_reader *r, enum conf_severity severity, struct conf_place place,
		   const char *hint, const char *format, ...)
{
	struct conf_report *report = r->report;
	struct conf_diagnostic *d;
	char message[512];
	va_list args;

	if (severity == CONF_ERROR)
		report->errors++;
	else
		report->warnings++;
	d = take_slot(report, severity);
	if (!d) {
		report->dropped++;
		return;
	}
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	place = settle(r, place);
	*d = (struct conf_diagnostic){
		.severity = severity,
		.file = printable(place.file, strlen(place.file), 4096),
		.line = place.line,
		.message = printable(message, strlen(message), sizeof(message)),
		.source = source_text(r, place),
		.hint = hint ? printable(hint, strlen(hint), sizeof(message)) : NULL,
	};
	if (!d->file || !d->message) {
		diagnostic_fini(d);
		*d = report->items[--report->count];
		report->dropped++;
	}
}

void conf_out_of_memory(struct conf_reader *r)
{
	if (!r->no_memory)
		conf_error(r, (struct conf_place){0}, NULL, "out of memory");
	r->no_memory = true;
}

const char *conf_refer(const struct conf_reader *r, struct conf_place from, struct conf_place to,
		       char buf[static CONF_HINT_LEN])
{
	to = settle(r, to);
	if (strcmp(settle(r, from).file, to.file) == 0)
		snprintf(buf, CONF_HINT_LEN, "line %u", to.line);
	else
		snprintf(buf, CONF_HINT_LEN, "%.120s:%u", to.file, to.line);
	return buf;
}

bool conf_report_begin(struct conf_report *report)
{
	*report = (struct conf_report){0};
	report->items = calloc(CONF_DIAGNOSTICS_MAX, sizeof(*report->items));
	if (!report->items)
		report->errors = 1;
	return report->items;
}

/* File order: the configuration first, then the others as they were read; then lines. */
static bool stands_after(const struct conf_reader *r, const struct conf_diagnostic *a,
			 const struct conf_diagnostic *b)
{
	size_t file_a = conf_source_index(&r->sources, a->file),
	       file_b = conf_source_index(&r->sources, b->file);

	return file_a != file_b ? file_a > file_b : a->line > b->line;
}

void conf_report_sort(struct conf_reader *r)
{
	struct conf_diagnostic *items = r->report->items;

	for (size_t i = 1; i < r->report->count; i++) {
		struct conf_diagnostic moving = items[i];
		size_t to = i;

		for (; to > 0 && stands_after(r, &items[to - 1], &moving); to--)
			items[to] = items[to - 1];
		items[to] = moving;
	}
}

void conf_report_fini(struct conf_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		diagnostic_fini(&report->items[i]);
	free(report->items);
	for (size_t i = 0; i < report->file_count; i++)
		free(report->files[i]);
	free(report->files);
	conf_places_fini(report);
	*report = (struct conf_report){0};
}

void conf_report_print(const struct conf_report *report, FILE *to)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct conf_diagnostic *d = &report->items[i];

		fputs(d->file, to);
		if (d->line)
			fprintf(to, ":%u", d->line);
		fprintf(to, ": %s: %s\n", d->severity == CONF_ERROR ? "error" : "warning",
			d->message);
		if (d->source)
			fprintf(to, "    %s\n", d->source);
		if (d->hint)
			fprintf(to, "  hint: %s\n", d->hint);
	}
	if (report->dropped)
		fprintf(to, "and %zu more\n", report->dropped);
	if (report->errors && report->count == 0)
		fputs("error: out of memory\n", to);
}
