/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `naclctl steer up|down|show`: the kernel rules that feed the queue. The daemon never touches them,
 * and a reload of the ACLs needs none: so they are a command of their own.
 *
 * `up` takes the first backend that works, tried for real: nft, iptables-nft, iptables-legacy. When
 * the same rules are loaded already nothing is changed. What another backend still holds is removed
 * only after the new rules are in: for a moment a packet may be judged twice, which changes no
 * verdict, but at no moment does one pass unjudged. `down` looks at every backend.
 */
#include "ctl/steer.h"

#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/protocol.h"
#include "ctl/command.h"
#include "format/conf.h"

static void usage(FILE *to)
{
	fprintf(to,
		"usage: naclctl steer up|down|show [-f FILE] [--backend BACKEND] [--json] "
		"[--dry-run]\n"
		"\n"
		"  up    load the kernel rules that bring packets to nacld\n"
		"  down  remove them, whichever backend loaded them\n"
		"  show  what is loaded, and whether it is what FILE asks (exit 1: it is not)\n"
		"\n"
		"  -f, --file FILE    the configuration (default: %s)\n"
		"  --backend BACKEND  nft, iptables-nft or iptables-legacy (default: the first that "
		"works)\n"
		"  --json             for programs\n"
		"  --dry-run          print the rules, load nothing\n",
		PROTOCOL_CONFIG_DEFAULT);
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

static bool may_administer(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective & CAP_TO_MASK(CAP_NET_ADMIN);
}

/* The end of a command: the one line a person reads (NULL: none), or the object a program does. */
static int finish(struct steer_request *request, const char *state, enum steer_backend backend,
		  bool changed, const char *message)
{
	json_t *root;

	if (!request->json) {
		if (message)
			puts(message);
		return NACLCTL_OK;
	}
	root = json_pack("{s:s, s:s?, s:b, s:O}", "steering", state, "backend",
			 backend < STEER_BACKENDS ? steer_backend_name(backend) : NULL, "changed",
			 changed, "notes", request->notes);
	if (root)
		json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
	return NACLCTL_OK;
}

static int print_dry(struct steer_request *request, enum steer_backend backend,
		     const struct steer_rules *rules)
{
	json_t *root;

	if (!request->json) {
		printf("would load through %s:\n", steer_backend_name(backend));
		steer_print_rules(backend, rules);
		return NACLCTL_OK;
	}
	root = json_pack("{s:s, s:O, s:o}", "backend", steer_backend_name(backend), "notes",
			 request->notes, "rules", steer_json_rules(backend, rules));
	if (root)
		json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
	return NACLCTL_OK;
}

/*
 * Loads the plan through one backend. iptables-legacy has a table `security` only where the kernel
 * was built with it. Without, outbound packets are queued in mangle, before the host's own outbound
 * rules: what passes both passes in either order, and an unjudged host would be worse.
 */
static int load(struct steer_request *request, const struct steer_plan *plan,
		enum steer_backend backend, bool *changed, char reason[static STEER_REASON_LEN])
{
	static const char *const tables[] = {"security", "mangle"};
	int tables_to_try = backend == STEER_IPTABLES_LEGACY ? 2 : 1;
	int err = 0;

	for (int i = 0; i < tables_to_try; i++) {
		struct steer_rules rules;

		err = steer_backend_render(backend, plan, tables[i], &rules);
		if (err) {
			snprintf(reason, STEER_REASON_LEN, "out of memory");
			return err;
		}
		err = steer_backend_apply(backend, &rules, changed, reason);
		steer_rules_fini(&rules);
		if (!err && i == 1)
			steer_note(request, "this kernel has no iptables table `security`: "
					    "outbound packets are judged before, not after, the "
					    "host's own rules");
		if (!err || !strstr(reason, "'security'"))
			break;
	}
	return err;
}

/* Removes what a backend holds of ours. 0: nothing is left; *removed: something was there. */
static int unload(enum steer_backend backend, bool *removed, char reason[static STEER_REASON_LEN])
{
	struct steer_rules loaded, none = {0};
	int err;

	*removed = false;
	/* What cannot be read cannot have been loaded: the kernel lacks it, or the tool does. */
	if (steer_backend_read(backend, &loaded, reason))
		return 0;
	if (steer_rules_empty(&loaded))
		err = 0;
	else
		err = steer_backend_apply(backend, &none, removed, reason);
	steer_rules_fini(&loaded);
	return err;
}

/* Everything of ours out of the kernel but what `keep` holds (STEER_BACKENDS: keep none). */
static int unload_all_but(struct steer_request *request, enum steer_backend keep, bool *changed)
{
	char reason[STEER_REASON_LEN];
	int failures = 0;

	for (int i = 0; i < STEER_BACKENDS; i++) {
		enum steer_backend backend = (enum steer_backend)i;
		bool removed;

		if (backend == keep)
			continue;
		if (unload(backend, &removed, reason)) {
			fprintf(stderr, "naclctl: %s rules could not be removed: %s\n",
				steer_backend_name(backend), reason);
			failures++;
		} else if (removed) {
			*changed = true;
			steer_note(request, "removed the %s rules%s", steer_backend_name(backend),
				   backend == STEER_NFT ? ""
							: "; the kernel's own chains they stood "
							  "in stay, empty or as others filled "
							  "them");
		}
	}
	return failures ? NACLCTL_NO : NACLCTL_OK;
}

static int report_up(struct steer_request *request, const struct steer_plan *plan,
		     enum steer_backend backend, bool changed)
{
	char message[256];
	char queues[32];

	if (plan->queue_first == plan->queue_last)
		snprintf(queues, sizeof(queues), "queue %u", plan->queue_first);
	else
		snprintf(queues, sizeof(queues), "queues %u-%u", plan->queue_first,
			 plan->queue_last);
	snprintf(message, sizeof(message),
		 "steering is up (%s)%s: %s; while no daemon listens packets %s",
		 steer_backend_name(backend), changed ? "" : ", nothing to change", queues,
		 plan->bypass ? "pass" : "are dropped");
	return finish(request, "up", backend, changed, message);
}

/* Why a backend is passed over; printed as it happens, so that the last word is the choice. */
static bool candidate(struct steer_request *request, enum steer_backend backend)
{
	char reason[STEER_REASON_LEN];

	if (request->forced && backend != request->backend)
		return false;
	if (steer_backend_installed(backend, reason) &&
	    (steer_backend_usable(backend, reason) || (request->forced && request->dry_run)))
		return true;
	steer_note(request, "%s: %s", steer_backend_name(backend), reason);
	return false;
}

static int dry_up(struct steer_request *request, const struct steer_plan *plan)
{
	for (int i = 0; i < STEER_BACKENDS; i++) {
		enum steer_backend backend = (enum steer_backend)i;
		struct steer_rules rules;
		int status;

		/* By name there is nothing to find out: works without privileges and tools. */
		if (request->forced ? backend != request->backend : !candidate(request, backend))
			continue;
		if (steer_backend_render(backend, plan, "security", &rules))
			break;
		status = print_dry(request, backend, &rules);
		steer_rules_fini(&rules);
		return status;
	}
	fputs("naclctl: no way to steer packets found\n", stderr);
	return NACLCTL_NO;
}

static int up(struct steer_request *request, const struct steer_plan *plan)
{
	char reason[STEER_REASON_LEN];

	if (request->dry_run)
		return dry_up(request, plan);
	for (int i = 0; i < STEER_BACKENDS; i++) {
		enum steer_backend backend = (enum steer_backend)i;
		bool changed;

		if (!candidate(request, backend))
			continue;
		if (load(request, plan, backend, &changed, reason)) {
			steer_note(request, "%s: %s", steer_backend_name(backend), reason);
			continue;
		}
		if (unload_all_but(request, backend, &changed))
			return NACLCTL_NO;
		return report_up(request, plan, backend, changed);
	}
	finish(request, "failed", STEER_BACKENDS, false, NULL);
	fputs("naclctl: steering could not be loaded; what was loaded before is unchanged\n",
	      stderr);
	return NACLCTL_NO;
}

static int dry_down(struct steer_request *request)
{
	char reason[STEER_REASON_LEN];

	for (int i = 0; i < STEER_BACKENDS; i++) {
		struct steer_rules rules;

		if (steer_backend_read((enum steer_backend)i, &rules, reason))
			continue;
		if (!steer_rules_empty(&rules))
			steer_note(request, "would remove the %s rules",
				   steer_backend_name((enum steer_backend)i));
		steer_rules_fini(&rules);
	}
	return finish(request, "unchanged", STEER_BACKENDS, false, "nothing was changed");
}

static int down(struct steer_request *request)
{
	bool changed = false;

	if (request->dry_run)
		return dry_down(request);
	if (unload_all_but(request, STEER_BACKENDS, &changed))
		return NACLCTL_NO;
	return finish(request, "down", STEER_BACKENDS, changed,
		      changed ? "steering is down" : "steering is down; nothing was loaded");
}

/* The plan of the configuration file. False: the file cannot be used, and it was said why. */
static bool load_plan(struct steer_request *request, struct steer_plan *out)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(request->file, &report);
	const char *bad_interface = NULL;
	int err = -EINVAL;

	conf_report_print(&report, stderr);
	conf_report_fini(&report);
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
	enum { OPT_BACKEND = 256, OPT_JSON, OPT_DRY_RUN };
	static const struct option options[] = {
		{"file", required_argument, NULL, 'f'},
		{"backend", required_argument, NULL, OPT_BACKEND},
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
		fputs("naclctl: steer takes one of up, down and show\n", stderr);
		return NACLCTL_USAGE;
	}
	request->verb = argv[optind];
	return NACLCTL_OK;
}

static int dispatch(struct steer_request *request)
{
	struct steer_plan plan = {0};
	int status = NACLCTL_USAGE;
	bool is_up = strcmp(request->verb, "up") == 0;

	if (!is_up && strcmp(request->verb, "down") != 0 && strcmp(request->verb, "show") != 0) {
		fprintf(stderr, "naclctl: steer takes up, down or show, not \"%s\"\n",
			request->verb);
		return NACLCTL_USAGE;
	}
	/* Rules for a backend that was named are only text: everybody may see them. */
	if (!may_administer() && !(is_up && request->dry_run && request->forced)) {
		fprintf(stderr, "naclctl: steer %s needs CAP_NET_ADMIN; run it as root (sudo)\n",
			request->verb);
		return NACLCTL_USAGE;
	}
	if (strcmp(request->verb, "down") == 0)
		return down(request);
	if (load_plan(request, &plan))
		status = is_up ? up(request, &plan) : steer_show(request, &plan);
	steer_plan_fini(&plan);
	return status;
}

int cmd_steer(int argc, char **argv)
{
	struct steer_request request = {.file = PROTOCOL_CONFIG_DEFAULT};
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
