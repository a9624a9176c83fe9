/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions of a template: true, false, or not to be told. What the command line says of one
 * decides; one that rests on defaults is evaluated and told with a warning, since an entry stands
 * or falls with it. Each evaluation counts as work: a chain of conditions of which each asks the
 * one before twice doubles with every link.
 */
#include "interop/cloudformation/internal.h"

#include <string.h>

static int equals(struct template *t, const struct node *argument, unsigned int depth)
{
	const char *a = template_text(t, template_element(argument, 0), depth);
	const char *b = a ? template_text(t, template_element(argument, 1), depth) : NULL;

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
		template_fail(t, "a list of conditions is needed");
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

	if (depth >= TEMPLATE_DEPTH_MAX || ++t->work > TEMPLATE_WORK_MAX)
		function = NULL;
	if (function && strcmp(function, "Equals") == 0)
		return equals(t, argument, depth + 1);
	if (function && (strcmp(function, "And") == 0 || strcmp(function, "Or") == 0))
		return all_or_any(t, at, argument, *function == 'A', depth + 1);
	if (function && strcmp(function, "Not") == 0) {
		holds = test(t, at, template_element(argument, 0), depth + 1);
		return holds < 0 ? -1 : !holds;
	}
	if (function && strcmp(function, "Condition") == 0 && node_text(argument))
		return template_holds(t, at, node_text(argument), depth + 1);
	template_fail(t, "a condition that cannot be evaluated");
	return -1;
}

int template_holds(struct template *t, const struct node *at, const char *name, unsigned int depth)
{
	const struct nacl_source *source = t->in->source;
	const char *given = importer_setting(source->conditions, source->condition_count, name);
	const struct node *node = node_get(t->conditions, name);
	int holds;

	if (given)
		return strcmp(given, "true") == 0;
	if (!node) {
		template_fail(t, "condition %s is not in the template", template_plain(t, name));
		return -1;
	}
	holds = test(t, at, node, depth);
	if (holds < 0) {
		template_fail(t, "condition %s: %s; --condition %s=true|false",
			      template_plain(t, name), t->why, template_plain(t, name));
		return -1;
	}
	if (template_tell(t, node))
		nacl_note(t->in->doc, NACL_WARNING, NACL_NO_ACL, node,
			  "say so with --condition NAME=true|false",
			  "condition %s is taken to be %s, by the parameters' values",
			  template_plain(t, name), holds ? "true" : "false");
	return holds;
}

int template_condition(struct template *t, const struct node *at, const char *name)
{
	return template_holds(t, at, name, 0);
}
