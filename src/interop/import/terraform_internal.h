/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_IMPORT_TERRAFORM_INTERNAL_H
#define NACLD_INTEROP_IMPORT_TERRAFORM_INTERNAL_H

/*
 * What the files of the Terraform reader share; nobody else includes this.
 *
 *   terraform.c         which of the two it is
 *   terraform_entries.c entries and their spellings
 *   terraform_plan.c    what Terraform has evaluated: terraform show -json
 *   terraform_config.c  what it has not: .tf.json, hcl2json
 */
#include "interop/importer.h"

struct terraform {
	struct importer *in;
	const char **addresses; /* of each ACL in the model: "module.net.aws_network_acl.a[0]" */
	const struct node *variables; /* of a configuration */
	bool evaluated;               /* a plan or state: no expressions are left */
	const char *why;              /* why the last value could not be had */
};

void terraform_read_plan(struct terraform *tf, const struct node *root);
void terraform_read_config(struct terraform *tf, const struct node *root);

/* A new ACL under that address; NACL_NO_ACL: no memory. */
size_t terraform_add_acl(struct terraform *tf, const struct node *at, const char *address,
			 const char *name);

/* The ACL of that address, or of that id; NACL_NO_ACL: none. */
size_t terraform_find_acl(const struct terraform *tf, const char *address_or_id);

/* A literal, or the value of "${var.NAME}"; NULL: tf->why says why. NULL for NULL, without. */
const struct node *terraform_value(struct terraform *tf, const struct node *node);

/* ingress or egress of an ACL: a list of blocks, or one. */
void terraform_read_blocks(struct terraform *tf, size_t acl, const struct node *blocks,
			   bool egress);

/* An aws_network_acl_rule, whose values these are. */
void terraform_read_rule(struct terraform *tf, size_t acl, const struct node *values,
			 const char *address);

#endif
