/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_SYNTAX_NUMBER_H
#define NACLD_CONF_SYNTAX_NUMBER_H

#include "conf/syntax/lexer.h"

/* What a number's token is, and why it is not taken. */
enum conf_number {
	NUMBER_OK,
	NUMBER_FRACTION,  /* a float: no setting takes one, which the walk tells by name */
	NUMBER_TOO_LARGE, /* beyond 32 bits; libconfig 1.5 wraps it in silence */
	NUMBER_ZEROS,     /* 0443: decimal to libconfig, octal to many a reader */
	NUMBER_OTHER_BASE /* binary, octal: not in every version of libconfig */
};

/* *value is the integer, but for fractions, and as far as it can be told. */
enum conf_number conf_number_parse(const struct conf_token *token, long long *value);

#endif
