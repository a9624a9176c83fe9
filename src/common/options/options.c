/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of both programs, from one table a command: getopt_long reads it, so that what
 * people know of options holds (abbreviated names, "--", options behind operands); its messages are
 * ours, one line with what to do next.
 */
#include "common/options/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "common/words/nearest.h"

#define OPTIONS_MAX 32  /* of one command, --help among them */
#define LONG_BASE   256 /* getopt's value of option i is this and i */

/* getopt's two tables, and the long names alone. */
struct tables {
	struct option longs[OPTIONS_MAX + 1];
	const char *names[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX + 2];
	size_t count;
};

static void add(struct tables *tables, const struct option_entry *entry)
{
	char *end = tables->shorts + strlen(tables->shorts);

	tables->longs[tables->count] =
		(struct option){.name = entry->name,
				.has_arg = entry->argument ? required_argument : no_argument,
				.val = LONG_BASE + (int)tables->count};
	tables->names[tables->count++] = entry->name;
	if (entry->letter)
		*end++ = entry->letter;
	if (entry->letter && entry->argument)
		*end = ':';
}

/* The entry that getopt means by its value: a letter, or LONG_BASE and an index. */
static const struct option_entry *entry_of(const struct command *command, int value)
{
	const struct option_entry *entry = command->options;

	for (int i = 0; entry->name; entry++, i++)
		if (value == LONG_BASE + i || (entry->letter && value == entry->letter))
			return entry;
	return &options_help_entry;
}

int options_refuse(const struct command *command, const char *format, ...)
{
	va_list args;

	options_print_name(command, stderr);
	fputs(": ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (command->name)
		fprintf(stderr, "; try %s help %s\n", command->program, command->name);
	else
		fprintf(stderr, "; try %s --help\n", command->program);
	return command->usage_status;
}

/* What getopt returned ':' or '?' for. */
static int refuse(const struct command *command, const struct tables *tables, int kind,
		  const char *word)
{
	int name = (int)strcspn(word, "=");
	char written[64];
	const char *near;

	if (kind == ':')
		return options_refuse(command, "%s wants %s", word,
				      entry_of(command, optopt)->argument);
	if (optopt >= LONG_BASE)
		return options_refuse(command, "%.*s takes no argument", name, word);
	if (optopt)
		return options_refuse(command, "no option -%c", optopt);
	snprintf(written, sizeof(written), "%.*s", name, word);
	near = nearest_word(written + 2, tables->names, tables->count);
	if (!near)
		return options_refuse(command, "no option %s", written);
	options_print_name(command, stderr);
	fprintf(stderr, ": no option %s; did you mean --%s?\n", written, near);
	return command->usage_status;
}

bool options_repeats(const struct option_entry *entry)
{
	size_t len = entry->argument ? strlen(entry->argument) : 0;

	return len > 3 && strcmp(entry->argument + len - 3, "...") == 0;
}

/* False: there is no room for one more. */
static bool store(const struct option_entry *entry, void *values)
{
	char *at = (char *)values + entry->offset;

	if (options_repeats(entry)) {
		struct option_list *list = (struct option_list *)(void *)at;

		if (list->count == OPTION_LIST_MAX)
			return false;
		list->items[list->count++] = optarg;
	} else if (entry->argument)
		*(const char **)(void *)at = optarg;
	else
		*(bool *)at = true;
	return true;
}

int options_parse(const struct command *command, int argc, char **argv, void *values)
{
	struct tables tables = {.shorts = ":"};
	int value;

	for (const struct option_entry *entry = command->options; entry->name; entry++)
		add(&tables, entry);
	add(&tables, &options_help_entry);
	opterr = 0;
	while ((value = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		const struct option_entry *entry = entry_of(command, value);

		if (value == ':' || value == '?')
			return refuse(command, &tables, value, argv[optind - 1]);
		if (entry == &options_help_entry) {
			options_help(command, stdout);
			return 0;
		}
		if (!store(entry, values))
			return options_refuse(command, "--%s more than %d times", entry->name,
					      OPTION_LIST_MAX);
	}
	if (command->operands_max < 0 || argc - optind <= command->operands_max)
		return -1;
	return options_refuse(command, "extra argument \"%s\"",
			      argv[optind + command->operands_max]);
}
