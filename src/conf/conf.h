/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_CONF_H
#define NACLD_CONF_CONF_H

#include <stdio.h>

#include "core/rule.h"

struct policy;

/*
 * nacld.conf(5): text to a policy and back. Strict: a key that is not known, a number that does not
 * fit, a rule that cannot match are errors with file, line, the line itself and a hint. Never
 * prints, never exits; the caller shows the diagnostics.
 */

enum conf_severity {
	CONF_ERROR,   /* the file is refused */
	CONF_WARNING, /* accepted, but look: host bits cleared, a quota passed */
};

struct conf_diagnostic {
	enum conf_severity severity;
	char *file;
	unsigned int line; /* 1-based; 0: the file as a whole */
	char *message;     /* one sentence, no full stop */
	char *source;      /* the line's text, or NULL */
	char *hint;        /* what to do, or NULL */
};

/* Where a rule stands. */
struct conf_rule_place {
	uint32_t acl; /* index in the policy */
	enum direction direction;
	uint16_t number;
	unsigned int line;
	const char *file; /* one of the report's */
	char *comment;    /* what "# check:" beside the rule or right above it says, or NULL */
	size_t source;    /* position of the file */
};

/*
 * What a load found out, in file order. At most CONF_DIAGNOSTICS_MAX are kept; `dropped` counts on.
 */
#define CONF_DIAGNOSTICS_MAX 50
struct conf_report {
	struct conf_diagnostic *items;
	size_t count;
	size_t errors;
	size_t warnings;
	size_t dropped;
	char **files; /* every file that was read or should have been, the configuration first */
	size_t file_count;
	struct conf_rule_place *places; /* of all rules, those of a list together */
	size_t place_count;
};

/* NULL: not known. O(rules). */
const struct conf_rule_place *conf_find_rule(const struct conf_report *report, uint32_t acl,
					     enum direction direction, uint16_t number);

void conf_report_fini(struct conf_report *report);

/*
 * "file:line: error: message", the source line under it, "  hint: ..." under that; for people.
 */
void conf_report_print(const struct conf_report *report, FILE *to);

/*
 * Reads a file. *report is filled, and the caller finishes it, whatever the outcome. Returns a
 * finished policy (the caller frees it), or NULL with at least one error in *report. Warnings may
 * come with either. Includes and set files resolve against the folder of the configuration file.
 * O(file).
 */
struct policy *conf_load(const char *path, struct conf_report *report);

/*
 * The same for text already in memory; `name` stands for the file in diagnostics. No file is
 * opened: a text that includes one, or names one of a set, is refused. So it may come from anybody.
 */
struct policy *conf_parse(const char *name, const char *text, struct conf_report *report);

/*
 * The canonical text: every setting spelled out, rules in ascending order, CIDRs normal, set files
 * expanded to inline addresses. Parsing it gives an equal policy, printing that the same text.
 */
void conf_print(const struct policy *policy, FILE *to);

/* The same as a string, for the caller to free. NULL: no memory. */
char *conf_text(const struct policy *policy);

/* One rule as it is written in the file: { rule = 100; action = "allow"; ... }, no newline. */
void conf_print_rule(const struct rule *rule, enum direction direction, FILE *to);

/*
 * How much a policy holds. Entries: the prefixes of all rules, a set's counted for each rule over
 * it.
 */
struct conf_size {
	size_t acls;
	size_t rules;
	size_t entries;
};

/* All 0 for NULL. O(rules). */
struct conf_size conf_size(const struct policy *policy);

/*
 * One line for people: "FILE: ok: 2 ACLs, 14 rules, 100,000 entries, 1 warning", or, where policy
 * is NULL, "FILE: 3 errors, 1 warning".
 */
void conf_summary_print(const char *file, const struct policy *policy,
			const struct conf_report *report, FILE *to);

#endif
