/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_KERNEL_EXEC_H
#define NACLD_STEER_KERNEL_EXEC_H

#include <stdbool.h>

/* How a tool ended and what it said. */
struct steer_result {
	int status; /* exit status, or 128 + signal */
	char *out;  /* NUL-terminated, never NULL after a run */
	char *err;
};

/* Is the tool in one of the system's own folders? */
bool steer_tool_installed(const char *tool);

/*
 * Runs argv (argv[0] is the tool's bare name, NULL ends it) with `input` on stdin (NULL: nothing).
 * No shell, no caller's PATH, a minimal environment. 0 when it ran, whatever its status; -ENOENT
 * when it is not installed, or another -errno. The caller calls steer_result_fini either way.
 */
int steer_exec(const char *const argv[], const char *input, struct steer_result *out);

void steer_result_fini(struct steer_result *result);

#endif
