/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cuts the text of a libconfig file into tokens, as the scanner of libconfig 1.5 to 1.8 does, and
 * refuses what those swallow: a string that runs over the end of its line (a quote was forgotten;
 * no setting of ours has two lines), a comment that is never closed, an escape that they read
 * differently (1.5 leaves "\\x41" as it stands and drops the backslash of "\\b"; 1.7 makes a byte of
 * either).
 */
#include "conf/syntax/lexer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "conf/strange.h"

static bool refuse(struct conf_token *out, const char *error, const char *hint)
{
	out->error = error;
	out->hint = hint;
	return true;
}

static bool refuse_what(struct conf_token *out, const char *what, size_t len, const char *error,
			const char *hint)
{
	out->what = what;
	out->what_len = len;
	return refuse(out, error, hint);
}

/* Blanks and comments. False: a comment is never closed, and *out says so. */
static bool skip(struct conf_lexer *lexer, struct conf_token *out)
{
	for (;;) {
		const char *at = lexer->at;

		if (*at == '\n')
			lexer->line++;
		if (*at && strchr(" \t\n\r\f", *at)) {
			lexer->at++;
		} else if (*at == '#' || (at[0] == '/' && at[1] == '/')) {
			lexer->at += strcspn(at, "\n");
		} else if (at[0] == '/' && at[1] == '*') {
			const char *end = strstr(at + 2, "*/");

			if (!end) {
				out->line = lexer->line;
				refuse(out, "the comment that opens here is never closed",
				       "close it with */");
				return false;
			}
			for (; at < end; at++)
				lexer->line += *at == '\n';
			lexer->at = end + 2;
		} else {
			return true;
		}
	}
}

/* From a quote: the length with both quotes, or 0 when the line ends first. */
static size_t string_len(const char *text)
{
	size_t len = 1;

	for (; text[len] != '"'; len++) {
		if (text[len] == '\\' && (text[len + 1] == '"' || text[len + 1] == '\\'))
			len++;
		else if (text[len] == '\0' || text[len] == '\n')
			return 0;
	}
	return len + 1;
}

/* The text between the quotes: nothing that versions read differently or that nobody can see. */
static bool check_string(struct conf_token *out)
{
	const struct conf_strange *strange = conf_strange_blank(out->text, out->len);

	if (strange)
		return refuse_what(out, strange->name, strlen(strange->name), "stands in this text",
				   strange->hint);
	for (size_t i = 0; i < out->len; i++) {
		if (out->text[i] != '\\' || strchr("\"\\", out->text[++i]))
			continue;
		return refuse_what(out, out->text + i - 1, 2,
				   "in a text means different things to versions of libconfig",
				   "write the character itself; only \\\" and \\\\ are taken");
	}
	return true;
}

static size_t digits_len(const char *text)
{
	return strspn(text, "0123456789");
}

static size_t exponent_len(const char *text)
{
	size_t sign = text[0] == 'e' || text[0] == 'E' ? 1 : 0;

	if (!sign)
		return 0;
	if (text[1] == '+' || text[1] == '-')
		sign = 2;
	return digits_len(text + sign) ? sign + digits_len(text + sign) : 0;
}

/* 0 when no number starts here. */
static size_t number_len(const char *text)
{
	size_t sign = text[0] == '+' || text[0] == '-' ? 1 : 0;
	size_t len = sign + digits_len(text + sign);

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
	    isxdigit((unsigned char)text[2])) {
		len = 2 + strspn(text + 2, "0123456789abcdefABCDEF");
	} else if (text[0] == '0' && text[1] && strchr("bBoOqQ", text[1]) &&
		   digits_len(text + 2) > 0) {
		len = 2 + digits_len(text + 2);
	} else if (text[len] == '.') {
		len += 1 + digits_len(text + len + 1);
		return len + exponent_len(text + len);
	} else if (len == sign) {
		return 0;
	} else if (exponent_len(text + len)) {
		return len + exponent_len(text + len);
	}
	for (int i = 0; i < 2 && text[len] == 'L'; i++)
		len++;
	return len;
}

static size_t name_len(const char *text)
{
	if (!isalpha((unsigned char)text[0]) && text[0] != '*')
		return 0;
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_*");
}

/* Only blanks between the start of the line and here? */
static bool starts_line(const struct conf_lexer *lexer)
{
	const char *at = lexer->at;

	while (at > lexer->start && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	return at == lexer->start || at[-1] == '\n';
}

static bool take_include(struct conf_lexer *lexer, struct conf_token *out)
{
	const char *quote = lexer->at + strlen("@include");
	size_t len;

	quote += strspn(quote, " \t");
	len = *quote == '"' ? string_len(quote) : 0;
	if (len == 0 || quote == lexer->at + strlen("@include") || !starts_line(lexer))
		return refuse(out, "syntax error at \"@include\"",
			      "on a line of its own: @include \"other.conf\"");
	out->kind = TOKEN_INCLUDE;
	out->text = quote + 1;
	out->len = len - 2;
	lexer->at = quote + len;
	return true;
}

static bool is_boolean(const char *text, size_t len)
{
	return (len == 4 && strncasecmp(text, "true", 4) == 0) ||
	       (len == 5 && strncasecmp(text, "false", 5) == 0);
}

/* A character that has no place outside of quotes: all bytes of it. */
static bool take_garbage(struct conf_lexer *lexer, struct conf_token *out)
{
	const struct conf_strange *strange = conf_strange_at(out->text, strlen(out->text));

	out->kind = TOKEN_GARBAGE;
	if (strange)
		return refuse_what(out, strange->name, strlen(strange->name), "stands here",
				   strange->hint);
	while ((out->text[out->len] & 0xc0) == 0x80)
		out->len++;
	lexer->at += out->len;
	return true;
}

static bool take_single(struct conf_lexer *lexer, struct conf_token *out)
{
	static const char singles[] = "=:;,([{)]}";
	static const enum conf_token_kind kinds[] = {
		TOKEN_EQUALS, TOKEN_EQUALS, TOKEN_SEPARATOR, TOKEN_SEPARATOR, TOKEN_OPEN,
		TOKEN_OPEN,   TOKEN_OPEN,   TOKEN_CLOSE,     TOKEN_CLOSE,     TOKEN_CLOSE};
	const char *single = strchr(singles, *lexer->at);

	out->len = 1;
	if (single) {
		out->kind = kinds[single - singles];
		lexer->at++;
		return true;
	}
	return take_garbage(lexer, out);
}

bool conf_token_next(struct conf_lexer *lexer, struct conf_token *out)
{
	*out = (struct conf_token){0};
	if (!skip(lexer, out))
		return true;
	out->line = lexer->line;
	out->text = lexer->at;
	if (*lexer->at == '\0')
		return false;
	if (strncmp(lexer->at, "@include", strlen("@include")) == 0)
		return take_include(lexer, out);
	if (*lexer->at == '"') {
		out->kind = TOKEN_STRING;
		out->len = string_len(lexer->at);
		if (out->len == 0)
			return refuse(out, "the text that opens here is not closed on its line",
				      "a quote is missing");
		check_string(out);
	} else if ((out->len = name_len(lexer->at)) > 0) {
		out->kind = is_boolean(lexer->at, out->len) ? TOKEN_BOOLEAN : TOKEN_NAME;
	} else if ((out->len = number_len(lexer->at)) > 0) {
		out->kind = TOKEN_NUMBER;
	} else {
		return take_single(lexer, out);
	}
	lexer->at += out->len;
	return true;
}
