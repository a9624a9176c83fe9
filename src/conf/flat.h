/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_FLAT_H
#define NACLD_CONF_FLAT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/source.h"

/* Lines of the flat text that come from one file, one after the other. */
struct conf_flat_part {
	unsigned int line; /* of the flat text, from 1; up to the next part's */
	unsigned int source_line;
	size_t source; /* index */
};

/* The text that libconfig is given. All zeros is empty. */
struct conf_flat {
	char *text; /* NUL-terminated once something was put */
	size_t len;
	size_t capacity;
	unsigned int line;                                 /* the present one */
	struct conf_flat_part parts[2 * CONF_SOURCES_MAX]; /* an include begins two */
	size_t part_count;
};

/* Appends a token that stands on that line of that source. False: no memory. */
bool conf_flat_put(struct conf_flat *flat, size_t source, unsigned int line, const char *token,
		   size_t len);

/* Where a line of the flat text comes from: *source and *source_line. False: from nowhere. */
bool conf_flat_origin(const struct conf_flat *flat, unsigned int line, size_t *source,
		      unsigned int *source_line);

void conf_flat_fini(struct conf_flat *flat);

#endif
