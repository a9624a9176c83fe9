/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl reload: has the daemon read its configuration again.
 *
 * The daemon does the reading, so that what is checked is what then runs; its warnings and, where
 * it refuses, its report come back as text. A refused reload changes nothing: the old policy stays.
 *
 * What a flowtable carries meets no rule: after a reload such flows are brought back to the hooks.
 * The daemon could not do that: it may touch neither routes nor addresses.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/protocol.h"
#include "ctl/client.h"
#include "ctl/command.h"
#include "steer/unseen/unseen.h"

struct options {
	const char *socket_path;
	bool json;
};

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

/* What stays in a flowtable is a problem of the traffic, not of the reload: its status is 0. */
static void take_flows(void *context, const char *next, const char *text)
{
	json_array_append_new(context, json_sprintf("%s; next: %s", text, next));
}

/* "ok", and the texts that are there. */
static void print_json(const json_t *answer, const char *refusal, json_t *flows)
{
	static const char *const keys[] = {"warnings", "note", "report"};
	json_t *object = json_pack("{s:b, s:s?}", "ok", !refusal, "error", refusal);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(object, keys[i], json_object_get(answer, keys[i]));
	json_object_set(object, "flowtables", flows);
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static void print_people(const json_t *answer, const char *refusal, const json_t *flows)
{
	const json_t *flow;
	size_t i;

	if (refusal) {
		print_text(json_object_get(answer, "report"), stderr);
		fprintf(stderr, "naclctl reload: %s\n", refusal);
		return;
	}
	print_text(json_object_get(answer, "warnings"), stderr);
	print_text(json_object_get(answer, "note"), stderr);
	json_array_foreach(flows, i, flow)
		fprintf(stderr, "naclctl reload: WARNING: %s\n", json_string_value(flow));
	puts("reloaded");
}

static int reload(const struct options *options)
{
	char error[CLIENT_ERROR_LEN];
	const char *refusal;
	json_t *answer, *flows;
	int err = client_request(options->socket_path, "reload", &answer, error);

	if (err == -ETIMEDOUT)
		fprintf(stderr,
			"naclctl reload: nacld did not answer within %d s: the reload is given up, "
			"unless it was done in this very moment; naclctl show says what runs\n",
			PROTOCOL_RELOAD_MS / 1000);
	else if (err < 0)
		fprintf(stderr, "naclctl reload: %s\n", error);
	if (err < 0)
		return NACLCTL_NO;
	refusal = client_refusal(answer);
	flows = json_array();
	if (!refusal)
		unseen_recall_flows(take_flows, flows);
	if (options->json)
		print_json(answer, refusal, flows);
	else
		print_people(answer, refusal, flows);
	json_decref(flows);
	json_decref(answer);
	return refusal ? NACLCTL_NO : NACLCTL_OK;
}

static int reload_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_reload, argc, argv, &options);

	return status >= 0 ? status : reload(&options);
}

static const struct option_entry options[] = {
	COMMAND_JSON(struct options, json),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_reload = {
	.program = "naclctl",
	.name = "reload",
	.summary = "have the daemon read its configuration again",
	.synopsis = "[OPTION ...]",
	.about =
		"Has the daemon read its configuration again. A file with an error changes nothing: the\n"
		"running policy stays, and the error is shown.\n",
	.after = "Exit status: 0 reloaded, 1 refused or not permitted, 2 usage.\n",
	.options = options,
	.usage_status = NACLCTL_USAGE,
	.run = reload_main,
};
