/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which ways into a queue this kernel has. Kernels are built without one part or another, and what
 * the tools print does not say: so the host's own plan is really loaded, by each backend, in a
 * network namespace made for it, which ends with the child that does it. The host's rules are not
 * touched.
 */
#include "ctl/doctor/checks.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "steer/load.h"
#include "steer/netlink.h"

#define TABLE "/proc/net/netfilter/nfnetlink_queue"

static bool has_queues(void)
{
	if (access(TABLE, F_OK) == 0)
		return true;
	steer_netlink_wake_queues();
	return access(TABLE, F_OK) == 0;
}

enum trial {
	TRIAL_WORKS,
	TRIAL_FAILS,
	TRIAL_IMPOSSIBLE, /* no network namespace to be had */
};

static enum trial try_here(const struct steer_plan *plan, enum steer_backend backend,
			   char reason[static STEER_REASON_LEN])
{
	struct steer_rules rules;
	bool changed;

	if (unshare(CLONE_NEWNET)) {
		snprintf(reason, STEER_REASON_LEN, "not tried: %s", strerror(errno));
		return TRIAL_IMPOSSIBLE;
	}
	if (steer_load_plan(plan, backend, &rules, &changed, reason) < 0)
		return TRIAL_FAILS;
	return TRIAL_WORKS;
}

/* `shared` is memory that the child's reason comes back through. */
static enum trial try_backend(const struct steer_plan *plan, enum steer_backend backend,
			      char *shared)
{
	int raw;
	pid_t pid;

	if (!steer_backend_installed(backend, shared) || !steer_backend_usable(backend, shared))
		return TRIAL_FAILS;
	pid = fork();
	if (pid == 0)
		_exit((int)try_here(plan, backend, shared));
	if (pid < 0 || waitpid(pid, &raw, 0) < 0 || !WIFEXITED(raw)) {
		snprintf(shared, STEER_REASON_LEN, "not tried: cannot start a process");
		return TRIAL_IMPOSSIBLE;
	}
	return (enum trial)WEXITSTATUS(raw);
}

static void add(char *list, size_t size, const char *separator, const char *name,
		const char *reason)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s%s%s", used ? separator : "", name,
		 reason ? ": " : "", reason ? reason : "");
}

static void examine_backends(const struct facts *facts, struct report *report, char *shared)
{
	struct steer_rule input = {.chain = STEER_INPUT, .action = STEER_QUEUE};
	const struct steer_plan simple = {.rules = &input, .count = 1};
	const struct steer_plan *plan = facts->plan.count ? &facts->plan : &simple;
	char works[128] = "", fails[768] = "";

	for (int i = 0; i < STEER_BACKENDS; i++) {
		const char *name = steer_backend_name((enum steer_backend)i);

		shared[0] = '\0';
		if (try_backend(plan, (enum steer_backend)i, shared) == TRIAL_WORKS)
			add(works, sizeof(works), ", ", name, NULL);
		else
			add(fails, sizeof(fails), "; ", name, shared);
	}
	if (works[0])
		report_say(report, "kernel", NULL, "packets can be queued through %s%s%s%s", works,
			   fails[0] ? " (not " : "", fails, fails[0] ? ")" : "");
	else
		report_say(
			report, "kernel",
			"install nftables or iptables, or boot a kernel with CONFIG_NFT_QUEUE or "
			"CONFIG_NETFILTER_XT_TARGET_NFQUEUE",
			"packets cannot be queued: %s", fails);
}

void doctor_kernel(const struct facts *facts, struct report *report)
{
	char *shared = mmap(NULL, STEER_REASON_LEN, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!has_queues())
		report_say(
			report, "kernel",
			"boot a kernel with CONFIG_NETFILTER_NETLINK_QUEUE, or install its modules",
			"this kernel has no packet queues (no %s)", TABLE);
	if (shared == MAP_FAILED)
		return;
	examine_backends(facts, report, shared);
	munmap(shared, STEER_REASON_LEN);
}
