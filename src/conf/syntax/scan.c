/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration's text before libconfig sees it, includes and all.
 *
 * libconfig parses, but it is too forgiving and too silent to be left alone with a file, and its
 * versions differ: an integer that does not fit wraps without a word, a comment that is never
 * closed swallows the rest, a NUL byte ends the file, a folder given as an include ends the
 * process, and "syntax error" is all it says, often a line late. So the text is cut into tokens
 * (lexer) and walked by its grammar here first, and what libconfig gets is those tokens (flat).
 *
 * Includes are followed where libconfig does: "@include" at the start of a line, relative to the
 * folder of the configuration, at most ten deep.
 */
#include "conf/syntax/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/diag.h"
#include "conf/file.h"
#include "conf/strange.h"
#include "conf/syntax/foreign.h"
#include "conf/syntax/grammar.h"
#include "conf/syntax/number.h"

#define INCLUDE_DEPTH_MAX 10 /* libconfig's own */

struct scan {
	struct conf_reader *r;
	struct conf_grammar grammar;
	size_t include_depth;
	size_t includes[INCLUDE_DEPTH_MAX + 1]; /* indices of the sources being read */
};

static bool scan_source(struct scan *s, size_t index);

/* Is the source already being read, under whatever name? */
static bool includes_itself(const struct scan *s, size_t index)
{
	const struct conf_source *sources = s->r->sources.items;

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
	char *path = name ? conf_source_path(&s->r->sources, name) : NULL;
	int index = -1;

	if (!path)
		conf_out_of_memory(s->r);
	else if (name[0] == '/' || strchr(name, '\\'))
		conf_error(s->r, place, "write it relative to the folder of the configuration",
			   "an include takes no %s",
			   name[0] == '/' ? "absolute name" : "backslash");
	else
		index = conf_file_read(s->r, path, CONF_SOURCE_FILE, place);
	free(path);
	free(name);
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

/* Into the flat text, in a spelling that every libconfig reads alike. */
static bool put(struct scan *s, size_t index, const struct conf_token *token)
{
	struct conf_flat *flat = &s->r->flat;
	char number[24] = "0"; /* of one that was refused, too: the walk does not look at it */
	long long value;
	bool ok;

	if (token->kind != TOKEN_NUMBER) {
		ok = conf_flat_put(flat, index, token->line, token->text, token->len);
	} else {
		switch (conf_number_parse(token, &value)) {
		case NUMBER_OK:
			snprintf(number, sizeof(number), "%lld", value);
			break;
		case NUMBER_FRACTION:
			strcpy(number, "0.5"); /* no setting takes one */
			break;
		default:
			break;
		}
		ok = conf_flat_put(flat, index, token->line, number, strlen(number));
	}
	if (!ok)
		conf_out_of_memory(s->r);
	return ok;
}

static bool take(struct scan *s, size_t index, const struct conf_token *token,
		 struct conf_place place)
{
	if (token->error) {
		conf_error(s->r, place, token->hint, "%.*s%s%s", (int)token->what_len,
			   token->what ? token->what : "", token->what ? " " : "", token->error);
		return false;
	}
	if (token->kind == TOKEN_INCLUDE)
		return include(s, token, place);
	return conf_grammar_take(&s->grammar, token, place) && put(s, index, token);
}

/* Is it text, and ours? Else a diagnostic. An include may hold any part of a configuration. */
static bool is_text(struct scan *s, size_t index)
{
	const struct conf_source *source = &s->r->sources.items[index];
	struct conf_place place = {.file = source->name, .line = 1};
	const struct conf_foreign *foreign = index == 0 ? conf_foreign(source->text) : NULL;
	size_t len = strlen(source->text);

	if (len != source->len) {
		for (size_t i = 0; i < len; i++)
			place.line += source->text[i] == '\n';
		conf_error(s->r, place, "save it as UTF-8, if it is text in another encoding",
			   "a NUL byte: this is not a text file");
	} else if (foreign) {
		conf_error(s->r, place, foreign->hint, "this is %s, not a configuration of nacld",
			   foreign->what);
	}
	return len == source->len && !foreign;
}

static bool scan_source(struct scan *s, size_t index)
{
	/* The array of sources may move at an include; names and texts do not. */
	const struct conf_source source = s->r->sources.items[index];
	const char *text = source.text + conf_mark_len(source.text, source.len);
	struct conf_lexer lexer = {.at = text, .start = text, .line = 1};
	struct conf_place place = {.file = source.name};
	struct conf_token token;
	bool ok = is_text(s, index);

	s->includes[s->include_depth++] = index;
	while (ok && conf_token_next(&lexer, &token)) {
		place.line = token.line;
		ok = take(s, index, &token, place);
	}
	s->include_depth--;
	return ok;
}

bool conf_scan(struct conf_reader *r)
{
	struct scan *s = calloc(1, sizeof(*s));
	bool ok;

	if (!s) {
		conf_out_of_memory(r);
		return false;
	}
	s->r = s->grammar.r = r;
	s->grammar.depth = 1;
	ok = scan_source(s, 0) && conf_grammar_end(&s->grammar) && !s->grammar.refused;
	free(s);
	return ok;
}
