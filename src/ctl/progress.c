/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress of long work, for a person who waits for it.
 *
 * The clock is asked at each step, and steps are thousands of units apart. The signal handler only
 * sets a flag and lets the next SIGINT end the process, so a step that hangs can still be ended.
 */
#include "ctl/progress.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "ctl/term.h"

#define FIRST_MS 1000

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const char *what)
{
	struct sigaction action = {.sa_handler = on_interrupt,
				   .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};

	*progress = (struct progress){.what = what, .begun_ms = now_ms()};
	progress->terminal = isatty(STDERR_FILENO);
	progress->shown_ms = progress->begun_ms;
	interrupted = 0;
	sigaction(SIGINT, &action, NULL);
}

static void show(struct progress *progress, uint64_t done, double share, int64_t now)
{
	int64_t spent = now - progress->begun_ms;
	char count[TERM_TEXT_LEN], rate[TERM_TEXT_LEN], left[TERM_TEXT_LEN];

	fprintf(stderr, "\r%s %s, %s a second", term_count(done, count), progress->what,
		term_count(done * 1000 / (uint64_t)spent, rate));
	if (share > 0.001 && share <= 1)
		fprintf(stderr, ", %.0f %%, %s left", share * 100,
			term_duration((int64_t)((double)spent * (1 - share) / share / 1000), left));
	fputs("\033[K", stderr);
	progress->shown = true;
	progress->shown_ms = now;
}

bool progress_step(struct progress *progress, uint64_t done, double share)
{
	int64_t now;

	if (interrupted)
		return false;
	if (!progress->terminal)
		return true;
	now = now_ms();
	if (now - progress->shown_ms >= FIRST_MS)
		show(progress, done, share, now);
	return true;
}

bool progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	signal(SIGINT, SIG_DFL);
	return interrupted;
}
