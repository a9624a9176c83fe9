/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_SOURCE_H
#define NACLD_CONF_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

/* A file, kept whole until the load ends. The text is NUL-terminated. */
struct conf_source {
	char *name;
	char *text; /* NULL: it could not be read */
	size_t len;
	dev_t device;
	ino_t inode;
};

/* The files of one load, the configuration first. All zeros but for the folder is empty. */
struct conf_sources {
	const char *folder; /* what relative names are relative to; borrowed */
	struct conf_source *items;
	size_t count;
};

/*
 * A line of a file. line 0: the file as a whole. file NULL: the line is one of the flat text, which
 * is where libconfig places things, or with line 0 the configuration file itself. text, when not
 * NULL, is what the line must contain: libconfig may have counted a string's line a little late.
 */
struct conf_place {
	const char *file;
	unsigned int line;
	const char *text;
};

/* What kinds of file a name may be. */
enum conf_source_kind {
	CONF_SOURCE_ANY,  /* anything but a folder: /dev/stdin is fine */
	CONF_SOURCE_FILE, /* a plain file only */
};

#define CONF_SOURCES_MAX 512

/*
 * Reads a file whole. Its index, or -errno: -EINVAL is no plain file, -EISDIR a folder, -EFBIG
 * beyond 256 MiB, -EMFILE more than CONF_SOURCES_MAX files. A file that cannot be read is in the
 * list all the same.
 */
int conf_source_read(struct conf_sources *sources, const char *path, enum conf_source_kind kind);

/* The same for text in memory; copied. The index, or -ENOMEM. */
int conf_source_add(struct conf_sources *sources, const char *name, const char *text);

/* The line's text, not terminated: its start, or NULL, and its length without the line end. */
const char *conf_source_line(const struct conf_sources *sources, const char *name,
			     unsigned int line, size_t *len);

/* Position of a source by name (NULL: the configuration); `count` when it is none. */
size_t conf_source_index(const struct conf_sources *sources, const char *name);

/* The name from the working directory: "folder/name"; NULL: no memory. The caller frees it. */
char *conf_source_path(const struct conf_sources *sources, const char *name);

void conf_sources_fini(struct conf_sources *sources);

#endif
