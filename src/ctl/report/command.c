/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl report: one page about a policy, for a review of a change or a class.
 *
 * The page is written beside its place and renamed, so that a reader never meets half of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/way/walls.h"
#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/report/html.h"
#include "ctl/report/report.h"
#include "ctl/source.h"

struct options {
	const char *file;
	const char *output;
	const char *against;
	const char *title;
	struct option_list flows;
	const char *socket_path;
};

#define WORDS_MAX 16

/* Cuts the copy into words, which point into it. Returns how many there are. */
static size_t cut(char *copy, char *words[static WORDS_MAX])
{
	size_t count = 0;
	char *save;

	for (char *word = strtok_r(copy, " \t", &save); word && count < WORDS_MAX;
	     word = strtok_r(NULL, " \t", &save))
		words[count++] = word;
	return count;
}

static bool parse_flow(const char *text, struct packet_line *out)
{
	char error[PACKETLINE_ERROR_LEN] = "out of memory", *words[WORDS_MAX], *copy = strdup(text);
	bool parsed = copy && packet_line_parse(words, cut(copy, words), out, error) == 0;

	if (!parsed)
		fprintf(stderr, "naclctl report: --flow \"%s\": %s\n", text, error);
	free(copy);
	return parsed;
}

static bool parse_flows(const struct options *options, struct packet_line *flows)
{
	for (size_t i = 0; i < options->flows.count; i++)
		if (!parse_flow(options->flows.items[i], &flows[i]))
			return false;
	return true;
}

static bool any_ambiguous(const struct report *report)
{
	for (size_t i = 0; i < report->flow_count; i++)
		if (walls_are_ambiguous(report->policy, &report->flows[i].way))
			return true;
	return false;
}

static void write_page(const struct report *report, const char *title, FILE *to)
{
	html_begin(to, title);
	fputs("<p>Of ", to);
	html_code(to, report->source);
	fputs(". A network ACL remembers nothing: each packet, a reply too, is decided by the list of "
	      "its own direction.</p>\n",
	      to);
	report_walls(report, to);
	report_changes(report, to);
	report_findings(report, to);
	report_flows(report, to);
	report_lists(report, to);
	report_cover(report, to);
	report_counts(report, to);
	html_end(to);
}

/* To `name`, and from there to its place. False with errno. */
static bool write_beside(const struct report *report, const struct options *options, char *name)
{
	int fd = mkostemp(name, O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	mode_t mask = umask(0);
	bool written;

	umask(mask);
	if (!file)
		return false;
	write_page(report, options->title ? options->title : "Network ACLs", file);
	written = !ferror(file) && fchmod(fd, 0666 & ~mask) == 0;
	written = fclose(file) == 0 && written;
	if (written && rename(name, options->output) == 0)
		return true;
	fd = errno;
	unlink(name);
	errno = fd;
	return false;
}

static int write_file(const struct report *report, const struct options *options)
{
	char *name = NULL;
	bool written = asprintf(&name, "%s.XXXXXX", options->output) >= 0 &&
		       write_beside(report, options, name);

	if (!written)
		fprintf(stderr, "naclctl report: %s: %s\n", options->output, strerror(errno));
	free(name);
	return written ? NACLCTL_OK : NACLCTL_USAGE;
}

static int report_on(struct report *report, const struct options *options)
{
	int status = NACLCTL_OK;

	if (any_ambiguous(report)) {
		fputs("naclctl report: " WALLS_AMBIGUOUS "\n", stderr);
		return NACLCTL_USAGE;
	}
	if (strcmp(options->output, "-") == 0)
		write_page(report, options->title ? options->title : "Network ACLs", stdout);
	else
		status = write_file(report, options);
	return status;
}

/* The file's policy, with the places of its rules; or the daemon's, with its counters. */
static struct policy *load(const struct options *options, struct conf_report *places,
			   json_t **answer)
{
	char error[CLIENT_ERROR_LEN];
	struct policy *policy;

	if (!options->file) {
		policy = source_policy("report", NULL, options->socket_path);
		if (policy && client_request(options->socket_path, "status", answer, error) < 0)
			fprintf(stderr, "naclctl report: without counters: %s\n", error);
		return policy;
	}
	policy = conf_load(options->file, places);
	if (policy)
		return policy;
	conf_report_print(places, stderr);
	fprintf(stderr, "naclctl report: %s cannot be used\n", options->file);
	return NULL;
}

static int run(const struct options *options, const struct packet_line *flows)
{
	struct conf_report places = {0};
	json_t *answer = NULL;
	struct policy *policy = load(options, &places, &answer), *against = NULL;
	struct report report = {
		.source = options->file ? options->file : "the running policy",
		.policy = policy,
		.places = &places,
		.against_name = options->against,
		.flows = flows,
		.flow_count = options->flows.count,
		.status = json_object_get(answer, "status"),
	};
	int status = NACLCTL_USAGE;

	if (policy && options->against)
		report.against = against = source_policy("report", options->against, NULL);
	if (policy && (against || !options->against))
		status = report_on(&report, options);
	policy_free(policy);
	policy_free(against);
	conf_report_fini(&places);
	json_decref(answer);
	return status;
}

static int report_main(int argc, char **argv)
{
	static struct packet_line flows[OPTION_LIST_MAX];
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_report, argc, argv, &options);

	if (status >= 0)
		return status;
	if (!options.output)
		return options_refuse(&command_report, "where to? -o FILE.html");
	if (!parse_flows(&options, flows))
		return NACLCTL_USAGE;
	return run(&options, flows);
}

static const struct option_entry options[] = {
	{'o', "output", "FILE", "the page; - is standard output", offsetof(struct options, output),
	 OPTIONS_FILES},
	COMMAND_FILE(struct options, file, "about a configuration file, not the running daemon"),
	{'a', "against", "FILE", "what is different from this configuration",
	 offsetof(struct options, against), OPTIONS_FILES},
	{'F', "flow", "PACKET...", "a packet, as for explain, and its reply as a picture",
	 offsetof(struct options, flows), NULL},
	{'t', "title", "TEXT", "what the page is called", offsetof(struct options, title), NULL},
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_report = {
	.program = "naclctl",
	.name = "report",
	.summary = "a page about the rules: in words, in pictures, findings, changes",
	.synopsis = "-o FILE [OPTION ...]",
	.about =
		"Writes one HTML page that stands alone: where the lists apply, the rules in words,\n"
		"findings, ports as pictures, the packets named with --flow as ladders, changes against\n"
		"another file, and what the running daemon counted.\n",
	.after =
		"Exit status: 0 written, 2 usage, a bad file, no daemon, or it cannot be written.\n",
	.options = options,
	.operands_max = 0,
	.usage_status = NACLCTL_USAGE,
	.run = report_main,
};
