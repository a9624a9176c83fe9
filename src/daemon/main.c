/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nacld: the wiring. Acquire in order (configuration, queues, control socket), give up the rights
 * to acquire more, start the threads, say ready, loop, release in reverse. All state is on main's
 * stack. The main thread owns signals, the control socket, the log and the watchdog; packets are
 * the workers' business.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/options/options.h"
#include "common/paths.h"
#include "common/protocol.h"
#include "common/stdfds.h"
#include "daemon/control/server.h"
#include "daemon/daemon.h"
#include "daemon/monitor/droplog.h"
#include "common/nfqueue_proc.h"
#include "daemon/last_good.h"
#include "daemon/monitor/overflow.h"
#include "daemon/control/request.h"
#include "daemon/control/status.h"
#include "daemon/monitor/watchdog.h"
#include "daemon/privsep/child.h"
#include "daemon/trial/trial.h"

struct options {
	const char *config;
	const char *socket;
	bool check;
	bool verbose;
	bool version;
};

/* What the loop serves. */
struct loop {
	struct daemon *daemon;
	struct control *control;
	struct watchdog watchdog;
	struct droplog droplog;
	struct overflow overflow;
	struct poller_source events;  /* workers ring */
	struct poller_source signals; /* served whatever else can be */
	bool ended;
	struct poller poller;
};

static const struct option_entry option_table[] = {
	{'f', "config", "FILE", "the configuration (default " PATHS_CONFIG ")",
	 offsetof(struct options, config), OPTIONS_FILES},
	{'s', "socket", "SOCKET", "the control socket (default " PATHS_SOCKET ")",
	 offsetof(struct options, socket), OPTIONS_FILES},
	{'c', "check", NULL, "check the configuration and exit", offsetof(struct options, check),
	 NULL},
	{'v', "verbose", NULL, "log more", offsetof(struct options, verbose), NULL},
	{'V', "version", NULL, "the version", offsetof(struct options, version), NULL},
	{0},
};

static const struct command command_line = {
	.program = "nacld",
	.synopsis = "[-f FILE] [-s SOCKET] [-v]\n--check [FILE]",
	.about =
		"Filters the packets of its NFQUEUE by stateless numbered rules. Runs in the foreground.\n",
	.after =
		"HUP reloads the configuration; USR1 reopens the flow log; TERM and INT finish the\n"
		"current batch and exit.\n"
		"naclctl steer up feeds the queue. See nacld(8) and nacld.conf(5).\n",
	.options = option_table,
	.operands_max = 1,
	.usage_status = EX_USAGE,
};

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *out)
{
	int status = options_parse(&command_line, argc, argv, out);

	if (status >= 0)
		return status;
	if (out->verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	if (out->version) {
		puts("nacld " NACLD_VERSION);
		return EX_OK;
	}
	if (out->check && optind < argc)
		out->config = argv[optind++];
	if (optind < argc)
		return options_refuse(&command_line, "extra argument \"%s\"", argv[optind]);
	return -1;
}

static int check(const char *path)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(path, &report);
	int status = policy ? EX_OK : EX_CONFIG;

	conf_report_print(&report, stderr);
	if (policy)
		conf_summary_print(path, policy, &report, stdout);
	policy_free(policy);
	conf_report_fini(&report);
	return status;
}

static void reload_by_signal(struct daemon *daemon)
{
	struct conf_report report = {0};
	struct reload_result result;

	request_reload(daemon, &report, NULL, &result);
	conf_report_fini(&report);
}

/* Several HUPs that have come together are one reload. */
static void serve_signals(struct poller_source *source, short revents)
{
	struct loop *loop = source->owner;
	struct signalfd_siginfo info;
	bool reload = false;

	(void)revents;
	while (!loop->ended && read(source->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			loop->ended = true;
		if (info.ssi_signo == SIGHUP)
			reload = true;
		if (info.ssi_signo == SIGUSR1)
			flowlog_reopen(&loop->daemon->flowlog);
	}
	if (reload && !loop->ended)
		reload_by_signal(loop->daemon);
}

/* Blocked here, before any thread, so that only the descriptor delivers them. */
static void open_signals(struct loop *loop)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	loop->signals = (struct poller_source){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
		.events = POLLIN,
		.always = true,
		.serve = serve_signals,
		.owner = loop,
	};
}

static void serve_events(struct poller_source *source, short revents)
{
	struct loop *loop = source->owner;
	uint64_t drained;

	(void)revents;
	if (read(source->fd, &drained, sizeof(drained)) == sizeof(drained))
		droplog_wake(&loop->droplog);
	overflow_wake(&loop->overflow);
}

static void serve_flow_log(struct poller_source *source, short revents)
{
	struct daemon *daemon = source->owner;

	(void)revents;
	flowlog_work(&daemon->flowlog, daemon->workers);
}

static void serve_links(struct poller_source *source, short revents)
{
	struct daemon *daemon = source->owner;

	(void)revents;
	links_work(&daemon->links, daemon->current);
}

/* A new process that writes may not have what its predecessor was given. */
static void save_again(void *owner)
{
	last_good_save(owner);
}

/* The last is served first; clients of the control socket come behind all of them. */
static void register_all(struct loop *loop)
{
	struct daemon *daemon = loop->daemon;

	poller_add(&loop->poller, &loop->signals);
	control_start(loop->control, daemon, &loop->poller);
	loop->events = (struct poller_source){
		.fd = daemon->wake, .events = POLLIN, .serve = serve_events, .owner = loop};
	poller_add(&loop->poller, &loop->events);
	overflow_start(&loop->overflow, daemon, &loop->poller);
	droplog_start(&loop->droplog, daemon, &loop->poller);
	daemon->links.source.events = POLLIN;
	daemon->links.source.serve = serve_links;
	daemon->links.source.owner = daemon;
	poller_add(&loop->poller, &daemon->links.source);
	daemon->flowlog.source.fd = -1;
	daemon->flowlog.source.serve = serve_flow_log;
	daemon->flowlog.source.owner = daemon;
	poller_add(&loop->poller, &daemon->flowlog.source);
	fastpath_start(&daemon->fastpath, &loop->poller);
	last_good_start(daemon, &loop->poller);
	disk_watch(&daemon->disk, &loop->poller, save_again, daemon);
	trial_start(daemon, &loop->poller);
	watchdog_start(&loop->watchdog, daemon, &loop->poller);
}

static int exit_status(int err)
{
	if (err == -EPERM || err == -EACCES)
		return EX_NOPERM;
	return err == -EBUSY || err == -ENOSYS || err == -ENOTSUP || err == -EADDRINUSE ||
			       err == -EEXIST
		       ? EX_UNAVAILABLE
		       : EX_OSERR;
}

static void say_ready(struct daemon *daemon)
{
	char line[160];

	status_line(daemon, line, sizeof(line));
	log_info("nacld " NACLD_VERSION " is %s", line);
	last_good_save(daemon);
	request_ready(daemon, line);
}

/* Which folders stay usable: what a reload reads, what goes at the end, what is written. */
static int plan_sandboxes(struct daemon *daemon, const struct conf_report *report)
{
	const char *state = paths_state_folder();
	const char *flow_log = daemon->current->policy->flow_log.file;
	int err = sandbox_allow_around(&daemon->sandbox, daemon->socket_path, SANDBOX_UNLINK);

	for (size_t i = 0; !err && i < report->file_count; i++)
		err = sandbox_allow_around(&daemon->sandbox, report->files[i], SANDBOX_READ);
	if (!err)
		err = sandbox_allow(&daemon->writing, paths_logs_folder(), SANDBOX_WRITE);
	if (!err && flow_log)
		err = sandbox_allow_around(&daemon->writing, flow_log, SANDBOX_WRITE);
	if (!err && state)
		err = sandbox_allow(&daemon->writing, state, SANDBOX_READ_WRITE);
	return err;
}

static int load(struct daemon *daemon)
{
	struct conf_report report = {0};
	int err = daemon_load(daemon, &report);

	if (!err)
		err = plan_sandboxes(daemon, &report);
	conf_report_print(&report, stderr);
	conf_report_fini(&report);
	if (err == -EINVAL)
		log_error("%s has errors: not started", daemon->config_path);
	else if (err)
		log_error("cannot load %s: %s", daemon->config_path, strerror(-err));
	return err;
}

/* Before the first thread. 0, or -ENOTSUP, said to the log. */
static int confine(struct daemon *daemon)
{
	int err = sandbox_enter(&daemon->sandbox);

	daemon->writing.landlock = daemon->sandbox.landlock;
	if (!err || daemon->current->policy->sandbox == POLICY_SANDBOX_BEST_EFFORT)
		return 0;
	log_error("not started: this kernel cannot confine nacld in full; sandbox = "
		  "\"best-effort\" in %s goes on without",
		  daemon->config_path);
	return err;
}

static const char *listen_error(int err)
{
	if (err == -EADDRINUSE)
		return "another nacld listens there";
	if (err == -EEXIST)
		return "a file there is not a socket: choose another path";
	return strerror(-err);
}

static int start_disk(struct daemon *daemon)
{
	int err = disk_start(&daemon->disk, &daemon->launcher, &daemon->writing,
			     daemon->current->policy->sandbox == POLICY_SANDBOX_REQUIRED);

	if (err)
		log_error("cannot start the process that writes files: %s", strerror(-err));
	return err;
}

static int listen_for_control(struct loop *loop)
{
	const char *path = loop->daemon->socket_path;
	int err = control_open(path, &loop->control);

	if (err)
		log_error("cannot listen on %s: %s", path, listen_error(err));
	return err;
}

/* In order: all that can be refused, before the first packet. EX_OK or the exit status. */
static int acquire(struct loop *loop)
{
	struct daemon *daemon = loop->daemon;
	int err = load(daemon);

	if (err)
		return err == -EINVAL ? EX_CONFIG : EX_OSERR;
	umask(0027); /* what is written from here on is for the group to read, whoever started it */
	err = start_disk(daemon);
	if (!err)
		err = daemon_open(daemon);
	if (!err)
		err = listen_for_control(loop);
	if (!err)
		err = confine(daemon);
	if (!err)
		err = daemon_start(daemon);
	return err ? exit_status(err) : EX_OK;
}

static void loop_until_signal(struct loop *loop)
{
	register_all(loop);
	loop->daemon->started = true;
	say_ready(loop->daemon);
	while (!loop->ended)
		poller_round(&loop->poller);
	log_info("stopping");
	notify_send(loop->daemon->notify, "STOPPING=1");
}

static int serve(const struct options *options)
{
	struct daemon daemon = {
		.config_path = options->config,
		.socket_path = options->socket,
		.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.table_fd = nfqueue_proc_open(),
		.started_ms = clock_monotonic_ms(),
		.notify = notify_open(),
	};
	struct loop loop = {.daemon = &daemon};
	int status;

	/* First: it takes nothing along that is opened or read from here on. */
	status = launcher_start(&daemon.launcher);
	if (status < 0) {
		log_error("cannot start the process that starts others: %s", strerror(-status));
		return EX_OSERR;
	}
	open_signals(&loop);
	log_open();
	notify_send(daemon.notify, WATCHDOG_START);
	memory_open(&daemon.memory);
	fdstore_take(&daemon.fdstore, daemon.notify);
	crash_install();
	if (daemon.wake < 0 || loop.signals.fd < 0) {
		log_error("cannot start: %s", strerror(errno));
		return EX_OSERR;
	}
	status = acquire(&loop);
	if (status == EX_OK)
		loop_until_signal(&loop);
	control_close(loop.control);
	if (!daemon.started)
		daemon_abandon(&daemon);
	daemon_stop(&daemon);
	daemon_fini(&daemon);
	launcher_stop(&daemon.launcher);
	memory_close(&daemon.memory);
	close(loop.signals.fd);
	close(daemon.wake);
	close(daemon.table_fd);
	close(daemon.notify);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {
		.config = PATHS_CONFIG,
		.socket = PATHS_SOCKET,
	};
	int status;

	stdfds_hold();
	if (argc > 0 && strcmp(argv[0], ROLE_FILTER) == 0)
		return child_run();
	if (argc > 0 && strcmp(argv[0], ROLE_DISK) == 0)
		return disk_run(argv + 1);
	status = parse_options(argc, argv, &options);
	if (status >= 0)
		return status;
	return options.check ? check(options.config) : serve(&options);
}
