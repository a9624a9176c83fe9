/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_SYNTAX_LEXER_H
#define NACLD_CONF_SYNTAX_LEXER_H

#include <stdbool.h>
#include <stddef.h>

/* The tokens of a libconfig file, as its scanner cuts them. */
enum conf_token_kind {
	TOKEN_NAME,
	TOKEN_NUMBER, /* integers in all forms, and floats */
	TOKEN_STRING, /* quotes included */
	TOKEN_BOOLEAN,
	TOKEN_EQUALS,    /* = or : */
	TOKEN_SEPARATOR, /* ; or , */
	TOKEN_OPEN,      /* ( [ { */
	TOKEN_CLOSE,     /* ) ] } */
	TOKEN_INCLUDE,   /* the file's name, without quotes */
	TOKEN_GARBAGE,   /* any other character */
};

struct conf_token {
	enum conf_token_kind kind;
	const char *text; /* in the source; not terminated */
	size_t len;
	unsigned int line; /* where it starts */
	const char *error; /* not NULL: the text cannot be cut further, and why */
	const char *what;  /* NULL, or what the error is said of: a name, or a part of the text */
	size_t what_len;
	const char *hint;
};

struct conf_lexer {
	const char *at;
	const char *start;
	unsigned int line;
};

/* The next token, comments skipped; false at the end of the text. */
bool conf_token_next(struct conf_lexer *lexer, struct conf_token *out);

#endif
