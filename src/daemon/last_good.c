/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /var/lib/nacld/last-good.conf: what ran last, for whoever has to find out after a bad edit.
 * Written to a new file beside it, flushed, renamed: a crash in between leaves the old one.
 */
#include "daemon/last_good.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/paths.h"
#include "conf/conf.h"

static int write_policy(const struct policy *policy, const char *path)
{
	FILE *file = fopen(path, "we");
	int err;

	if (!file)
		return -errno;
	conf_print(policy, file);
	err = ferror(file) || fflush(file) != 0 || fsync(fileno(file)) < 0 ? -errno : 0;
	if (fclose(file) != 0 && !err)
		err = -errno;
	return err;
}

void last_good_save(const struct policy *policy)
{
	const char *folder = paths_state_folder();
	char path[512], fresh[520];
	int err;

	if (!folder)
		return;
	snprintf(path, sizeof(path), "%s/" PATHS_LAST_GOOD, folder);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	err = write_policy(policy, fresh);
	if (!err && rename(fresh, path) < 0)
		err = -errno;
	if (err) {
		log_warning("cannot write %s: %s", path, strerror(-err));
		unlink(fresh);
	}
}
