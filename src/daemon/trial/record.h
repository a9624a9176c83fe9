/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_TRIAL_RECORD_H
#define NACLD_DAEMON_TRIAL_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/conf.h"
#include "daemon/poller.h"

struct disk;

enum trial_phase {
	TRIAL_NONE,
	TRIAL_RUNNING,   /* the new policy runs until it is due, then the old one again */
	TRIAL_CONFIRMED, /* the new one runs; its files are not installed yet */
	TRIAL_UNDONE,    /* the old one runs again */
};

#define TRIAL_ID_LEN     32 /* letters and digits, the client's choice */
#define TRIAL_REASON_LEN 128

/*
 * The last policy that was applied, and the one before it: both as canonical text, so that a
 * process that knows neither file can run either. Main thread only.
 */
struct trial {
	enum trial_phase phase;
	char id[TRIAL_ID_LEN + 1];
	char reason[TRIAL_REASON_LEN]; /* why it was undone */
	uid_t by;
	int64_t due_ms;  /* of the boottime clock */
	char *old_text;  /* what ran before */
	char *new_text;  /* what was applied */
	char *file_text; /* what the configuration file held then; NULL: it could not be read */
	bool unsaved;    /* the record on the disk says something else */
	bool complained; /* that going back, or saving, has failed */
	struct poller_source source;
};

/* "none", "trial", "confirmed", "undone" */
const char *trial_phase_name(enum trial_phase phase);

/*
 * What to run at the start. Without a record: what the file holds, and NULL with errors in *report
 * when that cannot be used. A predecessor that ended during a trial is followed by the old policy,
 * one that ended after the confirmation by the new one, whatever the file holds. A policy that was
 * undone is not taken from the file again; once the file holds anything else, that counts. The
 * caller frees it.
 */
struct policy *trial_first_policy(struct trial *trial, const char *config_path,
				  struct conf_report *report);

/*
 * Makes the record on the disk say what *trial does, or removes it when there is nothing to
 * remember. Waits for the disk TRIAL_DISK_MS at most: when this returns 0 a crash does not change
 * what comes next. Without a state folder nothing is kept, and 0. Or -errno; -ETIMEDOUT.
 */
#define TRIAL_DISK_MS 3000
int trial_save(struct trial *trial, struct disk *disk);

/* Forgets all about it, but for the record on the disk. */
void trial_clear(struct trial *trial);

#endif
