/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_ASSOCIATION_H
#define NACLD_CONF_WALK_ASSOCIATION_H

#include <libconfig.h>
#include <stdint.h>

struct conf_reader;

/* Reads what the ACL of that index stands in front of. */
void conf_read_associations(struct conf_reader *r, const config_setting_t *acl_group, uint32_t acl);

/* Complains about subnets that overlap, once all associations are read. O(n log n). */
void conf_check_subnets(struct conf_reader *r);

#endif
