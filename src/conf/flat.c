/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration as one text, includes in their places and every token in one spelling.
 *
 * libconfig's versions differ in what they make of a file: escapes, binary and octal integers,
 * includes, a comment at the very end. What they are given is therefore not the file but the tokens
 * that the scan has accepted, in a form that all of them read alike; and what is parsed is what was
 * scanned, even if a file changes meanwhile. Each token stands on a line of its own number within
 * its file, as far as lines go; where the file changes a part begins, which is how a line that
 * libconfig tells leads back to its file.
 */
#include "conf/flat.h"

#include <stdlib.h>
#include <string.h>

/* At least `more` bytes and a NUL. */
static bool reserve(struct conf_flat *flat, size_t more)
{
	size_t capacity = flat->capacity ? flat->capacity : 4096;
	char *text;

	while (capacity - flat->len <= more)
		capacity *= 2;
	if (capacity == flat->capacity)
		return true;
	text = realloc(flat->text, capacity);
	if (!text)
		return false;
	flat->text = text;
	flat->capacity = capacity;
	return true;
}

/* The line of its source that the present line of the flat text stands for. */
static unsigned int present_line(const struct conf_flat *flat, const struct conf_flat_part *part)
{
	return part->source_line + (flat->line - part->line);
}

static void begin_part(struct conf_flat *flat, size_t source, unsigned int line)
{
	if (flat->part_count == sizeof(flat->parts) / sizeof(flat->parts[0]))
		return; /* cannot be: there are not as many includes */
	flat->line++;
	flat->parts[flat->part_count++] =
		(struct conf_flat_part){.line = flat->line, .source_line = line, .source = source};
}

bool conf_flat_put(struct conf_flat *flat, size_t source, unsigned int line, const char *token,
		   size_t len)
{
	const struct conf_flat_part *part =
		flat->part_count ? &flat->parts[flat->part_count - 1] : NULL;
	unsigned int before = flat->line;

	if (!part || part->source != source)
		begin_part(flat, source, line);
	else
		flat->line += line - present_line(flat, part);
	if (!reserve(flat, flat->line - before + len + 1))
		return false;
	if (before == 0)
		before = 1; /* the first line needs no line end before it */
	memset(flat->text + flat->len, '\n', flat->line - before);
	flat->len += flat->line - before;
	memcpy(flat->text + flat->len, token, len);
	flat->len += len;
	flat->text[flat->len++] = ' ';
	flat->text[flat->len] = '\0';
	return true;
}

bool conf_flat_origin(const struct conf_flat *flat, unsigned int line, size_t *source,
		      unsigned int *source_line)
{
	for (size_t i = flat->part_count; i-- > 0;) {
		const struct conf_flat_part *part = &flat->parts[i];

		if (part->line > line)
			continue;
		*source = part->source;
		*source_line = part->source_line + (line - part->line);
		return true;
	}
	return false;
}

void conf_flat_fini(struct conf_flat *flat)
{
	free(flat->text);
}
