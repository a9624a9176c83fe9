/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl panic and resume: steering off, and on again, in one word each for whoever is under
 * pressure. What they do is steer down and up. Who did it goes to the system log, since an open
 * host is a question somebody will ask later.
 */
#include <pwd.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/steer/cmd.h"

/* Behind sudo it is the person, not root. */
static const char *user_name(void)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *entry = sudo ? NULL : getpwuid(getuid());

	return sudo ? sudo : entry ? entry->pw_name : "an unknown user";
}

static int run(struct steer_request *request)
{
	int status;

	request->notes = json_array();
	status = steer_dispatch(request);
	json_decref(request->notes);
	return status;
}

static int panic_main(int argc, char **argv)
{
	struct steer_request request = {.verb = "down", .file = PATHS_CONFIG};
	int status = options_parse(&command_panic, argc, argv, &request);

	if (status >= 0)
		return status;
	status = run(&request);
	if (status == NACLCTL_OK)
		syslog(LOG_DAEMON | LOG_ALERT,
		       "steering is off: %s ran naclctl panic; nothing is filtered until naclctl "
		       "resume",
		       user_name());
	return status;
}

static int resume_main(int argc, char **argv)
{
	static const char last_good[] = PATHS_STATE "/" PATHS_LAST_GOOD;
	struct steer_request request = {.verb = "up", .file = PATHS_CONFIG};
	int status = options_parse(&command_resume, argc, argv, &request);

	if (status >= 0)
		return status;
	if (access(last_good, R_OK) == 0)
		request.fallback = last_good;
	status = run(&request);
	if (status == NACLCTL_OK)
		syslog(LOG_DAEMON | LOG_WARNING, "steering is on again: %s ran naclctl resume",
		       user_name());
	return status;
}

static const struct option_entry panic_options[] = {
	COMMAND_JSON(struct steer_request, json),
	{0},
};

static const struct option_entry resume_options[] = {
	COMMAND_FILE(struct steer_request, file, "the configuration (default: " PATHS_CONFIG ")"),
	{0, "yes", NULL, "also over ssh, where nothing reads the queue",
	 offsetof(struct steer_request, yes), NULL},
	COMMAND_JSON(struct steer_request, json),
	{0},
};

const struct command command_panic = {
	.program = "naclctl",
	.name = "panic",
	.summary = "steering off now: nothing is filtered until resume",
	.synopsis = "[OPTION ...]",
	.about =
		"Takes the kernel rules away at once: no packet reaches nacld, nothing is filtered.\n"
		"It lasts until naclctl resume, a start of nacld-steering.service, or a reboot.\n",
	.after =
		"Exit status: 0 nothing is steered any more, 1 it failed, 2 usage or no permission.\n",
	.options = panic_options,
	.usage_status = NACLCTL_USAGE,
	.run = panic_main,
};

const struct command command_resume = {
	.program = "naclctl",
	.name = "resume",
	.summary = "steering on again",
	.synopsis = "[OPTION ...]",
	.about =
		"Loads the kernel rules again, by the configuration or, where that has errors, by\n"
		"what nacld accepted last.\n",
	.after =
		"Exit status: 0 steering is up, 1 it failed, 2 usage, a bad file or no permission.\n",
	.options = resume_options,
	.usage_status = NACLCTL_USAGE,
	.run = resume_main,
};
