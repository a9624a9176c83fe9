/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_EXPORT_EXPORT_H
#define NACLD_INTEROP_EXPORT_EXPORT_H

#include <stdio.h>

#include "interop/nacl.h"

/*
 * A policy's network ACLs in the forms AWS's tools read. Of a policy, AWS can hold the lists; what
 * they protect, the mode and the exemptions are the host's.
 */

/*
 * The model of a policy, filled anew; the caller finishes it, whatever the outcome. A rule over an
 * address set becomes a rule for each prefix, in the numbers up to the next rule. What cannot be
 * held (no numbers left, more entries than AWS allows) is an error in the notes. 0 or -ENOMEM.
 */
int nacl_from_policy(const struct policy *policy, struct nacl_doc *doc);

/* Each writes the chosen ACLs. 0 or -ENOMEM; write errors are the stream's. */
int nacl_write_aws_json(const struct nacl_doc *doc, const size_t *acls, size_t count, FILE *to);
int nacl_write_cloudformation(const struct nacl_doc *doc, const size_t *acls, size_t count,
			      FILE *to);
int nacl_write_terraform(const struct nacl_doc *doc, const size_t *acls, size_t count, FILE *to);

/*
 * A shell script of aws commands that make a network ACL in AWS equal to `acl`; run twice it does
 * no more than once. Without `present` every rule is put and nothing is removed. With it, the ACL
 * as it is now, only the difference (transition.h).
 */
int nacl_write_aws_cli(struct nacl_doc *doc, size_t acl, const struct nacl_acl *present, FILE *to);

#endif
