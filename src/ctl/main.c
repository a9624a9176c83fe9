/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl: everything a person types. One table of commands; usage is printed from it, and the
 * command itself lives in the file of its name. Bare `naclctl` is `naclctl show`.
 */
#include <stdio.h>
#include <string.h>

#include "common/protocol.h"
#include "common/stdfds.h"
#include "ctl/command.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"show", cmd_show, "the running firewall: mode, rules with counters, queues"},
	{"check", cmd_check, "check a configuration file; --print shows its canonical text"},
	{"reload", cmd_reload, "have the daemon read its configuration again"},
	{"steer", cmd_steer, "up, down or show: the kernel rules that feed the queue"},
	{"doctor", cmd_doctor, "what is wrong with this host's setup, and what to do"},
	{"explain", cmd_explain, "judge one packet and its reply, and say why"},
	{"eval", cmd_eval, "judge a list of packets, one a line"},
	{"export", cmd_export, "the policy in another form: nft, a ruleset without nacld"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *to)
{
	fprintf(to, "usage: naclctl [COMMAND] [OPTION ...]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "\n`naclctl COMMAND --help` tells its options; naclctl(8) tells the rest.\n");
}

int main(int argc, char **argv)
{
	static char show[] = "show";
	char *bare[] = {show, NULL};

	stdfds_hold();
	if (argc < 2)
		return cmd_show(1, bare);
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return NACLCTL_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("naclctl " NACLD_VERSION);
		return NACLCTL_OK;
	}
	if (argv[1][0] == '-') /* options of the bare command */
		return cmd_show(argc, argv);
	fprintf(stderr, "naclctl: no command \"%s\"\n", argv[1]);
	usage(stderr);
	return NACLCTL_USAGE;
}
