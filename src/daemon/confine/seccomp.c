/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls the daemon may make once it runs: the two tables are all there is (seccomp(2)).
 *
 * A call that is in neither fails with EPERM, execve, ptrace, mount, bpf, io_uring and loading
 * modules among them. It does not kill: a daemon that dies is an outage for every packet, and a
 * refused call has done nothing. Where only some uses of a call are meant, its arguments are looked
 * at: numbers only, since the kernel does not look behind pointers here. Which files may be opened
 * is landlock.c's matter.
 *
 * A call has its place because a place in the code, or in the C library beneath it, makes it, and
 * stands under that reason. Names that a processor does not have are passed over. Descriptors that
 * are opened once, at start, need nothing here: netlink sockets, the service manager's, eventfd,
 * signalfd, bind, listen. So there is no way to open or connect a socket, of whatever kind.
 */
#include "daemon/confine/seccomp.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define GROUP_MAX 26

static const struct {
	const char *why;
	const char *calls[GROUP_MAX + 1];
} allowed[] = {
	{"packets in, verdicts out; the settings of a queue at a reload",
	 {"recvmmsg", "recvmsg", "recvfrom", "recv", "sendmsg", "sendmmsg", "sendto", "send",
	  "setsockopt", "getsockopt"}},
	{"clients of the control socket", {"accept4", "accept"}},
	{"waiting, and being woken",
	 {"poll", "ppoll", "ppoll_time64", "futex", "futex_time64", "nanosleep", "clock_nanosleep",
	  "clock_nanosleep_time64", "restart_syscall"}},
	{"descriptors of all kinds",
	 {"read", "pread64", "write", "writev", "close", "close_range", "dup2", "dup3", "fcntl",
	  "fcntl64", "lseek", "_llseek"}},
	{"the configuration, the flow log, the state: by name, as far as landlock lets them",
	 {"open",      "openat",   "access",    "faccessat",  "faccessat2", "stat",
	  "stat64",    "lstat",    "lstat64",   "fstat",      "fstat64",    "newfstatat",
	  "fstatat64", "statx",    "readlink",  "readlinkat", "getcwd",     "getdents64",
	  "rename",    "renameat", "renameat2", "unlink",     "unlinkat",   "mkdir"}},
	{"the same, and making sure that it is on the disk",
	 {"mkdirat", "rmdir", "ftruncate", "ftruncate64", "fsync"}},
	{"memory: malloc and the stacks of threads",
	 {"brk", "munmap", "mremap", "madvise", "sysinfo", "getrandom"}},
	{"signals: the worker that is to stop, the handler of a crash",
	 {"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigreturn", "sigaltstack", "tgkill"}},
	{"the birth and the end of a thread (clone: below), the end of a child",
	 {"set_robust_list", "set_tid_address", "rseq", "sched_getattr", "sched_setattr",
	  "sched_getaffinity", "wait4", "waitid", "waitpid", "exit", "exit_group"}},
	{"what a filtering child is handed by way of the launcher",
	 {"memfd_create", "pipe", "pipe2"}},
	{"waiting until the kernel's programs have left tables that are to be written",
	 {"membarrier"}},
	{"who and when",
	 {"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getuid32",
	  "geteuid32", "getgid32", "getegid32", "clock_gettime", "clock_gettime64", "clock_getres",
	  "gettimeofday", "time"}},
};

/* No process, and no thread in namespaces of its own. */
#define NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)

/* s390 alone has clone's arguments the other way round. */
#if defined(__s390__)
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* Allowed where (argument & mask) == value. */
static const struct {
	const char *why;
	const char *call;
	unsigned int argument;
	uint64_t mask, value;
} limited[] = {
	{"threads, never another process", "clone", CLONE_FLAGS, NAMESPACES | CLONE_THREAD,
	 CLONE_THREAD},
	{"memory for data, never for code", "mmap", 2, PROT_EXEC, 0},
	{"memory for data, never for code", "mmap2", 2, PROT_EXEC, 0},
	{"memory for data, never for code", "mprotect", 2, PROT_EXEC, 0},
	{"reading limits, as pthreads do", "prlimit64", 2, UINT64_MAX, 0},
	{"how much memory a reload may take", "prlimit64", 1, UINT32_MAX, RLIMIT_AS},
	{"a thread's name", "prctl", 0, UINT32_MAX, PR_SET_NAME},
};

/* Unknown to this libseccomp: then this processor's C library does not make it either. */
static int allow(scmp_filter_ctx filter, const char *name, unsigned int count,
		 const struct scmp_arg_cmp *argument)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, argument);
}

static int add_allowed(scmp_filter_ctx filter)
{
	int err = 0;

	for (size_t g = 0; g < sizeof(allowed) / sizeof(allowed[0]); g++)
		for (const char *const *call = allowed[g].calls; !err && *call; call++)
			err = allow(filter, *call, 0, NULL);
	return err;
}

static int add_limited(scmp_filter_ctx filter)
{
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(limited) / sizeof(limited[0]); i++) {
		struct scmp_arg_cmp argument = {
			.arg = limited[i].argument,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = limited[i].mask,
			.datum_b = limited[i].value,
		};

		err = allow(filter, limited[i].call, 1, &argument);
	}
	return err;
}

/*
 * clone3 has its flags behind a pointer: said not to exist, so that the C library takes clone. All
 * threads at once, should a library have started one; another processor's call numbers are refused
 * like any other call.
 */
static int add_rest(scmp_filter_ctx filter)
{
	int err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));

	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return err;
}

int seccomp_enter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err;

	if (!filter)
		return -ENOMEM;
	err = add_allowed(filter);
	if (!err)
		err = add_limited(filter);
	if (!err)
		err = add_rest(filter);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
