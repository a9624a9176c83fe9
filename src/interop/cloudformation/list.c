/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions about lists: Fn::Split, Fn::Select, Fn::Cidr, and Fn::Length of the transform
 * AWS::LanguageExtensions.
 *
 * Fn::Cidr (CloudFormation user guide) cuts a range into `count` neighbouring ones, 1 to 256, of
 * which each has `cidrBits` bits for hosts: 5 are a /27 of IPv4 and a /123 of IPv6. What does not
 * fit into the range fails there, and so it does here.
 */
#include "interop/cloudformation/internal.h"

#include <stdio.h>
#include <string.h>

#define CIDR_COUNT_MAX 256

static struct node *new_list(struct template *t, const struct node *at)
{
	struct node *list = arena_alloc(&t->in->doc->arena, sizeof(*list));

	if (!list)
		return template_fail(t, "out of memory");
	*list = (struct node){
		.kind = NODE_LIST, .text = "", .line = at->line, .column = at->column};
	return list;
}

/* Appends a text at *last; false: no memory, or too much work. */
static bool add_text(struct template *t, struct node *list, struct node ***last, const char *text,
		     size_t len)
{
	struct node *member = arena_alloc(&t->in->doc->arena, sizeof(*member));

	if (!member || ++t->work > TEMPLATE_WORK_MAX) {
		template_fail(t, "a list that is too long");
		return false;
	}
	*member = (struct node){.kind = NODE_STRING,
				.text = arena_text(&t->in->doc->arena, text, len),
				.line = list->line,
				.column = list->column};
	**last = member;
	*last = &member->next;
	list->count++;
	return true;
}

static const struct node *split(struct template *t, const struct node *at, const char *text,
				const char *delimiter, bool trim)
{
	struct node *list = new_list(t, at), **last = list ? &list->first : NULL;
	const char *end;

	while (list) {
		size_t len, blanks;

		end = *delimiter ? strstr(text, delimiter) : NULL;
		len = end ? (size_t)(end - text) : strlen(text);
		blanks = trim ? strspn(text, " \t") : 0;
		if (blanks > len)
			blanks = len;
		text += blanks;
		len -= blanks;
		while (trim && len > 0 && strchr(" \t", text[len - 1]))
			len--;
		if (!add_text(t, list, &last, text, len))
			return NULL;
		if (!end)
			break;
		text = end + strlen(delimiter);
	}
	return list;
}

const struct node *template_split_trimmed(struct template *t, const struct node *at,
					  const char *text)
{
	return split(t, at, text, ",", true);
}

const struct node *template_split(struct template *t, const struct node *at,
				  const struct node *argument, unsigned int depth)
{
	const char *delimiter = template_text(t, template_element(argument, 0), depth);
	const char *text =
		delimiter ? template_text(t, template_element(argument, 1), depth) : NULL;

	return text ? split(t, at, text, delimiter, false) : NULL;
}

/* A whole number that an argument must come to, and which is within these. */
static bool number_of(struct template *t, const struct node *node, unsigned int min,
		      unsigned int max, const char *what, unsigned int depth, unsigned int *out)
{
	const char *text = template_text(t, node, depth);
	size_t digits = text ? strspn(text, "0123456789") : 0;

	if (!text)
		return false;
	if (digits == 0 || digits > 5 || text[digits] || sscanf(text, "%u", out) != 1 ||
	    *out < min || *out > max) {
		template_fail(t, "%s of %s: it can be %u to %u", what,
			      nacl_quote(&t->in->doc->arena, text), min, max);
		return false;
	}
	return true;
}

const struct node *template_select(struct template *t, const struct node *at,
				   const struct node *argument, unsigned int depth)
{
	const char *index = template_text(t, template_element(argument, 0), depth);
	const struct node *list =
		index ? template_list(t, template_element(argument, 1), depth) : NULL;
	const struct node *found;
	unsigned int i;

	if (!list)
		return NULL;
	if (sscanf(index, "%5u", &i) != 1 || i >= list->count)
		return template_fail(t, "Fn::Select of an element that is not there");
	found = template_eval(t, template_element(list, i), depth);
	return found ? template_moved(t, found, at) : NULL;
}

/* The address `by` times 2^bit behind; addresses are left-aligned. */
static void advance(struct addr *addr, unsigned int by, unsigned int bit)
{
	unsigned int place = 128 - (addr->family == FAMILY_IPV4 ? 32 : 128) + bit;
	unsigned __int128 value = (unsigned __int128)addr->hi << 64 | addr->lo;

	value += (unsigned __int128)by << place;
	addr->hi = (uint64_t)(value >> 64);
	addr->lo = (uint64_t)value;
}

static const struct node *cut(struct template *t, const struct node *at, struct prefix range,
			      unsigned int count, unsigned int bits)
{
	struct node *list = new_list(t, at), **last = list ? &list->first : NULL;
	char text[PREFIX_STRLEN];

	range.len = (uint8_t)(family_bits(range.addr.family) - bits);
	for (unsigned int i = 0; list && i < count; i++) {
		prefix_print(&range, text);
		if (!add_text(t, list, &last, text, strlen(text)))
			return NULL;
		advance(&range.addr, 1, bits);
	}
	return list;
}

const struct node *template_cidr(struct template *t, const struct node *at,
				 const struct node *argument, unsigned int depth)
{
	const char *text = template_text(t, template_element(argument, 0), depth);
	struct prefix range;
	unsigned int count, bits, room;
	bool host_bits;

	if (!text)
		return NULL;
	if (prefix_parse(text, &range, &host_bits) != PREFIX_OK || host_bits)
		return template_fail(t, "Fn::Cidr of %s, no network",
				     nacl_quote(&t->in->doc->arena, text));
	room = (unsigned int)family_bits(range.addr.family) - range.len;
	if (!number_of(t, template_element(argument, 1), 1, CIDR_COUNT_MAX, "Fn::Cidr: a count",
		       depth, &count) ||
	    !number_of(t, template_element(argument, 2), 0, room, "Fn::Cidr: cidrBits", depth,
		       &bits))
		return NULL;
	if (room - bits < 9 && count > 1u << (room - bits))
		return template_fail(t, "Fn::Cidr: %u ranges with %u bits do not fit into %s",
				     count, bits, text);
	return cut(t, at, range, count, bits);
}

const struct node *template_length(struct template *t, const struct node *at,
				   const struct node *argument, unsigned int depth)
{
	const struct node *list = template_list(t, argument, depth);

	if (!list)
		return NULL;
	return importer_scalar(t->in, at, arena_printf(&t->in->doc->arena, "%zu", list->count));
}
