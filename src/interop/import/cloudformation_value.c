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
#include "interop/import/cloudformation_internal.h"

#include <string.h>

static const struct node no_value = {.kind = NODE_NULL, .text = ""};

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

static const struct node *parameter_value(struct template *t, const struct node *at,
					  const struct node *parameter, const char *name)
{
	const char *type = node_text(node_get(parameter, "Type"));
	const struct node *preset = node_get(parameter, "Default");
	const char *given = setting(t, name), *text = given ? given : node_text(preset);

	if (!given && type && strncmp(type, "AWS::SSM::", 10) == 0)
		return template_fail(t, "parameter %s is looked up in SSM: --parameter %s=VALUE",
				     template_plain(t, name), template_plain(t, name));
	if (!text)
		return template_fail(t, "parameter %s has no default: --parameter %s=VALUE",
				     template_plain(t, name), template_plain(t, name));
	if (!is_allowed(parameter, text))
		return template_fail(t, "parameter %s may not be %s (AllowedValues)",
				     template_plain(t, name), nacl_quote(&t->in->doc->arena, text));
	if (!given && template_tell(t, parameter))
		nacl_note(t->in->doc, NACL_NOTE, NACL_NO_ACL, at, NULL,
			  "parameter %s is taken as its default, %s", template_plain(t, name),
			  nacl_quote(&t->in->doc->arena, text));
	if (type && (strcmp(type, "CommaDelimitedList") == 0 || strncmp(type, "List<", 5) == 0))
		return template_split_trimmed(t, at, text);
	return given ? importer_scalar(t->in, at, given) : template_moved(t, preset, at);
}

const struct node *template_ref(struct template *t, const struct node *at, const char *name)
{
	const struct node *parameter = node_get(t->parameters, name);

	if (strcmp(name, "AWS::NoValue") == 0)
		return &no_value;
	if (parameter)
		return parameter_value(t, at, parameter, name);
	if (setting(t, name))
		return importer_scalar(t->in, at, setting(t, name));
	if (strncmp(name, "AWS::", 5) == 0)
		return template_fail(t, "%s is known to the stack alone: --parameter %s=VALUE",
				     template_plain(t, name), template_plain(t, name));
	if (node_get(t->resources, name))
		return template_fail(t, "it is the id of resource %s", template_plain(t, name));
	return template_fail(t, "Ref to %s, which is no parameter of the template",
			     template_plain(t, name));
}

/* A range that the template states: VPC.CidrBlock, Subnet.CidrBlock. */
const struct node *template_get_att(struct template *t, const struct node *at, const char *resource,
				    const char *attribute, unsigned int depth)
{
	const struct node *node = resource ? node_get(t->resources, resource) : NULL;
	const char *type = node_text(node_get(node, "Type"));
	const struct node *found;

	if (!resource)
		return template_fail(t, "Fn::GetAtt that names no attribute");
	if (type && strcmp(attribute, "CidrBlock") == 0 &&
	    (strcmp(type, "AWS::EC2::VPC") == 0 || strcmp(type, "AWS::EC2::Subnet") == 0)) {
		found = template_eval(t, node_get(node_get(node, "Properties"), "CidrBlock"),
				      depth);
		return found ? template_moved(t, found, at) : NULL;
	}
	return template_fail(t, "attribute %s of %s is known to the stack alone",
			     nacl_quote(&t->in->doc->arena, attribute),
			     template_plain(t, resource));
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

static const struct node *find_in_map(struct template *t, const struct node *at,
				      const struct node *argument, unsigned int depth)
{
	/* Of the transform AWS::LanguageExtensions. */
	const struct node *preset = node_get(template_element(argument, 3), "DefaultValue");
	const struct node *found = t->mappings;
	const char *key = "";

	if (!node_is(argument, NODE_LIST) || argument->count < 3)
		return template_fail(t, "Fn::FindInMap wants a map and two keys");
	for (size_t i = 0; found && i < 3; i++) {
		key = template_text(t, template_element(argument, i), depth);
		if (!key)
			return NULL;
		found = node_get(found, key);
	}
	if (!found && preset)
		found = template_eval(t, preset, depth);
	else if (!found)
		template_fail(t, "Fn::FindInMap: no %s in the mapping",
			      nacl_quote(&t->in->doc->arena, key));
	return found ? template_moved(t, found, at) : NULL;
}

static const struct node *choose(struct template *t, const struct node *at,
				 const struct node *argument, unsigned int depth)
{
	const char *name = node_text(template_element(argument, 0));
	const struct node *found;
	int holds;

	if (!name || !template_element(argument, 2))
		return template_fail(t, "Fn::If wants a condition and two values");
	holds = template_holds(t, at, name, depth);
	if (holds < 0)
		return NULL;
	found = template_eval(t, template_element(argument, holds ? 1 : 2), depth);
	return found && found != &no_value ? template_moved(t, found, at) : found;
}

static const struct node *import_value(struct template *t, const struct node *at,
				       const struct node *argument, unsigned int depth)
{
	const char *name = template_text(t, argument, depth);

	if (!name)
		return NULL;
	if (setting(t, name))
		return importer_scalar(t->in, at, setting(t, name));
	return template_fail(t, "%s is exported by another stack: --parameter %s=VALUE",
			     template_plain(t, name), template_plain(t, name));
}

static const struct node *ref_node(struct template *t, const struct node *at,
				   const struct node *argument, unsigned int depth)
{
	const char *name = node_text(argument);

	(void)depth;
	return name ? template_ref(t, at, name) : template_fail(t, "Ref to no name");
}

static const struct node *get_att_node(struct template *t, const struct node *at,
				       const struct node *argument, unsigned int depth)
{
	const char *attribute = "", *resource = attribute_of(t, argument, &attribute);

	return template_get_att(t, at, resource, attribute, depth);
}

static const struct {
	const char *name;
	template_evaluate *value;
} functions[] = {
	{"Ref", ref_node},        {"FindInMap", find_in_map},    {"Sub", template_sub},
	{"Join", template_join},  {"Select", template_select},   {"Split", template_split},
	{"Cidr", template_cidr},  {"Length", template_length},   {"If", choose},
	{"GetAtt", get_att_node}, {"ImportValue", import_value},
};

const struct node *template_eval(struct template *t, const struct node *node, unsigned int depth)
{
	const struct node *argument;
	const char *function = template_function(node, &argument);

	if (!node)
		return template_fail(t, "a value that is not there");
	if (!function)
		return node;
	if (depth >= TEMPLATE_DEPTH_MAX || ++t->work > TEMPLATE_WORK_MAX)
		return template_fail(t, "expressions nested too deep");
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].name, function) == 0)
			return functions[i].value(t, node, argument, depth + 1);
	return template_fail(t, "the function %s cannot be evaluated here",
			     template_plain(t, node->first->key));
}

const struct node *template_value(struct template *t, const struct node *node)
{
	return template_eval(t, node, 0);
}
