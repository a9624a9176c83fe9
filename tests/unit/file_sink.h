/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TESTS_UNIT_FILE_SINK_H
#define NACLD_TESTS_UNIT_FILE_SINK_H

#include <errno.h>
#include <string.h>

#include "daemon/disk/flowfile.h"
#include "daemon/disk.h"

/* The flow log's lines go into the file at once, as the process that writes has them go. */
static int file_sink_open(void *owner, const char *path)
{
	if (path[0])
		return flowfile_open(owner, path);
	flowfile_close(owner);
	return 0;
}

static int file_sink_write(void *owner, const char *text, size_t len, uint64_t *lost)
{
	char *room = flowfile_room(owner, len);

	if (!room)
		return -EMSGSIZE;
	memcpy(room, text, len);
	flowfile_line(owner, len);
	return flowfile_flush(owner, lost);
}

static inline struct flow_sink file_sink(struct flowfile *file)
{
	flowfile_init(file);
	return (struct flow_sink){.owner = file, .open = file_sink_open, .write = file_sink_write};
}

#endif
