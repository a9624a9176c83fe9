/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_IMPORT_IMPORT_H
#define NACLD_CTL_IMPORT_IMPORT_H

#include "interop/import.h"

/* What the files of `naclctl import` share. */

/* What became of an import. */
struct import_result {
	struct nacl_doc doc;
	size_t *chosen; /* indexes of ACLs */
	size_t chosen_count;
	size_t missing;   /* lines to fill in */
	const char *text; /* the configuration; NULL when refused */
	int status;       /* the exit status */
};

/*
 * Fills chosen: the ACL of that id or name, or the only one, or all. 0, or an error that was
 * printed, with the list of what there is.
 */
int import_choose(const char *name, bool all, struct import_result *result);

/* Is the note about one of the chosen ACLs, or about none in particular? */
bool import_concerns(const struct import_result *result, const struct nacl_note *note);

/* Notes and counts, on stderr. */
void import_report(const struct import_result *result);

/* Everything as one JSON object on stdout. */
void import_print_json(const struct import_result *result);

#endif
