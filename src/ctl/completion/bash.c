/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Completion for bash: a fixed script that asks four functions, which are made from the tables.
 *
 * bash cuts the words at ':' and '=' too (192.0.2.1:443, --file=x), so that operands are counted
 * with care.
 */
#include <string.h>

#include "ctl/completion/completion.h"

static const char head[] = "# Completion of naclctl for bash, made by `naclctl completion bash`.\n"
			   "# shellcheck shell=bash\n"
			   "\n";

static const char tail[] =
	"# Adds to COMPREPLY what begins as the word does; nothing is expanded.\n"
	"_naclctl_add() {\n"
	"	local word\n"
	"	while IFS= read -r word; do\n"
	"		[[ $word == \"$1\"* ]] && COMPREPLY+=(\"$word\")\n"
	"	done\n"
	"}\n"
	"\n"
	"_naclctl_offer() { # WHAT WORD\n"
	"	case $1 in\n"
	"	'" OPTIONS_FILES "')\n"
	"		compopt -o filenames 2>/dev/null\n"
	"		_naclctl_add \"$2\" < <(compgen -f -- \"$2\")\n"
	"		;;\n"
	"	'" OPTIONS_ACLS
	"') _naclctl_add \"$2\" < <(naclctl completion acls 2>/dev/null) ;;\n"
	"	*) _naclctl_add \"$2\" < <(tr ' ' '\\n' <<<\"$1\") ;;\n"
	"	esac\n"
	"}\n"
	"\n"
	"# How many words of the command line, behind the command, are operands.\n"
	"_naclctl_position() {\n"
	"	local i word count=0\n"
	"	for ((i = 2; i < COMP_CWORD; i++)); do\n"
	"		word=${COMP_WORDS[i]}\n"
	"		case $word in\n"
	"		:* | =) i=$((i + 1)) ;; # the word goes on\n"
	"		-?*) _naclctl_argument \"$1\" \"$word\" >/dev/null && [ \"${COMP_WORDS[i + 1]}\" != = ] && i=$((i + 1)) ;;\n"
	"		*) count=$((count + 1)) ;;\n"
	"		esac\n"
	"	done\n"
	"	echo \"$count\"\n"
	"}\n"
	"\n"
	"_naclctl() {\n"
	"	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"	local command=${COMP_WORDS[1]} what\n"
	"	COMPREPLY=()\n"
	"	if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	"		_naclctl_offer \"$(_naclctl_commands) help --version $(_naclctl_options show)\" \"$current\"\n"
	"		return\n"
	"	fi\n"
	"	case $command in\n"
	"	help)\n"
	"		[ \"$COMP_CWORD\" -eq 2 ] && _naclctl_offer \"$(_naclctl_commands)\" \"$current\"\n"
	"		return\n"
	"		;;\n"
	"	-*) command=show ;;\n"
	"	esac\n"
	"	[ \"$current\" = = ] && current=\n"
	"	[ \"$previous\" = = ] && previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"	if what=$(_naclctl_argument \"$command\" \"$previous\"); then\n"
	"		_naclctl_offer \"$what\" \"$current\"\n"
	"	elif [[ $current == -?* ]]; then\n"
	"		_naclctl_offer \"$(_naclctl_options \"$command\")\" \"$current\"\n"
	"	else\n"
	"		what=$(_naclctl_operand \"$command\" \"$(_naclctl_position \"$command\")\")\n"
	"		_naclctl_offer \"${what:-$(_naclctl_options \"$command\")}\" \"$current\"\n"
	"	fi\n"
	"}\n"
	"\n"
	"complete -F _naclctl naclctl\n";

static void print_commands(const struct command *const commands[], size_t count, FILE *to)
{
	fputs("_naclctl_commands() {\n\techo '", to);
	for (size_t i = 0; i < count; i++)
		fprintf(to, "%s%s", i ? " " : "", commands[i]->name);
	fputs("'\n}\n\n", to);
}

static void print_options(const struct command *command, FILE *to)
{
	fprintf(to, "\t%s) echo '", command->name);
	for (const struct option_entry *entry = command->options; entry->name; entry++)
		fprintf(to, "--%s ", entry->name);
	fputs("--help' ;;\n", to);
}

static void print_arguments(const struct command *command, FILE *to)
{
	for (const struct option_entry *entry = command->options; entry->name; entry++) {
		if (!entry->argument)
			continue;
		fprintf(to, "\t%s:--%s", command->name, entry->name);
		if (entry->letter)
			fprintf(to, " | %s:-%c", command->name, entry->letter);
		fprintf(to, ") echo '%s' ;;\n", entry->complete ? entry->complete : "");
	}
}

/* The last operand repeats, so that its pattern has no position. */
static void print_operands(const struct command *command, FILE *to)
{
	for (int i = 0; i < OPTIONS_OPERANDS_MAX && command->operands[i]; i++) {
		bool last = i + 1 == OPTIONS_OPERANDS_MAX || !command->operands[i + 1];

		if (last)
			fprintf(to, "\t%s:*) echo '%s' ;;\n", command->name, command->operands[i]);
		else
			fprintf(to, "\t%s:%d) echo '%s' ;;\n", command->name, i,
				command->operands[i]);
	}
}

static void print_function(const char *name, const char *subject,
			   void (*print)(const struct command *command, FILE *to), const char *rest,
			   const struct command *const commands[], size_t count, FILE *to)
{
	fprintf(to, "%s() {\n\tcase %s in\n", name, subject);
	for (size_t i = 0; i < count; i++)
		print(commands[i], to);
	fprintf(to, "%s\tesac\n}\n\n", rest);
}

void completion_bash(const struct command *const commands[], size_t count, FILE *to)
{
	fputs(head, to);
	print_commands(commands, count, to);
	print_function("_naclctl_options", "$1", print_options, "", commands, count, to);
	fputs("# COMMAND OPTION: what its argument may be; false: it takes none.\n", to);
	print_function("_naclctl_argument", "$1:$2", print_arguments, "\t*) return 1 ;;\n",
		       commands, count, to);
	fputs("# COMMAND POSITION: what an operand may be.\n", to);
	print_function("_naclctl_operand", "$1:$2", print_operands, "", commands, count, to);
	fputs(tail, to);
}
