/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_SYNTAX_GRAMMAR_H
#define NACLD_CONF_SYNTAX_GRAMMAR_H

#include "conf/source.h"
#include "conf/syntax/lexer.h"

struct conf_reader;

#define CONF_DEPTH_MAX 16 /* brackets in brackets, the file counted: a rule is at 5 */
#define CONF_NAMES_MAX 64 /* settings in a group: ours have up to 8 */

/* What may come next inside the innermost bracket. */
enum conf_expect {
	EXPECT_NAME,
	EXPECT_EQUALS,
	EXPECT_VALUE,
	EXPECT_MORE, /* after a value */
};

struct conf_level_name {
	const char *text;
	size_t len;
	struct conf_place place;
};

/* An open bracket, or the file itself. */
struct conf_level {
	char close; /* ')', ']', '}'; 0 for the file */
	enum conf_expect expect;
	bool empty;
	enum conf_token_kind kind; /* of the first value */
	struct conf_place opened;
	size_t name_count;
	struct conf_level_name names[CONF_NAMES_MAX];
};

/* Starts as zeros with r set and depth 1. Texts and places point into sources that outlive it. */
struct conf_grammar {
	struct conf_reader *r;
	struct conf_token last; /* the token before the present one */
	struct conf_place last_place;
	bool refused; /* complained, and the walk could go on */
	size_t depth;
	struct conf_level levels[CONF_DEPTH_MAX];
};

/* The next token; false, after a diagnostic, when the walk cannot go on. */
bool conf_grammar_take(struct conf_grammar *g, const struct conf_token *token,
		       struct conf_place place);

/* After the last token: is everything closed? False after a diagnostic. */
bool conf_grammar_end(struct conf_grammar *g);

#endif
