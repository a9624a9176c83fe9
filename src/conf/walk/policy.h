/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_POLICY_H
#define NACLD_CONF_WALK_POLICY_H

#include <libconfig.h>

struct conf_reader;

/* Fills r->policy from the parsed file; what is wrong is told and left out. */
void conf_read_policy(struct conf_reader *r, const config_setting_t *root);

#endif
