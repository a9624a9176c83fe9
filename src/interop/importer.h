/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_IMPORTER_H
#define NACLD_INTEROP_IMPORTER_H

/* What the readers share; nobody else includes this. */
#include "interop/import.h"

struct importer {
	const struct nacl_source *source;
	struct nacl_doc *doc;
	const struct document *document;
	bool too_many; /* network ACLs: said once */
};

/* Each reads the documents in a row that importer->document holds. */
void describe_read(struct importer *in);
void cloudformation_read(struct importer *in);
void terraform_read(struct importer *in);
void ansible_read(struct importer *in);

/* describe-subnets alone. */
void describe_read_subnets(struct importer *in);

/* Does a document look like that format's? */
bool describe_knows(const struct node *root);
bool cloudformation_knows(const struct node *root);
bool terraform_knows(const struct node *root);
bool ansible_knows(const struct node *root);

/* A new ACL's index, or NACL_NO_ACL: no memory, or too many. */
size_t importer_add_acl(struct importer *in, const struct node *at);

/* Notes a subnet's CIDR where both are texts and the CIDR is one. */
void importer_know_subnet(struct importer *in, const struct node *id, const struct node *cidr);

/* The Name of [{"Key": "Name", "Value": "web"}], or NULL. */
const struct node *importer_tag_name(const struct node *tags);

/* The value of a setting of the command line, or NULL. */
const char *importer_setting(const struct nacl_setting *settings, size_t count, const char *name);

/* A scalar of our own at the place of another: what an expression came to. */
const struct node *importer_scalar(struct importer *in, const struct node *at, const char *text);

#endif
