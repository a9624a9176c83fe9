/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_APPLY_CHANGE_H
#define NACLD_CTL_APPLY_CHANGE_H

#include "ctl/apply/talk.h"
#include "ctl/command.h"

/* Options of every command that changes what runs. */
struct change {
	const char *config; /* what nacld reads */
	const char *socket_path;
	const char *confirm; /* "60s"; NULL: no trial */
	bool yes;
	bool no_wait;
	bool json;
};

/* Their rows of an option table, for a struct with such a member. */
#define CHANGE_OPTIONS(type, member)                                                       \
	{'c',                                                                              \
	 "confirm",                                                                        \
	 "TIME",                                                                           \
	 "try it that long (60s, 5m, 1h): without naclctl confirm\n"                       \
	 "nacld goes back to the policy before",                                           \
	 offsetof(type, member.confirm),                                                   \
	 NULL},                                                                            \
		{0,                                                                        \
		 "no-wait",                                                                \
		 NULL,                                                                     \
		 "do not stay until it is confirmed or the time is over",                  \
		 offsetof(type, member.no_wait),                                           \
		 NULL},                                                                    \
		{'y',                                                                      \
		 "yes",                                                                    \
		 NULL,                                                                     \
		 "go on although it cuts this ssh session",                                \
		 offsetof(type, member.yes),                                               \
		 NULL},                                                                    \
		COMMAND_FILE(type, member.config,                                          \
			     "what nacld reads, installed to (default " PATHS_CONFIG ")"), \
		COMMAND_JSON(type, member.json), COMMAND_SOCKET(type, member.socket_path)

/* The exit statuses of such a command, for its help. */
#define CHANGE_AFTER                                                                          \
	"Exit status: 0 applied and installed (with --no-wait: on trial), 1 refused or not\n" \
	"permitted, 2 usage or a bad file, 4 not confirmed: the policy before runs again.\n"

/* The values before a command line is read. */
#define CHANGE_DEFAULTS                                             \
	{                                                           \
		.config = PATHS_CONFIG, .socket_path = PATHS_SOCKET \
	}

/* Seconds in *out; 0: no trial. False: not a time. */
bool change_seconds(const struct change *change, unsigned int *out);

/*
 * Checks, applies, waits and installs what is in the bundle; `shown` is what a person calls it, and
 * `note` what is kept with the version. The store is open, and is closed by this. An enum
 * naclctl_exit; everything was printed.
 */
int change_run(const char *command, const struct change *change, struct store *store,
	       const struct bundle *bundle, const char *shown, const char *note);

/* Confirms or ends the trial that is under way, as a command of its own. */
int change_confirm(const struct talk_peer *peer);
int change_undo(const struct talk_peer *peer);

#endif
