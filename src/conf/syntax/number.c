/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integers, read once and for all versions of libconfig: 1.5 keeps 32 bits and wraps what does not
 * fit, 1.7 refuses it, 1.8 widens it and knows bases that the others do not.
 */
#include "conf/syntax/number.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_fraction(const struct conf_token *token)
{
	return memchr(token->text, '.', token->len) || memchr(token->text, 'e', token->len) ||
	       memchr(token->text, 'E', token->len);
}

enum conf_number conf_number_parse(const struct conf_token *token, long long *value)
{
	const char *digits = token->text + strspn(token->text, "+-");
	int letter = digits[0] == '0' ? tolower((unsigned char)digits[1]) : 0;
	int base = letter == 'x' ? 16 : letter == 'b' ? 2 : letter == 'o' || letter == 'q' ? 8 : 10;

	*value = 0;
	if (base == 10 && is_fraction(token))
		return NUMBER_FRACTION;
	errno = 0;
	*value = strtoll(base == 10 ? token->text : digits + 2, NULL, base);
	if (errno == ERANGE || *value < INT_MIN || *value > INT_MAX)
		return NUMBER_TOO_LARGE;
	if (base == 2 || base == 8)
		return NUMBER_OTHER_BASE;
	if (base == 10 && digits[0] == '0' && isdigit((unsigned char)digits[1]))
		return NUMBER_ZEROS;
	return NUMBER_OK;
}
