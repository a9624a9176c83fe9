/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that make text: Fn::Sub and Fn::Join. Their results are bounded by TEXT_MAX,
 * whatever a template nests; ${!Literal} is ${Literal} (CloudFormation user guide, Fn::Sub).
 */
#include "interop/cloudformation/internal.h"

#include <string.h>

#define TEXT_MAX 4096

static bool append(struct template *t, char *out, size_t *len, const char *text, size_t more)
{
	if (*len + more >= TEXT_MAX) {
		template_fail(t, "text of more than %d bytes", TEXT_MAX);
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
		return template_eval(t, variable, depth);
	if (dot)
		return template_get_att(t, at,
					arena_text(&t->in->doc->arena, name, (size_t)(dot - name)),
					dot + 1, depth);
	return template_ref(t, at, name);
}

/* One ${...}: *text stands behind its "${", and then behind its "}". */
static bool sub_one(struct template *t, const struct node *at, const char **text,
		    const struct node *variables, char *out, size_t *len, unsigned int depth)
{
	const char *end = strchr(*text, '}'), *replacement;
	const struct node *found;

	if (!end) {
		template_fail(t, "Fn::Sub with an open ${");
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
		template_fail(t, "Fn::Sub of %s", node_kind_name(found));
	return replacement && append(t, out, len, replacement, strlen(replacement));
}

const struct node *template_sub(struct template *t, const struct node *at,
				const struct node *argument, unsigned int depth)
{
	const struct node *variables = template_element(argument, 1);
	const char *text = node_text(node_is(argument, NODE_LIST) ? argument->first : argument);
	char out[TEXT_MAX] = "";
	size_t len = 0;

	if (!text)
		return template_fail(t, "Fn::Sub of no text");
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

const struct node *template_join(struct template *t, const struct node *at,
				 const struct node *argument, unsigned int depth)
{
	const char *delimiter = template_text(t, template_element(argument, 0), depth);
	const struct node *list =
		delimiter ? template_list(t, template_element(argument, 1), depth) : NULL;
	char out[TEXT_MAX] = "";
	size_t len = 0;

	if (!list)
		return NULL;
	for (const struct node *e = list->first; e; e = e->next) {
		const char *text = template_text(t, e, depth);

		if (!text ||
		    (e != list->first && !append(t, out, &len, delimiter, strlen(delimiter))) ||
		    !append(t, out, &len, text, strlen(text)))
			return NULL;
	}
	return importer_scalar(t->in, at, arena_text(&t->in->doc->arena, out, len));
}
