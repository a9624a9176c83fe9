/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `naclctl steer up|down|show|watch`: the kernel rules that feed the queue. The daemon never
 * touches them, and a reload of the ACLs needs none: so they are a command of their own. This file
 * reads the command line and the configuration; up_down.c loads and removes, show.c compares, and
 * steer/watch/ stays.
 */
#include "ctl/steer/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/steer/unread.h"
#include "ctl/steer/output.h"
#include "conf/conf.h"
#include "steer/lock.h"
#include "steer/privilege.h"
#include "steer/unseen/unseen.h"
#include "steer/watch/watch.h"

static struct policy *load_file(const char *file)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(file, &report);

	conf_report_print(&report, stderr);
	conf_report_fini(&report);
	return policy;
}

/* What the rules will not see on this host, in the words of doctor. */
static void note_unseen(void *request, const char *next, const char *text)
{
	steer_note(request, "%s%s%s", text, next ? "; next: " : "", next ? next : "");
}

/* The plan of one file, with what `up` has to say about it. False: it was said why not. */
static bool plan_of(struct steer_request *request, const char *file, struct steer_plan *out)
{
	struct policy *policy = load_file(file);
	const char *bad_interface = NULL;
	bool up = strcmp(request->verb, "up") == 0;
	int err = policy ? steer_plan_build(policy, out, &bad_interface) : -EINVAL;

	if (err == -ENOMEM)
		fputs("naclctl steer: out of memory\n", stderr);
	if (bad_interface)
		fprintf(stderr,
			"naclctl steer: %s: interface name \"%s\" cannot be used in a ruleset; use "
			"letters, digits and _ - . @\n",
			file, bad_interface);
	if (!err && out->count == 0)
		fprintf(stderr, "naclctl steer: %s protects nothing: no ACL has an association\n",
			file);
	if (!err && up && policy->mode == POLICY_MONITOR && !out->bypass)
		steer_note(request, "mode is \"monitor\", but on_failure is \"drop\": while no "
				    "daemon listens every steered packet is dropped");
	if (!err && up)
		unseen_look(policy, note_unseen, request);
	policy_free(policy);
	return !err && out->count > 0;
}

/*
 * The plan of the file, or of the fallback where the file gives none: to be steered by what was
 * accepted last is safer than not to be steered at all.
 */
static bool load_plan(struct steer_request *request, struct steer_plan *out)
{
	if (plan_of(request, request->file, out))
		return true;
	steer_plan_fini(out);
	if (!request->fallback || strcmp(request->verb, "up") != 0 ||
	    !plan_of(request, request->fallback, out))
		return false;
	steer_note(request, "%s has errors: steering with %s instead", request->file,
		   request->fallback);
	return true;
}

static bool is_verb(const struct steer_request *request, const char *verb)
{
	return strcmp(request->verb, verb) == 0;
}

/* Is there such a verb, and do the options go with it? NACLCTL_OK, or said why not. */
static int check_verb(struct steer_request *request)
{
	const struct command *command = &command_steer;
	bool watch = is_verb(request, "watch");

	request->forced = request->backend_name;
	if (!watch && !is_verb(request, "up") && !is_verb(request, "down") &&
	    !is_verb(request, "show"))
		return options_refuse(command, "up, down, show or watch, not \"%s\"",
				      request->verb);
	if (request->forced && !steer_backend_parse(request->backend_name, &request->backend))
		return options_refuse(command,
				      "no backend \"%s\": nft, iptables-nft or iptables-legacy",
				      request->backend_name);
	if (watch && (request->forced || request->dry_run))
		return options_refuse(command, "watch takes neither --backend nor --dry-run: it "
					       "watches what `steer up` loaded");
	if (!watch && request->guard)
		return options_refuse(command, "--guard goes with watch");
	return NACLCTL_OK;
}

static int watch(const struct steer_request *request)
{
	const struct steer_watch_options options = {.file = request->file,
						    .fallback = request->fallback,
						    .restore = request->guard,
						    .json = request->json};

	return steer_watch(&options) ? NACLCTL_NO : NACLCTL_OK;
}

/* Not the end of the session that asks for it, unless that is meant. */
static bool may_load(const struct steer_request *request, const struct steer_plan *plan)
{
	if (request->dry_run || request->yes || plan->bypass || !unread_queues(plan) ||
	    !unread_over_ssh())
		return true;
	fputs("naclctl steer: nothing reads the queue, and on_failure is \"drop\": what is steered, "
	      "this ssh session perhaps, would be cut off; start nacld first, or add --yes\n",
	      stderr);
	return false;
}

static int carry_out(struct steer_request *request)
{
	struct steer_plan plan = {0};
	int status;

	if (is_verb(request, "down"))
		return steer_down(request);
	if (is_verb(request, "watch"))
		return watch(request);
	if (!load_plan(request, &plan))
		status = NACLCTL_USAGE;
	else if (!is_verb(request, "up"))
		status = steer_show(request, &plan);
	else
		status = may_load(request, &plan) ? steer_up(request, &plan) : NACLCTL_NO;
	steer_plan_fini(&plan);
	return status;
}

int steer_dispatch(struct steer_request *request)
{
	bool is_up = is_verb(request, "up");
	int status = check_verb(request), lock = -1;

	if (status != NACLCTL_OK)
		return status;
	/* Rules for a backend that was named are only text: everybody may see them. */
	if (!steer_may_administer() && !(is_up && request->dry_run && request->forced)) {
		fprintf(stderr, "naclctl steer: %s needs CAP_NET_ADMIN; run it as root (sudo)\n",
			request->verb);
		return NACLCTL_USAGE;
	}
	if (!request->dry_run && (is_up || is_verb(request, "down")) && steer_lock(&lock)) {
		fputs("naclctl steer: another naclctl is changing the steering: try again\n",
		      stderr);
		return NACLCTL_NO;
	}
	status = carry_out(request);
	steer_unlock(lock);
	return status;
}

static int steer_main(int argc, char **argv)
{
	struct steer_request request = {.file = PATHS_CONFIG, .socket_path = PATHS_SOCKET};
	int status = options_parse(&command_steer, argc, argv, &request);

	if (status >= 0)
		return status;
	if (optind == argc)
		return options_refuse(&command_steer, "up, down, show or watch?");
	request.verb = argv[optind];
	request.notes = json_array();
	status = steer_dispatch(&request);
	json_decref(request.notes);
	return status;
}

static const struct option_entry options[] = {
	COMMAND_FILE(struct steer_request, file, "the configuration (default: " PATHS_CONFIG ")"),
	{0, "fallback", "FILE",
	 "use this one where FILE has errors (up, watch): the last one nacld\n"
	 "accepted, so that a bad edit does not leave a host unfiltered",
	 offsetof(struct steer_request, fallback), OPTIONS_FILES},
	{0, "backend", "BACKEND",
	 "nft, iptables-nft or iptables-legacy (default: the first that works of\n"
	 "nft, the variant that this host's `iptables` is not, and that one)",
	 offsetof(struct steer_request, backend_name), "nft iptables-nft iptables-legacy"},
	{0, "guard", NULL, "also restore it (watch), as steering = \"guard\" in FILE does",
	 offsetof(struct steer_request, guard), NULL},
	COMMAND_JSON(struct steer_request, json),
	COMMAND_SOCKET(struct steer_request, socket_path),
	{0, "yes", NULL, "load it (up) over ssh too, where nothing reads the queue yet",
	 offsetof(struct steer_request, yes), NULL},
	{0, "dry-run", NULL, "print the rules, load nothing",
	 offsetof(struct steer_request, dry_run), NULL},
	{0},
};

const struct command command_steer = {
	.program = "naclctl",
	.name = "steer",
	.summary = "up, down, show or watch: the kernel rules that feed the queue",
	.synopsis = "up|down|show|watch [OPTION ...]",
	.about =
		"  up    load the kernel rules that bring packets to nacld\n"
		"  down  remove them, whichever backend loaded them\n"
		"  show  what is loaded, and whether it is what FILE says (exit 1: it is not)\n"
		"  watch keep running, and report when another program changes or removes what `up` loaded\n",
	.after = "Exit status: 0, 1 when it failed, or show finds nothing loaded or not what FILE\n"
		 "asks, 2 usage, a bad file or no permission.\n",
	.options = options,
	.operands = {"up down show watch", ""},
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = steer_main,
};
