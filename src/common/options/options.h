/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_OPTIONS_H
#define NACLD_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * A command line, declared once. From the table of a command come its parsing, its --help, the
 * errors and, through src/ctl/completion.c, what shells complete; tests/docs holds the man pages to
 * the help.
 */

/* What a shell offers for an argument or an operand: words separated by blanks, or one of these. */
#define OPTIONS_FILES "<files>"
#define OPTIONS_ACLS  "<acls>" /* of the running daemon */

/* The arguments of an option that may be given more than once, in their order. */
#define OPTION_LIST_MAX 64
struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

struct option_entry {
	char letter;      /* 0: none, the long name alone */
	const char *name; /* the long name, without its dashes */
	const char *
		argument; /* as the help calls it, "FILE"; NULL: it takes none; at its end "...": the
				 option may be given more than once */
	const char *help; /* a few words; "\n" goes on in the next line, set in like the first */
	/*
	 * In the caller's struct: a const char *, a struct option_list, or a bool without argument.
	 */
	size_t offset;
	const char *complete; /* what the argument may be; NULL: nothing can be offered */
};

#define OPTIONS_OPERANDS_MAX 8

struct command {
	const char *program;  /* "naclctl" */
	const char *name;     /* "check"; NULL: the program is one command */
	const char *summary;  /* a line of the list of commands; NULL: not listed there */
	const char *synopsis; /* what follows the name; "\n" begins another form */
	const char *about;    /* what it does, before the options; ends in a newline */
	const char *after;    /* exit statuses and more, behind the options; ends in a newline */
	const struct option_entry *options; /* --help is added; ends with a NULL name */
	const char
		*operands[OPTIONS_OPERANDS_MAX]; /* to offer, by position; the last one repeats */
	int operands_max;                        /* -1: any number */
	int usage_status;                        /* exit status of a wrong command line */
	int (*run)(int argc, char **argv);       /* the command itself; an exit status */
};

/*
 * Reads argv into *values, whose defaults the caller has set. -1: go on, the operands are
 * argv[optind] and what follows. Otherwise the exit status: 0 after --help, usage_status after an
 * error, which has been printed in one line.
 */
int options_parse(const struct command *command, int argc, char **argv, void *values);

/* "naclctl check: MESSAGE; try naclctl help check", on stderr. Returns usage_status. */
int options_refuse(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* May the option be given more than once? */
bool options_repeats(const struct option_entry *entry);

/* "naclctl check", or "nacld". */
void options_print_name(const struct command *command, FILE *to);

/* -h, --help: an option of every command. */
extern const struct option_entry options_help_entry;

/* What --help prints. */
void options_help(const struct command *command, FILE *to);

#endif
