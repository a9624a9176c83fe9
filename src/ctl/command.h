/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_COMMAND_H
#define NACLD_CTL_COMMAND_H

#include "common/options/options.h"
#include "common/paths.h"
#include "common/protocol.h"

/*
 * The commands of naclctl, each in a file or folder of its name. run() gets the command's own name
 * in argv[0] and options behind it, returns an enum naclctl_exit and prints its own errors to
 * stderr, "naclctl COMMAND: " before them.
 */
extern const struct command command_check;
extern const struct command command_show;
extern const struct command command_reload;
extern const struct command command_steer;
extern const struct command command_doctor;
extern const struct command command_drops;
extern const struct command command_why;
extern const struct command command_metrics;
extern const struct command command_explain;
extern const struct command command_eval;
extern const struct command command_import;
extern const struct command command_export;
extern const struct command command_query;
extern const struct command command_diff;
extern const struct command command_cover;
extern const struct command command_report;
extern const struct command command_apply;
extern const struct command command_confirm;
extern const struct command command_rollback;
extern const struct command command_replay;
extern const struct command command_flows;
extern const struct command command_panic;
extern const struct command command_resume;

/* Options of several commands: the struct and its member that hold the value. */
/* The formatters of Debian 12 and 13 differ about a macro that is a list in braces. */
/* clang-format off */
#define COMMAND_FILE(type, member, help)                                         \
	{                                                                        \
		'f', "file", "FILE", help, offsetof(type, member), OPTIONS_FILES \
	}
#define COMMAND_JSON(type, member)                                              \
	{                                                                       \
		'j', "json", NULL, "for programs", offsetof(type, member), NULL \
	}
#define COMMAND_SOCKET(type, member)                                                              \
	{                                                                                         \
		's', "socket", "PATH", "the daemon's control socket (default: " PATHS_SOCKET ")", \
			offsetof(type, member), OPTIONS_FILES                                     \
	}
/* clang-format on */

#endif
