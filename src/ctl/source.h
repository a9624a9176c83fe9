/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_SOURCE_H
#define NACLD_CTL_SOURCE_H

struct policy;

/*
 * The policy to use: of the configuration file, or, where file is NULL, of the daemon that
 * listens at socket_path. NULL after an error, which has been printed to stderr. The caller frees
 * it.
 */
struct policy *source_policy(const char *command, const char *file, const char *socket_path);

#endif
