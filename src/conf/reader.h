/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_READER_H
#define NACLD_CONF_READER_H

#include <stdbool.h>

#include "conf/flat.h"
#include "conf/source.h"

struct conf_report;
struct config_setting_t; /* libconfig's */
struct policy;

#define CONF_DOUBTS_MAX 50 /* as many as there can be diagnostics */

/* One load: what its steps hand on. */
struct conf_reader {
	struct conf_report *report;
	struct policy *policy;
	struct conf_sources sources;
	struct conf_flat flat;
	bool alone;                                /* no file is opened, whatever the text names */
	bool no_memory;                            /* which was said: the rest is not read */
	struct conf_place doubts[CONF_DOUBTS_MAX]; /* lines with a number that does not fit */
	size_t doubt_count;
	const struct config_setting_t *host;          /* the first `host = true` */
	const struct config_setting_t **subnets;      /* where each of policy->subnets is written */
	const struct config_setting_t **edges;        /* where each of policy->edges is written */
	const struct config_setting_t *default_route; /* the first edge = "default-route" */
	const struct config_setting_t **numbers; /* by rule number: where it stands in its list */
	unsigned char *set_used;                 /* by set: does a rule name it? */
};

/* Notes a line whose number was told to be wrong, so that the walk does not tell of it again. */
void conf_doubt(struct conf_reader *r, struct conf_place place);

/* Was that said of this line of the flat text? */
bool conf_is_doubted(const struct conf_reader *r, struct conf_place place);

#endif
