/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl metrics: for node_exporter's textfile collector, which reads files: a file is replaced by
 * renaming a complete one over it, so that none is ever read half written. No daemon is a metric
 * (nacld_up 0), and not an empty file that leaves the last values standing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/metrics/metrics.h"
#include "ctl/source.h"

struct options {
	const char *output;
	const char *socket_path;
};

/* The drops, diagnosed; false where they are not to be had, which was said. */
static bool fetch_drops(const char *socket_path, struct lost_list *out)
{
	struct policy *policy;

	if (!lost_fetch("metrics", socket_path, out))
		return false;
	policy = source_policy("metrics", NULL, socket_path);
	if (!policy) {
		lost_fini(out);
		return false;
	}
	diagnose_all(policy, out);
	policy_free(policy);
	return true;
}

/* What the daemon says, or that there is none. An enum naclctl_exit. */
static int write_metrics(const char *socket_path, FILE *to)
{
	char error[CLIENT_ERROR_LEN];
	const json_t *status = NULL;
	struct lost_list drops;
	json_t *answer = NULL;
	bool has_drops;

	if (client_request(socket_path, "status", &answer, error) < 0)
		fprintf(stderr, "naclctl metrics: %s\n", error);
	else if (client_refusal(answer))
		fprintf(stderr, "naclctl metrics: %s\n", client_refusal(answer));
	else
		status = json_object_get(answer, "status");
	has_drops = status && fetch_drops(socket_path, &drops);
	metrics_print(status, has_drops ? &drops : NULL, to);
	if (has_drops)
		lost_fini(&drops);
	json_decref(answer);
	return status ? NACLCTL_OK : NACLCTL_NO;
}

static int complain(const char *file)
{
	fprintf(stderr, "naclctl metrics: %s: %s\n", file, strerror(errno));
	return NACLCTL_USAGE;
}

/* A complete file, or the one that was there. */
static int replace_file(const char *file, const char *socket_path)
{
	char *part = NULL;
	int status, fd;
	FILE *to;

	if (asprintf(&part, "%s.XXXXXX", file) < 0)
		return complain(file);
	fd = mkstemp(part);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!to) {
		status = complain(part);
		free(part);
		return status;
	}
	status = write_metrics(socket_path, to);
	fchmod(fd, 0644); /* the exporter is another user */
	if (fclose(to) != 0 || rename(part, file) < 0) {
		status = complain(file);
		unlink(part);
	}
	free(part);
	return status;
}

static int metrics_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_metrics, argc, argv, &options);

	if (status >= 0)
		return status;
	if (options.output)
		return replace_file(options.output, options.socket_path);
	return write_metrics(options.socket_path, stdout);
}

static const struct option_entry options[] = {
	{'o', "output", "FILE", "replace this file, in one step", offsetof(struct options, output),
	 OPTIONS_FILES},
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_metrics = {
	.program = "naclctl",
	.name = "metrics",
	.summary = "counters and states for Prometheus",
	.synopsis = "[OPTION ...]",
	.about = "The daemon's counters and states as Prometheus reads them; nacld-metrics.timer\n"
		 "writes them for node_exporter.\n",
	.after = "Exit status: 0, 1 when nacld is not running or may not be asked (nacld_up 0),\n"
		 "2 usage, or the file cannot be written.\n",
	.options = options,
	.usage_status = NACLCTL_USAGE,
	.run = metrics_main,
};
