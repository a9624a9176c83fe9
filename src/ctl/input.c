/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as text, no more of it than a document may have: what is larger is refused by the reader
 * of documents, which names the place, and needs one byte too many for that.
 */
#include "ctl/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interop/document.h"

#define STEP ((size_t)64 * 1024)

/* 0 or -errno; *text is the caller's to free either way. */
static int read_all(int fd, char **text, size_t *len)
{
	size_t capacity = 0;

	for (*len = 0; *len <= DOCUMENT_BYTES_MAX;) {
		ssize_t got;

		if (*len + STEP > capacity) {
			char *larger = realloc(*text, capacity * 2 + STEP);

			if (!larger)
				return -ENOMEM;
			*text = larger;
			capacity = capacity * 2 + STEP;
		}
		got = read(fd, *text + *len, STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		*len += (size_t)got;
	}
	return 0;
}

char *input_read(const char *command, const char *file, size_t *len)
{
	bool from_stdin = strcmp(file, "-") == 0;
	int fd = from_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	int status = fd < 0 ? -errno : 0;
	char *text = NULL;

	if (status == 0)
		status = read_all(fd, &text, len);
	if (fd > STDIN_FILENO)
		close(fd);
	if (status == 0)
		return text;
	fprintf(stderr, "naclctl %s: %s: %s\n", command, from_stdin ? "stdin" : file,
		strerror(-status));
	free(text);
	return NULL;
}
