/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_EXPORT_EXPORT_H
#define NACLD_CTL_EXPORT_EXPORT_H

#include "interop/export/export.h"

/* What the files of `naclctl export` share. */

struct export_options {
	const char *file;
	const char *socket_path;
	const char *acl;     /* NULL: every one */
	const char *against; /* a file with the present state; NULL: none */
};

/*
 * Each writes the policy to stdout; an enum naclctl_exit, errors and what is not exported printed
 * to stderr.
 */
int export_nft(const struct policy *policy, const struct export_options *options);
int export_aws_json(const struct policy *policy, const struct export_options *options);
int export_aws_cli(const struct policy *policy, const struct export_options *options);
int export_cloudformation(const struct policy *policy, const struct export_options *options);
int export_terraform(const struct policy *policy, const struct export_options *options);

#endif
