/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_STRANGE_H
#define NACLD_CONF_STRANGE_H

#include <stddef.h>

/* A character that looks like another, or like none. */
struct conf_strange {
	const char *utf8;
	const char *name; /* "a no-break space (U+00A0)" */
	const char *hint; /* what to write instead */
	enum conf_strange_kind {
		STRANGE_BLANK, /* cannot be seen at all, or is taken for a space */
		STRANGE_QUOTE,
		STRANGE_DASH,
	} kind;
};

/* The one that `text` begins with, or NULL. */
const struct conf_strange *conf_strange_at(const char *text, size_t len);

/* The first blank one within `text`, which nobody can see there, or NULL. */
const struct conf_strange *conf_strange_blank(const char *text, size_t len);

/* Length of a byte order mark of UTF-8 at the start of a file: 3 or 0. */
size_t conf_mark_len(const char *text, size_t len);

#endif
