/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of one configuration, from one folder to another.
 *
 * Includes and set files are named relative to the configuration's folder, so a copy of all of them
 * below another folder is the same configuration. Names come from a text that is being checked:
 * none may lead out of the folder.
 */
#include "ctl/apply/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"

#define FRESH ".nacld-new" /* while a file is written */

bool bundle_add(struct bundle *bundle, const char *name, const char *text, size_t len)
{
	struct bundle_file *files =
		reallocarray(bundle->files, bundle->count + 1, sizeof(*bundle->files));
	struct bundle_file file = {.len = len};

	if (!files)
		return false;
	bundle->files = files;
	file.name = strdup(name);
	file.text = malloc(len + 1);
	if (!file.name || !file.text) {
		free(file.name);
		free(file.text);
		return false;
	}
	memcpy(file.text, text, len);
	file.text[len] = '\0';
	bundle->files[bundle->count++] = file;
	return true;
}

void bundle_set(struct bundle *bundle, size_t index, char *text)
{
	free(bundle->files[index].text);
	bundle->files[index].text = text;
	bundle->files[index].len = strlen(text);
}

void bundle_fini(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++) {
		free(bundle->files[i].name);
		free(bundle->files[i].text);
	}
	free(bundle->files);
	*bundle = (struct bundle){0};
}

/* 0 or -errno; a plain file only, so that nothing can keep us waiting. */
static int read_file(const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	FILE *memory = NULL;
	char part[65536];
	struct stat st;
	ssize_t n = 0;
	int err = fd < 0 ? -errno : 0;

	if (!err && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		err = -EINVAL;
	if (!err)
		memory = open_memstream(text, len);
	if (!err && !memory)
		err = -ENOMEM;
	while (!err && (n = read(fd, part, sizeof(part))) > 0)
		if (fwrite(part, 1, (size_t)n, memory) != (size_t)n)
			err = -ENOMEM;
	if (n < 0)
		err = -errno;
	if (memory && fclose(memory) != 0 && !err)
		err = -ENOMEM;
	if (fd >= 0)
		close(fd);
	return err;
}

/* Does a part of the name say ".."? */
static bool leads_out(const char *name)
{
	for (const char *at = name; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return true;
	}
	return false;
}

/* The name below the folder; NULL: it stands elsewhere. */
static const char *below(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	if (strcmp(folder, ".") == 0 && strncmp(path, "./", 2) != 0)
		return path[0] == '/' ? NULL : path;
	if (strncmp(path, folder, len) != 0)
		return NULL;
	path += len;
	while (*path == '/')
		path++;
	return path;
}

static bool is_there(const struct bundle *bundle, const char *name)
{
	for (size_t i = 0; i < bundle->count; i++)
		if (strcmp(bundle->files[i].name, name) == 0)
			return true;
	return false;
}

static bool take(const char *command, const char *path, const char *name, struct bundle *out)
{
	char *text = NULL;
	size_t len;
	int err;

	if (leads_out(name) || is_there(out, name)) {
		fprintf(stderr,
			"naclctl %s: %s: a version could not hold this name beside the others; "
			"give its absolute path, or put it below the configuration's folder\n",
			command, path);
		return false;
	}
	err = read_file(path, &text, &len);
	if (!err && !bundle_add(out, name, text, len))
		err = -ENOMEM;
	free(text);
	if (err)
		fprintf(stderr, "naclctl %s: cannot read %s: %s\n", command, path,
			err == -EINVAL ? "not a plain file" : strerror(-err));
	return !err;
}

bool bundle_read(const char *command, const char *path, const char *name,
		 const struct conf_report *report, struct bundle *out)
{
	char *copy = strdup(path), *folder = copy ? dirname(copy) : NULL;
	bool done = folder && take(command, path, name, out);

	for (size_t i = 1; done && i < report->file_count; i++) {
		const char *inner = below(folder, report->files[i]);

		if (inner)
			done = take(command, report->files[i], inner, out);
		else
			out->outside++;
	}
	free(copy);
	return done;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* The folders on the way to a file. 0 or -errno. */
static int make_folders(char *path, size_t from, mode_t mode)
{
	for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
		int err;

		*slash = '\0';
		err = mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
		*slash = '/';
		if (err)
			return err;
	}
	return 0;
}

/* What was renamed there stays so after a power failure. */
static void flush_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

/* Like `like`: owner and mode. */
static int write_one(const struct bundle_file *file, const char *path, const struct stat *like)
{
	char *fresh = NULL;
	int err = 0, fd;

	if (asprintf(&fresh, "%s" FRESH, path) < 0)
		return -ENOMEM;
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		err = -errno;
	if (!err && like &&
	    (fchown(fd, like->st_uid, like->st_gid) < 0 || fchmod(fd, like->st_mode & 07777) < 0))
		err = -errno;
	if (!err)
		err = write_all(fd, file->text, file->len);
	if (fd >= 0 && close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(fresh, path) < 0)
		err = -errno;
	if (err && fd >= 0)
		unlink(fresh);
	if (!err)
		flush_folder(path);
	free(fresh);
	return err;
}

static int place_one(const struct bundle_file *file, const char *folder, mode_t folders,
		     const struct stat *like)
{
	struct stat own;
	char *path = NULL;
	int err;

	if (asprintf(&path, "%s/%s", folder, file->name) < 0)
		return -ENOMEM;
	err = make_folders(path, strlen(folder) + 1, folders);
	if (!err)
		err = write_one(file, path, like && stat(path, &own) == 0 ? &own : like);
	free(path);
	return err;
}

int bundle_write(const struct bundle *bundle, const char *folder)
{
	int err = 0;

	for (size_t i = 0; !err && i < bundle->count; i++)
		err = place_one(&bundle->files[i], folder, 0700, NULL);
	return err;
}

int bundle_install(const struct bundle *bundle, const char *folder, const char **where)
{
	struct stat like = {.st_mode = 0644};
	char *path = NULL;
	int err = 0;

	if (asprintf(&path, "%s/%s", folder, bundle->files[0].name) < 0)
		return -ENOMEM;
	if (stat(path, &like) < 0) {
		like.st_uid = geteuid();
		like.st_gid = getegid();
	}
	free(path);
	for (size_t i = bundle->count; !err && i-- > 0;) {
		*where = bundle->files[i].name;
		err = place_one(&bundle->files[i], folder, 0755, &like);
	}
	return err;
}
