/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a configuration, whole in memory for as long as the load lasts: so that every
 * diagnostic can show its line, and so that libconfig is handed text, never a file of unknown kind.
 * (Its scanner ends the process when a read fails, as it does on a folder.)
 */
#include "conf/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_LEN_MAX ((size_t)256 << 20) /* /dev/zero is not a configuration */

void conf_sources_fini(struct conf_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		free(sources->items[i].name);
		free(sources->items[i].text);
	}
	free(sources->items);
}

size_t conf_source_index(const struct conf_sources *sources, const char *name)
{
	if (!name)
		return 0;
	for (size_t i = 0; i < sources->count; i++)
		if (strcmp(sources->items[i].name, name) == 0)
			return i;
	return sources->count;
}

const char *conf_source_line(const struct conf_sources *sources, const char *name,
			     unsigned int line, size_t *len)
{
	size_t index = conf_source_index(sources, name);
	const char *at, *end;

	if (index >= sources->count || line == 0 || !sources->items[index].text)
		return NULL;
	at = sources->items[index].text;
	end = at + sources->items[index].len;
	for (unsigned int i = 1; i < line; i++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return NULL;
		at++;
	}
	*len = strcspn(at, "\n");
	return at;
}

char *conf_source_path(const struct conf_sources *sources, const char *name)
{
	char *path;

	if (name[0] == '/' || strcmp(sources->folder, ".") == 0)
		return strdup(name);
	return asprintf(&path, "%s/%s", sources->folder, name) < 0 ? NULL : path;
}

/* The index of a new, still empty source, or -ENOMEM. */
static int new_source(struct conf_sources *sources, const char *name)
{
	struct conf_source *items;
	char *copy = strdup(name);

	if (!copy)
		return -ENOMEM;
	items = reallocarray(sources->items, sources->count + 1, sizeof(*items));
	if (!items) {
		free(copy);
		return -ENOMEM;
	}
	sources->items = items;
	items[sources->count] = (struct conf_source){.name = copy};
	return (int)sources->count++;
}

int conf_source_add(struct conf_sources *sources, const char *name, const char *text)
{
	int index = new_source(sources, name);

	if (index < 0)
		return index;
	sources->items[index].text = strdup(text);
	sources->items[index].len = strlen(text);
	return sources->items[index].text ? index : -ENOMEM;
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

int conf_source_read(struct conf_sources *sources, const char *path, enum conf_source_kind kind)
{
	int index, err;

	if (sources->count >= CONF_SOURCES_MAX)
		return -E2BIG;
	index = new_source(sources, path);
	if (index < 0)
		return index;
	err = open_and_read(path, kind, &sources->items[index]);
	return err ? err : index;
}
