/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inject TID NUMBER [ARGUMENT...]: has a running thread of another process make one system call,
 * and prints what it got: a number, -errno for a failure.
 *
 * What a taken-over daemon would try is tried from inside, with its own credentials, filters and
 * threads. The thread is stopped (ptrace), pointed at the syscall instruction it waits in, taken
 * one step, and put back: it goes on waiting as if nothing had been. An argument is a number, or a
 * text after "@", which is put below its stack. After an execve that works there is nothing to put
 * back.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>

#if !defined(__x86_64__)
#error "registers are those of x86-64: the test skips other machines"
#endif

#define SYSCALL_INSTRUCTION 0x050f
#define BELOW_THE_STACK     4096 /* beyond the red zone */

/* True when another program has taken the thread's place. */
static bool wait_stop(pid_t tid)
{
	int status;

	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		errx(1, "thread %d did not stop", tid);
	return status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
}

static void put_text(pid_t tid, uint64_t at, const char *text)
{
	for (size_t i = 0, len = strlen(text) + 1; i < len; i += sizeof(long)) {
		long word = 0;

		memcpy(&word, text + i, len - i < sizeof(word) ? len - i : sizeof(word));
		if (ptrace(PTRACE_POKEDATA, tid, at + i, word) < 0)
			err(1, "write to thread %d", tid);
	}
}

static void put_arguments(pid_t tid, struct user_regs_struct *regs, char **arguments)
{
	unsigned long long *const slots[] = {&regs->rdi, &regs->rsi, &regs->rdx,
					     &regs->r10, &regs->r8,  &regs->r9};
	uint64_t at = (regs->rsp - BELOW_THE_STACK) & ~(uint64_t)15;

	for (size_t i = 0; i < 6; i++)
		*slots[i] = 0;
	for (size_t i = 0; i < 6 && arguments[i]; i++) {
		if (arguments[i][0] == '@') {
			put_text(tid, at, arguments[i] + 1);
			*slots[i] = at;
			at -= 1024;
		} else {
			*slots[i] = (unsigned long long)strtoll(arguments[i], NULL, 0);
		}
	}
}

/* Stopped in a system call: the instruction that made it is the one to use. */
static void find_instruction(pid_t tid, struct user_regs_struct *regs)
{
	long word;

	regs->rip -= 2;
	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, regs->rip, 0);
	if (errno || (word & 0xffff) != SYSCALL_INSTRUCTION)
		errx(3, "thread %d is not in a system call", tid);
}

int main(int argc, char **argv)
{
	struct user_regs_struct before, regs;
	long number;
	pid_t tid;

	if (argc < 3 || argc > 9)
		errx(2, "usage: inject TID NUMBER [ARGUMENT...]");
	tid = atoi(argv[1]);
	number = atol(argv[2]);
	if (ptrace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACEEXEC) < 0 ||
	    ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		err(1, "attach to thread %d", tid);
	wait_stop(tid);
	if (ptrace(PTRACE_GETREGS, tid, 0, &before) < 0)
		err(1, "read the registers of thread %d", tid);
	regs = before;
	find_instruction(tid, &regs);
	put_arguments(tid, &regs, argv + 3);
	regs.rax = (unsigned long long)number;
	regs.orig_rax = (unsigned long long)-1; /* nothing to begin anew */
	if (ptrace(PTRACE_SETREGS, tid, 0, &regs) < 0 || ptrace(PTRACE_SINGLESTEP, tid, 0, 0) < 0)
		err(1, "step thread %d", tid);
	if (wait_stop(tid)) {
		puts("0");
		return ptrace(PTRACE_DETACH, tid, 0, 0) < 0;
	}
	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		err(1, "read the registers of thread %d", tid);
	printf("%lld\n", (long long)regs.rax);
	if (ptrace(PTRACE_SETREGS, tid, 0, &before) < 0)
		err(1, "restore thread %d", tid);
	return ptrace(PTRACE_DETACH, tid, 0, 0) < 0;
}
