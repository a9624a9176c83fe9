/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_CLOUDFORMATION_TEMPLATE_H
#define NACLD_INTEROP_CLOUDFORMATION_TEMPLATE_H

#include "interop/importer.h"

/* A template, and what has been assumed about it. */
struct template
{
	struct importer *in;
	const struct node *(*evaluate)(struct template * t, const struct node *node,
				       unsigned int depth);
	const struct node *parameters, *mappings, *conditions, *resources;
	const struct node **told; /* defaults and conditions a note was made of */
	size_t told_count;
	unsigned int work; /* evaluations so far: bounded, whatever a template nests */
	const char *why;   /* why the last evaluation failed */
};

/* A template of which nothing is known yet. */
void template_init(struct template *t, struct importer *in);

/*
 * The value of a property: intrinsic functions replaced by what they come to, at the place of the
 * property. Literals, Ref to parameters (of the command line, or their default), FindInMap, Sub,
 * Join, Select, Split, Cidr, Length, If, and GetAtt of a CidrBlock in the same template. Lists and
 * maps are given back as they are; AWS::NoValue is null. NULL: template->why says why, in a few
 * words.
 */
const struct node *template_value(struct template *t, const struct node *node);

/* 1 or 0; -1 when it cannot be told, and template->why says why. */
int template_condition(struct template *t, const struct node *at, const char *name);

/*
 * The function and its argument of {"Ref": x}, {"Fn::Sub": x}, {"!Sub": x}: "Ref", "Sub"; NULL for
 * anything else.
 */
const char *template_function(const struct node *node, const struct node **argument);

/* What a Ref or GetAtt names, or NULL: the logical id of a resource of this template. */
const char *template_resource(const struct template *t, const struct node *node);

#endif
