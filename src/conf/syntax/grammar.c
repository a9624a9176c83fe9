/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libconfig's grammar (its manual, "Configuration File Grammar"), one token at a time over a stack
 * of open brackets; the first wrong token is reported at its place, with what to write instead.
 *
 * Stricter than libconfig in what it would take in silence: integers that do not fit or begin with
 * a zero, two strings in a row (it joins them), a comma before a closing bracket (1.5 refuses it,
 * 1.7 takes it), any number of brackets inside each other, any number of settings in a group. As
 * free in the rest: the ";" after a setting may be left out.
 */
#include "conf/syntax/grammar.h"

#include <string.h>

#include "conf/diag.h"
#include "conf/syntax/number.h"

static void check_number(struct conf_grammar *g, const struct conf_token *token,
			 struct conf_place place)
{
	int len = (int)token->len;
	char hint[CONF_HINT_LEN];
	long long value;

	switch (conf_number_parse(token, &value)) {
	case NUMBER_OK:
	case NUMBER_FRACTION:
		return;
	case NUMBER_TOO_LARGE:
		conf_error(g->r, place, "no setting goes beyond 65536",
			   "%.*s is too large a number", len, token->text);
		break;
	case NUMBER_ZEROS:
		conf_error(g->r, place, "leave out the leading zeros",
			   "%.*s could be meant as octal", len, token->text);
		break;
	case NUMBER_OTHER_BASE:
		snprintf(hint, sizeof(hint), "write %lld", value);
		conf_error(g->r, place, hint, "not every libconfig reads %.*s", len, token->text);
		break;
	}
	conf_doubt(g->r, place);
}

static struct conf_level *innermost(struct conf_grammar *g)
{
	return &g->levels[g->depth - 1];
}

/* False when the walk ends here; a duplicate is reported and does not end it. */
static bool note_name(struct conf_grammar *g, const struct conf_token *token,
		      struct conf_place place)
{
	struct conf_level *level = innermost(g);
	char where[CONF_HINT_LEN];

	for (size_t i = 0; i < level->name_count; i++) {
		const struct conf_level_name *name = &level->names[i];

		if (name->len != token->len || strncmp(name->text, token->text, name->len) != 0)
			continue;
		conf_error(g->r, place, "keep one of them",
			   "\"%.*s\" is set twice here, first in %s",
			   name->len > 40 ? 40 : (int)name->len, name->text,
			   conf_refer(g->r, place, name->place, where));
		g->refused = true;
		return true;
	}
	if (level->name_count == CONF_NAMES_MAX) {
		conf_error(g->r, place, "is a bracket missing above?",
			   "more than %d settings in one group", CONF_NAMES_MAX);
		return false;
	}
	level->names[level->name_count++] =
		(struct conf_level_name){.text = token->text, .len = token->len, .place = place};
	return true;
}

static const char *value_hint(const struct conf_grammar *g, const struct conf_token *token,
			      char buf[static CONF_HINT_LEN])
{
	if (token->kind == TOKEN_CLOSE && g->last.kind == TOKEN_SEPARATOR)
		return "remove the comma before it";
	if (token->kind == TOKEN_OPEN)
		return "[ ] is for plain values; groups need ( )";
	if (token->kind != TOKEN_NAME)
		return "a value is a number, true, or text in quotes: \"...\"";
	snprintf(buf, CONF_HINT_LEN, "text needs quotes: \"%.*s\"",
		 token->len > 40 ? 40 : (int)token->len, token->text);
	return buf;
}

static const char *more_hint(const struct conf_grammar *g, const struct conf_token *token)
{
	char close = g->levels[g->depth - 1].close;
	bool touches = g->last.text + g->last.len == token->text;

	if (g->last.kind == TOKEN_NUMBER && (touches || token->kind == TOKEN_GARBAGE))
		return "ranges and addresses need quotes: \"1024-65535\", \"10.0.0.0/8\"";
	if (close == ')' || close == ']')
		return "is a comma missing before it?";
	return "is a quote or a \";\" missing before it?";
}

/* The wrong token: where it is, and what people usually meant. */
static bool unexpected(struct conf_grammar *g, const struct conf_token *token,
		       struct conf_place place)
{
	const char *hint = "a setting is: name = value;";
	const char *quote = token->kind == TOKEN_STRING ? "" : "\"";
	char buf[CONF_HINT_LEN];

	if (innermost(g)->expect == EXPECT_NAME && token->kind == TOKEN_SEPARATOR)
		hint = "one \";\" after a setting is enough";
	else if (innermost(g)->expect == EXPECT_VALUE)
		hint = value_hint(g, token, buf);
	else if (innermost(g)->expect == EXPECT_MORE)
		hint = more_hint(g, token);
	conf_error(g->r, place, hint, "syntax error at %s%.*s%s", quote,
		   token->len > 40 ? 40 : (int)token->len, token->text, quote);
	return false;
}

static bool open_bracket(struct conf_grammar *g, const struct conf_token *token,
			 struct conf_place place)
{
	struct conf_level *level;

	if (g->depth == CONF_DEPTH_MAX) {
		conf_error(g->r, place, "a rule needs no more than 5",
			   "more than %d brackets inside each other", CONF_DEPTH_MAX - 1);
		return false;
	}
	innermost(g)->expect = EXPECT_MORE;
	level = &g->levels[g->depth++];
	level->close = (char)(token->text[0] == '(' ? ')' : token->text[0] == '[' ? ']' : '}');
	level->expect = level->close == '}' ? EXPECT_NAME : EXPECT_VALUE;
	level->empty = true;
	level->opened = place;
	level->name_count = 0;
	return true;
}

static bool close_bracket(struct conf_grammar *g, const struct conf_token *token,
			  struct conf_place place)
{
	const struct conf_level *level = innermost(g);
	char hint[CONF_HINT_LEN], where[CONF_HINT_LEN];

	if (level->close == token->text[0]) {
		g->depth--;
		return true;
	}
	if (level->close == 0) {
		conf_error(g->r, place, "remove it, or look for one closed too early above",
			   "\"%c\" closes nothing", token->text[0]);
		return false;
	}
	snprintf(hint, sizeof(hint), "\"%c\" is missing before it", level->close);
	conf_error(g->r, place, hint, "\"%c\" does not close what %s opened", token->text[0],
		   conf_refer(g->r, place, level->opened, where));
	return false;
}

static bool starts_value(const struct conf_level *level, const struct conf_token *token)
{
	if (token->kind == TOKEN_OPEN)
		return level->close != ']';
	return token->kind == TOKEN_NUMBER || token->kind == TOKEN_STRING ||
	       token->kind == TOKEN_BOOLEAN;
}

static bool take_value(struct conf_grammar *g, const struct conf_token *token,
		       struct conf_place place)
{
	struct conf_level *level = innermost(g);
	bool may_close = level->empty && level->close != '}' && level->close != 0;

	if (token->kind == TOKEN_CLOSE && may_close)
		return close_bracket(g, token, place);
	if (!starts_value(level, token))
		return unexpected(g, token, place);
	if (level->close == ']' && !level->empty && level->kind != token->kind) {
		conf_error(g->r, place, "write text in quotes: [ \"...\", \"...\" ]",
			   "an array holds values of one kind");
		return false;
	}
	level->empty = false;
	level->kind = token->kind;
	if (token->kind == TOKEN_OPEN)
		return open_bracket(g, token, place);
	if (token->kind == TOKEN_NUMBER)
		check_number(g, token, place);
	level->expect = EXPECT_MORE;
	return true;
}

static bool take_name(struct conf_grammar *g, const struct conf_token *token,
		      struct conf_place place)
{
	if (token->kind == TOKEN_CLOSE)
		return close_bracket(g, token, place);
	/* "true" is a value everywhere; libconfig refuses it as a name. */
	if (token->kind != TOKEN_NAME)
		return unexpected(g, token, place);
	innermost(g)->expect = EXPECT_EQUALS;
	return note_name(g, token, place);
}

/* After a value. In a group the separator may be left out before the next name. */
static bool take_more(struct conf_grammar *g, const struct conf_token *token,
		      struct conf_place place)
{
	struct conf_level *level = innermost(g);
	bool elements = level->close == ')' || level->close == ']';

	if (token->kind == TOKEN_CLOSE)
		return close_bracket(g, token, place);
	if (token->kind == TOKEN_SEPARATOR && (!elements || token->text[0] == ',')) {
		level->expect = elements ? EXPECT_VALUE : EXPECT_NAME;
		return true;
	}
	if (token->kind == TOKEN_NAME && !elements && g->last.text + g->last.len != token->text)
		return take_name(g, token, place);
	return unexpected(g, token, place);
}

static bool take(struct conf_grammar *g, const struct conf_token *token, struct conf_place place)
{
	switch (innermost(g)->expect) {
	case EXPECT_NAME:
		return take_name(g, token, place);
	case EXPECT_EQUALS:
		if (token->kind != TOKEN_EQUALS)
			return unexpected(g, token, place);
		innermost(g)->expect = EXPECT_VALUE;
		return true;
	case EXPECT_VALUE:
		return take_value(g, token, place);
	case EXPECT_MORE:
		return take_more(g, token, place);
	}
	return false;
}

bool conf_grammar_take(struct conf_grammar *g, const struct conf_token *token,
		       struct conf_place place)
{
	bool ok = take(g, token, place);

	g->last = *token;
	g->last_place = place;
	return ok;
}

bool conf_grammar_end(struct conf_grammar *g)
{
	const struct conf_level *level = innermost(g);

	if (level->close) {
		conf_error(g->r, level->opened, "look for it before the end of the file",
			   "what opens here is never closed: \"%c\" is missing", level->close);
		return false;
	}
	if (level->expect == EXPECT_EQUALS || level->expect == EXPECT_VALUE) {
		conf_error(g->r, g->last_place, "a setting is: name = value;",
			   "the file ends in the middle of a setting");
		return false;
	}
	return true;
}
