/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Completion for fish: one `complete` an option and an operand. fish asks a condition for each; the
 * one function here says which command the line holds, and how many operands behind it.
 */
#include "ctl/completion/completion.h"

#include <string.h>

static const char head[] =
	"# Completion of naclctl for fish, made by `naclctl completion fish`.\n"
	"\n"
	"# COMMAND [POSITION ...]: is the line that command, at one of these operands?\n"
	"function __naclctl_at\n"
	"	set -l words (commandline -opc)\n"
	"	set -l command $words[2]\n"
	"	set -l position 0\n"
	"	set -l skip 0\n"
	"	test -n \"$command\"; or set command show\n"
	"	string match -q -- '-*' $command; and set command show\n"
	"	test \"$command\" = $argv[1]; or return 1\n"
	"	test (count $argv) -gt 1; or return 0\n"
	"	for word in $words[3..-1]\n"
	"		if test $skip = 1\n"
	"			set skip 0\n"
	"		else if contains -- \"$command:$word\" $__naclctl_takes\n"
	"			set skip 1\n"
	"		else if not string match -q -- '-*' $word\n"
	"			set position (math $position + 1)\n"
	"		end\n"
	"	end\n"
	"	contains -- $position $argv[2..-1]\n"
	"end\n"
	"\n"
	"complete -c naclctl -f\n";

/* Within '...', where fish knows \' and \\. */
static void print_quoted(const char *text, FILE *to)
{
	fputc('\'', to);
	for (; *text; text++) {
		if (strchr("'\\", *text))
			fputc('\\', to);
		fputc(*text == '\n' ? ' ' : *text, to);
	}
	fputc('\'', to);
}

static void print_choice(const char *what, FILE *to)
{
	if (!what || !*what)
		fputs(" -x", to);
	else if (strcmp(what, OPTIONS_FILES) == 0)
		fputs(" -r -F", to);
	else if (strcmp(what, OPTIONS_ACLS) == 0)
		fputs(" -x -a '(naclctl completion acls 2>/dev/null)'", to);
	else
		fprintf(to, " -x -a '%s'", what);
}

static void print_option(const char *command, const struct option_entry *entry, FILE *to)
{
	fprintf(to, "complete -c naclctl -n '__naclctl_at %s' -l %s", command, entry->name);
	if (entry->letter)
		fprintf(to, " -s %c", entry->letter);
	if (entry->argument)
		print_choice(entry->complete, to);
	fputs(" -d ", to);
	print_quoted(entry->help, to);
	fputc('\n', to);
}

/* The last operand repeats: twenty of them are enough. */
static void print_operands(const struct command *command, FILE *to)
{
	for (int i = 0; i < OPTIONS_OPERANDS_MAX && command->operands[i]; i++) {
		bool last = i + 1 == OPTIONS_OPERANDS_MAX || !command->operands[i + 1];

		if (!*command->operands[i])
			continue;
		fprintf(to, "complete -c naclctl -n '__naclctl_at %s", command->name);
		for (int position = i; position < (last ? i + 20 : i + 1); position++)
			fprintf(to, " %d", position);
		if (strcmp(command->operands[i], OPTIONS_FILES) == 0)
			fputs("' -F\n", to);
		else
			fprintf(to, "' -a '%s'\n", command->operands[i]);
	}
}

static void print_takes(const struct command *const commands[], size_t count, FILE *to)
{
	fputs("set -g __naclctl_takes", to);
	for (size_t i = 0; i < count; i++)
		for (const struct option_entry *entry = commands[i]->options; entry->name;
		     entry++) {
			if (!entry->argument)
				continue;
			fprintf(to, " %s:--%s", commands[i]->name, entry->name);
			if (entry->letter)
				fprintf(to, " %s:-%c", commands[i]->name, entry->letter);
		}
	fputs("\n", to);
}

void completion_fish(const struct command *const commands[], size_t count, FILE *to)
{
	fputs(head, to);
	print_takes(commands, count, to);
	for (size_t i = 0; i < count; i++) {
		const char *name = commands[i]->name;

		fprintf(to, "complete -c naclctl -n '__fish_use_subcommand' -a %s -d ", name);
		print_quoted(commands[i]->summary, to);
		fprintf(to, "\ncomplete -c naclctl -n '__naclctl_at help 0' -a %s\n", name);
		for (const struct option_entry *entry = commands[i]->options; entry->name; entry++)
			print_option(name, entry, to);
		print_option(name, &options_help_entry, to);
		print_operands(commands[i], to);
	}
	fputs("complete -c naclctl -n '__fish_use_subcommand' -a help -d 'the options of a command'\n",
	      to);
}
