/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commit with confirmation: apply, then confirm or go back.
 *
 * The deadline is one of CLOCK_BOOTTIME, which counts while the host sleeps and which nobody sets:
 * a laptop that wakes after it goes back at once, and a change of the time of day changes nothing.
 * The poller waits by the monotonic clock, which stands still meanwhile; so it looks every
 * TRIAL_LOOK_MS.
 *
 * Going back is a reload of the old text. What it needs may be missing for a moment (memory): then
 * it is tried again every second until it is done. It never stops the daemon.
 */
#include "daemon/trial/trial.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/paths.h"
#include "daemon/last_good.h"

#define TRIAL_LOOK_MS 1000

__attribute__((format(printf, 2, 3))) static bool refuse(struct reload_result *result,
							 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(result->error, sizeof(result->error), format, args);
	va_end(args);
	return false;
}

static bool is_id(const char *id)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i]))
			return false;
	return len > 0 && len <= TRIAL_ID_LEN;
}

static int64_t left_ms(const struct trial *trial)
{
	int64_t left = trial->due_ms - clock_boottime_ms();

	return left > 0 ? left : 0;
}

static void look_again(struct trial *trial)
{
	int64_t wait_ms = TRIAL_LOOK_MS;

	trial->source.due_ms = 0;
	if (trial->phase == TRIAL_RUNNING && left_ms(trial) < wait_ms)
		wait_ms = left_ms(trial);
	if (trial->phase == TRIAL_RUNNING || trial->unsaved)
		trial->source.due_ms =
			clock_monotonic_ms() + (trial->complained ? TRIAL_LOOK_MS : wait_ms);
}

static const char *occupied(const struct trial *trial)
{
	if (trial->phase == TRIAL_RUNNING)
		return "a policy is on trial: naclctl confirm keeps it, naclctl rollback goes back";
	if (trial->phase == TRIAL_CONFIRMED)
		return "a policy was confirmed and its files are not installed yet: naclctl confirm "
		       "installs them, naclctl rollback goes back";
	return NULL;
}

bool trial_allows_reload(const struct daemon *daemon, struct reload_result *result)
{
	const char *why = occupied(&daemon->trial);

	return !why || refuse(result, "%s", why);
}

static char *file_text(const char *path)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(path, &report);
	char *text = policy ? conf_text(policy) : NULL;

	policy_free(policy);
	conf_report_fini(&report);
	return text;
}

/* The record of a trial that begins, on the disk. 0 or -errno: then there is none. */
static int begin(struct daemon *daemon, const char *id, unsigned int confirm_s,
		 const struct policy *next, uid_t by)
{
	struct trial *trial = &daemon->trial;
	int err = -ENOMEM;

	trial_clear(trial);
	trial->phase = confirm_s > 0 ? TRIAL_RUNNING : TRIAL_CONFIRMED;
	snprintf(trial->id, sizeof(trial->id), "%s", id);
	trial->reason[0] = '\0';
	trial->by = by;
	trial->due_ms = clock_boottime_ms() + (int64_t)confirm_s * 1000;
	trial->old_text = conf_text(daemon->current->policy);
	trial->new_text = conf_text(next);
	trial->file_text = file_text(daemon->config_path);
	if (trial->old_text && trial->new_text)
		err = trial_save(trial, &daemon->disk);
	if (err) {
		trial_clear(trial);
		trial->unsaved = true; /* it may arrive late */
		look_again(trial);
	}
	return err;
}

static void tell_applied(const struct daemon *daemon, unsigned int confirm_s)
{
	if (confirm_s > 0)
		log_warning(
			"user %u applied a policy on trial: without naclctl confirm within %u s "
			"nacld goes back to the one before",
			daemon->trial.by, confirm_s);
	else
		log_info("user %u applied a policy", daemon->trial.by);
}

bool trial_apply(struct daemon *daemon, const char *id, unsigned int confirm_s, const char *text,
		 const struct peer *peer, struct conf_report *report, struct reload_result *result)
{
	struct trial *trial = &daemon->trial;
	struct reload reload;
	int err;

	*result = (struct reload_result){0};
	if (occupied(trial))
		return refuse(result, "%s", occupied(trial));
	if (!is_id(id))
		return refuse(result, "an id has up to %d letters and digits", TRIAL_ID_LEN);
	if (!reload_prepare(daemon, text, report, result, &reload))
		return false;
	if (!reload_is_wanted(peer, result)) {
		reload_discard(daemon, &reload);
		return false;
	}
	err = begin(daemon, id, confirm_s, reload.next->policy, peer->uid);
	if (err) {
		reload_discard(daemon, &reload);
		return refuse(result,
			      "not applied, since a restart could not go back: cannot write the "
			      "state: %s",
			      strerror(-err));
	}
	reload_swap(daemon, &reload);
	trial->complained = false;
	trial->due_ms = clock_boottime_ms() + (int64_t)confirm_s * 1000;
	look_again(trial);
	tell_applied(daemon, confirm_s);
	if (confirm_s == 0)
		last_good_save(daemon);
	return true;
}

static bool go_back(struct daemon *daemon, const char *reason, struct reload_result *result)
{
	struct trial *trial = &daemon->trial;
	struct conf_report report = {0};
	struct reload reload;
	bool ready = reload_prepare(daemon, trial->old_text, &report, result, &reload);

	conf_report_fini(&report);
	if (!ready) {
		if (!trial->complained)
			log_error(
				"cannot go back to the policy before yet: %s; trying every second",
				result->error);
		trial->complained = true;
		return false;
	}
	reload_swap(daemon, &reload);
	trial->phase = TRIAL_UNDONE;
	trial->complained = false;
	snprintf(trial->reason, sizeof(trial->reason), "%s", reason);
	log_warning("went back to the policy before: %s", reason);
	if (trial_save(trial, &daemon->disk) < 0)
		log_warning("the disk does not take the state: trying again");
	last_good_save(daemon);
	return true;
}

static bool is_due(const struct trial *trial)
{
	return trial->phase == TRIAL_RUNNING && left_ms(trial) == 0;
}

static void serve(struct poller_source *source, short revents)
{
	struct daemon *daemon = source->owner;
	struct trial *trial = &daemon->trial;
	struct reload_result result;

	(void)revents;
	if (is_due(trial))
		go_back(daemon, "it was not confirmed in time", &result);
	else if (trial->unsaved)
		trial_save(trial, &daemon->disk);
	look_again(trial);
}

bool trial_undo(struct daemon *daemon, const char *reason, struct reload_result *result)
{
	struct trial *trial = &daemon->trial;
	bool done;

	*result = (struct reload_result){0};
	if (!occupied(trial))
		return refuse(result, "no policy is on trial");
	done = go_back(daemon, reason, result);
	if (!done) /* asked for, so it is done as soon as it can be */
		trial->phase = TRIAL_RUNNING, trial->due_ms = 0;
	look_again(trial);
	return done;
}

bool trial_confirm(struct daemon *daemon, const char *id, struct reload_result *result)
{
	struct trial *trial = &daemon->trial;
	int err;

	*result = (struct reload_result){0};
	if (is_due(trial))
		serve(&trial->source, 0);
	if (trial->phase == TRIAL_UNDONE && strcmp(id, trial->id) == 0)
		return refuse(result, "too late, nacld went back to the policy before: %s",
			      trial->reason);
	if (!occupied(trial) || strcmp(id, trial->id) != 0)
		return refuse(result, "that policy is not on trial");
	if (trial->phase == TRIAL_CONFIRMED)
		return true;
	trial->phase = TRIAL_CONFIRMED;
	err = trial_save(trial, &daemon->disk);
	if (err) {
		trial->phase = TRIAL_RUNNING;
		look_again(trial);
		return refuse(result, "not confirmed: cannot write the state: %s", strerror(-err));
	}
	look_again(trial);
	log_info("the policy on trial was confirmed");
	last_good_save(daemon);
	return true;
}

bool trial_installed(struct daemon *daemon, const char *id, struct reload_result *result)
{
	struct trial *trial = &daemon->trial;

	*result = (struct reload_result){0};
	if (trial->phase != TRIAL_CONFIRMED || strcmp(id, trial->id) != 0)
		return refuse(result, "that policy was not confirmed");
	trial_clear(trial);
	trial->unsaved = true;
	trial_save(trial, &daemon->disk);
	look_again(trial);
	log_info("%s holds the policy that was confirmed", daemon->config_path);
	return true;
}

void trial_forget(struct daemon *daemon)
{
	struct trial *trial = &daemon->trial;

	if (trial->phase != TRIAL_UNDONE)
		return;
	trial_clear(trial);
	trial->unsaved = true;
	trial_save(trial, &daemon->disk);
	look_again(trial);
}

void trial_start(struct daemon *daemon, struct poller *poller)
{
	struct trial *trial = &daemon->trial;

	trial->source = (struct poller_source){.fd = -1, .serve = serve, .owner = daemon};
	if (trial->unsaved)
		trial->source.due_ms = clock_monotonic_ms();
	poller_add(poller, &trial->source);
}

json_t *trial_json(const struct daemon *daemon)
{
	const struct trial *trial = &daemon->trial;

	return json_pack("{s:s, s:s, s:I, s:I, s:s, s:b}", "phase", trial_phase_name(trial->phase),
			 "id", trial->id, "by", (json_int_t)trial->by, "left_ms",
			 (json_int_t)(trial->phase == TRIAL_RUNNING ? left_ms(trial) : 0), "reason",
			 trial->reason, "kept", paths_state_folder() != NULL);
}
