/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl reload: has the daemon read its configuration again.
 *
 * The daemon does the reading, so that what is checked is what then runs; its warnings and, where
 * it refuses, its report come back as text. A refused reload changes nothing: the old policy stays.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/paths.h"
#include "common/protocol.h"
#include "ctl/client.h"
#include "ctl/command.h"

static void usage(FILE *to)
{
	fputs("usage: naclctl reload [OPTION ...]\n"
	      "\n"
	      "Has the daemon read its configuration again. A file with an error changes nothing: the\n"
	      "running policy stays, and the error is shown.\n"
	      "\n"
	      "  -s, --socket PATH  the daemon's control socket (default: " PATHS_SOCKET ")\n"
	      "  -h, --help         this text\n"
	      "\n"
	      "Exit status: 0 reloaded, 1 refused or not permitted, 2 usage.\n",
	      to);
}

/* Text of several lines, which may or may not end in a newline. */
static void print_text(const json_t *text, FILE *to)
{
	size_t len = json_string_length(text);

	if (len == 0)
		return;
	fputs(json_string_value(text), to);
	if (json_string_value(text)[len - 1] != '\n')
		fputc('\n', to);
}

static int reload(const char *socket_path)
{
	char error[CLIENT_ERROR_LEN];
	const char *refusal;
	json_t *answer;

	if (client_request(socket_path, "reload", &answer, error) < 0) {
		fprintf(stderr, "naclctl reload: %s\n", error);
		return NACLCTL_NO;
	}
	refusal = client_refusal(answer);
	if (refusal) {
		print_text(json_object_get(answer, "report"), stderr);
		fprintf(stderr, "naclctl reload: %s\n", refusal);
	} else {
		print_text(json_object_get(answer, "warnings"), stderr);
		print_text(json_object_get(answer, "note"), stderr);
		puts("reloaded");
	}
	json_decref(answer);
	return refusal ? NACLCTL_NO : NACLCTL_OK;
}

int cmd_reload(int argc, char **argv)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *socket_path = PATHS_SOCKET;
	int option;

	while ((option = getopt_long(argc, argv, "s:h", longs, NULL)) != -1) {
		if (option == 's') {
			socket_path = optarg;
		} else {
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? NACLCTL_OK : NACLCTL_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "naclctl reload: \"%s\" is one argument too many\n", argv[optind]);
		usage(stderr);
		return NACLCTL_USAGE;
	}
	return reload(socket_path);
}
