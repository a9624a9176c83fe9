/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl show, which is also bare naclctl: the running firewall.
 *
 * Everything comes from one "status" answer of the daemon; --json hands that on, the text for
 * people is in show_text.c. Without a daemon it says so in one line, and what to do.
 */
#include <string.h>

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/show/show.h"
#include "ctl/state/plain_file.h"
#include "steer/status.h"

struct options {
	const char *acl;
	const char *socket_path;
	bool json;
};

static void no_such_acl(const char *name, const json_t *acls)
{
	size_t i;
	json_t *acl;

	fprintf(stderr, "naclctl show: no ACL \"%s\"; there is", name);
	json_array_foreach((json_t *)acls, i, acl) fprintf(
		stderr, "%s %s", i > 0 ? "," : "", json_string_value(json_object_get(acl, "name")));
	fputs(json_array_size(acls) == 0 ? " none\n" : "\n", stderr);
}

/* Leaves only that ACL in status. 0, or -1 when there is none of that name. */
static int keep_acl(json_t *status, const char *name)
{
	json_t *acls = json_object_get(status, "acls"), *acl;
	size_t i;

	json_array_foreach(acls, i, acl)
	{
		const char *its = json_string_value(json_object_get(acl, "name"));

		if (its && strcmp(its, name) == 0)
			return json_object_set_new(status, "acls", json_pack("[O]", acl));
	}
	no_such_acl(name, acls);
	return -1;
}

/*
 * Adds what only the kernel knows to what the daemon said: whether packets are brought to it at
 * all. null where this user may not look.
 */
static void add_steering(json_t *status)
{
	static const char *const words[] = {NULL, "down", "differs", "up"};
	const char *file = json_string_value(json_object_get(status, "config"));
	enum steer_backend backend;
	enum steer_state state =
		file && plain_file(file) ? steer_look(file, &backend) : STEER_UNKNOWN;
	json_t *steering = json_null();

	if (state != STEER_UNKNOWN)
		steering = json_pack("{s:s, s:s?}", "state", words[state], "backend",
				     state == STEER_IS_DOWN ? NULL : steer_backend_name(backend));
	json_object_set_new(status, "steering", steering);
}

static int show(json_t *answer, const struct options *options)
{
	json_t *status = json_object_get(answer, "status");
	const char *refusal = client_refusal(answer);

	if (refusal || !json_is_object(status)) {
		fprintf(stderr, "naclctl show: %s\n",
			refusal ? refusal : "nacld's answer has no status");
		return NACLCTL_NO;
	}
	if (options->acl && keep_acl(status, options->acl) < 0)
		return NACLCTL_NO;
	add_steering(status);
	if (options->json) {
		json_dumpf(status, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		show_status(status, time(NULL), stdout);
	}
	return NACLCTL_OK;
}

static int show_main(int argc, char **argv)
{
	struct options options = {.socket_path = PATHS_SOCKET};
	int status = options_parse(&command_show, argc, argv, &options);
	char error[CLIENT_ERROR_LEN];
	json_t *answer;

	if (status >= 0)
		return status;
	if (client_request(options.socket_path, "status", &answer, error) < 0) {
		fprintf(stderr, "naclctl show: %s\n", error);
		return NACLCTL_NO;
	}
	status = show(answer, &options);
	json_decref(answer);
	return status;
}

static const struct option_entry options[] = {
	{'a', "acl", "NAME", "only the rules of this ACL", offsetof(struct options, acl),
	 OPTIONS_ACLS},
	COMMAND_JSON(struct options, json),
	COMMAND_SOCKET(struct options, socket_path),
	{0},
};

const struct command command_show = {
	.program = "naclctl",
	.name = "show",
	.summary = "the running firewall: mode, rules with counters, queues",
	.synopsis = "[OPTION ...]",
	.about =
		"The running firewall: mode, ACLs, rules with their counters, exemptions, queues.\n"
		"`naclctl` alone is `naclctl show`.\n",
	.after = "Exit status: 0, 1 when nacld is not running or may not be asked, 2 usage.\n",
	.options = options,
	.usage_status = NACLCTL_USAGE,
	.run = show_main,
};
