/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last versions of a configuration: /etc/nacld/nacld.conf.versions.
 *
 * Beside the configuration, so that who may write one may write the other: the daemon's user may
 * not. A version is complete before it gets its number (rename), and is never changed afterwards;
 * only the oldest go. Two commands at once are kept apart by a lock on the folder.
 */
#include "ctl/apply/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "core/decimal.h"

#define SUFFIX       ".versions"
#define TRIAL        "trial-"
#define NOTE         ".version.json"
#define NUMBER_MAX   1000000000u
#define FOLDERS_MAX  64 /* levels */
#define VERSIONS_MAX 64 /* looked at */

bool store_is_id(const char *id)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i]))
			return false;
	return len > 0 && len <= STORE_ID_LEN;
}

static bool fail(const char *command, const char *path, const char *what)
{
	fprintf(stderr, "naclctl %s: %s: %s\n", command, path, what);
	return false;
}

static bool name_all(const char *config, struct store *store)
{
	char *copy;

	store->config = realpath(config, NULL);
	if (!store->config)
		return false;
	copy = strdup(store->config);
	store->folder = copy ? strdup(dirname(copy)) : NULL;
	free(copy);
	store->name = strrchr(store->config, '/') + 1;
	if (asprintf(&store->versions, "%s" SUFFIX, store->config) < 0)
		store->versions = NULL;
	return store->folder && store->versions;
}

bool store_open(const char *command, const char *config, struct store *out)
{
	*out = (struct store){.lock = -1};
	if (!name_all(config, out))
		return fail(command, config, strerror(errno));
	if (mkdir(out->versions, 0700) < 0 && errno != EEXIST)
		return fail(command, out->versions,
			    errno == EACCES || errno == EROFS
				    ? "who applies a policy must be able to install it: use sudo"
				    : strerror(errno));
	out->lock = open(out->versions, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (out->lock < 0)
		return fail(command, out->versions, strerror(errno));
	if (flock(out->lock, LOCK_EX | LOCK_NB) < 0)
		return fail(command, out->versions,
			    errno == EWOULDBLOCK
				    ? "another naclctl works here: try again when it is done"
				    : strerror(errno));
	return true;
}

bool store_find(const char *config, struct store *out)
{
	*out = (struct store){.lock = -1};
	return name_all(config, out) && access(out->versions, R_OK | X_OK) == 0;
}

void store_close(struct store *store)
{
	if (store->lock >= 0)
		close(store->lock);
	free(store->config);
	free(store->folder);
	free(store->versions);
	*store = (struct store){.lock = -1};
}

static char *path_of(const struct store *store, const char *version, const char *file)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s/%s", store->versions, version, file) < 0 ? NULL : path;
}

char *store_config_of(const struct store *store, unsigned int number)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", number);
	return path_of(store, name, store->name);
}

char *store_config_on_trial(const struct store *store, const char *id)
{
	char name[sizeof(TRIAL) + STORE_ID_LEN];

	snprintf(name, sizeof(name), TRIAL "%s", id);
	return path_of(store, name, store->name);
}

static void copy_text(const json_t *object, const char *key, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(to, size, "%s", text ? text : "");
}

static void read_note(const struct store *store, struct store_version *version)
{
	char name[16], *path;
	json_t *object;

	snprintf(name, sizeof(name), "%u", version->number);
	path = path_of(store, name, NOTE);
	object = path ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL) : NULL;
	version->when = (time_t)json_integer_value(json_object_get(object, "when"));
	copy_text(object, "id", version->id, sizeof(version->id));
	copy_text(object, "by", version->by, sizeof(version->by));
	copy_text(object, "note", version->note, sizeof(version->note));
	json_decref(object);
	free(path);
}

static int by_number(const void *a, const void *b)
{
	const struct store_version *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

size_t store_list(const struct store *store, struct store_version *out, size_t max)
{
	DIR *folder = opendir(store->versions);
	struct dirent *entry;
	size_t count = 0;

	while (folder && count < max && (entry = readdir(folder))) {
		struct store_version version = {0};

		if (!decimal_parse(entry->d_name, NUMBER_MAX, &version.number))
			continue;
		read_note(store, &version);
		out[count++] = version;
	}
	if (folder)
		closedir(folder);
	qsort(out, count, sizeof(*out), by_number);
	return count;
}

/* A folder of ours with all that is in it; follows no link. */
static void remove_tree(int parent, const char *name, int levels)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (folder && levels > 0 && (entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) < 0)
			remove_tree(fd, entry->d_name, levels - 1);
	}
	if (folder)
		closedir(folder);
	unlinkat(parent, name, AT_REMOVEDIR);
}

/* Trials that nobody can confirm any more; `but`: the one that is to stay, or NULL. */
static void remove_trials(const struct store *store, const char *but)
{
	DIR *folder = opendir(store->versions);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		if (strncmp(entry->d_name, TRIAL, strlen(TRIAL)) != 0)
			continue;
		if (!but || strcmp(entry->d_name + strlen(TRIAL), but) != 0)
			remove_tree(store->lock, entry->d_name, FOLDERS_MAX);
	}
	if (folder)
		closedir(folder);
}

void store_unstage(const struct store *store, const char *id)
{
	char name[sizeof(TRIAL) + STORE_ID_LEN];

	snprintf(name, sizeof(name), TRIAL "%s", id);
	remove_tree(store->lock, name, FOLDERS_MAX);
}

static bool note_trial(struct bundle *with, const char *id, const char *note)
{
	const char *user = getenv("SUDO_USER");
	json_t *object = json_pack("{s:I, s:s, s:s, s:s}", "when", (json_int_t)time(NULL), "id", id,
				   "by", user ? user : "root", "note", note);
	char *text = object ? json_dumps(object, JSON_INDENT(2)) : NULL;
	bool done = text && bundle_add(with, NOTE, text, strlen(text));

	free(text);
	json_decref(object);
	return done;
}

int store_stage(const struct store *store, const struct bundle *bundle, const char *id,
		const char *note)
{
	struct bundle noted = {0};
	char name[sizeof(TRIAL) + STORE_ID_LEN], *folder = NULL;
	int err = 0;

	remove_trials(store, NULL);
	snprintf(name, sizeof(name), TRIAL "%s", id);
	if (asprintf(&folder, "%s/%s", store->versions, name) < 0)
		return -ENOMEM;
	if (mkdirat(store->lock, name, 0700) < 0)
		err = -errno;
	if (!err)
		err = bundle_write(bundle, folder);
	if (!err && !note_trial(&noted, id, note))
		err = -ENOMEM;
	if (!err)
		err = bundle_write(&noted, folder);
	if (err)
		remove_tree(store->lock, name, FOLDERS_MAX);
	bundle_fini(&noted);
	free(folder);
	return err;
}

static void prune(const struct store *store)
{
	struct store_version versions[VERSIONS_MAX];
	size_t count = store_list(store, versions, VERSIONS_MAX);
	char name[16];

	for (size_t i = 0; i + STORE_VERSIONS < count; i++) {
		snprintf(name, sizeof(name), "%u", versions[i].number);
		remove_tree(store->lock, name, FOLDERS_MAX);
	}
}

int store_adopt(const struct store *store, const char *id, unsigned int *number)
{
	struct store_version versions[VERSIONS_MAX];
	size_t count = store_list(store, versions, VERSIONS_MAX);
	char from[sizeof(TRIAL) + STORE_ID_LEN], to[16];

	*number = count > 0 ? versions[count - 1].number + 1 : 1;
	snprintf(from, sizeof(from), TRIAL "%s", id);
	snprintf(to, sizeof(to), "%u", *number);
	if (renameat(store->lock, from, store->lock, to) < 0)
		return -errno;
	fsync(store->lock);
	prune(store);
	return 0;
}
