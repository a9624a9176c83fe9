/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_LINT_H
#define NACLD_CONF_WALK_LINT_H

#include <libconfig.h>
#include <stdint.h>

struct conf_reader;

/*
 * Warnings about the ACL of that index, the last one, once its rules are read. Nothing for a file
 * with errors.
 */
void conf_lint_acl(struct conf_reader *r, const config_setting_t *acl_group, uint32_t index);

/* Warnings about sets, once every rule is read. */
void conf_lint_sets(struct conf_reader *r, const config_setting_t *root);

#endif
