/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of the configuration, or the reason why it cannot be read, told where it is named.
 *
 * The daemon reads again when it has long been confined (landlock): then a file can be there, its
 * mode right, and opening it refused. That case is told apart, since only a restart helps.
 */
#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/diag.h"

/*
 * Modes would let us, and opening is refused all the same: something confines the process. The
 * daemon does so itself, and access(2) is what landlock does not answer for.
 */
static bool is_confined(const char *path)
{
	return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;
}

static const char *read_hint(int err)
{
	switch (err) {
	case -ENOENT:
		return "is the name right? Names inside a configuration are relative to its folder";
	case -EISDIR:
		return "name a file in it";
	case -EACCES:
		return "run as a user who may read it, or correct its mode";
	case -EINVAL:
		return "only plain files can be included";
	default:
		return NULL;
	}
}

int conf_file_read(struct conf_reader *r, const char *path, enum conf_source_kind kind,
		   struct conf_place place)
{
	int index;

	if (r->alone) {
		conf_error(r, place, NULL, "this text stands alone: it cannot name the file %s",
			   path);
		return -1;
	}
	index = conf_source_read(&r->sources, path, kind);
	if (index >= 0)
		return index;
	if (index == -ENOMEM)
		conf_out_of_memory(r);
	else if (index == -E2BIG)
		conf_error(r, place, "join some of them", "more than %d files", CONF_SOURCES_MAX);
	else if (index == -EACCES && is_confined(path))
		conf_error(r, place,
			   "nacld reads only from the folders that were named when it started",
			   "%s is outside what nacld may read since it started: restart nacld",
			   path);
	else
		conf_error(r, place, read_hint(index), "cannot read %s: %s", path,
			   index == -EINVAL ? "not a plain file" : strerror(-index));
	return -1;
}
