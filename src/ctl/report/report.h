/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_REPORT_REPORT_H
#define NACLD_CTL_REPORT_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "conf/conf.h"
#include "core/policy.h"
#include "text/packet_line.h"

#define REPORT_FLOWS_MAX 64

/* What a page is about. Everything is borrowed from the command. */
struct report {
	const char *source; /* "the running policy", or the file */
	const struct policy *policy;
	const struct conf_report *places; /* where its rules stand */
	const struct policy *against;     /* an older policy, or NULL */
	const char *against_name;
	const struct packet_line *flows; /* packets asked about */
	size_t flow_count;
	const json_t *status; /* of the daemon, or NULL: none was asked */
};

/* A section each; where lists are too large to be looked at, or memory ends, the page says so. */
void report_walls(const struct report *report, FILE *to);    /* where each ACL applies */
void report_lists(const struct report *report, FILE *to);    /* the rules, in words */
void report_findings(const struct report *report, FILE *to); /* what `check` finds */
void report_cover(const struct report *report, FILE *to);    /* ports, as pictures */
void report_flows(const struct report *report, FILE *to);    /* a ladder for each packet */
void report_changes(const struct report *report, FILE *to);  /* against the older policy */
void report_counts(const struct report *report, FILE *to);   /* what the daemon counted */

#endif
