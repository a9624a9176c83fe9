/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `naclctl steer watch`: somebody flushes the rules (`nft flush ruleset`, `iptables -F`, another
 * firewall's reload), and from then on no packet reaches nacld and everything passes. This notices.
 *
 * What should be loaded is what the last `steer up` noted (steer_intent.h); after `steer down` there
 * is nothing to watch, so neither a stop of the service nor an administrator's `down` is ever undone.
 * The ruleset is read under the lock that `up` and `down` hold, so no half-done change is looked at.
 *
 * It sleeps until the kernel tells of a change, somebody runs `up` or `down`, or a signal comes; only
 * iptables-legacy, which tells nothing, has it wake up twice a second. A burst of changes is one look:
 * it waits until none has come for SETTLE_MS, and for SETTLE_MAX_MS at most.
 *
 * As a guard it also puts the rules back, by the loader of `steer up`, at the pace of steer_pace.h:
 * against a program that keeps removing them it is an alarm a minute, and not a fight.
 */
#include "ctl/steer_watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/protocol.h"
#include "ctl/notify.h"
#include "ctl/steer_diff.h"
#include "ctl/steer_intent.h"
#include "ctl/steer_listen.h"
#include "ctl/steer_pace.h"
#include "format/conf.h"

_Static_assert(STEER_REASON_LEN == STEER_DIFF_LEN, "either may be the alarm that was told");

#define SETTLE_MS      50
#define SETTLE_MAX_MS  250
#define RETRY_MS       1000
#define LEGACY_LOOK_MS 500
#define LEGACY_READ_MS 30000 /* for what steer_legacy_changed cannot see */
#define NEVER          INT64_MAX

enum condition {
	CONDITION_UNKNOWN,
	CONDITION_DOWN, /* nothing should be loaded */
	CONDITION_WHOLE,
	CONDITION_BROKEN,
};

struct watch {
	const struct steer_request *request;
	bool guard; /* by the configuration, as last read */
	int signals, kernel, intents, claim;
	struct steer_legacy legacy;
	struct steer_intent intent; /* as of the last look; empty rules: none */
	enum condition condition;
	char alarm[STEER_DIFF_LEN]; /* the last one told, so that it is told once */
	struct steer_news news;
	struct steer_pace pace;
	bool paused;         /* the pace is used up, and that was said */
	int64_t changed_ms;  /* of a change not looked at yet: when the first one came; or NEVER */
	int64_t look_ms;     /* when to look; or NEVER */
	int64_t legacy_ms;   /* when to ask iptables-legacy; or NEVER */
	int64_t readback_ms; /* when to read its rules all the same; or NEVER */
};

/* One thing that happened: a line of the log, or with --json an object a line. */
__attribute__((format(printf, 4, 5))) static void tell(struct watch *watch,
						       void (*log)(const char *, ...),
						       const char *event, const char *format, ...)
{
	const char *backend = steer_backend_name(watch->intent.backend);
	char text[STEER_DIFF_LEN + STEER_REASON_LEN];
	json_t *line;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!watch->request->json) {
		log("%s", text);
		return;
	}
	line = json_pack("{s:s, s:s, s:s, s:s}", "event", event, "backend", backend, "by",
			 watch->news.by, "message", text);
	if (line)
		json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(line);
}

static bool mode_of(const char *file, bool *guard)
{
	struct conf_report report = {0};
	struct policy *policy = file ? conf_load(file, &report) : NULL;

	conf_report_fini(&report);
	if (!policy)
		return false;
	*guard = policy->steering == POLICY_GUARD;
	policy_free(policy);
	return true;
}

/* By the file as it is now; with errors in it, by the fallback, or else as before. */
static bool guards(struct watch *watch)
{
	if (watch->request->guard)
		return true;
	if (!mode_of(watch->request->file, &watch->guard))
		mode_of(watch->request->fallback, &watch->guard);
	return watch->guard;
}

static void look_at(struct watch *watch, int64_t when_ms)
{
	if (when_ms < watch->look_ms)
		watch->look_ms = when_ms;
}

/* From here on what changes is news. */
static void legacy_seen(struct watch *watch)
{
	if (watch->intent.backend == STEER_IPTABLES_LEGACY)
		steer_legacy_changed(&watch->legacy, &watch->intent.rules);
}

static void set_legacy(struct watch *watch, bool on)
{
	int64_t now = clock_monotonic_ms();

	watch->legacy_ms = on ? now + LEGACY_LOOK_MS : NEVER;
	watch->readback_ms = on ? now + LEGACY_READ_MS : NEVER;
}

static void become_whole(struct watch *watch)
{
	const char *backend = steer_backend_name(watch->intent.backend);
	char status[64];

	if (watch->condition == CONDITION_BROKEN)
		tell(watch, log_info, "whole", "steering is whole again (%s)", backend);
	else if (watch->condition != CONDITION_WHOLE)
		tell(watch, log_info, "watching", "watching the steering (%s)", backend);
	watch->condition = CONDITION_WHOLE;
	watch->alarm[0] = '\0';
	snprintf(status, sizeof(status), "STATUS=whole (%s)", backend);
	notify(status);
}

static void become_down(struct watch *watch)
{
	if (watch->condition != CONDITION_DOWN)
		tell(watch, log_info, "down",
		     "steering is down: nothing to watch until `naclctl steer up`");
	watch->condition = CONDITION_DOWN;
	watch->alarm[0] = '\0';
	set_legacy(watch, false);
	notify("STATUS=steering is down");
}

/* Says what is wrong, once for each thing that is. */
static void raise_alarm(struct watch *watch, const struct steer_rules *have, bool guard)
{
	const char *backend = steer_backend_name(watch->intent.backend);
	const char *next = guard ? "" : ". To load them again: naclctl steer up";
	char words[STEER_DIFF_LEN], by[64] = "";

	steer_diff_words(have, &watch->intent.rules, words);
	if (watch->condition == CONDITION_BROKEN && strcmp(words, watch->alarm) == 0)
		return;
	watch->condition = CONDITION_BROKEN;
	memcpy(watch->alarm, words, sizeof(watch->alarm));
	if (watch->news.by[0])
		snprintf(by, sizeof(by), " by %s", watch->news.by);
	if (steer_rules_empty(have))
		tell(watch, log_error, "gone",
		     "STEERING IS GONE: its %s rules were removed%s; no packet reaches nacld, "
		     "nothing is filtered%s",
		     backend, by, next);
	else
		tell(watch, log_error, "changed",
		     "STEERING IS NOT WHOLE: its %s rules were changed%s: %s%s", backend, by, words,
		     next);
	notify("STATUS=STEERING IS NOT WHOLE");
}

/* Loads what should be there. False: it did not work, and that was said. */
static bool load_again(struct watch *watch)
{
	struct steer_rules now = {0};
	char reason[STEER_REASON_LEN];
	bool changed, equal;
	int err;

	err = steer_backend_apply(watch->intent.backend, &watch->intent.rules, &changed, reason);
	legacy_seen(watch); /* else the same removal a moment later would look like none */
	if (!err)
		err = steer_backend_read(watch->intent.backend, &now, reason);
	if (err) {
		tell(watch, log_error, "failed", "steering could not be put back: %s", reason);
		return false;
	}
	equal = steer_rules_equal(&now, &watch->intent.rules);
	steer_rules_fini(&now);
	if (!equal)
		tell(watch, log_error, "failed",
		     "steering was put back, and is not as it was loaded: does another program "
		     "write to the same chains?");
	return equal;
}

static void put_back(struct watch *watch, int64_t changed_ms)
{
	int64_t now = clock_monotonic_ms();
	char after[48] = "";

	if (!steer_pace_take(&watch->pace, now)) {
		if (!watch->paused)
			tell(watch, log_error, "paused",
			     "steering was put back %d times within %d s, and removed again: not "
			     "trying for %lld s. Which program removes it?",
			     STEER_PACE_COUNT, STEER_PACE_MS / 1000,
			     (long long)(steer_pace_next(&watch->pace) - now + 999) / 1000);
		watch->paused = true;
		look_at(watch, steer_pace_next(&watch->pace));
		return;
	}
	watch->paused = false;
	if (!load_again(watch)) {
		look_at(watch, now + RETRY_MS);
		return;
	}
	if (changed_ms != NEVER)
		snprintf(after, sizeof(after), ", %lld ms after the change was noticed",
			 (long long)(clock_monotonic_ms() - changed_ms));
	tell(watch, log_warning, "restored", "steering was put back (%s)%s",
	     steer_backend_name(watch->intent.backend), after);
	watch->condition = CONDITION_WHOLE;
	watch->alarm[0] = '\0';
	notify("STATUS=whole, was put back");
}

/* The kernel beside what should be there; the lock is held. */
static void compare(struct watch *watch, int64_t changed_ms)
{
	struct steer_rules have = {0};
	char reason[STEER_REASON_LEN];

	if (steer_backend_read(watch->intent.backend, &have, reason)) {
		if (strcmp(reason, watch->alarm) != 0)
			tell(watch, log_error, "failed", "steering cannot be looked at: %s",
			     reason);
		watch->condition = CONDITION_UNKNOWN;
		memcpy(watch->alarm, reason, sizeof(watch->alarm));
		look_at(watch, clock_monotonic_ms() + RETRY_MS);
		return;
	}
	if (steer_rules_equal(&have, &watch->intent.rules)) {
		become_whole(watch);
	} else {
		bool guard = guards(watch);

		raise_alarm(watch, &have, guard);
		if (guard)
			put_back(watch, changed_ms);
	}
	steer_rules_fini(&have);
}

static void look(struct watch *watch)
{
	int64_t changed_ms = watch->changed_ms;
	int lock = -1, err;

	watch->look_ms = watch->changed_ms = NEVER;
	if (steer_lock(&lock)) {
		look_at(watch, clock_monotonic_ms() + RETRY_MS);
		return;
	}
	steer_rules_fini(&watch->intent.rules);
	err = steer_intent_load(&watch->intent);
	if (err && err != -ENOENT) {
		tell(watch, log_error, "failed", "what should be loaded cannot be read: %s; %s",
		     strerror(-err), "`naclctl steer up` notes it again");
		watch->condition = CONDITION_UNKNOWN;
	} else if (err) {
		become_down(watch);
	} else {
		legacy_seen(watch);
		set_legacy(watch, watch->intent.backend == STEER_IPTABLES_LEGACY);
		compare(watch, changed_ms);
	}
	steer_unlock(lock);
	watch->news = (struct steer_news){0};
}

/* Something changed: look once it is quiet, soon in any case. */
static void settle(struct watch *watch)
{
	int64_t now = clock_monotonic_ms();

	if (watch->changed_ms == NEVER)
		watch->changed_ms = now;
	watch->look_ms = now + SETTLE_MS;
	if (watch->look_ms > watch->changed_ms + SETTLE_MAX_MS)
		watch->look_ms = watch->changed_ms + SETTLE_MAX_MS;
}

static void hear_kernel(struct watch *watch)
{
	watch->news.touched = false;
	steer_listen_drain(watch->kernel, &watch->news);
	if (watch->news.touched)
		settle(watch);
}

/* False: end. */
static bool hear_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return true;
	if (info.ssi_signo != SIGHUP)
		return false;
	look_at(watch, clock_monotonic_ms());
	return true;
}

static int wait_ms(const struct watch *watch)
{
	int64_t until = watch->look_ms < watch->legacy_ms ? watch->look_ms : watch->legacy_ms;
	int64_t left = until - clock_monotonic_ms();

	if (until == NEVER)
		return -1;
	if (left < 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

static void keep_time(struct watch *watch)
{
	int64_t now = clock_monotonic_ms();

	if (now >= watch->legacy_ms) {
		watch->legacy_ms = now + LEGACY_LOOK_MS;
		if (steer_legacy_changed(&watch->legacy, &watch->intent.rules))
			settle(watch);
		if (now >= watch->readback_ms)
			look_at(watch, now);
	}
	if (now >= watch->look_ms)
		look(watch);
}

static int run(struct watch *watch)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = watch->signals, .events = POLLIN},
				       {.fd = watch->kernel, .events = POLLIN},
				       {.fd = watch->intents, .events = POLLIN}};

		if (poll(fds, 3, wait_ms(watch)) < 0 && errno != EINTR) {
			log_error("poll: %s", strerror(errno));
			return NACLCTL_NO;
		}
		if (fds[0].revents && !hear_signal(watch))
			return NACLCTL_OK;
		if (fds[1].revents)
			hear_kernel(watch);
		if (fds[2].revents) {
			steer_intent_drain(watch->intents);
			if (!steer_watch_holds(watch->claim)) {
				log_error("/run/nacld-steering was removed: start me again");
				return NACLCTL_NO;
			}
			look_at(watch, clock_monotonic_ms());
		}
		keep_time(watch);
	}
}

/*
 * Signals come through a descriptor. The tools that `look` starts inherit the mask, and so a stop of
 * the service in the middle of a load lets it end.
 */
static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool opened(const char *what, int fd)
{
	if (fd >= 0)
		return true;
	fprintf(stderr, "naclctl: steer watch: %s: %s\n", what, strerror(-fd));
	return false;
}

int steer_watch(const struct steer_request *request)
{
	struct watch watch = {.request = request,
			      .signals = -1,
			      .kernel = -1,
			      .intents = -1,
			      .changed_ms = NEVER,
			      .look_ms = 0,
			      .legacy_ms = NEVER,
			      .readback_ms = NEVER};
	int status = NACLCTL_NO;

	steer_legacy_open(&watch.legacy);
	watch.claim = steer_watch_claim();
	if (watch.claim == -EBUSY)
		fputs("naclctl: steer watch: another one is watching already\n", stderr);
	else if (opened("cannot note that this is the watcher", watch.claim) &&
		 opened("cannot listen for steer up", watch.intents = steer_intent_listen()) &&
		 opened("cannot listen to nftables", watch.kernel = steer_listen_open()) &&
		 opened("signalfd", watch.signals = open_signals())) {
		notify("READY=1");
		status = run(&watch);
	}
	steer_rules_fini(&watch.intent.rules);
	steer_legacy_close(&watch.legacy);
	for (int i = 0; i < 4; i++) {
		int fd = (int[]){watch.signals, watch.kernel, watch.intents, watch.claim}[i];

		if (fd >= 0)
			close(fd);
	}
	return status;
}
