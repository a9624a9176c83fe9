/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_SYNTAX_SCAN_H
#define NACLD_CONF_SYNTAX_SCAN_H

#include <stdbool.h>

struct conf_reader;

/*
 * Walks the text of the configuration, r->sources.items[0], and of its includes, into r->flat.
 * False when libconfig must not see it: diagnostics say why.
 */
bool conf_scan(struct conf_reader *r);

#endif
