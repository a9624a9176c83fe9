/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_APPLY_BUNDLE_H
#define NACLD_CTL_APPLY_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

struct conf_report;

/* A file of a configuration, by its name below the configuration's folder. */
struct bundle_file {
	char *name;
	char *text;
	size_t len;
};

/*
 * A configuration with all that it includes, in memory: the configuration itself first. What it
 * names by an absolute path (a set's file) is not in it: that belongs to somebody else.
 */
struct bundle {
	struct bundle_file *files;
	size_t count;
	size_t outside; /* files that were left out */
};

/*
 * Reads what a load of `path` has read (`report`). The configuration itself gets the name `name`.
 * False after an error, which has been printed for `command`: a file outside of the folder that is
 * named from within, a name twice, no plain file, or one that has gone. The caller finishes it
 * either way.
 */
bool bundle_read(const char *command, const char *path, const char *name,
		 const struct conf_report *report, struct bundle *out);

/* One file, whose text is copied. False: no memory. */
bool bundle_add(struct bundle *bundle, const char *name, const char *text, size_t len);

/* Gives a file another text, which the bundle then owns. */
void bundle_set(struct bundle *bundle, size_t index, char *text);

/*
 * Below `folder`, which is there: folders 0700, files 0600, all of it on the disk when this
 * returns. 0 or -errno.
 */
int bundle_write(const struct bundle *bundle, const char *folder);

/*
 * The same where a configuration is in use: each file is replaced in one step, the configuration
 * last, and keeps its owner and mode; a new one gets those of the configuration. 0 or -errno, with
 * the file's name in *where.
 */
int bundle_install(const struct bundle *bundle, const char *folder, const char **where);

void bundle_fini(struct bundle *bundle);

#endif
