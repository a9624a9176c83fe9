/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl cover: which ports a list lets pass, as a picture, beside what clients need.
 */
#include "ctl/cover/cover.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/source.h"

struct options {
	const char *file;
	const char *socket_path;
	const char *acl;
	const char *peer;
	const char *svg;
};

#define COVERS_MAX 4 /* two directions, two protocols */

struct wanted {
	bool directions[2];
	bool tcp;
	bool udp;
};

/* in, out, tcp, udp: in any order, both where none is named. */
static bool parse_words(int argc, char **argv, struct wanted *out)
{
	*out = (struct wanted){0};
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "in") == 0)
			out->directions[INBOUND] = true;
		else if (strcmp(argv[i], "out") == 0)
			out->directions[OUTBOUND] = true;
		else if (strcmp(argv[i], "tcp") == 0)
			out->tcp = true;
		else if (strcmp(argv[i], "udp") == 0)
			out->udp = true;
		else
			return false;
	}
	if (!out->directions[INBOUND] && !out->directions[OUTBOUND])
		out->directions[INBOUND] = out->directions[OUTBOUND] = true;
	if (!out->tcp && !out->udp)
		out->tcp = out->udp = true;
	return true;
}

static const struct acl *choose_acl(const struct policy *policy, const char *name)
{
	for (size_t i = 0; name && i < policy->acl_count; i++)
		if (strcmp(policy->acls[i].name, name) == 0)
			return &policy->acls[i];
	if (name)
		fprintf(stderr, "naclctl cover: no ACL \"%s\"\n", name);
	else if (policy->host.acl != POLICY_NO_ACL)
		return &policy->acls[policy->host.acl];
	else if (policy->edges.only < policy->acl_count)
		return &policy->acls[policy->edges.only];
	else if (policy->acl_count == 1)
		return &policy->acls[0];
	else
		fputs("naclctl cover: which ACL? -a NAME\n", stderr);
	return NULL;
}

static int write_svg(const char *path, const struct cover *covers, size_t count)
{
	FILE *file = fopen(path, "we");
	bool written;

	if (!file) {
		fprintf(stderr, "naclctl cover: %s: %s\n", path, strerror(errno));
		return NACLCTL_USAGE;
	}
	cover_svg(covers, count, file);
	written = !ferror(file);
	if (fclose(file) != 0 || !written) {
		fprintf(stderr, "naclctl cover: %s: cannot be written\n", path);
		return NACLCTL_USAGE;
	}
	return NACLCTL_OK;
}

static int show(const struct options *options, const struct acl *acl, const struct wanted *wanted,
		const struct prefix *peer)
{
	static struct cover covers[COVERS_MAX];
	size_t count = 0;

	for (int d = INBOUND; d <= OUTBOUND; d++) {
		for (int udp = 0; udp < 2; udp++) {
			struct cover *cover = &covers[count];
			int status;

			if (!wanted->directions[d] || !(udp ? wanted->udp : wanted->tcp))
				continue;
			*cover = (struct cover){.acl = acl,
						.direction = (enum direction)d,
						.protocol = udp ? PROTOCOL_UDP : PROTOCOL_TCP,
						.peer = *peer};
			status = cover_fill(cover);
			if (status != 0) {
				fprintf(stderr, "naclctl cover: %s\n",
					status == -E2BIG ? "the list is too large"
							 : "out of memory");
				return NACLCTL_USAGE;
			}
			if (!options->svg)
				cover_print(cover, stdout);
			count++;
		}
	}
	return options->svg ? write_svg(options->svg, covers, count) : NACLCTL_OK;
}

static int cover_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET, .peer = "0.0.0.0/0"};
	int status = options_parse(&command_cover, argc, argv, &options);
	const struct acl *acl;
	struct policy *policy;
	struct wanted wanted;
	struct prefix peer;

	if (status >= 0)
		return status;
	if (!parse_words(argc - optind, argv + optind, &wanted))
		return options_refuse(&command_cover, "in, out, tcp or udp is expected");
	if (prefix_parse(options.peer, &peer, NULL) != PREFIX_OK)
		return options_refuse(&command_cover, "\"%s\" is no address or CIDR", options.peer);
	policy = source_policy("cover", options.file, options.socket_path);
	acl = policy ? choose_acl(policy, options.acl) : NULL;
	status = acl ? show(&options, acl, &wanted, &peer) : NACLCTL_USAGE;
	policy_free(policy);
	return status;
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct options, file, "of a configuration file, not of the running daemon"),
	{'a', "acl", "NAME", "the ACL, where there are several", offsetof(struct options, acl),
	 OPTIONS_ACLS},
	{'p', "peer", "CIDR", "for these remote addresses (default: 0.0.0.0/0)",
	 offsetof(struct options, peer), NULL},
	{0, "svg", "FILE", "as a picture, into FILE", offsetof(struct options, svg), OPTIONS_FILES},
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_cover = {
	.program = "naclctl",
	.name = "cover",
	.summary = "a picture of the ports a list lets pass, beside what clients need",
	.synopsis = "[OPTION ...] [in|out] [tcp|udp]",
	.about =
		"Shows the 65,536 ports in 64 columns: what the list lets pass, and of each kind of\n"
		"client the share of its ephemeral ports that is covered, in percent: for every\n"
		"address of the peer, and for some.\n",
	.after = "Exit status: 0 shown, 2 usage, a bad file, or no daemon.\n",
	.options = options,
	.operands = {"in out tcp udp"},
	.operands_max = 2,
	.usage_status = NACLCTL_USAGE,
	.run = cover_main,
};
