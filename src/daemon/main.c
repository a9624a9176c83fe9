/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nacld: the wiring. Acquire in order (configuration, queues, control socket), give up the rights
 * to acquire more, start the threads, say ready, loop, release in reverse. All state is on main's
 * stack. The main thread owns signals, the control socket, the log and the watchdog; packets are
 * the workers' business.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/paths.h"
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

/* Where systemd puts logs, and where a reload may turn the flow log on. */

struct options {
	const char *config;
	const char *socket;
	bool check;
};

/* The descriptors and states the loop works on. */
struct loop {
	struct daemon *daemon;
	struct control *control;
	struct watchdog watchdog;
	struct droplog droplog;
	struct overflow overflow;
	int signals;
};

static const char usage_text[] =
	"usage: nacld [-f FILE] [-s SOCKET] [-v]\n"
	"       nacld --check [FILE]\n"
	"\n"
	"Judges the packets of its NFQUEUE by stateless numbered rules. Runs in the foreground.\n"
	"\n"
	"  -f, --config FILE    the configuration (default " PATHS_CONFIG ")\n"
	"  -s, --socket SOCKET  the control socket (default " PATHS_SOCKET ")\n"
	"  -c, --check [FILE]   check the configuration and exit\n"
	"  -v, --verbose        log more\n"
	"  -h, --help           this text\n"
	"  -V, --version        the version\n"
	"\n"
	"HUP reloads the configuration; USR1 opens the flow log anew; TERM and INT finish the\n"
	"batch in hand and exit.\n"
	"What feeds the queue: naclctl steer up. See nacld(8) and nacld.conf(5).\n";

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *out)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'f'},
		{"socket", required_argument, NULL, 's'},
		{"check", no_argument, NULL, 'c'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "f:s:cvhV", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			out->config = optarg;
			break;
		case 's':
			out->socket = optarg;
			break;
		case 'c':
			out->check = true;
			break;
		case 'v':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'h':
			fputs(usage_text, stdout);
			return EX_OK;
		case 'V':
			puts("nacld " NACLD_VERSION);
			return EX_OK;
		default:
			fputs(usage_text, stderr);
			return EX_USAGE;
		}
	}
	if (out->check && optind < argc)
		out->config = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "nacld: \"%s\" is one argument too many\n%s", argv[optind],
			usage_text);
		return EX_USAGE;
	}
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

/* Blocked here, before any thread, so that only the descriptor delivers them. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reload_by_signal(struct daemon *daemon)
{
	struct conf_report report = {0};
	struct reload_result result;

	request_reload(daemon, &report, &result);
	conf_report_fini(&report);
}

/* False when it is time to go. Several HUPs that have come together are one reload. */
static bool handle_signals(struct loop *loop)
{
	struct signalfd_siginfo info;
	bool reload = false;

	while (read(loop->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			return false;
		if (info.ssi_signo == SIGHUP)
			reload = true;
		if (info.ssi_signo == SIGUSR1)
			flowlog_reopen(&loop->daemon->flowlog);
	}
	if (reload)
		reload_by_signal(loop->daemon);
	return true;
}

static int lower(int timeout_ms, int other_ms)
{
	return timeout_ms < 0 || (other_ms >= 0 && other_ms < timeout_ms) ? other_ms : timeout_ms;
}

/*
 * Waits until one is ready. Where that is refused, for example because the process may hold fewer
 * descriptors now than it has (prlimit(1)), nobody is served but signals, and it is tried again
 * soon: the workers need none of this, so it is no reason to end.
 */
static void wait_ready(struct pollfd *polls, nfds_t count, struct pollfd *signals, int timeout_ms)
{
	static const struct timespec pause = {.tv_nsec = 100000000};

	if (poll(polls, count, timeout_ms) >= 0)
		return;
	for (nfds_t i = 0; i < count; i++)
		polls[i].revents = 0;
	if (errno == EINTR)
		return;
	nanosleep(&pause, NULL);
	signals->revents = POLLIN; /* it does not block: looking costs nothing */
}

/* Serves until a signal ends it. */
static void run(struct loop *loop)
{
	enum { SIGNALS, EVENTS, CONTROL };
	struct pollfd polls[CONTROL + CONTROL_POLL_MAX];
	struct daemon *daemon = loop->daemon;
	uint64_t drained;

	for (;;) {
		int timeout_ms = lower(watchdog_timeout_ms(&loop->watchdog),
				       droplog_timeout_ms(&loop->droplog));
		unsigned int clients;

		timeout_ms = lower(timeout_ms, overflow_timeout_ms(&loop->overflow));
		timeout_ms = lower(timeout_ms, flowlog_timeout_ms(&daemon->flowlog));
		clients = control_poll(loop->control, polls + CONTROL, &timeout_ms);

		polls[SIGNALS] = (struct pollfd){.fd = loop->signals, .events = POLLIN};
		polls[EVENTS] = (struct pollfd){.fd = daemon->wake, .events = POLLIN};
		wait_ready(polls, CONTROL + clients, &polls[SIGNALS], timeout_ms);
		watchdog_work(&loop->watchdog, daemon);
		flowlog_work(&daemon->flowlog, daemon->workers);
		if (polls[EVENTS].revents &&
		    read(daemon->wake, &drained, sizeof(drained)) == sizeof(drained))
			droplog_work(&loop->droplog, daemon);
		else if (droplog_timeout_ms(&loop->droplog) >= 0)
			droplog_work(&loop->droplog, daemon);
		overflow_work(&loop->overflow, daemon);
		control_serve(loop->control, polls + CONTROL, clients, daemon);
		if (polls[SIGNALS].revents && !handle_signals(loop))
			return;
	}
}

static int exit_status(int err)
{
	if (err == -EPERM || err == -EACCES)
		return EX_NOPERM;
	return err == -EBUSY || err == -ENOSYS || err == -EADDRINUSE || err == -EEXIST
		       ? EX_UNAVAILABLE
		       : EX_OSERR;
}

static void say_ready(struct daemon *daemon)
{
	char line[160];

	status_line(daemon, line, sizeof(line));
	log_info("nacld " NACLD_VERSION " is %s", line);
	last_good_save(daemon->current->policy);
	sd_notifyf(0, "READY=1\nSTATUS=%s", line);
}

/*
 * Which folders stay usable: what a reload reads, what is written meanwhile, what goes at the end.
 */
static int plan_sandbox(struct daemon *daemon, const struct conf_report *report)
{
	const char *state = paths_state_folder();
	const char *flow_log = daemon->current->policy->flow_log.file;
	struct sandbox *sandbox = &daemon->sandbox;
	int err = sandbox_allow(sandbox, paths_logs_folder(), SANDBOX_WRITE);

	for (size_t i = 0; !err && i < report->file_count; i++)
		err = sandbox_allow_around(sandbox, report->files[i], SANDBOX_READ);
	if (!err && flow_log)
		err = sandbox_allow_around(sandbox, flow_log, SANDBOX_WRITE);
	if (!err && state)
		err = sandbox_allow(sandbox, state, SANDBOX_READ_WRITE);
	if (!err)
		err = sandbox_allow_around(sandbox, daemon->socket_path, SANDBOX_UNLINK);
	return err;
}

static int load(struct daemon *daemon)
{
	struct conf_report report = {0};
	int err = daemon_load(daemon, &report);

	if (!err)
		err = plan_sandbox(daemon, &report);
	conf_report_print(&report, stderr);
	conf_report_fini(&report);
	if (err == -EINVAL)
		log_error("%s has errors: not started", daemon->config_path);
	else if (err)
		log_error("cannot load %s: %s", daemon->config_path, strerror(-err));
	return err;
}

static const char *listen_error(int err)
{
	if (err == -EADDRINUSE)
		return "another nacld answers there";
	if (err == -EEXIST)
		return "there is a file that is no socket: choose another path";
	return strerror(-err);
}

static int serve(const struct options *options)
{
	struct daemon daemon = {
		.config_path = options->config,
		.socket_path = options->socket,
		.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.table_fd = nfqueue_proc_open(),
		.started_ms = clock_monotonic_ms(),
	};
	struct loop loop = {.daemon = &daemon, .signals = open_signals()};
	bool started = false;
	int status, err;

	log_open();
	fdstore_take(&daemon.fdstore);
	crash_install();
	if (daemon.wake < 0 || loop.signals < 0) {
		log_error("cannot start: %s", strerror(errno));
		return EX_OSERR;
	}
	err = load(&daemon);
	if (err) {
		status = err == -EINVAL ? EX_CONFIG : EX_OSERR;
		goto out;
	}
	err = daemon_open(&daemon);
	if (err) {
		status = exit_status(err);
		goto out;
	}
	err = control_open(options->socket, &loop.control);
	if (err) {
		log_error("cannot listen at %s: %s", options->socket, listen_error(err));
		status = exit_status(err);
		goto out;
	}
	umask(0027); /* what it writes from here on is for its group to read, whoever started it */
	sandbox_enter(&daemon.sandbox);
	err = daemon_start(&daemon);
	if (err) {
		status = exit_status(err);
		goto out;
	}
	watchdog_init(&loop.watchdog);
	started = true;
	say_ready(&daemon);
	run(&loop);
	log_info("stopping");
	sd_notify(0, "STOPPING=1");
	watchdog_fini(&loop.watchdog);
	status = EX_OK;
out:
	control_close(loop.control);
	if (!started)
		daemon_abandon(&daemon);
	daemon_stop(&daemon);
	daemon_fini(&daemon);
	close(loop.signals);
	close(daemon.wake);
	if (daemon.table_fd >= 0)
		close(daemon.table_fd);
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
	status = parse_options(argc, argv, &options);
	if (status >= 0)
		return status;
	return options.check ? check(options.config) : serve(&options);
}
