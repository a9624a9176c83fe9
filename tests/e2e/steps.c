/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon that is killed at a step of its start or its end: before and after each call that
 * opens, stores, confines, starts, stops or closes something. NACLD_STEP=N kills it at the N-th
 * from the start, or, with NACLD_STEP_STOPPING=1, from where it says that it stops, and
 * NACLD_STEP_TRIAL=N at the N-th of those that a policy on trial consists of. Linked with --wrap
 * for each of the calls; all else is the daemon as it is.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/notify.h"
#include "daemon/confine/sandbox.h"
#include "daemon/control/server.h"
#include "daemon/reload.h"
#include "daemon/trial/record.h"
#include "daemon/worker.h"

static void step(bool stopping)
{
	static unsigned long done;
	static bool counting;
	const char *at = getenv("NACLD_STEP");

	if (!counting)
		counting = stopping || !getenv("NACLD_STEP_STOPPING");
	if (at && counting && ++done == strtoul(at, NULL, 10))
		raise(SIGKILL);
}

static void step_trial(void)
{
	static unsigned long done;
	const char *at = getenv("NACLD_STEP_TRIAL");

	if (at && ++done == strtoul(at, NULL, 10))
		raise(SIGKILL);
}

#define WRAP(type, name, parameters, arguments)   \
	type __real_##name parameters;            \
	type __wrap_##name parameters;            \
	type __wrap_##name parameters             \
	{                                         \
		type result;                      \
                                                  \
		step(false);                      \
		result = __real_##name arguments; \
		step(false);                      \
		return result;                    \
	}

#define WRAP_VOID(name, parameters, arguments) \
	void __real_##name parameters;         \
	void __wrap_##name parameters;         \
	void __wrap_##name parameters          \
	{                                      \
		step(false);                   \
		__real_##name arguments;       \
		step(false);                   \
	}

bool __real_notify_send(int notify, const char *state);
bool __wrap_notify_send(int notify, const char *state);

bool __wrap_notify_send(int notify, const char *state)
{
	bool sent;

	step(strncmp(state, "STOPPING=1", 10) == 0);
	sent = __real_notify_send(notify, state);
	step(false);
	return sent;
}

WRAP(bool, notify_send_fds, (int notify, const char *state, const int *fds, size_t count),
     (notify, state, fds, count))
WRAP(int, queue_open,
     (uint16_t number, uint32_t length, enum policy_failure on_failure, char *error,
      struct queue **out),
     (number, length, on_failure, error, out))
WRAP(int, queue_adopt,
     (uint16_t number, struct queue_fds fds, uint32_t length, enum policy_failure on_failure,
      char *error, struct queue **out),
     (number, fds, length, on_failure, error, out))
WRAP_VOID(queue_drop_one, (struct queue * queue, uint32_t id), (queue, id))
WRAP_VOID(queue_close, (struct queue * queue), (queue))
WRAP(int, control_open, (const char *path, struct control **out), (path, out))
WRAP_VOID(control_close, (struct control * control), (control))
WRAP(int, sandbox_enter, (struct sandbox * sandbox), (sandbox))
WRAP(int, worker_start, (struct worker * worker), (worker))
WRAP_VOID(worker_stop, (struct worker * worker), (worker))
WRAP_VOID(flowlog_stop, (struct flowlog * log), (log))

int __real_trial_save(struct trial *trial, struct disk *disk);
int __wrap_trial_save(struct trial *trial, struct disk *disk);

int __wrap_trial_save(struct trial *trial, struct disk *disk)
{
	int err;

	step_trial();
	err = __real_trial_save(trial, disk);
	step_trial();
	return err;
}

void __real_reload_swap(struct daemon *daemon, struct reload *reload);
void __wrap_reload_swap(struct daemon *daemon, struct reload *reload);

void __wrap_reload_swap(struct daemon *daemon, struct reload *reload)
{
	step_trial();
	__real_reload_swap(daemon, reload);
	step_trial();
}
