/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which language a text is in, and what is refused before either library sees it: a text too large,
 * another encoding, nothing at all.
 */
#include "interop/document_internal.h"

#include <errno.h>
#include <string.h>

static int refuse_encoding(struct document *doc, struct document_error *error)
{
	const char *text = doc->text;

	if (doc->len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return document_fail(error, 1, 1, "iconv -f UTF-16 -t UTF-8 FILE",
				     "the text is UTF-16, as PowerShell's > writes it");
	return 0;
}

int document_parse(const char *text, size_t len, struct arena *arena, struct document *doc,
		   struct document_error *error)
{
	size_t at = 0;
	int status;

	*doc = (struct document){.arena = arena, .text = text, .len = len};
	doc->last = &doc->first;
	*error = (struct document_error){0};
	if (len > DOCUMENT_BYTES_MAX) {
		uint32_t line, column;

		document_locate(doc, DOCUMENT_BYTES_MAX, &line, &column);
		return document_fail(error, line, column,
				     "cut out what is about network ACLs first",
				     "more than %zu MiB", DOCUMENT_BYTES_MAX >> 20);
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
		doc->text += 3;
		doc->len -= 3;
	}
	while (at < doc->len && strchr(" \t\r\n", doc->text[at]) && doc->text[at])
		at++;
	status = refuse_encoding(doc, error);
	if (status == 0 && at == doc->len)
		status = document_fail(error, 1, 1, NULL, "it is empty");
	if (status == 0)
		status = doc->text[at] == '{' || doc->text[at] == '['
				 ? document_parse_json(doc, error)
				 : document_parse_yaml(doc, error);
	return status == 0 && arena->failed ? -ENOMEM : status;
}
