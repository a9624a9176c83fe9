/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree, whichever language it came from, and the limits that hold for both.
 *
 * jansson and libyaml do the parsing. jansson keeps no positions and libyaml takes JSON for YAML,
 * which it nearly is: it refuses a character above U+FFFF written as two \u escapes, as Python's
 * json.dumps writes them, and takes unquoted words. So each language has its own library.
 *
 * Maps are sorted once they are complete: a key twice is then seen in O(n log n), and templates of
 * hundreds of resources that refer to each other are resolved by bisection.
 */
#include "interop/document_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int document_fail(struct document_error *error, uint32_t line, uint32_t column, const char *hint,
		  const char *format, ...)
{
	va_list args;

	*error = (struct document_error){.line = line, .column = column, .hint = hint};
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return -EINVAL;
}

void document_locate(const struct document *doc, size_t offset, uint32_t *line, uint32_t *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < offset && i < doc->len; i++) {
		if (doc->text[i] == '\n') {
			++*line;
			*column = 1;
		} else if ((doc->text[i] & 0xc0) != 0x80) {
			++*column;
		}
	}
}

struct node *document_node(struct document *doc, enum node_kind kind, uint32_t line,
			   uint32_t column, struct document_error *error)
{
	struct node *node;

	if (doc->values >= DOCUMENT_VALUES_MAX) {
		document_fail(error, line, column, "cut out what is about network ACLs first",
			      "more than %d values", DOCUMENT_VALUES_MAX);
		return NULL;
	}
	doc->values++;
	node = arena_alloc(doc->arena, sizeof(*node));
	if (node)
		*node = (struct node){
			.kind = (uint8_t)kind, .line = line, .column = column, .text = ""};
	return node;
}

static int compare_keys(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

int document_close_map(struct document *doc, struct node *map, struct document_error *error)
{
	size_t i = 0;

	if (map->count == 0)
		return 0;
	map->sorted = arena_alloc(doc->arena, map->count * sizeof(struct node *));
	if (!map->sorted)
		return -ENOMEM;
	for (struct node *member = map->first; member; member = member->next)
		map->sorted[i++] = member;
	qsort(map->sorted, map->count, sizeof(struct node *), compare_keys);
	for (i = 1; i < map->count; i++) {
		const struct node *a = map->sorted[i - 1], *b = map->sorted[i];

		if (strcmp(a->key, b->key) != 0)
			continue;
		if (a->line > b->line || (a->line == b->line && a->column > b->column))
			b = a;
		return document_fail(error, b->line, b->column, "remove one of the two",
				     "the key \"%.64s\" stands twice", b->key);
	}
	return 0;
}

static int find_key(const void *key, const void *element)
{
	const struct node *const *node = element;

	return strcmp(key, (*node)->key);
}

const struct node *node_get(const struct node *map, const char *key)
{
	struct node **found;

	if (!node_is(map, NODE_MAP) || map->count == 0)
		return NULL;
	found = bsearch(key, map->sorted, map->count, sizeof(struct node *), find_key);
	return found ? *found : NULL;
}

bool node_is(const struct node *node, enum node_kind kind)
{
	return node && node->kind == kind;
}

const char *node_text(const struct node *node)
{
	if (node_is(node, NODE_STRING) || node_is(node, NODE_NUMBER) || node_is(node, NODE_BOOL))
		return node->text;
	return NULL;
}

bool node_is_empty(const struct node *node)
{
	return !node || node->kind == NODE_NULL ||
	       (node->kind == NODE_STRING && node->text[0] == '\0');
}

const char *node_kind_name(const struct node *node)
{
	static const char *const names[] = {
		[NODE_NULL] = "null",   [NODE_BOOL] = "true or false", [NODE_NUMBER] = "a number",
		[NODE_STRING] = "text", [NODE_LIST] = "a list",        [NODE_MAP] = "a map"};

	return node ? names[node->kind] : "nothing";
}
