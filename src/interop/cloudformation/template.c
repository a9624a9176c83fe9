/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What evaluating any expression of a template needs: arguments, places, and why something failed.
 *
 * Functions hold expressions and expressions functions, so the evaluator is reached through the
 * template: the files of functions know nothing of the table that knows them.
 */
#include "interop/cloudformation/internal.h"

#include <string.h>

const struct node template_no_value = {.kind = NODE_NULL, .text = ""};

void *template_fail(struct template *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->why = arena_vprintf(&t->in->doc->arena, format, args);
	va_end(args);
	return NULL;
}

const char *template_plain(const struct template *t, const char *text)
{
	return nacl_plain(&t->in->doc->arena, text);
}

const char *template_function(const struct node *node, const struct node **argument)
{
	const char *key;

	if (!node_is(node, NODE_MAP) || node->count != 1)
		return NULL;
	key = node->first->key;
	*argument = node->first;
	if (*key == '!')
		return key + 1;
	if (strncmp(key, "Fn::", 4) == 0)
		return key + 4;
	return strcmp(key, "Ref") == 0 || strcmp(key, "Condition") == 0 ? key : NULL;
}

/* "A.Id", or ["A", "Id"]: the resource, and *attribute. */
const char *template_attribute(const struct template *t, const struct node *argument,
			       const char **attribute)
{
	const char *text = node_text(argument), *dot = text ? strchr(text, '.') : NULL;

	if (dot) {
		*attribute = dot + 1;
		return arena_text(&t->in->doc->arena, text, (size_t)(dot - text));
	}
	if (!node_is(argument, NODE_LIST) || argument->count != 2)
		return NULL;
	*attribute = node_text(argument->first->next);
	return *attribute ? node_text(argument->first) : NULL;
}

const char *template_resource(const struct template *t, const struct node *node)
{
	const struct node *argument;
	const char *function = template_function(node, &argument), *name = NULL, *attribute;

	if (function && strcmp(function, "Ref") == 0)
		name = node_text(argument);
	else if (function && strcmp(function, "GetAtt") == 0)
		name = template_attribute(t, argument, &attribute);
	return name && node_get(t->resources, name) ? name : NULL;
}

/* True the first time: a thing is noted once, however often it is used. */
bool template_tell(struct template *t, const struct node *what)
{
	const struct node **told;

	for (size_t i = 0; i < t->told_count; i++)
		if (t->told[i] == what)
			return false;
	told = arena_grow(&t->in->doc->arena, t->told, t->told_count, sizeof(*told));
	if (!told)
		return false;
	t->told = told;
	told[t->told_count++] = what;
	return true;
}

/* The value at the place where it is used. */
const struct node *template_moved(struct template *t, const struct node *node,
				  const struct node *at)
{
	struct node *copy = arena_alloc(&t->in->doc->arena, sizeof(*copy));

	if (!copy)
		return template_fail(t, "out of memory");
	*copy = *node;
	copy->next = NULL;
	copy->key = NULL;
	copy->line = at->line;
	copy->column = at->column;
	return copy;
}

const char *template_setting(const struct template *t, const char *name)
{
	return importer_setting(t->in->source->parameters, t->in->source->parameter_count, name);
}

const struct node *template_eval(struct template *t, const struct node *node, unsigned int depth)
{
	return t->evaluate(t, node, depth);
}

const struct node *template_value(struct template *t, const struct node *node)
{
	return template_eval(t, node, 0);
}

/* The text of an argument that must come to one. */
const char *template_text(struct template *t, const struct node *node, unsigned int depth)
{
	const struct node *found = template_eval(t, node, depth);
	const char *text = node_text(found);

	if (found && !text)
		template_fail(t, "%s where text is needed", node_kind_name(found));
	return text;
}

const struct node *template_element(const struct node *list, size_t index)
{
	const struct node *e = node_is(list, NODE_LIST) ? list->first : NULL;

	while (e && index-- > 0)
		e = e->next;
	return e;
}

const struct node *template_list(struct template *t, const struct node *node, unsigned int depth)
{
	const struct node *list = template_eval(t, node, depth);

	if (list && list->kind != NODE_LIST)
		return template_fail(t, "%s where a list is needed", node_kind_name(list));
	return list;
}
