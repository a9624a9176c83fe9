/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_CIDR_H
#define NACLD_CONF_WALK_CIDR_H

#include <stdbool.h>

#include "conf/source.h"

struct conf_reader;
struct prefix;

/*
 * A CIDR with its length spelled out; a bare address is a full-length one where `bare` allows it.
 * False after a diagnostic; with true there may be a warning.
 */
bool conf_parse_cidr(struct conf_reader *r, struct conf_place place, const char *text, bool bare,
		     struct prefix *out);

#endif
