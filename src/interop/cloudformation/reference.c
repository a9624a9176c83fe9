/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions that name something else: a parameter, a mapping, a resource, another stack.
 *
 * A parameter is taken by its value of the command line or by its default, which is noted. What
 * only a stack knows (imported values, attributes of resources, the region) fails, and the caller
 * names the property.
 */
#include "interop/cloudformation/internal.h"

#include <string.h>

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
	const char *given = template_setting(t, name), *text = given ? given : node_text(preset);

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
		return &template_no_value;
	if (parameter)
		return parameter_value(t, at, parameter, name);
	if (template_setting(t, name))
		return importer_scalar(t->in, at, template_setting(t, name));
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

const struct node *template_find_in_map(struct template *t, const struct node *at,
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

const struct node *template_import_value(struct template *t, const struct node *at,
					 const struct node *argument, unsigned int depth)
{
	const char *name = template_text(t, argument, depth);

	if (!name)
		return NULL;
	if (template_setting(t, name))
		return importer_scalar(t->in, at, template_setting(t, name));
	return template_fail(t, "%s is exported by another stack: --parameter %s=VALUE",
			     template_plain(t, name), template_plain(t, name));
}

const struct node *template_ref_node(struct template *t, const struct node *at,
				     const struct node *argument, unsigned int depth)
{
	const char *name = node_text(argument);

	(void)depth;
	return name ? template_ref(t, at, name) : template_fail(t, "Ref to no name");
}

const struct node *template_get_att_node(struct template *t, const struct node *at,
					 const struct node *argument, unsigned int depth)
{
	const char *attribute = "", *resource = template_attribute(t, argument, &attribute);

	return template_get_att(t, at, resource, attribute, depth);
}
