/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_PORTS_H
#define NACLD_CONF_WALK_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/source.h"

struct conf_reader;

/* "443", "1024-65535" or "all". False after a diagnostic; the ports are then not to be used. */
bool conf_parse_ports(struct conf_reader *r, struct conf_place place, const char *text,
		      uint16_t *first, uint16_t *last);

#endif
