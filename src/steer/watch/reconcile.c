/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look of the watcher: what is loaded beside what the last `steer up` noted (steer/desired.h),
 * what to say about it, and whether to put it back.
 *
 * After `steer down` there is nothing to compare with, so neither a stop of the service nor an
 * administrator's `down` is ever undone. The ruleset is read under the lock that `up` and `down`
 * hold, so no half-done change is looked at.
 *
 * The same damage is reported once, not at every look. With "guard" rules are restored by the
 * loader of `steer up`, at the rate of ratelimit.h: a program that keeps removing them is named
 * once a minute. What was restored is read again: a repair is claimed only when it is one.
 */
#include "steer/watch/reconcile.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alarm.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"
#include "conf/conf.h"
#include "steer/lock.h"

#define RETRY_MS 1000

_Static_assert(STEER_REASON_LEN == STEER_DIFF_LEN, "either may be the alarm that was told");

/* The entry of the journal's catalog; NULL: none. */
static const char *alarm_id(const char *event)
{
	if (strcmp(event, "gone") == 0 || strcmp(event, "changed") == 0)
		return ALARM_STEERING_LOST;
	return strcmp(event, "contested") == 0 ? ALARM_STEERING_CONTESTED : NULL;
}

/* One thing that happened: a line of the log, or with --json an object a line. */
__attribute__((format(printf, 4, 5))) static void tell(struct steer_reconciler *reconciler,
						       void (*log)(const char *, ...),
						       const char *event, const char *format, ...)
{
	const char *backend = steer_backend_name(reconciler->desired.backend);
	char text[STEER_DIFF_LEN + STEER_REASON_LEN];
	json_t *line;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!reconciler->options->json) {
		if (alarm_id(event))
			alarm_raise(alarm_id(event), "%s", text);
		else
			log("%s", text);
		return;
	}
	line = json_pack("{s:s, s:s, s:s, s:s}", "event", event, "backend", backend, "by",
			 reconciler->by, "message", text);
	if (line)
		json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(line);
}

static bool mode_of(const char *file, bool *restores)
{
	struct conf_report report = {0};
	struct policy *policy = file ? conf_load(file, &report) : NULL;

	conf_report_fini(&report);
	if (!policy)
		return false;
	*restores = policy->steering == POLICY_GUARD;
	policy_free(policy);
	return true;
}

/* By the file as it is now; with errors in it, by the fallback, or else as before. */
static bool may_restore(struct steer_reconciler *reconciler)
{
	if (reconciler->options->restore)
		return true;
	if (!mode_of(reconciler->options->file, &reconciler->restores))
		mode_of(reconciler->options->fallback, &reconciler->restores);
	return reconciler->restores;
}

/* From here on what changes is news. */
static void legacy_seen(struct steer_reconciler *reconciler)
{
	if (steer_reconcile_must_ask(reconciler))
		legacy_poll_changed(&reconciler->legacy, &reconciler->desired.rules);
}

static void become_whole(struct steer_reconciler *reconciler)
{
	const char *backend = steer_backend_name(reconciler->desired.backend);
	char status[64];

	if (reconciler->condition == CONDITION_BROKEN)
		tell(reconciler, log_info, "whole", "steering is complete again (%s)", backend);
	else if (reconciler->condition != CONDITION_WHOLE)
		tell(reconciler, log_info, "watching", "watching the steering (%s)", backend);
	reconciler->condition = CONDITION_WHOLE;
	reconciler->alarm[0] = '\0';
	snprintf(status, sizeof(status), "STATUS=complete (%s)", backend);
	notify(status);
}

/*
 * Rules of ours in nftables that `steer up` did not load: another program saved them while it had,
 * and restored them (netfilter-persistent, nftables.service). Their names, or NULL.
 */
static const char *find_stray(void)
{
	char reason[STEER_REASON_LEN], *kernel;

	for (int i = 0; i < STEER_BACKENDS; i++) {
		enum steer_backend backend = (enum steer_backend)i;
		bool there;

		if (steer_backend_kernel(backend, &kernel, reason))
			continue;
		there = *kernel;
		free(kernel);
		if (there)
			return steer_backend_name(backend);
	}
	return NULL;
}

static void become_down(struct steer_reconciler *reconciler)
{
	const char *stray = find_stray();
	enum steer_condition condition = stray ? CONDITION_STRAY : CONDITION_DOWN;

	if (stray && reconciler->condition != condition)
		tell(reconciler, log_error, "stray",
		     "steering is down, but %s rules of nacld's are loaded, that another program has "
		     "restored: without nacld they drop or pass everything. To use them: naclctl "
		     "steer up; to remove them: naclctl steer down",
		     stray);
	if (!stray && reconciler->condition != condition)
		tell(reconciler, log_info, "down",
		     "steering is down: nothing to watch until `naclctl steer up`");
	reconciler->condition = condition;
	reconciler->alarm[0] = '\0';
	notify(stray ? "STATUS=STEERING THAT WAS NOT LOADED BY STEER UP"
		     : "STATUS=steering is down");
}

/* What differs, or that it cannot be told. */
static void find_words(struct steer_reconciler *reconciler, const struct steer_rules *have,
		       const char *unreadable, char words[static STEER_DIFF_LEN])
{
	if (unreadable)
		snprintf(words, STEER_DIFF_LEN, "%s", unreadable);
	else
		steer_diff_words(have, &reconciler->desired.rules, words);
}

/* Says what is wrong, once for each thing that is. `unreadable`: why `have` is not known. */
static void raise_alarm(struct steer_reconciler *reconciler, const struct steer_rules *have,
			const char *unreadable, bool restores)
{
	const char *backend = steer_backend_name(reconciler->desired.backend);
	const char *next = restores ? "" : ". To reload them: naclctl steer up";
	char words[STEER_DIFF_LEN], by[64] = "";

	find_words(reconciler, have, unreadable, words);
	if (reconciler->condition == CONDITION_BROKEN && strcmp(words, reconciler->alarm) == 0)
		return;
	reconciler->condition = CONDITION_BROKEN;
	memcpy(reconciler->alarm, words, sizeof(reconciler->alarm));
	if (reconciler->by[0])
		snprintf(by, sizeof(by), " by %s", reconciler->by);
	if (!unreadable && steer_rules_empty(have))
		tell(reconciler, log_error, "gone",
		     "STEERING IS GONE: its %s rules were removed%s; no packet reaches nacld, "
		     "nothing is filtered%s",
		     backend, by, next);
	else
		tell(reconciler, log_error, "changed",
		     "STEERING IS INCOMPLETE: its %s rules were changed%s: %s%s", backend, by,
		     words, next);
	notify("STATUS=STEERING IS INCOMPLETE");
}

/*
 * Is what is loaded what should be? By the kernel alone where it tells: no tool is run, and what
 * others put into the same tables does not matter. -errno: it is not known, reason says why.
 */
static int is_whole(struct steer_reconciler *reconciler, struct steer_rules *have,
		    char reason[static STEER_REASON_LEN])
{
	const struct steer_desired *desired = &reconciler->desired;
	int err = -ENOTSUP;

	*have = (struct steer_rules){0};
	if (desired->rules.kernel)
		err = steer_backend_kernel(desired->backend, &have->kernel, reason);
	if (err == -ENOTSUP)
		err = steer_backend_read(desired->backend, have, reason);
	return err ? err : steer_rules_equal(have, &desired->rules);
}

/*
 * The pins by which rules name the accept filter are gone: without those rules the queue has it
 * all, and that is better than no rules. What should be loaded is that from then on.
 */
static int load_without_filter(struct steer_reconciler *reconciler, bool *changed,
			       char reason[static STEER_REASON_LEN])
{
	struct steer_desired *desired = &reconciler->desired;
	char why[STEER_REASON_LEN];
	int err;

	memcpy(why, reason, sizeof(why));
	steer_rules_drop_filter(&desired->template);
	err = steer_backend_apply(desired->backend, &desired->rules, changed, reason);
	if (err)
		return err;
	(void)steer_backend_kernel(desired->backend, &desired->rules.kernel, reason);
	tell(reconciler, log_warning, "slow",
	     "restored without the fast path, whose filter is not there any more (%s); every packet "
	     "goes through the queue. To load it again: naclctl steer up",
	     why);
	return steer_desired_save(desired->backend, &desired->rules, &desired->template);
}

/* Loads what should be there. False: it did not work, and that was said. */
static bool load_again(struct steer_reconciler *reconciler)
{
	struct steer_rules now = {0};
	char reason[STEER_REASON_LEN];
	bool changed;
	int err;

	err = steer_backend_apply(reconciler->desired.backend, &reconciler->desired.rules, &changed,
				  reason);
	if (err && steer_rules_drop_filter(&reconciler->desired.rules))
		err = load_without_filter(reconciler, &changed, reason);
	legacy_seen(reconciler); /* else the same removal a moment later would look like none */
	if (!err)
		err = is_whole(reconciler, &now, reason);
	steer_rules_fini(&now);
	if (err < 0)
		tell(reconciler, log_error, "failed", "steering could not be restored: %s", reason);
	if (err == 0)
		tell(reconciler, log_error, "failed",
		     "steering was restored, but is not as it was loaded: does another program "
		     "write to the same chains?");
	return err > 0;
}

/*
 * Another program removes what is restored, again and again: that is said once a minute, with its
 * name. The rules are restored all the same.
 */
static void report_contest(struct steer_reconciler *reconciler, int64_t now)
{
	char by[64] = "another program: which?";

	if (!steer_ratelimit_busy(&reconciler->limit, now) || now < reconciler->contest_ms)
		return;
	reconciler->contest_ms = now + STEER_RATELIMIT_MS;
	if (reconciler->by[0])
		snprintf(by, sizeof(by), "%s", reconciler->by);
	tell(reconciler, log_error, "contested",
	     "steering was removed %d times within %d s, and is restored each time; each time packets "
	     "pass for a moment. It was removed by %s",
	     STEER_RATELIMIT_COUNT, STEER_RATELIMIT_MS / 1000, by);
}

/* Returns when to try again, or STEER_NEVER. */
static int64_t put_back(struct steer_reconciler *reconciler, int64_t changed_ms)
{
	int64_t now = clock_monotonic_ms();
	char after[48] = "";

	if (!steer_ratelimit_take(&reconciler->limit, now))
		return steer_ratelimit_next(&reconciler->limit, now);
	report_contest(reconciler, now);
	if (!load_again(reconciler))
		return now + RETRY_MS;
	if (changed_ms != STEER_NEVER)
		snprintf(after, sizeof(after), ", %lld ms after the change was noticed",
			 (long long)(clock_monotonic_ms() - changed_ms));
	tell(reconciler, log_warning, "restored", "steering was restored (%s)%s",
	     steer_backend_name(reconciler->desired.backend), after);
	reconciler->condition = CONDITION_WHOLE;
	reconciler->alarm[0] = '\0';
	notify("STATUS=complete, was restored");
	return STEER_NEVER;
}

/* Not known at all: said once, and asked again. */
static int64_t become_unknown(struct steer_reconciler *reconciler,
			      char reason[static STEER_REASON_LEN])
{
	if (strcmp(reason, reconciler->alarm) != 0)
		tell(reconciler, log_error, "failed", "steering cannot be read: %s", reason);
	reconciler->condition = CONDITION_UNKNOWN;
	memcpy(reconciler->alarm, reason, sizeof(reconciler->alarm));
	return clock_monotonic_ms() + RETRY_MS;
}

/* The kernel beside what should be there; the lock is held. Returns when to look again. */
static int64_t compare(struct steer_reconciler *reconciler, int64_t changed_ms)
{
	enum steer_backend backend = reconciler->desired.backend;
	struct steer_rules have;
	char reason[STEER_REASON_LEN];
	int64_t again_ms = STEER_NEVER;
	int whole = is_whole(reconciler, &have, reason), err = 0;

	if (whole < 0)
		return become_unknown(reconciler, reason);
	if (whole) {
		become_whole(reconciler);
	} else {
		bool restores = may_restore(reconciler);

		if (have.kernel && *have.kernel && backend != STEER_IPTABLES_LEGACY) {
			steer_rules_fini(&have);
			err = steer_backend_read(backend, &have, reason);
		}
		raise_alarm(reconciler, &have, err ? reason : NULL, restores);
		if (restores)
			again_ms = put_back(reconciler, changed_ms);
	}
	if (!err)
		steer_rules_fini(&have);
	return again_ms;
}

bool steer_reconcile_routes_moved(const struct steer_reconciler *reconciler)
{
	struct steer_rules now;
	bool moved;

	if (!steer_follows_routes(&reconciler->desired.template) ||
	    steer_backend_expand(&reconciler->desired.template, &now))
		return false;
	moved = !steer_rules_equal(&now, &reconciler->desired.rules);
	steer_rules_fini(&now);
	return moved;
}

/* Loads the rules for the routes as they are now, unless somebody has changed the ones before. */
static int load_moved(struct steer_reconciler *reconciler, struct steer_rules *now,
		      char reason[static STEER_REASON_LEN])
{
	enum steer_backend backend = reconciler->desired.backend;
	struct steer_rules have;
	bool changed;
	int whole = is_whole(reconciler, &have, reason), err = 0;

	steer_rules_fini(&have);
	if (whole <= 0)
		return whole;
	err = steer_backend_apply(backend, now, &changed, reason);
	if (!err)
		(void)steer_backend_kernel(backend, &now->kernel, reason);
	return err;
}

/* edge = "default-route": what should be loaded follows the routing tables. */
static void follow_routes(struct steer_reconciler *reconciler)
{
	char reason[STEER_REASON_LEN] = "out of memory";
	struct steer_rules now;
	int err;

	if (!steer_reconcile_routes_moved(reconciler))
		return;
	err = steer_backend_expand(&reconciler->desired.template, &now);
	if (!err) {
		err = load_moved(reconciler, &now, reason);
		if (!err)
			err = steer_desired_save(reconciler->desired.backend, &now,
						 &reconciler->desired.template);
	}
	if (err) {
		tell(reconciler, log_error, "failed",
		     "steering cannot follow the default route: %s", reason);
		steer_rules_fini(&now);
		return;
	}
	steer_rules_fini(&reconciler->desired.rules);
	reconciler->desired.rules = now;
	tell(reconciler, log_info, "followed",
	     "other interfaces have a default route: they are the edge now");
}

static int64_t look(struct steer_reconciler *reconciler, int64_t changed_ms)
{
	int err;

	steer_desired_fini(&reconciler->desired);
	err = steer_desired_load(&reconciler->desired);
	if (err == -ENOENT) {
		become_down(reconciler);
		return STEER_NEVER;
	}
	if (err) {
		tell(reconciler, log_error, "failed",
		     "what should be loaded cannot be read: %s; `naclctl steer up` records it again",
		     strerror(-err));
		reconciler->condition = CONDITION_UNKNOWN;
		return STEER_NEVER;
	}
	follow_routes(reconciler);
	legacy_seen(reconciler);
	return compare(reconciler, changed_ms);
}

int64_t steer_reconcile_look(struct steer_reconciler *reconciler, const char *by,
			     int64_t changed_ms)
{
	int64_t again_ms;
	int lock = -1;

	if (steer_lock(&lock))
		return clock_monotonic_ms() + RETRY_MS;
	reconciler->by = by;
	again_ms = look(reconciler, changed_ms);
	reconciler->by = "";
	steer_unlock(lock);
	return again_ms;
}

bool steer_reconcile_must_ask(const struct steer_reconciler *reconciler)
{
	return reconciler->desired.backend == STEER_IPTABLES_LEGACY &&
	       !steer_rules_empty(&reconciler->desired.rules);
}
