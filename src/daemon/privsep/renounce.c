/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a filtering child gives up, in the order in which each step still needs what the next one
 * takes.
 *
 * The system call filter is what holds: with no descriptor to speak of and no call that makes one
 * there is no file, no network, no other process to reach, whatever else the process is. A
 * forbidden call ends it, and the packet in its hands is blamed. Namespaces of its own and empty
 * capability sets come on top where they can be had (a unit with RestrictNamespaces= and without
 * capset refuses both); a refusal takes nothing away, since the calls that would use a capability
 * are not there.
 */
#include "daemon/privsep/renounce.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int close_others(const int *fds, size_t count)
{
	unsigned int next = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned int fd = (unsigned int)fds[i];

		if (fd > next && syscall(SYS_close_range, next, fd - 1, 0) < 0)
			return -errno;
		next = fd + 1;
	}
	return syscall(SYS_close_range, next, ~0u, 0) < 0 ? -errno : 0;
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	for (int i = 0; i <= CAP_LAST_CAP; i++)
		prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	syscall(SYS_capset, &header, none);
}

static int restrict_calls(void)
{
	static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(exit_group),
				      SCMP_SYS(clock_gettime)};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!err)
		err = seccomp_load(filter);
	/* The filter is not released: that would be a system call too many. */
	return err;
}

int renounce(const int *fds, size_t count)
{
	int err;

	for (int i = 1; i < NSIG; i++)
		signal(i, i == SIGPIPE ? SIG_IGN : SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	err = close_others(fds, count);
	if (err)
		return err;
	unshare(CLONE_NEWUSER | CLONE_NEWNET); /* a refusal takes nothing away, see above */
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return restrict_calls();
}
