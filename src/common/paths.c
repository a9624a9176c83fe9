/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folders that the service manager names: see paths.h.
 *
 * systemd sets a variable only for a folder that the unit asks for and that it has made. Without
 * one the daemon was started by hand: then logs have their usual place, and state has none, since
 * a daemon on trial must not overwrite what the installed one keeps.
 */
#include "common/paths.h"

#include <stdlib.h>

const char *paths_state_folder(void)
{
	return getenv("STATE_DIRECTORY");
}

const char *paths_logs_folder(void)
{
	const char *folder = getenv("LOGS_DIRECTORY");

	return folder ? folder : PATHS_LOGS;
}
