/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl export: the policy in somebody else's words, on stdout. One table of formats; each is a
 * pure text writer of src/interop, and takes its policy from where explain and eval take theirs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/paths.h"
#include "common/protocol.h"
#include "ctl/command.h"
#include "ctl/source.h"
#include "interop/nft.h"

/* Writes the policy; an enum naclctl_exit, errors printed. */
static int export_nft(const struct policy *policy, FILE *to)
{
	const char *interface = NULL;
	int status = nft_print(policy, to, &interface);

	if (status == -EINVAL)
		fprintf(stderr,
			"naclctl export: interface name \"%s\" cannot stand in a ruleset\n"
			"  letters, digits and \"_-.@\" can: rename it (ip link set ... name ...)\n",
			interface);
	else if (status < 0)
		fprintf(stderr, "naclctl export: %s\n", strerror(-status));
	return status < 0 ? NACLCTL_USAGE : NACLCTL_OK;
}

static const struct {
	const char *name;
	int (*write)(const struct policy *policy, FILE *to);
	const char *help;
} formats[] = {
	{"nft", export_nft, "a stateless ruleset for nft -f: the same verdicts without nacld"},
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static void usage(FILE *to)
{
	fputs("usage: naclctl export FORMAT [OPTION ...]\n"
	      "\n"
	      "Prints the policy in another form. FORMAT is one of\n"
	      "\n",
	      to);
	for (size_t i = 0; i < FORMATS; i++)
		fprintf(to, "  %-18s %s\n", formats[i].name, formats[i].help);
	fputs("\n"
	      "  -f, --file FILE    the policy of a configuration file, not of the running daemon\n"
	      "  -s, --socket PATH  the daemon's control socket (default: " PATHS_SOCKET ")\n"
	      "  -h, --help         this text\n"
	      "\n"
	      "Exit status: 0 printed, 2 usage, a bad file, or no daemon.\n",
	      to);
}

static int run(size_t format, const char *file, const char *socket_path)
{
	struct policy *policy = source_policy("export", file, socket_path);
	int status;

	if (!policy)
		return NACLCTL_USAGE;
	status = formats[format].write(policy, stdout);
	policy_free(policy);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("naclctl export: stdout");
		return NACLCTL_USAGE;
	}
	return status;
}

int cmd_export(int argc, char **argv)
{
	static const struct option longs[] = {{"file", required_argument, NULL, 'f'},
					      {"socket", required_argument, NULL, 's'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	const char *file = NULL, *socket_path = PATHS_SOCKET;
	int option;

	while ((option = getopt_long(argc, argv, "f:s:h", longs, NULL)) != -1) {
		if (option == 'f') {
			file = optarg;
		} else if (option == 's') {
			socket_path = optarg;
		} else {
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? NACLCTL_OK : NACLCTL_USAGE;
		}
	}
	for (size_t i = 0; optind == argc - 1 && i < FORMATS; i++)
		if (strcmp(argv[optind], formats[i].name) == 0)
			return run(i, file, socket_path);
	if (optind == argc - 1)
		fprintf(stderr, "naclctl export: no format \"%s\"\n", argv[optind]);
	usage(stderr);
	return NACLCTL_USAGE;
}
