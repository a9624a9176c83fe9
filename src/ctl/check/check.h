/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_CHECK_CHECK_H
#define NACLD_CTL_CHECK_CHECK_H

#include <jansson.h>

#include "conf/conf.h"
#include "core/lint/lint.h"

/* One file, read and looked at. */
struct checked {
	const char *file;
	const struct policy *policy; /* NULL: nacld would refuse it */
	const struct conf_report *report;
	struct lint lint; /* what the policy does; silenced findings are taken out */
	bool too_large;   /* and so not looked at */
	char *live;       /* what --live found, a paragraph; NULL: nothing */
};

/* Where the finding's rule stands; NULL: not known. */
const struct conf_rule_place *finding_place(const struct checked *checked,
					    const struct lint_finding *finding);

/* The suggested rule as it would stand in the file, or what to do in words; or "". Returns buf. */
const char *finding_advice(const struct lint_finding *finding, char *buf, size_t size);

/* Takes out what a comment beside the rule silences: "# check: ID". */
void findings_silence(struct checked *checked);

void findings_print(const struct checked *checked, FILE *to);
json_t *findings_json(const struct checked *checked);

/* A SARIF 2.1.0 log of all that was found in `count` files. NULL: no memory. */
json_t *sarif_log(void);
void sarif_add(json_t *log, const struct checked *checked);

/*
 * Would the ssh session that this runs in be cut? Then *cut is the packet of it that is dropped
 * first, at *hook.
 */
bool live_cuts_session(const struct policy *policy, struct packet *cut, enum hook *hook);

/*
 * Tries every established TCP connection of this host both ways, and prints how many survive and
 * which do not; where all do, only if `always`. Does any break?
 */
bool live_connections_print(const struct policy *policy, bool always, FILE *to);

/*
 * What only this host, now, can tell: would the ssh session that this runs in be cut? Which
 * connections? Which servers listen in a reply range that is too wide? A paragraph, or NULL; the
 * caller frees it.
 */
char *live_findings(const struct checked *checked);

#endif
