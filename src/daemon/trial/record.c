/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a restart has to know of a policy on trial: /var/lib/nacld/trial.json.
 *
 * The record is on the disk before the new policy filters its first packet, and it holds the old
 * one. So there is always one whole policy to run, whatever ends and when:
 *
 *   ended                              runs next
 *   before the record is written       the file's, which is the old one
 *   while the policy is on trial       the old one: one that kills the daemon must not return
 *   after it was confirmed             the new one
 *   after it was undone                the old one
 *
 * A file that was edited in place still holds what was undone. It is compared with what it held
 * when the trial began, and taken again once it differs.
 */
#include "daemon/trial/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "common/log.h"
#include "common/paths.h"
#include "core/policy.h"
#include "daemon/disk.h"

static const char *const phase_names[] = {"none", "trial", "confirmed", "undone"};

const char *trial_phase_name(enum trial_phase phase)
{
	return phase_names[phase];
}

void trial_clear(struct trial *trial)
{
	free(trial->old_text);
	free(trial->new_text);
	free(trial->file_text);
	trial->old_text = trial->new_text = trial->file_text = NULL;
	trial->phase = TRIAL_NONE;
}

static char *copy_text(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));

	return text ? strdup(text) : NULL;
}

static enum trial_phase phase_of(const json_t *record)
{
	const char *name = json_string_value(json_object_get(record, "phase"));

	for (int p = TRIAL_RUNNING; name && p <= TRIAL_UNDONE; p++)
		if (strcmp(name, phase_names[p]) == 0)
			return (enum trial_phase)p;
	return TRIAL_NONE;
}

static void fill(struct trial *trial, const json_t *record)
{
	const char *id = json_string_value(json_object_get(record, "id"));
	const char *reason = json_string_value(json_object_get(record, "reason"));

	trial->phase = phase_of(record);
	snprintf(trial->id, sizeof(trial->id), "%s", id ? id : "");
	snprintf(trial->reason, sizeof(trial->reason), "%s", reason ? reason : "");
	trial->by = (uid_t)json_integer_value(json_object_get(record, "by"));
	trial->old_text = copy_text(record, "old");
	trial->new_text = copy_text(record, "new");
	trial->file_text = copy_text(record, "file");
	if (!trial->old_text || !trial->new_text)
		trial_clear(trial);
}

/* What a predecessor left. A record that cannot be read is as good as none, and said. */
static void read_record(struct trial *trial)
{
	const char *folder = paths_state_folder();
	json_error_t error;
	json_t *record;
	char path[512];

	if (!folder)
		return;
	snprintf(path, sizeof(path), "%s/" PATHS_TRIAL, folder);
	if (access(path, F_OK) < 0)
		return;
	record = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (record)
		fill(trial, record);
	else
		log_warning("%s: line %d: %s", path, error.line, error.text);
	json_decref(record);
}

/* Does the file still hold what it held when the trial began? */
static bool file_is_as_then(const struct trial *trial, const struct policy *policy)
{
	char *text = policy ? conf_text(policy) : NULL;
	bool same = !policy || (text && trial->file_text && strcmp(text, trial->file_text) == 0);

	free(text);
	return same;
}

static bool file_is_installed(const struct trial *trial, const struct policy *policy)
{
	char *text = policy ? conf_text(policy) : NULL;
	bool same = text && strcmp(text, trial->new_text) == 0;

	free(text);
	return same;
}

/* The text to run instead of the file, or NULL; brings the phase up to date. */
static const char *remembered(struct trial *trial, const struct policy *file)
{
	switch (trial->phase) {
	case TRIAL_RUNNING:
		trial->phase = TRIAL_UNDONE;
		trial->unsaved = true;
		snprintf(trial->reason, sizeof(trial->reason), "nacld was restarted");
		log_warning("a policy was on trial when nacld ended: continuing with the one "
			    "before it");
		return trial->old_text;
	case TRIAL_CONFIRMED:
		if (file_is_installed(trial, file))
			break;
		log_warning("the policy that was confirmed is not installed yet, and runs: "
			    "naclctl confirm");
		return trial->new_text;
	case TRIAL_UNDONE:
		if (!file_is_as_then(trial, file))
			break;
		log_warning("the configuration file holds a policy that was not confirmed: "
			    "continuing with the one before it");
		return trial->old_text;
	case TRIAL_NONE:
		return NULL;
	}
	trial_clear(trial);
	trial->unsaved = true;
	return NULL;
}

struct policy *trial_first_policy(struct trial *trial, const char *config_path,
				  struct conf_report *report)
{
	struct policy *file = conf_load(config_path, report), *policy;
	struct conf_report ours = {0};
	const char *text;

	read_record(trial);
	text = remembered(trial, file);
	policy = text ? conf_parse("the policy that was kept", text, &ours) : NULL;
	conf_report_fini(&ours);
	if (text && !policy) {
		log_error("the policy that was kept cannot be read: the configuration file counts");
		trial_clear(trial);
		trial->unsaved = true;
	}
	if (!policy)
		return file;
	policy_free(file);
	return policy;
}

static json_t *record_json(const struct trial *trial)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s?}", "phase",
			 trial_phase_name(trial->phase), "id", trial->id, "reason", trial->reason,
			 "by", (json_int_t)trial->by, "old", trial->old_text, "new",
			 trial->new_text, "file", trial->file_text);
}

/* The record in a descriptor, or -errno. */
static int record_to_memory(const struct trial *trial)
{
	int fd = memfd_create("nacld-trial", MFD_CLOEXEC);
	json_t *record = record_json(trial);
	int err = fd < 0 ? -errno : 0;

	if (!err && (!record || json_dumpfd(record, fd, JSON_COMPACT) < 0))
		err = -ENOMEM;
	json_decref(record);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

/* The file that holds what was undone is the only thing to remember of it. */
static bool is_to_be_kept(const struct trial *trial)
{
	if (trial->phase == TRIAL_UNDONE)
		return !trial->file_text || strcmp(trial->file_text, trial->old_text) != 0;
	return trial->phase != TRIAL_NONE;
}

int trial_save(struct trial *trial, struct disk *disk)
{
	int text = -1, err;

	if (!paths_state_folder())
		return 0;
	if (is_to_be_kept(trial)) {
		text = record_to_memory(trial);
		if (text < 0)
			return text;
	}
	err = disk_save_state_now(disk, DISK_STATE_TRIAL, text, TRIAL_DISK_MS);
	if (text >= 0)
		close(text);
	trial->unsaved = err != 0;
	return err;
}
