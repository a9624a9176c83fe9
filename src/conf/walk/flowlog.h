/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_FLOWLOG_H
#define NACLD_CONF_WALK_FLOWLOG_H

#include <libconfig.h>

struct conf_reader;

/* Reads `flow_log` into the policy. */
void conf_read_flow_log(struct conf_reader *r, const config_setting_t *root);

#endif
