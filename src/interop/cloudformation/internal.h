/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_CLOUDFORMATION_INTERNAL_H
#define NACLD_INTEROP_CLOUDFORMATION_INTERNAL_H

/*
 * What the files that evaluate a template's expressions share; nobody else includes this.
 *
 *   value.c      which function it is, Fn::If
 *   template.c   arguments, places, failures
 *   reference.c  Ref, Fn::GetAtt, Fn::FindInMap, Fn::ImportValue
 *   text.c       Fn::Sub, Fn::Join
 *   list.c       Fn::Split, Fn::Select, Fn::Cidr, Fn::Length
 *   condition.c  conditions
 *
 * Whatever returns NULL (or -1) has said why in template->why. `at` is where the property stands:
 * results are placed there. `depth` is how deep the expression is nested.
 */
#include "interop/cloudformation/template.h"

#define TEMPLATE_WORK_MAX  200000
#define TEMPLATE_DEPTH_MAX 64

/* AWS::NoValue. */
extern const struct node template_no_value;

/* Sets template->why. Returns NULL. */
void *template_fail(struct template *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A name of strangers as messages have it. */
const char *template_plain(const struct template *t, const char *text);

/* True the first time: a thing is noted once, however often it is used. */
bool template_tell(struct template *t, const struct node *what);

/* A copy of the value at the place where it is used. */
const struct node *template_moved(struct template *t, const struct node *node,
				  const struct node *at);

const struct node *template_eval(struct template *t, const struct node *node, unsigned int depth);

/* The text of an argument that must come to one. */
const char *template_text(struct template *t, const struct node *node, unsigned int depth);

/* The element of a list, not evaluated; NULL: none, or no list. */
const struct node *template_element(const struct node *list, size_t index);

/* The list that an argument must come to. */
const struct node *template_list(struct template *t, const struct node *node, unsigned int depth);

/* The parameter's value on the command line, or NULL. */
const char *template_setting(const struct template *t, const char *name);

/* Of GetAtt's argument: the resource, and *attribute; NULL: it names none. */
const char *template_attribute(const struct template *t, const struct node *argument,
			       const char **attribute);

const struct node *template_ref(struct template *t, const struct node *at, const char *name);
const struct node *template_get_att(struct template *t, const struct node *at, const char *resource,
				    const char *attribute, unsigned int depth);

/* 1, 0 or -1. */
int template_holds(struct template *t, const struct node *at, const char *name, unsigned int depth);

/* "a, b,c" of a parameter that is a list: blanks around a member are none of it. */
const struct node *template_split_trimmed(struct template *t, const struct node *at,
					  const char *text);

typedef const struct node *template_evaluate(struct template *t, const struct node *at,
					     const struct node *argument, unsigned int depth);
template_evaluate template_ref_node, template_get_att_node, template_find_in_map,
	template_import_value, template_sub, template_join, template_split, template_select,
	template_cidr, template_length;

#endif
