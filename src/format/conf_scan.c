/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration's text before libconfig sees it, includes and all.
 *
 * libconfig parses, but version 1.5 is too forgiving and too silent to be left alone with the file:
 * an integer that does not fit wraps without a word, two strings in a row become one, a comment that
 * is never closed swallows the rest, a NUL byte ends the file, a folder given as an include ends the
 * process, its stack is bounded only by memory, and "syntax error" is all it says, often a line late.
 * So its grammar (libconfig manual, "Configuration File Grammar") is walked here first, one token at
 * a time over a stack of open brackets, and the first wrong token is named where it stands, with
 * what to write instead. libconfig then only meets text that is in order.
 *
 * Includes are followed exactly where libconfig does: "@include" at the start of a line.
 */
#include "format/conf_internal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "format/conf_token.h"

#define DEPTH_MAX         16 /* brackets in brackets: a rule stands at 5 */
#define INCLUDE_DEPTH_MAX 10 /* libconfig's own */
#define NAMES_MAX         64 /* settings in a group: ours have up to 8 */

/* What may come next inside the innermost bracket. */
enum expect {
	EXPECT_NAME,
	EXPECT_EQUALS,
	EXPECT_VALUE,
	EXPECT_MORE, /* after a value */
};

struct name {
	const char *text;
	size_t len;
	struct conf_place place;
};

struct level {
	char close; /* ')', ']', '}'; 0 for the file itself */
	enum expect expect;
	bool empty;
	struct conf_place opened;
	size_t name_count;
	struct name names[NAMES_MAX];
};

struct scan {
	struct conf_reader *r;
	struct conf_token last; /* the token before the present one */
	struct conf_place last_place;
	size_t depth;
	struct level levels[DEPTH_MAX];
	size_t include_depth;
	size_t includes[INCLUDE_DEPTH_MAX + 1]; /* indices of the sources being read */
	bool refused;                           /* complained, and the walk could go on */
};

static bool scan_source(struct scan *s, size_t index);

bool conf_scan_doubts(const struct conf_reader *r, struct conf_place place)
{
	size_t index = conf_source_index(r, place.file);

	for (size_t i = 0; i < r->bad_number_count; i++)
		if (r->bad_numbers[i].line == place.line &&
		    conf_source_index(r, r->bad_numbers[i].file) == index)
			return true;
	return false;
}

/* No setting of nacld needs more than 32 bits, and libconfig 1.5 keeps no more without a suffix. */
static void check_number(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	const char *digits = token->text + strspn(token->text, "+-");
	bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	long long value;

	errno = 0;
	value = strtoll(token->text, NULL, hex ? 16 : 10);
	if (errno == ERANGE || value < INT_MIN || value > INT_MAX)
		conf_error(s->r, place, "no setting goes beyond 65536",
			   "%.*s is too large a number", (int)token->len, token->text);
	else if (!hex && digits[0] == '0' && isdigit((unsigned char)digits[1]))
		conf_error(s->r, place, "leave out the zeros in front",
			   "%.*s could be meant as octal", (int)token->len, token->text);
	else
		return;
	if (s->r->bad_number_count < CONF_DIAGNOSTICS_MAX)
		s->r->bad_numbers[s->r->bad_number_count++] = place;
}

static struct level *innermost(struct scan *s)
{
	return &s->levels[s->depth - 1];
}

/* False when the walk ends here; a duplicate is told and does not end it. */
static bool note_name(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	struct level *level = innermost(s);

	for (size_t i = 0; i < level->name_count; i++) {
		const struct name *name = &level->names[i];

		if (name->len != token->len || strncmp(name->text, token->text, name->len) != 0)
			continue;
		conf_error(s->r, place, "keep one of them",
			   "\"%.*s\" stands twice here, first in line %u",
			   name->len > 40 ? 40 : (int)name->len, name->text, name->place.line);
		s->refused = true;
		return true;
	}
	if (level->name_count == NAMES_MAX) {
		conf_error(s->r, place, "is a bracket missing above?",
			   "more than %d settings in one group", NAMES_MAX);
		return false;
	}
	level->names[level->name_count++] =
		(struct name){.text = token->text, .len = token->len, .place = place};
	return true;
}

static const char *value_hint(const struct scan *s, const struct conf_token *token,
			      char buf[static CONF_HINT_LEN])
{
	if (token->kind == TOKEN_CLOSE && s->last.kind == TOKEN_SEPARATOR)
		return "remove the comma before it";
	if (token->kind == TOKEN_OPEN)
		return "between [ and ] stand plain values; groups need ( and )";
	if (token->kind != TOKEN_NAME)
		return "a value is a number, true, or text in quotes: \"...\"";
	snprintf(buf, CONF_HINT_LEN, "text stands in quotes: \"%.*s\"",
		 token->len > 40 ? 40 : (int)token->len, token->text);
	return buf;
}

static const char *more_hint(const struct scan *s, const struct conf_token *token)
{
	char close = s->levels[s->depth - 1].close;
	bool touches = s->last.text + s->last.len == token->text;

	if (s->last.kind == TOKEN_NUMBER && (touches || token->kind == TOKEN_GARBAGE))
		return "ranges and addresses stand in quotes: \"1024-65535\", \"10.0.0.0/8\"";
	if (close == ')' || close == ']')
		return "is a comma missing before it?";
	return "is a quote or a \";\" missing before it?";
}

/* The wrong token: where it stands, and what people usually meant. */
static bool unexpected(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	const char *hint = "a setting is: name = value;";
	const char *quote = token->kind == TOKEN_STRING ? "" : "\"";
	char buf[CONF_HINT_LEN];

	if (innermost(s)->expect == EXPECT_NAME && token->kind == TOKEN_SEPARATOR)
		hint = "one \";\" after a setting is enough";
	else if (innermost(s)->expect == EXPECT_VALUE)
		hint = value_hint(s, token, buf);
	else if (innermost(s)->expect == EXPECT_MORE)
		hint = more_hint(s, token);
	conf_error(s->r, place, hint, "syntax error at %s%.*s%s", quote,
		   token->len > 40 ? 40 : (int)token->len, token->text, quote);
	return false;
}

static bool open_bracket(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	struct level *level;

	if (s->depth == DEPTH_MAX) {
		conf_error(s->r, place, "a rule needs no more than 5",
			   "more than %d brackets inside each other", DEPTH_MAX - 1);
		return false;
	}
	innermost(s)->expect = EXPECT_MORE;
	level = &s->levels[s->depth++];
	level->close = token->text[0] == '(' ? ')' : token->text[0] == '[' ? ']' : '}';
	level->expect = level->close == '}' ? EXPECT_NAME : EXPECT_VALUE;
	level->empty = true;
	level->opened = place;
	level->name_count = 0;
	return true;
}

static bool close_bracket(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	const struct level *level = innermost(s);
	char hint[CONF_HINT_LEN];

	if (level->close == token->text[0]) {
		s->depth--;
		return true;
	}
	if (level->close == 0) {
		conf_error(s->r, place, "remove it, or look for one closed too early above",
			   "\"%c\" closes nothing", token->text[0]);
		return false;
	}
	snprintf(hint, sizeof(hint), "\"%c\" is missing before it", level->close);
	conf_error(s->r, place, hint, "\"%c\" does not close what line %u opened", token->text[0],
		   level->opened.line);
	return false;
}

static bool starts_value(const struct level *level, const struct conf_token *token)
{
	if (token->kind == TOKEN_OPEN)
		return level->close != ']';
	return token->kind == TOKEN_NUMBER || token->kind == TOKEN_STRING ||
	       token->kind == TOKEN_BOOLEAN;
}

static bool take_value(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	struct level *level = innermost(s);
	bool may_close = level->empty && level->close != '}' && level->close != 0;

	if (token->kind == TOKEN_CLOSE && may_close)
		return close_bracket(s, token, place);
	if (!starts_value(level, token))
		return unexpected(s, token, place);
	level->empty = false;
	if (token->kind == TOKEN_OPEN)
		return open_bracket(s, token, place);
	if (token->kind == TOKEN_NUMBER)
		check_number(s, token, place);
	level->expect = EXPECT_MORE;
	return true;
}

static bool take_name(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	if (token->kind == TOKEN_CLOSE)
		return close_bracket(s, token, place);
	/* "true" is a value wherever it stands; libconfig refuses it as a name. */
	if (token->kind != TOKEN_NAME)
		return unexpected(s, token, place);
	innermost(s)->expect = EXPECT_EQUALS;
	return note_name(s, token, place);
}

/* After a value. In a group the separator may be left out before the next name. */
static bool take_more(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	struct level *level = innermost(s);
	bool elements = level->close == ')' || level->close == ']';

	if (token->kind == TOKEN_CLOSE)
		return close_bracket(s, token, place);
	if (token->kind == TOKEN_SEPARATOR && (!elements || token->text[0] == ',')) {
		level->expect = elements ? EXPECT_VALUE : EXPECT_NAME;
		return true;
	}
	if (token->kind == TOKEN_NAME && !elements && s->last.text + s->last.len != token->text)
		return take_name(s, token, place);
	return unexpected(s, token, place);
}

static bool take(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	switch (innermost(s)->expect) {
	case EXPECT_NAME:
		return take_name(s, token, place);
	case EXPECT_EQUALS:
		if (token->kind != TOKEN_EQUALS)
			return unexpected(s, token, place);
		innermost(s)->expect = EXPECT_VALUE;
		return true;
	case EXPECT_VALUE:
		return take_value(s, token, place);
	case EXPECT_MORE:
		return take_more(s, token, place);
	}
	return false;
}

/* Is the source already being read, under whatever name? */
static bool includes_itself(const struct scan *s, size_t index)
{
	const struct conf_source *sources = s->r->sources;

	for (size_t i = 0; i < s->include_depth; i++)
		if (sources[s->includes[i]].inode == sources[index].inode &&
		    sources[s->includes[i]].device == sources[index].device)
			return true;
	return false;
}

/* Reads the file an include names; its index, or -1 after a diagnostic. */
static int read_include(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	char *name = strndup(token->text, token->len);
	char *path = name ? conf_source_path(s->r, name) : NULL;
	int index = -1;

	if (!path)
		conf_out_of_memory(s->r);
	else if (name[0] == '/' || strchr(name, '\\'))
		conf_error(s->r, place, "write it relative to the folder of the configuration",
			   "an include takes no %s",
			   name[0] == '/' ? "absolute name" : "backslash");
	else
		index = conf_source_read(s->r, path, CONF_SOURCE_FILE, place);
	free(path);
	if (index < 0)
		free(name);
	else
		s->r->sources[index].alias = name;
	return index;
}

static bool include(struct scan *s, const struct conf_token *token, struct conf_place place)
{
	int index;

	if (s->include_depth > INCLUDE_DEPTH_MAX) {
		conf_error(s->r, place, NULL, "files include each other more than %d deep",
			   INCLUDE_DEPTH_MAX);
		return false;
	}
	index = read_include(s, token, place);
	if (index < 0)
		return false;
	if (includes_itself(s, (size_t)index)) {
		conf_error(s->r, place, "remove the line", "the file includes itself");
		return false;
	}
	return scan_source(s, (size_t)index);
}

static bool scan_source(struct scan *s, size_t index)
{
	/* The array of sources may move at an include; names and texts do not. */
	const char *name = s->r->sources[index].name, *text = s->r->sources[index].text;
	size_t len = s->r->sources[index].len;
	struct conf_lexer lexer = {.at = text, .start = text, .line = 1};
	struct conf_place place = {.file = name, .line = 1};
	struct conf_token token;
	bool ok = true;

	if (strlen(text) != len) {
		while (*lexer.at)
			place.line += *lexer.at++ == '\n';
		conf_error(s->r, place, NULL, "a NUL byte: this is no text file");
		return false;
	}
	s->includes[s->include_depth++] = index;
	while (ok && conf_token_next(&lexer, &token)) {
		place.line = token.line;
		if (token.error) {
			conf_error(s->r, place, token.hint, "%s", token.error);
			return false;
		}
		if (token.kind == TOKEN_INCLUDE) {
			ok = include(s, &token, place);
			continue;
		}
		ok = take(s, &token, place);
		s->last = token;
		s->last_place = place;
	}
	s->include_depth--;
	return ok;
}

static bool at_end(struct scan *s)
{
	const struct level *level = innermost(s);

	if (level->close) {
		conf_error(s->r, level->opened, "look for it before the end of the file",
			   "what opens here is never closed: \"%c\" is missing", level->close);
		return false;
	}
	if (level->expect == EXPECT_EQUALS || level->expect == EXPECT_VALUE) {
		conf_error(s->r, s->last_place, "a setting is: name = value;",
			   "the file ends in the middle of a setting");
		return false;
	}
	return true;
}

bool conf_scan(struct conf_reader *r)
{
	struct scan *s = calloc(1, sizeof(*s));
	bool ok;

	if (!s) {
		conf_out_of_memory(r);
		return false;
	}
	s->r = r;
	s->depth = 1;
	ok = scan_source(s, 0) && at_end(s) && !s->refused;
	free(s);
	return ok;
}
