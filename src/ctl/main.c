/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl: the command line. One table of commands, from which come the usage, `naclctl
 * help` and the shells' completion; a command lives in the file of its name. Bare `naclctl` is
 * `naclctl show`.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/words/nearest.h"
#include "common/stdfds.h"
#include "ctl/command.h"
#include "ctl/completion/completion.h"

static const struct command *const commands[] = {
	&command_show,     &command_check,   &command_reload,  &command_apply,  &command_confirm,
	&command_rollback, &command_panic,   &command_resume,  &command_steer,  &command_doctor,
	&command_drops,    &command_explain, &command_eval,    &command_query,  &command_diff,
	&command_cover,    &command_import,  &command_export,  &command_report, &command_replay,
	&command_why,      &command_flows,   &command_metrics,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(void)
{
	printf("usage: naclctl [COMMAND] [OPTION ...]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n`naclctl help COMMAND` shows its options; naclctl(8) has the rest.\n");
	return NACLCTL_OK;
}

/* NULL: there is none of that name. */
static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
	return NULL;
}

static int refuse(const char *name)
{
	const char *names[COMMANDS], *near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	near = nearest_word(name, names, COMMANDS);
	fprintf(stderr, "naclctl: no command \"%s\"; %s%s%s\n", name,
		near ? "did you mean " : "try naclctl help", near ? near : "", near ? "?" : "");
	return NACLCTL_USAGE;
}

static int help(const char *name)
{
	const struct command *command = name ? find(name) : NULL;

	if (command)
		options_help(command, stdout);
	else
		return name ? refuse(name) : usage();
	return NACLCTL_OK;
}

/* For the installed completion; people need not know of it. */
static int complete(const char *what, const char *socket_path)
{
	if (what && completion_print(what, socket_path ? socket_path : PATHS_SOCKET, commands,
				     COMMANDS, stdout))
		return NACLCTL_OK;
	fputs("naclctl completion: bash, zsh, fish or acls\n", stderr);
	return NACLCTL_USAGE;
}

static int version(void)
{
	puts("naclctl " NACLD_VERSION);
	return NACLCTL_OK;
}

static bool is(const char *word, const char *name, const char *letter)
{
	return strcmp(word, name) == 0 || strcmp(word, letter) == 0;
}

static int run(int argc, char **argv)
{
	static char show[] = "show";
	char *bare[] = {show, NULL};
	const struct command *command = argc < 2 ? &command_show : find(argv[1]);

	if (argc < 2)
		return command->run(1, bare);
	if (command)
		return command->run(argc - 1, argv + 1);
	if (is(argv[1], "--help", "-h"))
		return usage();
	if (is(argv[1], "--version", "-V"))
		return version();
	if (strcmp(argv[1], "help") == 0)
		return help(argv[2]);
	if (strcmp(argv[1], "completion") == 0)
		return complete(argv[2], argv[2] ? argv[3] : NULL);
	if (argv[1][0] == '-') /* options of the bare command */
		return command_show.run(argc, argv);
	return refuse(argv[1]);
}

/*
 * The end of every command: what it printed has arrived, or it says so and fails. A full disk shows
 * only here, where the last of the buffer is written.
 */
static int finish(const char *name, int status)
{
	bool lost = ferror(stdout);

	if (fclose(stdout) == 0 && !lost)
		return status;
	fprintf(stderr, "naclctl %s: stdout: %s\n", name,
		errno ? strerror(errno) : "not everything could be written");
	return NACLCTL_USAGE;
}

int main(int argc, char **argv)
{
	int status;

	stdfds_hold();
	status = run(argc, argv);
	errno = 0;
	return finish(argc > 1 && argv[1][0] != '-' ? argv[1] : "show", status);
}
