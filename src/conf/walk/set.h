/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_SET_H
#define NACLD_CONF_WALK_SET_H

#include <libconfig.h>

struct conf_reader;

/* Reads `sets` into the policy, and the files they name; makes r->set_used. */
void conf_read_sets(struct conf_reader *r, const config_setting_t *root);

#endif
