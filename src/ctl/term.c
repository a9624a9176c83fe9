/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes output easy on people: bold on a terminal and nowhere else, numbers with their
 * thousands apart, sizes and ages in the unit one would say them in. https://no-color.org holds:
 * NO_COLOR set and not empty means no escape sequence. Emphasis never has a meaning that the
 * words do not.
 */
#include "ctl/term.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

struct term term_for(FILE *stream)
{
	const char *no_color = getenv("NO_COLOR");
	const char *kind = getenv("TERM");
	bool dumb = kind && kind[0] == 'd' && kind[1] == 'u';

	if ((no_color && *no_color != '\0') || dumb || !isatty(fileno(stream)))
		return (struct term){.bold = "", .off = ""};
	return (struct term){.bold = "\033[1m", .off = "\033[0m"};
}

const char *term_count(uint64_t value, char buf[static TERM_TEXT_LEN])
{
	char digits[TERM_TEXT_LEN], *out = buf;
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*out++ = ' ';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

const char *term_bytes(uint64_t bytes, char buf[static TERM_TEXT_LEN])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(buf, TERM_TEXT_LEN, "%" PRIu64 " B", bytes);
		return buf;
	}
	/* 1023.95 would print as 1024.0 */
	for (; value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		value /= 1024;
	snprintf(buf, TERM_TEXT_LEN, "%.1f %s", value, units[unit]);
	return buf;
}

const char *term_duration(int64_t seconds, char buf[static TERM_TEXT_LEN])
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		snprintf(buf, TERM_TEXT_LEN, "%" PRId64 " s", seconds);
	else if (seconds < 120L * 60)
		snprintf(buf, TERM_TEXT_LEN, "%" PRId64 " min", seconds / 60);
	else if (seconds < 48L * 3600)
		snprintf(buf, TERM_TEXT_LEN, "%" PRId64 " h", seconds / 3600);
	else
		snprintf(buf, TERM_TEXT_LEN, "%" PRId64 " d", seconds / 86400);
	return buf;
}

void term_pad(FILE *to, size_t width, size_t column)
{
	fprintf(to, "%*s", (int)(width < column ? column - width : 0) + 2, "");
}
