/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON through jansson, and the positions it does not keep.
 *
 * jansson decides what is JSON and decodes strings. A cursor then goes over the same text side by
 * side with jansson's values, whose order is the text's own (objects keep it), and notes where each
 * begins; numbers are taken from the text as they stand. The cursor never meets text that jansson
 * has not accepted, so it only has to step over tokens.
 *
 * jansson's values cost several times the text: what could become too many is counted first.
 */
#include "interop/document_internal.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

struct cursor {
	struct document *doc;
	struct document_error *error;
	const char *at, *end;
	const char *line_begin;
	size_t continued; /* bytes of this line that continue a character */
	uint32_t line;
	unsigned int depth;
};

static uint32_t column(const struct cursor *c)
{
	return (uint32_t)((size_t)(c->at - c->line_begin) - c->continued + 1);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Lines end between values: within a string JSON writes \n. */
static void step_over_blanks(struct cursor *c)
{
	for (; c->at < c->end && is_blank(*c->at); c->at++) {
		if (*c->at == '\n') {
			c->line++;
			c->line_begin = c->at + 1;
			c->continued = 0;
		}
	}
}

/* Over blanks, and over the one separator that may stand here. */
static void step_to_value(struct cursor *c)
{
	step_over_blanks(c);
	if (c->at < c->end && (*c->at == ',' || *c->at == ':'))
		c->at++;
	step_over_blanks(c);
}

static void step_over_string(struct cursor *c)
{
	for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
		if (*c->at == '\\')
			c->at++;
		else
			c->continued += (*c->at & 0xc0) == 0x80;
	}
	if (c->at < c->end)
		c->at++;
}

static void step_over_word(struct cursor *c)
{
	while (c->at < c->end && !is_blank(*c->at) && *c->at != ',' && *c->at != ']' &&
	       *c->at != '}')
		c->at++;
}

static enum node_kind kind_of(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return NODE_MAP;
	case JSON_ARRAY:
		return NODE_LIST;
	case JSON_STRING:
		return NODE_STRING;
	case JSON_INTEGER:
	case JSON_REAL:
		return NODE_NUMBER;
	case JSON_NULL:
		return NODE_NULL;
	default:
		return NODE_BOOL;
	}
}

static struct node *build(struct cursor *c, json_t *json);

static bool append(struct node *parent, struct node ***last, struct node *child, const char *key)
{
	if (!child)
		return false;
	child->key = key;
	**last = child;
	*last = &child->next;
	parent->count++;
	return true;
}

static bool build_list(struct cursor *c, struct node *node, json_t *json)
{
	struct node **last = &node->first;
	json_t *element;
	size_t i;

	json_array_foreach(json, i,
			   element) if (!append(node, &last, build(c, element), NULL)) return false;
	return true;
}

static bool build_map(struct cursor *c, struct node *node, json_t *json)
{
	struct node **last = &node->first;
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value)
	{
		const char *copy = arena_text(c->doc->arena, key, strlen(key));

		step_to_value(c);
		step_over_string(c);
		if (!append(node, &last, build(c, value), copy))
			return false;
	}
	return document_close_map(c->doc, node, c->error) == 0;
}

static bool build_inner(struct cursor *c, struct node *node, json_t *json)
{
	bool ok;

	if (++c->depth > DOCUMENT_DEPTH_MAX) {
		document_fail(c->error, node->line, node->column, NULL, "nested more than %d deep",
			      DOCUMENT_DEPTH_MAX);
		return false;
	}
	c->at++; /* [ or { */
	ok = node->kind == NODE_LIST ? build_list(c, node, json) : build_map(c, node, json);
	c->depth--;
	step_over_blanks(c); /* nothing else is left before its end */
	if (ok && c->at < c->end)
		c->at++;
	return ok;
}

static struct node *build(struct cursor *c, json_t *json)
{
	struct node *node;
	const char *begin;

	step_to_value(c);
	node = document_node(c->doc, kind_of(json), c->line, column(c), c->error);
	if (!node)
		return NULL;
	if (node->kind >= NODE_LIST)
		return build_inner(c, node, json) ? node : NULL;
	begin = c->at;
	if (node->kind == NODE_STRING) {
		step_over_string(c);
		node->text = arena_text(c->doc->arena, json_string_value(json),
					json_string_length(json));
	} else {
		step_over_word(c);
		if (node->kind != NODE_NULL)
			node->text = arena_text(c->doc->arena, begin, (size_t)(c->at - begin));
	}
	return node;
}

static int refuse_values(const struct document *doc, size_t at, struct document_error *error)
{
	uint32_t line, col;

	document_locate(doc, at, &line, &col);
	return document_fail(error, line, col, "cut out what is about network ACLs first",
			     "more than %d values", DOCUMENT_VALUES_MAX);
}

/*
 * Each value but the first of a list or map has a comma before it; an upper bound will do. Most
 * bytes are none of those that count, so they are told by one look at a table.
 */
static int count_values(const struct document *doc, struct document_error *error)
{
	static const bool counts[256] = {
		[','] = true, ['['] = true, ['{'] = true, ['"'] = true, ['\\'] = true};
	size_t values = 0;
	bool quoted = false;

	for (size_t i = 0; i < doc->len; i++) {
		char c = doc->text[i];

		if (!counts[(unsigned char)c])
			continue;
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			i++;
		else if (!quoted && c != '\\' && ++values >= DOCUMENT_VALUES_MAX)
			return refuse_values(doc, i, error);
	}
	return 0;
}

/* jansson names the line within what it was given, and the column behind what it objects to. */
static int refuse(const struct cursor *c, const json_error_t *jansson, struct document_error *error)
{
	uint32_t line = c->line, col = column(c);

	if (jansson->line > 1) {
		line += (uint32_t)jansson->line - 1;
		col = (uint32_t)jansson->column;
	} else if (jansson->line == 1) {
		col += (uint32_t)jansson->column;
	}
	return document_fail(error, line, col ? col : 1, NULL, "no JSON: %s", jansson->text);
}

static int parse_one(struct cursor *c)
{
	size_t left = (size_t)(c->end - c->at);
	json_error_t jansson;
	struct node *node;
	json_t *json;

	errno = 0; /* jansson calls a string it has no memory for an invalid token */
	json = json_loadb(c->at, left, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &jansson);
	if (!json && (errno == ENOMEM || !jansson.text[0] ||
		      json_error_code(&jansson) == json_error_out_of_memory))
		return -ENOMEM; /* it says so in one way or the other */
	if (!json)
		return refuse(c, &jansson, c->error);
	node = build(c, json);
	json_decref(json);
	if (!node)
		return c->error->message[0] ? -EINVAL : -ENOMEM;
	*c->doc->last = node;
	c->doc->last = &node->next;
	return 0;
}

int document_parse_json(struct document *doc, struct document_error *error)
{
	struct cursor c = {.doc = doc,
			   .error = error,
			   .at = doc->text,
			   .end = doc->text + doc->len,
			   .line_begin = doc->text,
			   .line = 1};
	int status = count_values(doc, error);

	while (status == 0) {
		step_over_blanks(&c);
		if (c.at == c.end)
			return 0;
		status = parse_one(&c);
	}
	return status;
}
