/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_IMPORT_H
#define NACLD_INTEROP_IMPORT_H

#include <stdio.h>

#include "interop/nacl.h"

/*
 * Network ACLs out of what other tools write. A reader a format; all fill one struct nacl_doc.
 */
enum nacl_format {
	NACL_AUTO, /* find out */
	NACL_AWS,
	NACL_CLOUDFORMATION,
	NACL_TERRAFORM,
	NACL_ANSIBLE,
	NACL_FORMATS,
};

/* "aws", "cloudformation", "terraform", "ansible"; "" for NACL_AUTO. */
const char *nacl_format_name(enum nacl_format format);

/* NAME=VALUE of the command line. */
struct nacl_setting {
	const char *name;
	const char *value;
};

struct nacl_source {
	const char *file; /* its name, for places */
	const char *text;
	size_t len;
	enum nacl_format format;
	const struct nacl_setting *parameters; /* template parameters, Terraform variables */
	size_t parameter_count;
	const struct nacl_setting *conditions; /* template conditions; values "true", "false" */
	size_t condition_count;
};

/*
 * Reads a source into *doc, filled anew; the caller finishes it, whatever the outcome. What is
 * wrong with the text is in the notes. The source must outlive it. 0 or -ENOMEM.
 */
int nacl_import(const struct nacl_source *source, struct nacl_doc *doc);

/* Reads describe-subnets output: the CIDRs of the subnets it names, into doc. The same. */
int nacl_import_subnets(const char *file, const char *text, size_t len, struct nacl_doc *doc);

/* What an ACL is tied to, instead of its subnets. */
struct nacl_ties {
	bool host;
	const char *const *edges; /* interfaces */
	size_t edge_count;
};

/*
 * nacld.conf text of the chosen ACLs: a comment on each ACL, the origin of each rule. Subnets whose
 * CIDR is not known stand as lines to fill in, which `naclctl check` names; returns how many.
 */
size_t nacl_write_conf(struct nacl_doc *doc, const size_t *acls, size_t count,
		       const struct nacl_ties *ties, FILE *to);

#endif
