/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `naclctl steer up|down|show|watch`: the kernel rules that feed the queue. The daemon never
 * touches them, and a reload of the ACLs needs none: so they are a command of their own. This file
 * reads the command line and the configuration; steer_load.c loads and removes, steer_show.c
 * compares, steer_watch.c stays.
 */
#include "ctl/steer/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/paths.h"
#include "common/protocol.h"
#include "ctl/command.h"
#include "steer/watch/watch.h"
#include "conf/conf.h"

static void usage(FILE *to)
{
	fprintf(to,
		"usage: naclctl steer up|down|show|watch [-f FILE] [--fallback FILE]\n"
		"                     [--backend BACKEND] [--guard] [--json] [--dry-run]\n"
		"\n"
		"  up    load the kernel rules that bring packets to nacld\n"
		"  down  remove them, whichever backend loaded them\n"
		"  show  what is loaded, and whether it is what FILE asks (exit 1: it is not)\n"
		"  watch stay, and tell when somebody else changes or removes what `up` loaded\n"
		"\n"
		"  -f, --file FILE    the configuration (default: %s)\n"
		"  --fallback FILE    use this one where FILE has errors (up, watch): the last one nacld\n"
		"                     accepted, so that a bad edit does not leave a host unfiltered\n"
		"  --backend BACKEND  nft, iptables-nft or iptables-legacy (default: the first that "
		"works)\n"
		"  --guard            also put it back (watch), as steering = \"guard\" in FILE asks\n"
		"  --json             for programs\n"
		"  --dry-run          print the rules, load nothing\n",
		PATHS_CONFIG);
}

void steer_note(struct steer_request *request, const char *format, ...)
{
	char text[STEER_REASON_LEN + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(request->notes, json_string(text));
	if (!request->json)
		fprintf(stderr, "%s\n", text);
}

static const char *family_heading(enum steer_backend backend, int family)
{
	if (backend == STEER_NFT)
		return "inet";
	return family == 0 ? "ipv4" : "ipv6";
}

void steer_print_rules(enum steer_backend backend, const struct steer_rules *rules)
{
	for (int i = 0; i < 2; i++)
		if (rules->text[i] && *rules->text[i])
			printf("\n# %s, %s\n%s", steer_backend_name(backend),
			       family_heading(backend, i), rules->text[i]);
}

json_t *steer_json_rules(enum steer_backend backend, const struct steer_rules *rules)
{
	json_t *object = json_object();

	for (int i = 0; i < 2; i++)
		if (rules->text[i])
			json_object_set_new(object, family_heading(backend, i),
					    json_string(rules->text[i]));
	return object;
}

bool steer_may_administer(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

static struct policy *load_file(const char *file)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(file, &report);

	conf_report_print(&report, stderr);
	conf_report_fini(&report);
	return policy;
}

/*
 * The file's policy, or the fallback's: to be steered by what was accepted last is safer than not
 * to be steered at all.
 */
static struct policy *load_policy(struct steer_request *request)
{
	struct policy *policy = load_file(request->file);

	if (policy || !request->fallback || strcmp(request->verb, "up") != 0)
		return policy;
	policy = load_file(request->fallback);
	if (policy)
		steer_note(request, "%s has errors: steering by %s instead", request->file,
			   request->fallback);
	return policy;
}

/*
 * A name may be that of an interface to come, or misspelt: then nothing is judged, and nothing else
 * says so.
 */
static void note_missing_interfaces(struct steer_request *request, const struct policy *policy)
{
	for (size_t i = 0; i < policy->host.interface_count; i++)
		if (if_nametoindex(policy->host.interfaces[i]) == 0)
			steer_note(
				request,
				"no interface \"%s\" now: its packets are judged once it is there",
				policy->host.interfaces[i]);
}

/* The plan of the configuration file. False: the file cannot be used, and it was said why. */
static bool load_plan(struct steer_request *request, struct steer_plan *out)
{
	struct policy *policy = load_policy(request);
	const char *bad_interface = NULL;
	int err = -EINVAL;

	if (policy)
		err = steer_plan_build(policy, out, &bad_interface);
	if (err == -ENOMEM)
		fputs("naclctl: out of memory\n", stderr);
	if (bad_interface)
		fprintf(stderr,
			"naclctl: %s: interface name \"%s\" cannot stand in a ruleset; use letters, "
			"digits and _ - . @\n",
			request->file, bad_interface);
	if (!err && strcmp(request->verb, "up") == 0 && policy->mode == POLICY_MONITOR &&
	    !out->bypass)
		steer_note(request, "mode is \"monitor\", but on_failure is \"drop\": while no "
				    "daemon listens every steered packet is dropped");
	if (!err && strcmp(request->verb, "up") == 0)
		note_missing_interfaces(request, policy);
	policy_free(policy);
	if (err || out->count > 0)
		return err == 0;
	fprintf(stderr,
		"naclctl: %s protects nothing: no ACL has an association with the host or a "
		"subnet\n",
		request->file);
	return false;
}

/* 0, or the exit status of a command line that is wrong or asked for help. */
static int parse(int argc, char **argv, struct steer_request *request, bool *help)
{
	enum { OPT_BACKEND = 256, OPT_FALLBACK, OPT_GUARD, OPT_JSON, OPT_DRY_RUN };
	static const struct option options[] = {
		{"file", required_argument, NULL, 'f'},
		{"fallback", required_argument, NULL, OPT_FALLBACK},
		{"backend", required_argument, NULL, OPT_BACKEND},
		{"guard", no_argument, NULL, OPT_GUARD},
		{"json", no_argument, NULL, OPT_JSON},
		{"dry-run", no_argument, NULL, OPT_DRY_RUN},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "f:h", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			request->file = optarg;
			break;
		case OPT_BACKEND:
			request->forced = true;
			if (steer_backend_parse(optarg, &request->backend))
				break;
			fprintf(stderr,
				"naclctl: no backend \"%s\": nft, iptables-nft or iptables-legacy\n",
				optarg);
			return NACLCTL_USAGE;
		case OPT_FALLBACK:
			request->fallback = optarg;
			break;
		case OPT_GUARD:
			request->guard = true;
			break;
		case OPT_JSON:
			request->json = true;
			break;
		case OPT_DRY_RUN:
			request->dry_run = true;
			break;
		case 'h':
			*help = true;
			return NACLCTL_OK;
		default:
			return NACLCTL_USAGE;
		}
	}
	if (argc - optind != 1) {
		fputs("naclctl: steer takes one of up, down, show and watch\n", stderr);
		return NACLCTL_USAGE;
	}
	request->verb = argv[optind];
	return NACLCTL_OK;
}

static bool is_verb(const struct steer_request *request, const char *verb)
{
	return strcmp(request->verb, verb) == 0;
}

/* Is there such a verb, and do the options go with it? Says so where not. */
static bool makes_sense(const struct steer_request *request)
{
	bool watch = is_verb(request, "watch");

	if (!watch && !is_verb(request, "up") && !is_verb(request, "down") &&
	    !is_verb(request, "show")) {
		fprintf(stderr, "naclctl: steer takes up, down, show or watch, not \"%s\"\n",
			request->verb);
		return false;
	}
	if (watch && (request->forced || request->dry_run)) {
		fputs("naclctl: steer watch takes neither --backend nor --dry-run: it watches what "
		      "`steer up` loaded\n",
		      stderr);
		return false;
	}
	if (!watch && request->guard) {
		fputs("naclctl: --guard goes with steer watch\n", stderr);
		return false;
	}
	return true;
}

static int carry_out(struct steer_request *request)
{
	struct steer_plan plan = {0};
	int status = NACLCTL_USAGE;

	if (is_verb(request, "down"))
		return steer_down(request);
	if (is_verb(request, "watch"))
		return steer_watch(request);
	if (load_plan(request, &plan))
		status = is_verb(request, "up") ? steer_up(request, &plan)
						: steer_show(request, &plan);
	steer_plan_fini(&plan);
	return status;
}

static int dispatch(struct steer_request *request)
{
	bool is_up = is_verb(request, "up");
	int status, lock = -1;

	if (!makes_sense(request))
		return NACLCTL_USAGE;
	/* Rules for a backend that was named are only text: everybody may see them. */
	if (!steer_may_administer() && !(is_up && request->dry_run && request->forced)) {
		fprintf(stderr, "naclctl: steer %s needs CAP_NET_ADMIN; run it as root (sudo)\n",
			request->verb);
		return NACLCTL_USAGE;
	}
	if (!request->dry_run && (is_up || is_verb(request, "down")) && steer_lock(&lock)) {
		fputs("naclctl: another naclctl is changing the steering: try again\n", stderr);
		return NACLCTL_NO;
	}
	status = carry_out(request);
	steer_unlock(lock);
	return status;
}

int cmd_steer(int argc, char **argv)
{
	struct steer_request request = {.file = PATHS_CONFIG};
	bool help = false;
	int status = parse(argc, argv, &request, &help);

	if (help) {
		usage(stdout);
		return NACLCTL_OK;
	}
	if (status != NACLCTL_OK) {
		usage(stderr);
		return status;
	}
	request.notes = json_array();
	status = dispatch(&request);
	json_decref(request.notes);
	return status;
}
