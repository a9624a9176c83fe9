/* SPDX-License-Identifier: GPL-2.0-or-later */
/* naclctl confirm: what is on trial stays, and becomes the configuration. */
#include "ctl/apply/change.h"

struct confirm_options {
	const char *config;
	const char *socket_path;
	bool json;
};

static int confirm_main(int argc, char **argv)
{
	struct confirm_options options = {.config = PATHS_CONFIG, .socket_path = PATHS_SOCKET};
	int status = options_parse(&command_confirm, argc, argv, &options);
	const struct talk_peer peer = {.command = "confirm",
				       .socket_path = options.socket_path,
				       .config = options.config,
				       .json = options.json};

	return status >= 0 ? status : change_confirm(&peer);
}

static const struct option_entry table[] = {
	COMMAND_FILE(struct confirm_options, config,
		     "what nacld reads, installed to (default " PATHS_CONFIG ")"),
	COMMAND_JSON(struct confirm_options, json),
	COMMAND_SOCKET(struct confirm_options, socket_path),
	{0},
};

const struct command command_confirm = {
	.program = "naclctl",
	.name = "confirm",
	.summary = "keep the policy that is on trial, and install it",
	.synopsis = "[OPTION ...]",
	.about =
		"Keeps the policy that naclctl apply --confirm has put on trial, and installs its files.\n"
		"Interrupted, or refused by a full disk, it may be done again.\n",
	.after = "Exit status: 0 confirmed and installed, 1 nothing is on trial, refused or not\n"
		 "permitted, 2 usage, 4 too late: the policy before runs again.\n",
	.options = table,
	.usage_status = NACLCTL_USAGE,
	.run = confirm_main,
};
