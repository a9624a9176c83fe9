/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the steps of a load leave for each other: see reader.h.
 *
 * A number that does not fit is told by the scan, which has the text; the walk meets the same place
 * again with whatever libconfig made of it, and goes on without a word.
 */
#include "conf/reader.h"

void conf_doubt(struct conf_reader *r, struct conf_place place)
{
	if (r->doubt_count < CONF_DOUBTS_MAX)
		r->doubts[r->doubt_count++] = place;
}

bool conf_is_doubted(const struct conf_reader *r, struct conf_place place)
{
	unsigned int line;
	size_t source;

	if (!conf_flat_origin(&r->flat, place.line, &source, &line))
		return false;
	for (size_t i = 0; i < r->doubt_count; i++)
		if (r->doubts[i].line == line &&
		    conf_source_index(&r->sources, r->doubts[i].file) == source)
			return true;
	return false;
}
