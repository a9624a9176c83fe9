/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edits as a person would make them: the tokens of the file say where something stands, and only
 * that is replaced. The text is one that the reader has accepted, so brackets are in order.
 */
#include "conf/syntax/edit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conf/syntax/lexer.h"

static bool is_word(const struct conf_token *token, const char *word)
{
	return token->len == strlen(word) && memcmp(token->text, word, token->len) == 0;
}

/* `text` with the bytes [from, to) replaced by `value` in quotes. */
static char *quoted_instead(const char *text, const char *from, const char *to, const char *value)
{
	size_t before = (size_t)(from - text), len = strlen(value), after = strlen(to);
	char *out = malloc(before + len + after + 3), *at = out;

	if (!out)
		return NULL;
	at = mempcpy(at, text, before);
	*at++ = '"';
	at = mempcpy(at, value, len);
	*at++ = '"';
	memcpy(at, to, after + 1);
	return out;
}

char *conf_edit_setting(const char *text, const char *name, const char *value)
{
	struct conf_lexer lexer = {.at = text, .start = text, .line = 1};
	struct conf_token token, last = {.kind = TOKEN_SEPARATOR};
	bool named = false;
	int depth = 0;

	errno = 0;
	while (conf_token_next(&lexer, &token) && !token.error) {
		if (named && token.kind == TOKEN_STRING)
			return quoted_instead(text, token.text, token.text + token.len, value);
		depth += (token.kind == TOKEN_OPEN) - (token.kind == TOKEN_CLOSE);
		named = token.kind == TOKEN_EQUALS && depth == 0 && last.kind == TOKEN_NAME &&
			is_word(&last, name);
		last = token;
	}
	return NULL;
}
