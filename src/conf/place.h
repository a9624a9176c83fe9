/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_PLACE_H
#define NACLD_CONF_PLACE_H

#include "conf/conf.h"
#include "conf/reader.h"

/* Notes where a rule stands. Without memory the place is left out, and the load goes on. */
void conf_note_rule(struct conf_reader *r, struct conf_place place, uint32_t acl,
		    enum direction direction, uint16_t number);

/* At the end of a load: the files' names, and the comments that stand beside the rules. */
void conf_note_comments(struct conf_reader *r);

void conf_places_fini(struct conf_report *report);

#endif
