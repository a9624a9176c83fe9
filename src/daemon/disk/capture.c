/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture of one packet (the classic pcap format, link type raw IP), so that the tools of the
 * trade read it.
 */
#include "daemon/disk/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/paths.h"

#define PCAP_MAGIC   0xa1b2c3d4u
#define PCAP_SNAPLEN 262144
#define LINKTYPE_RAW 101

struct pcap_header {
	uint32_t magic;
	uint16_t version_major;
	uint16_t version_minor;
	int32_t zone;
	uint32_t accuracy;
	uint32_t snap_len;
	uint32_t link_type;
	/* then the packet's */
	uint32_t seconds;
	uint32_t microseconds;
	uint32_t captured_len;
	uint32_t wire_len;
};

static int write_capture(int fd, const void *bytes, size_t bytes_len, size_t wire_len)
{
	struct pcap_header header = {
		.magic = PCAP_MAGIC,
		.version_major = 2,
		.version_minor = 4,
		.snap_len = PCAP_SNAPLEN,
		.link_type = LINKTYPE_RAW,
		.seconds = (uint32_t)time(NULL),
		.captured_len = (uint32_t)bytes_len,
		.wire_len = (uint32_t)wire_len,
	};
	struct iovec parts[] = {
		{.iov_base = &header, .iov_len = sizeof(header)},
		{.iov_base = (void *)bytes, .iov_len = bytes_len},
	};
	ssize_t len = writev(fd, parts, 2);

	if (len < 0 || fsync(fd) < 0)
		return -errno;
	return (size_t)len == sizeof(header) + bytes_len ? 0 : -ENOSPC;
}

/* The first free name, or the last one again. */
static int open_file(const char *folder, char *path, size_t size)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;

	snprintf(path, size, "%s/" PATHS_POISON, folder);
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return -errno;
	for (unsigned int i = 0; i < CAPTURE_FILES_MAX; i++) {
		bool last = i == CAPTURE_FILES_MAX - 1;
		int fd;

		snprintf(path, size, "%s/" PATHS_POISON "/%02u.pcap", folder, i);
		fd = open(path, flags | (last ? O_TRUNC : O_EXCL), 0640);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			break;
	}
	return -errno;
}

void capture_save(unsigned int number, const void *bytes, size_t len, size_t wire_len)
{
	const char *folder = paths_state_folder();
	char path[512];
	int fd, err;

	if (!folder) {
		log_error("queue %u: its packet is not saved: there is no state folder", number);
		return;
	}
	fd = open_file(folder, path, sizeof(path));
	err = fd < 0 ? fd : write_capture(fd, bytes, len, wire_len);
	if (fd >= 0)
		close(fd);
	if (err)
		log_error("queue %u: cannot write %s: %s", number, path, strerror(-err));
	else
		log_error("queue %u: its packet is saved in %s: please report it", number, path);
}
