/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_CONFINE_SANDBOX_H
#define NACLD_DAEMON_CONFINE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The daemon confines itself: once everything is open, it gives up every system call and every file
 * that it will not need (nacld(8), SECURITY). Irrevocable, and inherited by every thread and child.
 */

/* What a folder, and everything beneath it, stays good for. Everywhere else: nothing. */
enum sandbox_use {
	SANDBOX_READ,       /* opening files for reading */
	SANDBOX_WRITE,      /* making files, writing and cutting them; no reading, no removing */
	SANDBOX_READ_WRITE, /* making, reading, writing, listing, renaming and removing anything */
	SANDBOX_UNLINK,     /* removing files */
};

struct sandbox_folder {
	char *path; /* absolute, without links */
	enum sandbox_use use;
};

struct sandbox {
	struct sandbox_folder *folders;
	size_t count;
	bool quiet; /* another process says what is missing */
	/* What holds, after sandbox_enter. */
	bool seccomp;
	int landlock; /* the version of its interface, 0: it does not hold */
};

/*
 * The folder stays usable. A folder that is not there is passed over, and so are /dev, /proc and
 * /sys. 0 or -ENOMEM.
 */
int sandbox_allow(struct sandbox *sandbox, const char *folder, enum sandbox_use use);

/*
 * The same for the folder of `file`: for the one that the name says and, where the file is a link,
 * for the one that it leads to. Folders, because files are replaced by renaming others over them.
 */
int sandbox_allow_around(struct sandbox *sandbox, const char *file, enum sandbox_use use);

/*
 * For good: no new privileges, landlock with the folders above, seccomp. To be called before the
 * first thread. 0, or -ENOTSUP where a part could not be had: one line of the log says which, and
 * the others hold. A build with a sanitizer, which traces the process, is not confined at all.
 */
int sandbox_enter(struct sandbox *sandbox);

/* May a file of this name be made and written? True, too, where its folder cannot be looked up. */
bool sandbox_may_write(const struct sandbox *sandbox, const char *file);

void sandbox_fini(struct sandbox *sandbox);

#endif
