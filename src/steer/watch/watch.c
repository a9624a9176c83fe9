/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `naclctl steer watch`: another program flushes the rules (`nft flush ruleset`, `iptables -F`,
 * another firewall's reload), and from then on no packet reaches nacld and everything passes. This
 * notices.
 *
 * It sleeps until the kernel reports a change, `up` or `down` is run, or a signal comes;
 * only iptables-legacy, which reports nothing, has it wake up by the clock, every LEGACY_LOOK_MS.
 * It looks at once when something was removed; of a burst of other changes it makes one look: it
 * waits until none has come for SETTLE_MS, and for SETTLE_MAX_MS at most. With "guard" these times
 * are for how long packets may pass a rule put in front of ours: a tenth of a second in all.
 *
 * This file waits; reconcile.c checks, reports and restores; nft_events.c and legacy_poll.c
 * hear and ask the kernel; route_events.c hears of routes, which edge = "default-route" follows.
 */
#include "steer/watch/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/paths.h"
#include "common/notify.h"
#include "steer/netlink.h"
#include "steer/watch/reconcile.h"
#include "steer/watch/route_events.h"

#define SETTLE_MS      20
#define SETTLE_MAX_MS  60
#define LEGACY_LOOK_MS 50
#define LEGACY_READ_MS 30000 /* for what legacy_poll_changed cannot see */
#define NEVER          STEER_NEVER

struct watch {
	struct steer_reconciler reconciler;
	int signals, desired, claim;
	struct mnl_socket *kernel, *routes;
	struct steer_news news; /* since the last look */
	int64_t changed_ms;  /* of a change not looked at yet: when the first one came; or NEVER */
	int64_t look_ms;     /* when to look; or NEVER */
	int64_t legacy_ms;   /* when to ask iptables-legacy; or NEVER */
	int64_t readback_ms; /* when to read its rules all the same; or NEVER */
};

static void look_at(struct watch *watch, int64_t when_ms)
{
	if (when_ms < watch->look_ms)
		watch->look_ms = when_ms;
}

static void look(struct watch *watch)
{
	int64_t changed_ms = watch->changed_ms, again_ms, now;
	bool ask;

	watch->changed_ms = NEVER;
	again_ms = steer_reconcile_look(&watch->reconciler, watch->news.by, changed_ms);
	watch->news = (struct steer_news){0};
	watch->look_ms = again_ms;
	now = clock_monotonic_ms();
	ask = steer_reconcile_must_ask(&watch->reconciler);
	if (ask)
		legacy_poll_listen(&watch->reconciler.legacy);
	watch->legacy_ms = ask ? now + LEGACY_LOOK_MS : NEVER;
	watch->readback_ms = ask ? now + LEGACY_READ_MS : NEVER;
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
	watch->news.touched = watch->news.removed = false;
	nft_events_drain(watch->kernel, &watch->news);
	if (watch->news.touched)
		settle(watch);
	/* Packets may be passing already. */
	if (watch->news.removed)
		look_at(watch, clock_monotonic_ms());
}

/* Only a change of the interfaces that default routes name is worth a look. */
static void hear_routes(struct watch *watch)
{
	if (route_events_drain(watch->routes) && steer_reconcile_routes_moved(&watch->reconciler))
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

/* iptables-legacy does not say what was done: it may have been a removal. */
static void ask_legacy(struct watch *watch)
{
	struct legacy_poll *legacy = &watch->reconciler.legacy;
	int64_t now = clock_monotonic_ms();

	if (!legacy_poll_changed(legacy, &watch->reconciler.desired.rules))
		return;
	if (watch->changed_ms == NEVER)
		watch->changed_ms = now;
	look_at(watch, now);
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
		ask_legacy(watch);
		if (now >= watch->readback_ms)
			look_at(watch, now);
	}
	if (now >= watch->look_ms)
		look(watch);
}

static int run(struct watch *watch)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = watch->signals, .events = POLLIN},
			{.fd = mnl_socket_get_fd(watch->kernel), .events = POLLIN},
			{.fd = watch->desired, .events = POLLIN},
			{.fd = mnl_socket_get_fd(watch->routes), .events = POLLIN},
			{.fd = watch->legacy_ms == NEVER ? -1 : watch->reconciler.legacy.lock,
			 .events = POLLIN}};

		if (poll(fds, 5, wait_ms(watch)) < 0 && errno != EINTR) {
			log_error("poll: %s", strerror(errno));
			return -EIO;
		}
		if (fds[0].revents && !hear_signal(watch))
			return 0;
		if (fds[1].revents)
			hear_kernel(watch);
		if (fds[3].revents)
			hear_routes(watch);
		if (fds[4].revents) {
			legacy_poll_listen(&watch->reconciler.legacy);
			ask_legacy(watch);
		}
		if (fds[2].revents) {
			steer_desired_drain(watch->desired);
			if (!steer_watch_holds(watch->claim)) {
				log_error(PATHS_STEERING " was removed: start me again");
				return -EIO;
			}
			look_at(watch, clock_monotonic_ms());
		}
		keep_time(watch);
	}
}

/*
 * Signals come through a descriptor. The tools that `look` starts inherit the mask, and so a stop
 * of the service in the middle of a load lets it end.
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
	fprintf(stderr, "naclctl steer watch: %s: %s\n", what, strerror(-fd));
	return false;
}

int steer_watch(const struct steer_watch_options *options)
{
	struct watch watch = {.reconciler = {.options = options, .by = ""},
			      .signals = -1,
			      .desired = -1,
			      .changed_ms = NEVER,
			      .look_ms = 0,
			      .legacy_ms = NEVER,
			      .readback_ms = NEVER};
	int err = -EBUSY;

	legacy_poll_open(&watch.reconciler.legacy);
	watch.claim = steer_watch_claim();
	if (watch.claim == -EBUSY)
		fputs("naclctl steer watch: another one is watching already\n", stderr);
	else if (opened("cannot record that this is the watcher", watch.claim) &&
		 opened("cannot listen for steer up", watch.desired = steer_desired_listen()) &&
		 opened("cannot listen to nftables", nft_events_open(&watch.kernel)) &&
		 opened("cannot listen to routes", route_events_open(&watch.routes)) &&
		 opened("signalfd", watch.signals = open_signals())) {
		notify("READY=1");
		err = run(&watch);
	}
	steer_desired_fini(&watch.reconciler.desired);
	legacy_poll_close(&watch.reconciler.legacy);
	if (watch.kernel)
		mnl_socket_close(watch.kernel);
	if (watch.routes)
		mnl_socket_close(watch.routes);
	for (int i = 0; i < 3; i++) {
		int fd = (int[]){watch.signals, watch.desired, watch.claim}[i];

		if (fd >= 0)
			close(fd);
	}
	return err;
}
