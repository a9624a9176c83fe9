/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a template's expressions come to, as far as the template alone can tell: the functions, and
 * Fn::If, which chooses.
 *
 * Nesting and repetition are bounded by the work an import may do, not by trust: a chain of
 * conditions of which each asks the one before twice doubles with every link.
 */
#include "interop/cloudformation/internal.h"

#include <string.h>

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
	return found && found != &template_no_value ? template_moved(t, found, at) : found;
}

static const struct {
	const char *name;
	template_evaluate *value;
} functions[] = {
	{"Ref", template_ref_node},
	{"GetAtt", template_get_att_node},
	{"FindInMap", template_find_in_map},
	{"ImportValue", template_import_value},
	{"Sub", template_sub},
	{"Join", template_join},
	{"Select", template_select},
	{"Split", template_split},
	{"Cidr", template_cidr},
	{"Length", template_length},
	{"If", choose},
};

static const struct node *evaluate(struct template *t, const struct node *node, unsigned int depth)
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

void template_init(struct template *t, struct importer *in)
{
	*t = (struct template){.in = in, .evaluate = evaluate};
}
