/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_RULE_H
#define NACLD_CONF_WALK_RULE_H

#include <libconfig.h>

#include "core/acl.h"

struct conf_reader;

/* Reads the list of one direction into the ACL. The sets are known by then. */
void conf_read_rules(struct conf_reader *r, const config_setting_t *acl_group,
		     enum direction direction, struct acl *acl);

#endif
