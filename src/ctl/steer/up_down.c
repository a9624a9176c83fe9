/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `naclctl steer up` and `down`.
 *
 * `up` takes the first backend that works, tried for real, in the order of kernel/order.h. When the
 * same rules are loaded already nothing is changed. What another backend still holds is removed
 * only after the new rules are in: for a moment a packet may be filtered twice, which changes no
 * verdict, but at no moment does one pass unfiltered. `down` looks at every backend. Both note what
 * should be loaded from then on, for `steer watch`.
 */
#include "ctl/steer/cmd.h"
#include "ctl/steer/unread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/nfqueue_proc.h"

#include "common/paths.h"
#include "common/protocol.h"
#include "ctl/steer/fast.h"
#include "ctl/steer/output.h"
#include "steer/desired.h"
#include "steer/fastpath/fastpath.h"
#include "steer/load.h"
#include "steer/unseen/unseen.h"

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
 * For `steer watch`. Where /run cannot be written (a user namespace without a /run of its own)
 * there is no lock, and nothing that could watch.
 */
static void note_desired(struct steer_request *request, enum steer_backend backend,
			 const struct steer_rules *rules, const struct steer_rules *template)
{
	int err = steer_desired_save(backend, rules, template);

	if (err && err != -EACCES && err != -EPERM && err != -EROFS)
		steer_note(request,
			   "loaded, but it could not be noted in " PATHS_STEERING ": %s; `naclctl "
			   "steer watch` will take it for another program's change",
			   strerror(-err));
}

static int load(struct steer_request *request, const struct steer_plan *plan,
		enum steer_backend backend, bool *changed, char reason[static STEER_REASON_LEN])
{
	struct steer_rules rules, template = {0};
	int loaded = steer_load_plan(plan, backend, &rules, changed, reason);

	if (loaded < 0)
		return loaded;
	if (loaded == 1)
		steer_note(request, "this kernel has no iptables table `security`: outbound "
				    "packets are filtered before, not after, the host's own rules");
	/* Without memory for it the rules are only not followed by `steer watch`. */
	(void)steer_backend_template(backend, plan, loaded == 1 ? "mangle" : "security", &template);
	note_desired(request, backend, &rules, &template);
	steer_rules_fini(&rules);
	steer_rules_fini(&template);
	return 0;
}

/* Removes what a backend holds of ours. 0: nothing is left; *removed: something was there. */
static int unload(enum steer_backend backend, bool *removed, char reason[static STEER_REASON_LEN])
{
	const struct steer_rules none = {0};

	return steer_backend_apply(backend, &none, removed, reason);
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
			fprintf(stderr, "naclctl steer: %s rules could not be removed: %s\n",
				steer_backend_name(backend), reason);
			failures++;
		} else if (removed) {
			*changed = true;
			steer_note(request, "removed the %s rules%s", steer_backend_name(backend),
				   backend == STEER_NFT ? ""
							: "; the kernel's own chains they were "
							  "in stay, empty or as others filled "
							  "them");
		}
	}
	return failures ? NACLCTL_NO : NACLCTL_OK;
}

/* Does any program read all of the plan's queues? */
static bool has_reader(const struct steer_plan *plan)
{
	struct nfqueue_proc queue;
	int table = nfqueue_proc_open();
	bool all = true;

	if (table < 0)
		return table != -ENOENT; /* not known; without the file there are no queues */
	for (unsigned int i = plan->queue_first; i <= plan->queue_last; i++)
		all = all && nfqueue_proc_read(table, (uint16_t)i, &queue);
	close(table);
	return all;
}

/* Of flows that stay in a flowtable, past the rules that were just loaded. */
static void note_flow(void *request, const char *next, const char *text)
{
	steer_note(request, "%s; next: %s", text, next);
}

/* What an administrator would want to know before the session hangs. */
static void note_circumstances(struct steer_request *request, const struct steer_plan *plan,
			       enum steer_backend backend)
{
	bool reader = has_reader(plan);

	if (steer_backend_families(backend) == 1 && backend != STEER_NFT)
		steer_note(request, "this kernel has no IPv6: the rules are loaded for IPv4 alone");
	unseen_recall_flows(note_flow, request);
	if (!reader && plan->bypass)
		steer_note(request, "nothing reads the queue now: packets pass unfiltered until "
				    "nacld runs");
	if (!reader && !plan->bypass)
		steer_note(request,
			   "nothing reads the queue now: packets are dropped until nacld runs%s",
			   getenv("SSH_CONNECTION") ? ", those of this ssh session among them "
						      "(naclctl steer down opens the host again)"
						    : "");
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
	snprintf(message, sizeof(message), "steering is up (%s)%s: %s; %s packets %s",
		 steer_backend_name(backend), changed ? "" : ", nothing to change", queues,
		 unread_queues(plan) ? "NOTHING READS IT NOW, until nacld starts"
				     : "while no daemon listens",
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

static int dry_up(struct steer_request *request, struct steer_plan *plan)
{
	enum steer_backend order[STEER_BACKENDS];

	fast_order(plan, order);
	for (int i = 0; i < STEER_BACKENDS; i++) {
		enum steer_backend backend = order[i];
		struct steer_rules rules;
		int status;

		/* By name there is nothing to find out: works without privileges and tools. */
		if (request->forced ? backend != request->backend : !candidate(request, backend))
			continue;
		fast_look(plan, backend);
		if (steer_backend_render(backend, plan, "security", &rules))
			break;
		status = print_dry(request, backend, &rules);
		steer_rules_fini(&rules);
		return status;
	}
	fputs("naclctl steer: found no way to steer packets\n", stderr);
	return NACLCTL_NO;
}

/* A kernel may refuse the rules that ask the filter and take those that queue. */
static int load_fast_or_not(struct steer_request *request, struct steer_plan *plan,
			    enum steer_backend backend, bool *changed,
			    char reason[static STEER_REASON_LEN])
{
	int err;

	fast_prepare(request, plan, backend);
	err = load(request, plan, backend, changed, reason);
	if (!err || !plan->fast_folder[0])
		return err;
	steer_note(request, "fast_path: %s: every packet goes through the queue", reason);
	plan->fast_folder[0] = '\0';
	return load(request, plan, backend, changed, reason);
}

int steer_up(struct steer_request *request, struct steer_plan *plan)
{
	enum steer_backend order[STEER_BACKENDS];
	char reason[STEER_REASON_LEN];

	if (request->dry_run)
		return dry_up(request, plan);
	fast_order(plan, order);
	for (int i = 0; i < STEER_BACKENDS; i++) {
		enum steer_backend backend = order[i];
		bool changed = false;

		if (!candidate(request, backend))
			continue;
		if (load_fast_or_not(request, plan, backend, &changed, reason)) {
			steer_note(request, "%s: %s", steer_backend_name(backend), reason);
			continue;
		}
		if (unload_all_but(request, backend, &changed))
			return NACLCTL_NO;
		fast_finish(request, plan);
		note_circumstances(request, plan, backend);
		return report_up(request, plan, backend, changed);
	}
	finish(request, "failed", STEER_BACKENDS, false, NULL);
	fputs("naclctl steer: steering could not be loaded; what was loaded before is unchanged\n",
	      stderr);
	return NACLCTL_NO;
}

static int dry_down(struct steer_request *request)
{
	char reason[STEER_REASON_LEN];

	for (int i = 0; i < STEER_BACKENDS; i++) {
		struct steer_rules rules;

		if (steer_backend_read((enum steer_backend)i, &rules, reason)) {
			steer_note(request, "%s: %s", steer_backend_name((enum steer_backend)i),
				   reason);
			continue;
		}
		if (!steer_rules_empty(&rules))
			steer_note(request, "would remove the %s rules",
				   steer_backend_name((enum steer_backend)i));
		steer_rules_fini(&rules);
	}
	return finish(request, "unchanged", STEER_BACKENDS, false, "nothing was changed");
}

int steer_down(struct steer_request *request)
{
	bool changed = false;

	if (request->dry_run)
		return dry_down(request);
	/* First, so that `steer watch` never takes what follows for another program's change. */
	if (steer_desired_clear())
		steer_note(request,
			   PATHS_STEERING " could not be cleared: a running `naclctl steer "
					  "watch` may take this for another program's change");
	if (unload_all_but(request, STEER_BACKENDS, &changed))
		return NACLCTL_NO;
	if (fastpath_remove(NULL))
		steer_note(request, "the pins of the fast path's filter could not be removed");
	return finish(request, "down", STEER_BACKENDS, changed,
		      changed ? "steering is down" : "steering is down; nothing was loaded");
}
