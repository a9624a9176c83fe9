/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a configuration, whole in memory for as long as the load lasts: so that every
 * diagnostic can show its line, and so that libconfig is handed text, never a file of unknown kind.
 * (Its scanner ends the process when a read fails, as it does on a folder.)
 */
#include "conf/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_LEN_MAX ((size_t)256 << 20) /* /dev/zero is no configuration */
#define SOURCES_MAX    512

void conf_sources_fini(struct conf_reader *r)
{
	for (size_t i = 0; i < r->source_count; i++) {
		free(r->sources[i].name);
		free(r->sources[i].alias);
		free(r->sources[i].text);
	}
	free(r->sources);
}

bool conf_sources_name(const struct conf_reader *r)
{
	struct conf_report *report = r->report;

	report->files = calloc(r->source_count + 1, sizeof(*report->files));
	for (size_t i = 0; report->files && i < r->source_count; i++) {
		report->files[i] = strdup(r->sources[i].name);
		if (!report->files[i])
			return false;
		report->file_count++;
	}
	return report->files;
}

size_t conf_source_index(const struct conf_reader *r, const char *name)
{
	if (!name)
		return 0;
	for (size_t i = 0; i < r->source_count; i++) {
		const char *alias = r->sources[i].alias;

		if (strcmp(r->sources[i].name, name) == 0 || (alias && strcmp(alias, name) == 0))
			return i;
	}
	return r->source_count;
}

const char *conf_source_line(const struct conf_reader *r, const char *name, unsigned int line,
			     size_t *len)
{
	size_t index = conf_source_index(r, name);
	const char *at, *end;

	if (index >= r->source_count || line == 0 || !r->sources[index].text)
		return NULL;
	at = r->sources[index].text;
	end = at + r->sources[index].len;
	for (unsigned int i = 1; i < line; i++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return NULL;
		at++;
	}
	*len = strcspn(at, "\n");
	return at;
}

char *conf_source_path(const struct conf_reader *r, const char *name)
{
	char *path;

	if (name[0] == '/' || strcmp(r->folder, ".") == 0)
		return strdup(name);
	return asprintf(&path, "%s/%s", r->folder, name) < 0 ? NULL : path;
}

/* A new, still empty source; -1: no memory, or too many files. */
static int new_source(struct conf_reader *r, const char *name)
{
	struct conf_source *sources;
	char *copy = strdup(name);

	if (!copy)
		return -1;
	sources = reallocarray(r->sources, r->source_count + 1, sizeof(*sources));
	if (!sources) {
		free(copy);
		return -1;
	}
	r->sources = sources;
	sources[r->source_count] = (struct conf_source){.name = copy};
	return (int)r->source_count++;
}

int conf_source_add(struct conf_reader *r, const char *name, const char *text)
{
	int index = new_source(r, name);

	if (index < 0)
		return -1;
	r->sources[index].text = strdup(text);
	r->sources[index].len = strlen(text);
	return r->sources[index].text ? index : -1;
}

/* Everything up to the end of the file. 0 or -errno. */
static int read_all(int fd, struct conf_source *source)
{
	size_t capacity = 0;

	for (;;) {
		ssize_t n;

		if (capacity - source->len < 2) {
			char *text = realloc(source->text, capacity = capacity * 2 + 4096);

			if (!text)
				return -ENOMEM;
			source->text = text;
		}
		n = read(fd, source->text + source->len, capacity - source->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		source->len += (size_t)n;
		source->text[source->len] = '\0';
		if (n == 0)
			return 0;
		if (source->len > SOURCE_LEN_MAX)
			return -EFBIG;
	}
}

/* 0 or -errno. Opening does not wait for a pipe's writer before its kind is known. */
static int open_and_read(const char *path, enum conf_source_kind kind, struct conf_source *source)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
				    (kind == CONF_SOURCE_FILE ? O_NONBLOCK : 0));
	struct stat st = {0};
	int err;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (kind == CONF_SOURCE_FILE && !S_ISREG(st.st_mode))
		err = -EINVAL;
	else
		err = read_all(fd, source);
	source->device = st.st_dev;
	source->inode = st.st_ino;
	close(fd);
	return err;
}

/*
 * Modes would let us, and opening is refused all the same: something confines the process. The
 * daemon does so itself, and access(2) is what landlock does not answer for.
 */
static bool is_confined(const char *path)
{
	return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;
}

static const char *read_hint(int err)
{
	switch (err) {
	case -ENOENT:
		return "is the name right? Names inside a configuration are relative to its folder";
	case -EISDIR:
		return "name a file in it";
	case -EACCES:
		return "run as a user who may read it, or correct its mode";
	case -EINVAL:
		return "only plain files can be included";
	default:
		return NULL;
	}
}

int conf_source_read(struct conf_reader *r, const char *path, enum conf_source_kind kind,
		     struct conf_place place)
{
	int index, err;

	if (r->source_count >= SOURCES_MAX) {
		conf_error(r, place, "join some of them", "more than %d files", SOURCES_MAX);
		return -1;
	}
	index = new_source(r, path);
	if (index < 0) {
		conf_out_of_memory(r);
		return -1;
	}
	err = open_and_read(path, kind, &r->sources[index]);
	if (err == 0)
		return index;
	if (err == -EACCES && is_confined(path))
		conf_error(
			r, place, "nacld reads only from the folders that it knew when it started",
			"%s is outside what nacld may read since it started: restart nacld", path);
	else
		conf_error(r, place, read_hint(err), "cannot read %s: %s", path,
			   err == -EINVAL ? "not a plain file" : strerror(-err));
	return -1;
}
