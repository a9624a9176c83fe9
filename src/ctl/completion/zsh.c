/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion for zsh: the options of a command as its _arguments wants them. */
#include "ctl/completion/completion.h"

#include <string.h>

static const char head[] = "#compdef naclctl\n"
			   "# Completion of naclctl for zsh, made by `naclctl completion zsh`.\n"
			   "\n"
			   "_naclctl_acls() {\n"
			   "	local -a names\n"
			   "	names=(${(f)\"$(naclctl completion acls 2>/dev/null)\"})\n"
			   "	compadd -a names\n"
			   "}\n"
			   "\n"
			   "_naclctl() {\n"
			   "	local -a commands\n"
			   "	local command=$words[2]\n"
			   "	commands=(\n";

static const char middle[] = "	)\n"
			     "	if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
			     "		_describe command commands\n"
			     "		return\n"
			     "	fi\n"
			     "	if [[ $command == -* ]]; then\n"
			     "		command=show\n"
			     "	else\n"
			     "		shift words\n"
			     "		(( CURRENT-- ))\n"
			     "	fi\n"
			     "	case $command in\n"
			     "	help) _describe command commands ;;\n";

static const char tail[] = "	esac\n"
			   "}\n"
			   "\n"
			   "_naclctl \"$@\"\n";

/* Within '...', where ':' and brackets mean something to _arguments and a line end nothing. */
static void print_quoted(const char *text, FILE *to)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", to);
		else if (strchr("[]:\\", *text))
			fprintf(to, "\\%c", *text);
		else
			fputc(*text == '\n' ? ' ' : *text, to);
	}
}

/* ":WHAT IT IS:HOW TO COMPLETE IT" */
static void print_action(const char *label, const char *what, FILE *to)
{
	fputc(':', to);
	print_quoted(label, to);
	if (!what || !*what)
		fputs(": ", to);
	else if (strcmp(what, OPTIONS_FILES) == 0)
		fputs(":_files", to);
	else if (strcmp(what, OPTIONS_ACLS) == 0)
		fputs(":_naclctl_acls", to);
	else
		fprintf(to, ":(%s)", what);
}

static void print_option(const struct option_entry *entry, FILE *to)
{
	if (entry->letter)
		fprintf(to, " \\\n\t\t'(-%c --%s)'{-%c,--%s}'[", entry->letter, entry->name,
			entry->letter, entry->name);
	else
		fprintf(to, " \\\n\t\t'--%s[", entry->name);
	print_quoted(entry->help, to);
	fputc(']', to);
	if (entry->argument)
		print_action(entry->argument, entry->complete, to);
	fputc('\'', to);
}

static void print_command(const struct command *command, FILE *to)
{
	fprintf(to, "\t%s)\n\t\t_arguments -s", command->name);
	for (const struct option_entry *entry = command->options; entry->name; entry++)
		print_option(entry, to);
	print_option(&options_help_entry, to);
	for (int i = 0; i < OPTIONS_OPERANDS_MAX && command->operands[i]; i++) {
		bool last = i + 1 == OPTIONS_OPERANDS_MAX || !command->operands[i + 1];

		if (last)
			fputs(" \\\n\t\t'*", to);
		else
			fprintf(to, " \\\n\t\t'%d", i + 1);
		print_action(command->name, command->operands[i], to);
		fputc('\'', to);
	}
	fputs("\n\t\t;;\n", to);
}

void completion_zsh(const struct command *const commands[], size_t count, FILE *to)
{
	fputs(head, to);
	for (size_t i = 0; i < count; i++) {
		fprintf(to, "\t\t'%s:", commands[i]->name);
		print_quoted(commands[i]->summary, to);
		fputs("'\n", to);
	}
	fputs("\t\t'help:the options of a command'\n", to);
	fputs(middle, to);
	for (size_t i = 0; i < count; i++)
		print_command(commands[i], to);
	fputs(tail, to);
}
