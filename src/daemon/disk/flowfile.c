/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow log's file: appended to in whole lines, whatever happens.
 *
 * A full disk may take half a line. It is cut off again, so that the next line that fits starts
 * where a line should; where the file cannot be cut (append-only, say), the next write begins with
 * a newline. Anything but a plain file, a pipe to a collector for instance, is written without
 * blocking and in pieces that a pipe takes whole or not at all (PIPE_BUF, pipe(7)).
 */
#include "daemon/disk/flowfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void flowfile_init(struct flowfile *file)
{
	file->fd = -1;
	file->path[0] = '\0';
	file->len = 0;
	file->lines = 0;
}

int flowfile_open(struct flowfile *file, const char *path)
{
	struct stat st;

	if (file->fd >= 0 && strcmp(file->path, path) == 0)
		return 0;
	flowfile_close(file);
	file->fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (file->fd < 0)
		return -errno;
	if (fstat(file->fd, &st) < 0) {
		int err = -errno;

		flowfile_close(file);
		return err;
	}
	file->regular = S_ISREG(st.st_mode);
	file->torn = false;
	snprintf(file->path, sizeof(file->path), "%s", path);
	return 0;
}

void flowfile_close(struct flowfile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	flowfile_init(file);
}

char *flowfile_room(struct flowfile *file, size_t max)
{
	/* One byte stays free for the newline that ends a torn line. */
	return file->len + max < FLOWFILE_BUFFER ? file->buffer + file->len : NULL;
}

void flowfile_line(struct flowfile *file, size_t len)
{
	file->len += len;
	file->lines++;
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Up to and with the last newline of the first `len` bytes; 0: there is none. */
static size_t whole_lines(const char *text, size_t len)
{
	const char *newline = memrchr(text, '\n', len);

	return newline ? (size_t)(newline - text) + 1 : 0;
}

/* One write, interrupted or not. What it takes, or -errno. */
static ssize_t write_piece(struct flowfile *file, const char *from, size_t len)
{
	size_t piece = len > PIPE_BUF && !file->regular ? whole_lines(from, PIPE_BUF) : len;

	for (;;) {
		struct pollfd writable = {.fd = file->fd, .events = POLLOUT};
		ssize_t n = write(file->fd, from, piece);

		if (n >= 0)
			return n;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		if (errno == EAGAIN && poll(&writable, 1, FLOWFILE_PATIENCE_MS) == 0)
			return -ETIMEDOUT;
	}
}

/* `extra` bytes too many are at the file's end: part of a line. */
static void cut_off(struct flowfile *file, size_t extra)
{
	off_t end = lseek(file->fd, 0, SEEK_END);

	if (extra > 0 && (end < (off_t)extra || ftruncate(file->fd, end - (off_t)extra) < 0))
		file->torn = true;
}

int flowfile_flush(struct flowfile *file, uint64_t *lost)
{
	size_t mend = file->torn && file->len > 0, done = 0;
	int err = file->fd < 0 ? -EBADF : 0;

	if (mend) {
		memmove(file->buffer + 1, file->buffer, file->len++);
		file->buffer[0] = '\n';
	}
	while (!err && done < file->len) {
		ssize_t n = write_piece(file, file->buffer + done, file->len - done);

		if (n < 0)
			err = (int)n;
		else
			done += (size_t)n;
	}
	if (done > 0)
		file->torn = false;
	else
		done = mend;
	if (err)
		cut_off(file, done - whole_lines(file->buffer, done));
	*lost = err ? count_lines(file->buffer + done, file->len - done) : 0;
	file->len = 0;
	file->lines = 0;
	return err;
}
