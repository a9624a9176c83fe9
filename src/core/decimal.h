/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_DECIMAL_H
#define NACLD_CORE_DECIMAL_H

#include <stdbool.h>

/*
 * The whole text as a decimal number of at most `max` (which leaves room for one more digit):
 * digits only, no sign, no blank, not empty. False, and *out untouched, for anything else.
 */
static inline bool decimal_parse(const char *text, unsigned int max, unsigned int *out)
{
	unsigned int value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned int)(*text - '0');
		if (value > max)
			return false;
	}
	*out = value;
	return true;
}

/* The same where a leading zero could be meant as octal, and so is refused. */
static inline bool decimal_parse_strict(const char *text, unsigned int max, unsigned int *out)
{
	return (text[0] != '0' || text[1] == '\0') && decimal_parse(text, max, out);
}

#endif
