/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --help prints: the forms of a command, what it does, its options in two columns, the rest.
 */
#include "common/options/options.h"

#include <string.h>

#define HELP_COLUMN 24

const struct option_entry options_help_entry = {'h', "help", NULL, "this text", 0, NULL};

void options_print_name(const struct command *command, FILE *to)
{
	fprintf(to, "%s%s%s", command->program, command->name ? " " : "",
		command->name ? command->name : "");
}

static void print_option(const struct option_entry *entry, FILE *to)
{
	const char *line = entry->help;
	int width = entry->letter ? fprintf(to, "  -%c, ", entry->letter) : fprintf(to, "      ");

	width += fprintf(to, "--%s%s%s", entry->name, entry->argument ? " " : "",
			 entry->argument ? entry->argument : "");
	for (; *line; line += strspn(line, "\n")) {
		int len = (int)strcspn(line, "\n");

		if (width > HELP_COLUMN - 2)
			width = fprintf(to, "\n") - 1;
		fprintf(to, "%*s%.*s\n", HELP_COLUMN - width, "", len, line);
		line += len;
		width = 0;
	}
}

void options_help(const struct command *command, FILE *to)
{
	const char *form = command->synopsis;

	for (const char *label = "usage: "; *form; label = "       ", form += strspn(form, "\n")) {
		int len = (int)strcspn(form, "\n");

		fputs(label, to);
		options_print_name(command, to);
		fprintf(to, " %.*s\n", len, form);
		form += len;
	}
	fprintf(to, "\n%s\n", command->about);
	for (const struct option_entry *entry = command->options; entry->name; entry++)
		print_option(entry, to);
	print_option(&options_help_entry, to);
	fprintf(to, "\n%s", command->after);
}
