/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a packet brings its filter down, the successor must know which: judging it again would bring
 * that one down as well, for ever. But a kill from outside says nothing about the packet that
 * happened to be in hand. The difference is known only while dying: a fault, or abort(), happens in
 * the filtering thread, and only then is its packet blamed.
 *
 * The handler does that one store and gives the signal back to whoever had it before (the default
 * action with its core dump, or a sanitizer): returning repeats the fault.
 */
#include "daemon/privsep/crash.h"

#include <signal.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};

#define FATAL_COUNT (sizeof(fatal) / sizeof(fatal[0]))

/*
 * A signal handler gets no argument of ours: what belongs to its thread, and what there was before.
 */
static __thread struct batch_region *watched;
static __thread stack_t stack_before;
static struct sigaction before[FATAL_COUNT];

/* By this very thread: a fault, or raise() and abort(). Not a kill from outside. */
static bool own_doing(const siginfo_t *info)
{
	return info->si_code > 0 || (info->si_code == SI_TKILL && info->si_pid == getpid());
}

static void handle(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (watched && own_doing(info))
		batch_blame(watched);
	for (size_t i = 0; i < FATAL_COUNT; i++)
		if (fatal[i] == signal)
			sigaction(signal, &before[i], NULL);
	if (info->si_code <= 0)
		raise(signal); /* it would not come again by itself */
}

void crash_install(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	for (size_t i = 0; i < FATAL_COUNT; i++)
		sigaction(fatal[i], &action, &before[i]);
}

void crash_watch(struct batch_region *region, uint8_t stack[static CRASH_STACK_LEN])
{
	stack_t own = {.ss_sp = stack, .ss_size = CRASH_STACK_LEN};
	sigset_t set;

	sigaltstack(&own, &stack_before);
	sigemptyset(&set);
	for (size_t i = 0; i < FATAL_COUNT; i++)
		sigaddset(&set, fatal[i]);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* a blocked fault kills without asking */
	watched = region;
}

void crash_unwatch(void)
{
	watched = NULL;
	sigaltstack(&stack_before, NULL);
}
