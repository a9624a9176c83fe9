/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML through libyaml's events, each of which knows its place.
 *
 * A plain scalar is a number, true, false or null only where every reader agrees that it is; the
 * rest (0110, 1_024, 0x1F, yes, off) stays text that knows it had no quotes, and whoever wants a
 * number or a truth there refuses it: YAML 1.1 and 1.2 read such words differently.
 *
 * The depth is bounded here and not left to libyaml, whose work for a token grows with it. Aliases
 * are refused, so that a tree is never larger than its text.
 */
#include "interop/document_internal.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#define CORE_TAG "tag:yaml.org,2002:"

struct level {
	struct node *node;
	struct node **last;
	const char *key;  /* of the value to come */
	uint32_t wrapped; /* a map around the node, of a tag: ends with it */
};

struct builder {
	struct document *doc;
	struct document_error *error;
	struct level levels[DOCUMENT_DEPTH_MAX + 1];
	unsigned int depth; /* levels in use */
};

static bool is_number(const char *text)
{
	size_t digits;

	if (*text == '-')
		text++;
	digits = strspn(text, "0123456789");
	if (digits == 0 || (digits > 1 && *text == '0'))
		return false;
	text += digits;
	if (*text == '.') {
		digits = strspn(text + 1, "0123456789");
		return digits > 0 && text[1 + digits] == '\0';
	}
	return *text == '\0';
}

static bool is_one_of(const char *text, const char *const words[])
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static enum node_kind plain_kind(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const bools[] = {"true",  "True",  "TRUE", "false",
					    "False", "FALSE", NULL};

	if (is_one_of(text, nulls))
		return NODE_NULL;
	if (is_one_of(text, bools))
		return NODE_BOOL;
	return is_number(text) ? NODE_NUMBER : NODE_STRING;
}

static uint32_t line_of(const yaml_event_t *event)
{
	return (uint32_t)event->start_mark.line + 1;
}

static uint32_t column_of(const yaml_event_t *event)
{
	return (uint32_t)event->start_mark.column + 1;
}

/* A node takes its place: in the map or list that is open, or as a document. */
static void attach(struct builder *b, struct node *node)
{
	struct level *level = b->depth ? &b->levels[b->depth - 1] : NULL;

	if (!level) {
		*b->doc->last = node;
		b->doc->last = &node->next;
		return;
	}
	node->key = level->key;
	level->key = NULL;
	*level->last = node;
	level->last = &node->next;
	level->node->count++;
}

static int open_level(struct builder *b, struct node *node, bool wrapper)
{
	if (b->depth >= DOCUMENT_DEPTH_MAX)
		return document_fail(b->error, node->line, node->column, NULL,
				     "nested more than %d deep", DOCUMENT_DEPTH_MAX);
	b->levels[b->depth++] =
		(struct level){.node = node, .last = &node->first, .wrapped = wrapper};
	return 0;
}

static int close_level(struct builder *b)
{
	struct level *level = &b->levels[--b->depth];

	return level->node->kind == NODE_MAP ? document_close_map(b->doc, level->node, b->error)
					     : 0;
}

/* What a tag made around the value that is now complete. */
static int close_wrapper(struct builder *b)
{
	return b->depth && b->levels[b->depth - 1].wrapped ? close_level(b) : 0;
}

static struct node *add(struct builder *b, enum node_kind kind, const yaml_event_t *event)
{
	return document_node(b->doc, kind, line_of(event), column_of(event), b->error);
}

static int no_node(const struct builder *b)
{
	return b->error->message[0] ? -EINVAL : -ENOMEM;
}

/*
 * !Ref X: a map of one member. Others: YAML's own, of which all but binary and the like are fine.
 */
static int open_wrapper(struct builder *b, const yaml_event_t *event, const char *tag)
{
	struct node *node;
	int status;

	if (!tag || strcmp(tag, "!") == 0)
		return 0;
	if (strncmp(tag, CORE_TAG, strlen(CORE_TAG)) == 0) {
		static const char *const fine[] = {"str",  "int", "bool", "float",
						   "null", "map", "seq",  NULL};

		if (is_one_of(tag + strlen(CORE_TAG), fine))
			return 0;
	}
	if (*tag != '!')
		return document_fail(b->error, line_of(event), column_of(event), NULL,
				     "the YAML tag %.64s cannot be read", tag);
	node = add(b, NODE_MAP, event);
	if (!node)
		return no_node(b);
	attach(b, node);
	status = open_level(b, node, true);
	if (status == 0)
		b->levels[b->depth - 1].key = arena_text(b->doc->arena, tag, strlen(tag));
	return status;
}

static bool wants_key(const struct builder *b)
{
	const struct level *level = b->depth ? &b->levels[b->depth - 1] : NULL;

	return level && level->node->kind == NODE_MAP && !level->key;
}

static int add_key(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (event->data.scalar.plain_implicit && strcmp(text, "<<") == 0)
		return document_fail(b->error, line_of(event), column_of(event),
				     "write the members out: yq 'explode(.)' does it",
				     "a merge key (<<)");
	b->levels[b->depth - 1].key = arena_text(b->doc->arena, text, strlen(text));
	return 0;
}

static int add_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		     !(tag && strcmp(tag, CORE_TAG "str") == 0);
	struct node *node;
	int status;

	if (strlen(text) != event->data.scalar.length)
		return document_fail(b->error, line_of(event), column_of(event), NULL,
				     "a NUL character in text");
	if (wants_key(b))
		return add_key(b, event);
	status = open_wrapper(b, event, tag);
	if (status < 0)
		return status;
	node = add(b, plain ? plain_kind(text) : NODE_STRING, event);
	if (!node)
		return no_node(b);
	node->plain = plain && node->kind == NODE_STRING;
	if (node->kind != NODE_NULL)
		node->text = arena_text(b->doc->arena, text, event->data.scalar.length);
	attach(b, node);
	return close_wrapper(b);
}

static int add_inner(struct builder *b, const yaml_event_t *event, enum node_kind kind,
		     const yaml_char_t *tag)
{
	struct node *node;
	int status;

	if (wants_key(b))
		return document_fail(b->error, line_of(event), column_of(event), NULL,
				     "a key that is a list or a map");
	status = open_wrapper(b, event, (const char *)tag);
	if (status < 0)
		return status;
	node = add(b, kind, event);
	if (!node)
		return no_node(b);
	attach(b, node);
	return open_level(b, node, false);
}

static int take(struct builder *b, const yaml_event_t *event)
{
	int status;

	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return add_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return add_inner(b, event, NODE_LIST, event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return add_inner(b, event, NODE_MAP, event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		status = close_level(b);
		return status < 0 ? status : close_wrapper(b);
	case YAML_ALIAS_EVENT:
		return document_fail(b->error, line_of(event), column_of(event),
				     "write the value out: yq 'explode(.)' does it",
				     "a YAML alias (*%.64s)", event->data.alias.anchor);
	default:
		return 0;
	}
}

static int refuse(const struct builder *b, const yaml_parser_t *parser)
{
	uint32_t line = (uint32_t)parser->problem_mark.line + 1;
	uint32_t column = (uint32_t)parser->problem_mark.column + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		document_locate(b->doc, parser->problem_offset, &line, &column);
	return document_fail(b->error, line, column, NULL, "no YAML: %s%s%s",
			     parser->context ? parser->context : "", parser->context ? ", " : "",
			     parser->problem ? parser->problem : "cannot be read");
}

int document_parse_yaml(struct document *doc, struct document_error *error)
{
	struct builder b = {.doc = doc, .error = error};
	bool done = false;
	yaml_parser_t parser;
	int status = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)doc->text, doc->len);
	while (status == 0 && !done) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			status = refuse(&b, &parser);
			break;
		}
		status = take(&b, &event);
		done = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return status;
}
