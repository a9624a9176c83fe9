/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_TRIAL_TRIAL_H
#define NACLD_DAEMON_TRIAL_TRIAL_H

#include <jansson.h>

#include "daemon/reload.h"

/*
 * A policy that is tried before it is installed. The daemon keeps the time and goes back by itself;
 * who installs files is naclctl, as root. Phases and what a restart makes of them: record.h.
 */

/*
 * Runs `text`, a canonical policy, for confirm_s seconds; 0: it counts as confirmed. The old policy
 * is on the disk before. False with result->error, and the old policy still runs: it cannot be
 * used, another one is on trial, its client has gone, or the disk does not answer.
 */
bool trial_apply(struct daemon *daemon, const char *id, unsigned int confirm_s, const char *text,
		 const struct peer *peer, struct conf_report *report, struct reload_result *result);

/* It stays. Harmless when it was confirmed already. False: it is not on trial (any more). */
bool trial_confirm(struct daemon *daemon, const char *id, struct reload_result *result);

/* Its files are where the next start reads them: nothing has to be remembered. */
bool trial_installed(struct daemon *daemon, const char *id, struct reload_result *result);

/* Goes back now, from a trial or from one that was confirmed and is not installed. */
bool trial_undo(struct daemon *daemon, const char *reason, struct reload_result *result);

/* May the file be loaded? False with result->error while another policy is on its way to it. */
bool trial_allows_reload(const struct daemon *daemon, struct reload_result *result);

/* The file was loaded: what was undone is history. */
void trial_forget(struct daemon *daemon);

/* From here on the time is kept. */
void trial_start(struct daemon *daemon, struct poller *poller);

/*
 * {"phase": "none"|"trial"|"confirmed"|"undone", "id", "by": user, "left_ms": of a trial, "reason":
 * why it was undone, "kept": does a restart know of it}. NULL: no memory.
 */
json_t *trial_json(const struct daemon *daemon);

#endif
