/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a template's expressions come to, as far as the template alone can tell.
 *
 * A parameter is taken by its value of the command line or by its default, which is noted; a
 * condition the same, with a warning, since an entry stands or falls with it. What only a stack
 * knows (imported values, attributes of resources, the region) fails, and the caller names the
 * property. Nesting and repetition are bounded by the work an import may do, not by trust: a chain
 * of conditions of which each asks the one before twice doubles with every link.
 */
#include "interop/import/cloudformation_value.h"

#include <stdio.h>
#include <string.h>

#define WORK_MAX  200000
#define DEPTH_MAX 64
#define TEXT_MAX  4096 /* of a Sub or Join */

static const struct node no_value = {.kind = NODE_NULL, .text = ""};

static const struct node *value(struct template *t, const struct node *node, unsigned int depth);
static int condition(struct template *t, const struct node *at, const char *name,
		     unsigned int depth);

__attribute__((format(printf, 2, 3))) static void *fail(struct template *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	t->why = arena_vprintf(&t->in->doc->arena, format, args);
	va_end(args);
	return NULL;
}

static const char *plain(const struct template *t, const char *text)
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
static const char *attribute_of(const struct template *t, const struct node *argument,
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
		name = attribute_of(t, argument, &attribute);
	return name && node_get(t->resources, name) ? name : NULL;
}

/* True the first time: a thing is noted once, however often it is used. */
static bool tell(struct template *t, const struct node *what)
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
static const struct node *moved(struct template *t, const struct node *node, const struct node *at)
{
	struct node *copy = arena_alloc(&t->in->doc->arena, sizeof(*copy));

	if (!copy)
		return fail(t, "out of memory");
	*copy = *node;
	copy->next = NULL;
	copy->key = NULL;
	copy->line = at->line;
	copy->column = at->column;
	return copy;
}

static const char *setting(const struct template *t, const char *name)
{
	return importer_setting(t->in->source->parameters, t->in->source->parameter_count, name);
}

static bool is_allowed(const struct node *parameter, const char *text)
{
	const struct node *allowed = node_get(parameter, "AllowedValues");

	if (!node_is(allowed, NODE_LIST))
		return true;
	for (const struct node *a = allowed->first; a; a = a->next)
		if (node_text(a) && strcmp(node_text(a), text) == 0)
			return true;
	return false;
}

/* "a,b, c" as a list. */
static const struct node *split(struct template *t, const struct node *at, const char *text,
				const char *delimiter)
{
	struct node *list = arena_alloc(&t->in->doc->arena, sizeof(*list)), **last;
	size_t skip = strlen(delimiter);

	if (!list)
		return fail(t, "out of memory");
	*list = (struct node){
		.kind = NODE_LIST, .text = "", .line = at->line, .column = at->column};
	last = &list->first;
	for (;;) {
		const char *end = skip ? strstr(text, delimiter) : NULL;
		size_t len = end ? (size_t)(end - text) : strlen(text);
		struct node *element = arena_alloc(&t->in->doc->arena, sizeof(*element));

		if (!element || ++t->work > WORK_MAX)
			return fail(t, "a list that is too long");
		*element = (struct node){.kind = NODE_STRING,
					 .text = arena_text(&t->in->doc->arena, text, len),
					 .line = at->line,
					 .column = at->column};
		*last = element;
		last = &element->next;
		list->count++;
		if (!end)
			return list;
		text = end + skip;
	}
}

static const struct node *parameter_value(struct template *t, const struct node *at,
					  const struct node *parameter, const char *name)
{
	const char *type = node_text(node_get(parameter, "Type"));
	const struct node *preset = node_get(parameter, "Default");
	const char *given = setting(t, name), *text = given ? given : node_text(preset);

	if (!given && type && strncmp(type, "AWS::SSM::", 10) == 0)
		return fail(t, "parameter %s is looked up in SSM: --parameter %s=VALUE",
			    plain(t, name), plain(t, name));
	if (!text)
		return fail(t, "parameter %s has no default: --parameter %s=VALUE", plain(t, name),
			    plain(t, name));
	if (!is_allowed(parameter, text))
		return fail(t, "parameter %s may not be %s (AllowedValues)", plain(t, name),
			    nacl_quote(&t->in->doc->arena, text));
	if (!given && tell(t, parameter))
		nacl_note(t->in->doc, NACL_NOTE, NACL_NO_ACL, at, NULL,
			  "parameter %s is taken as its default, %s", plain(t, name),
			  nacl_quote(&t->in->doc->arena, text));
	if (type && (strcmp(type, "CommaDelimitedList") == 0 || strncmp(type, "List<", 5) == 0))
		return split(t, at, text, ",");
	return given ? importer_scalar(t->in, at, given) : moved(t, preset, at);
}

static const struct node *ref(struct template *t, const struct node *at, const char *name)
{
	const struct node *parameter = node_get(t->parameters, name);

	if (strcmp(name, "AWS::NoValue") == 0)
		return &no_value;
	if (parameter)
		return parameter_value(t, at, parameter, name);
	if (setting(t, name))
		return importer_scalar(t->in, at, setting(t, name));
	if (strncmp(name, "AWS::", 5) == 0)
		return fail(t, "%s is known to the stack alone: --parameter %s=VALUE",
			    plain(t, name), plain(t, name));
	if (node_get(t->resources, name))
		return fail(t, "it is the id of resource %s", plain(t, name));
	return fail(t, "Ref to %s, which is no parameter of the template", plain(t, name));
}

/* A range that the template states: VPC.CidrBlock, Subnet.CidrBlock. */
static const struct node *get_att(struct template *t, const struct node *at, const char *resource,
				  const char *attribute, unsigned int depth)
{
	const struct node *node = resource ? node_get(t->resources, resource) : NULL;
	const char *type = node_text(node_get(node, "Type"));
	const struct node *found;

	if (!resource)
		return fail(t, "Fn::GetAtt that names no attribute");
	if (type && strcmp(attribute, "CidrBlock") == 0 &&
	    (strcmp(type, "AWS::EC2::VPC") == 0 || strcmp(type, "AWS::EC2::Subnet") == 0)) {
		found = value(t, node_get(node_get(node, "Properties"), "CidrBlock"), depth);
		return found ? moved(t, found, at) : NULL;
	}
	return fail(t, "attribute %s of %s is known to the stack alone",
		    nacl_quote(&t->in->doc->arena, attribute), plain(t, resource));
}

/* The text of an argument that must come to one. */
static const char *text_of(struct template *t, const struct node *node, unsigned int depth)
{
	const struct node *found = value(t, node, depth);
	const char *text = node_text(found);

	if (found && !text)
		fail(t, "%s where text is needed", node_kind_name(found));
	return text;
}

static const struct node *element(const struct node *list, size_t index)
{
	const struct node *e = node_is(list, NODE_LIST) ? list->first : NULL;

	while (e && index-- > 0)
		e = e->next;
	return e;
}

static const struct node *find_in_map(struct template *t, const struct node *at,
				      const struct node *argument, unsigned int depth)
{
	const struct node *found = t->mappings;

	if (!node_is(argument, NODE_LIST) || argument->count < 3)
		return fail(t, "Fn::FindInMap wants a map and two keys");
	for (size_t i = 0; i < 3; i++) {
		const char *key = text_of(t, element(argument, i), depth);

		if (!key)
			return NULL;
		found = node_get(found, key);
		if (!found)
			return fail(t, "Fn::FindInMap: no %s in the mapping",
				    nacl_quote(&t->in->doc->arena, key));
	}
	return moved(t, found, at);
}

static bool append(struct template *t, char *out, size_t *len, const char *text, size_t more)
{
	if (*len + more >= TEXT_MAX) {
		fail(t, "text of more than %d bytes", TEXT_MAX);
		return false;
	}
	memcpy(out + *len, text, more);
	*len += more;
	out[*len] = '\0';
	return true;
}

static const struct node *substitute(struct template *t, const struct node *at, const char *name,
				     const struct node *variables, unsigned int depth)
{
	const struct node *variable = node_get(variables, name);
	const char *dot = strchr(name, '.');

	if (variable)
		return value(t, variable, depth);
	if (dot)
		return get_att(t, at, arena_text(&t->in->doc->arena, name, (size_t)(dot - name)),
			       dot + 1, depth);
	return ref(t, at, name);
}

/* One ${...}: *text stands behind its "${", and then behind its "}". */
static bool sub_one(struct template *t, const struct node *at, const char **text,
		    const struct node *variables, char *out, size_t *len, unsigned int depth)
{
	const char *end = strchr(*text, '}'), *replacement;
	const struct node *found;

	if (!end) {
		fail(t, "Fn::Sub with an open ${");
		return false;
	}
	if (**text == '!') { /* ${!Literal} */
		bool ok = append(t, out, len, "${", 2) &&
			  append(t, out, len, *text + 1, (size_t)(end - *text));

		*text = end + 1;
		return ok;
	}
	found = substitute(t, at, arena_text(&t->in->doc->arena, *text, (size_t)(end - *text)),
			   variables, depth);
	replacement = node_text(found);
	*text = end + 1;
	if (found && !replacement)
		fail(t, "Fn::Sub of %s", node_kind_name(found));
	return replacement && append(t, out, len, replacement, strlen(replacement));
}

static const struct node *sub(struct template *t, const struct node *at,
			      const struct node *argument, unsigned int depth)
{
	const struct node *variables = element(argument, 1);
	const char *text = node_text(node_is(argument, NODE_LIST) ? argument->first : argument);
	char out[TEXT_MAX] = "";
	size_t len = 0;

	if (!text)
		return fail(t, "Fn::Sub of no text");
	while (*text) {
		const char *dollar = strstr(text, "${");
		size_t before = dollar ? (size_t)(dollar - text) : strlen(text);

		if (!append(t, out, &len, text, before))
			return NULL;
		text += before;
		if (!dollar)
			break;
		text += 2;
		if (!sub_one(t, at, &text, variables, out, &len, depth))
			return NULL;
	}
	return importer_scalar(t->in, at, arena_text(&t->in->doc->arena, out, len));
}

static const struct node *list_of(struct template *t, const struct node *node, unsigned int depth)
{
	const struct node *list = value(t, node, depth);

	if (list && list->kind != NODE_LIST)
		return fail(t, "%s where a list is needed", node_kind_name(list));
	return list;
}

static const struct node *join(struct template *t, const struct node *at,
			       const struct node *argument, unsigned int depth)
{
	const char *delimiter = text_of(t, element(argument, 0), depth);
	const struct node *list = delimiter ? list_of(t, element(argument, 1), depth) : NULL;
	char out[TEXT_MAX] = "";
	size_t len = 0;

	if (!list)
		return NULL;
	for (const struct node *e = list->first; e; e = e->next) {
		const char *text = text_of(t, e, depth);

		if (!text ||
		    (e != list->first && !append(t, out, &len, delimiter, strlen(delimiter))) ||
		    !append(t, out, &len, text, strlen(text)))
			return NULL;
	}
	return importer_scalar(t->in, at, arena_text(&t->in->doc->arena, out, len));
}

static const struct node *select_one(struct template *t, const struct node *at,
				     const struct node *argument, unsigned int depth)
{
	const char *index = text_of(t, element(argument, 0), depth);
	const struct node *list = index ? list_of(t, element(argument, 1), depth) : NULL, *found;
	unsigned int i;

	if (!list)
		return NULL;
	if (sscanf(index, "%5u", &i) != 1 || i >= list->count)
		return fail(t, "Fn::Select of an element that is not there");
	found = value(t, element(list, i), depth);
	return found ? moved(t, found, at) : NULL;
}

static const struct node *split_text(struct template *t, const struct node *at,
				     const struct node *argument, unsigned int depth)
{
	const char *delimiter = text_of(t, element(argument, 0), depth);
	const char *text = delimiter ? text_of(t, element(argument, 1), depth) : NULL;

	return text ? split(t, at, text, delimiter) : NULL;
}

static const struct node *choose(struct template *t, const struct node *at,
				 const struct node *argument, unsigned int depth)
{
	const char *name = node_text(element(argument, 0));
	const struct node *found;
	int holds;

	if (!name || !element(argument, 2))
		return fail(t, "Fn::If wants a condition and two values");
	holds = condition(t, at, name, depth);
	if (holds < 0)
		return NULL;
	found = value(t, element(argument, holds ? 1 : 2), depth);
	return found && found != &no_value ? moved(t, found, at) : found;
}

static const struct node *import_value(struct template *t, const struct node *at,
				       const struct node *argument, unsigned int depth)
{
	const char *name = text_of(t, argument, depth);

	if (!name)
		return NULL;
	if (setting(t, name))
		return importer_scalar(t->in, at, setting(t, name));
	return fail(t, "%s is exported by another stack: --parameter %s=VALUE", plain(t, name),
		    plain(t, name));
}

static const struct node *ref_node(struct template *t, const struct node *at,
				   const struct node *argument, unsigned int depth)
{
	const char *name = node_text(argument);

	(void)depth;
	return name ? ref(t, at, name) : fail(t, "Ref to no name");
}

static const struct node *get_att_node(struct template *t, const struct node *at,
				       const struct node *argument, unsigned int depth)
{
	const char *attribute = "", *resource = attribute_of(t, argument, &attribute);

	return get_att(t, at, resource, attribute, depth);
}

static const struct {
	const char *name;
	const struct node *(*value)(struct template *t, const struct node *at,
				    const struct node *argument, unsigned int depth);
} functions[] = {
	{"Ref", ref_node}, {"FindInMap", find_in_map}, {"Sub", sub},
	{"Join", join},    {"Select", select_one},     {"Split", split_text},
	{"If", choose},    {"GetAtt", get_att_node},   {"ImportValue", import_value},
};

static const struct node *value(struct template *t, const struct node *node, unsigned int depth)
{
	const struct node *argument;
	const char *function = template_function(node, &argument);

	if (!node)
		return fail(t, "a value that is not there");
	if (!function)
		return node;
	if (depth >= DEPTH_MAX || ++t->work > WORK_MAX)
		return fail(t, "expressions nested too deep");
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].name, function) == 0)
			return functions[i].value(t, node, argument, depth + 1);
	return fail(t, "the function %s cannot be evaluated here", plain(t, node->first->key));
}

const struct node *template_value(struct template *t, const struct node *node)
{
	return value(t, node, 0);
}

static int equals(struct template *t, const struct node *argument, unsigned int depth)
{
	const char *a = text_of(t, element(argument, 0), depth);
	const char *b = a ? text_of(t, element(argument, 1), depth) : NULL;

	return b ? strcmp(a, b) == 0 : -1;
}

static int test(struct template *t, const struct node *at, const struct node *node,
		unsigned int depth);

/* And, Or: what decides first; what cannot be told only matters where nothing does. */
static int all_or_any(struct template *t, const struct node *at, const struct node *list, bool all,
		      unsigned int depth)
{
	int result = all;

	if (!node_is(list, NODE_LIST)) {
		fail(t, "a list of conditions is needed");
		return -1;
	}
	for (const struct node *e = list->first; e; e = e->next) {
		int holds = test(t, at, e, depth);

		if (holds == !all)
			return holds;
		if (holds < 0)
			result = -1;
	}
	return result;
}

static int test(struct template *t, const struct node *at, const struct node *node,
		unsigned int depth)
{
	const struct node *argument = NULL;
	const char *function = template_function(node, &argument);
	int holds;

	if (depth >= DEPTH_MAX || ++t->work > WORK_MAX)
		function = NULL;
	if (function && strcmp(function, "Equals") == 0)
		return equals(t, argument, depth + 1);
	if (function && (strcmp(function, "And") == 0 || strcmp(function, "Or") == 0))
		return all_or_any(t, at, argument, *function == 'A', depth + 1);
	if (function && strcmp(function, "Not") == 0) {
		holds = test(t, at, element(argument, 0), depth + 1);
		return holds < 0 ? -1 : !holds;
	}
	if (function && strcmp(function, "Condition") == 0 && node_text(argument))
		return condition(t, at, node_text(argument), depth + 1);
	fail(t, "a condition that cannot be evaluated");
	return -1;
}

static int condition(struct template *t, const struct node *at, const char *name,
		     unsigned int depth)
{
	const struct nacl_source *source = t->in->source;
	const char *given = importer_setting(source->conditions, source->condition_count, name);
	const struct node *node = node_get(t->conditions, name);
	int holds;

	if (given)
		return strcmp(given, "true") == 0;
	if (!node) {
		fail(t, "condition %s is not in the template", plain(t, name));
		return -1;
	}
	holds = test(t, at, node, depth);
	if (holds < 0) {
		fail(t, "condition %s: %s; --condition %s=true|false", plain(t, name), t->why,
		     plain(t, name));
		return -1;
	}
	if (tell(t, node))
		nacl_note(t->in->doc, NACL_WARNING, NACL_NO_ACL, node,
			  "say so with --condition NAME=true|false",
			  "condition %s is taken to be %s, by the parameters' values",
			  plain(t, name), holds ? "true" : "false");
	return holds;
}

int template_condition(struct template *t, const struct node *at, const char *name)
{
	return condition(t, at, name, 0);
}
