/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_DISK_FLOWFILE_H
#define NACLD_DAEMON_DISK_FLOWFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOWFILE_BUFFER      65536
#define FLOWFILE_PATIENCE_MS 1000 /* how long a pipe's reader may take for the next piece */

/*
 * The file of the flow log with a bounded buffer before it. Whole lines only. Used by one thread.
 */
struct flowfile {
	int fd; /* -1: not open */
	bool regular;
	bool torn; /* the file ends within a line, which could not be cut off */
	char path[PATH_MAX];
	size_t len;
	uint64_t lines; /* in the buffer */
	char buffer[FLOWFILE_BUFFER];
};

void flowfile_init(struct flowfile *file);

/* Makes `path` the file that is open, created with mode 0640 if need be. 0 or -errno. */
int flowfile_open(struct flowfile *file, const char *path);

/* Closes it; what is in the buffer is forgotten. */
void flowfile_close(struct flowfile *file);

/* Room for one more line of `max` bytes, newline included; NULL: flush first. */
char *flowfile_room(struct flowfile *file, size_t max);

/* The line that was put there is `len` bytes long. */
void flowfile_line(struct flowfile *file, size_t len);

/*
 * Writes the buffer out and empties it. 0 or -errno; *lost is how many of its lines are not in the
 * file. Waits for a slow disk as long as that takes, for a pipe's reader FLOWFILE_PATIENCE_MS.
 */
int flowfile_flush(struct flowfile *file, uint64_t *lost);

#endif
