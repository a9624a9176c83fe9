/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet that crashes or hangs its filter is dropped by the successor before anything else: it
 * costs one restart and itself, not the host. Dropped whatever on_failure says, since accepting it
 * would give an attacker a packet that passes. Order matters: saved first, answered, and only then
 * forgotten, so that dying on the way does it again.
 *
 * The file is a capture of one packet (the classic pcap format, link type raw IP), so that the
 * tools of the trade read it.
 */
#include "daemon/privsep/poison.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

static int write_capture(int fd, const struct batch_packet *packet)
{
	struct pcap_header header = {
		.magic = PCAP_MAGIC,
		.version_major = 2,
		.version_minor = 4,
		.snap_len = PCAP_SNAPLEN,
		.link_type = LINKTYPE_RAW,
		.seconds = (uint32_t)time(NULL),
		.captured_len = (uint32_t)packet->copy_len,
		.wire_len = (uint32_t)packet->wire_len,
	};
	struct iovec parts[] = {
		{.iov_base = &header, .iov_len = sizeof(header)},
		{.iov_base = (void *)packet->data, .iov_len = packet->copy_len},
	};
	ssize_t len = writev(fd, parts, 2);

	if (len < 0 || fsync(fd) < 0)
		return -errno;
	return (size_t)len == sizeof(header) + packet->copy_len ? 0 : -ENOSPC;
}

/* The first free name, or the last one again. */
static int open_file(const char *folder, char *path, size_t size)
{
	int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;

	snprintf(path, size, "%s/" PATHS_POISON, folder);
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return -errno;
	for (unsigned int i = 0; i < POISON_FILES_MAX; i++) {
		bool last = i == POISON_FILES_MAX - 1;
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

static void save(uint16_t number, const struct batch_packet *packet)
{
	const char *folder = paths_state_folder();
	char path[512];
	int fd, err;

	if (!folder) {
		log_error("queue %u: its packet is not saved: there is no state folder", number);
		return;
	}
	fd = open_file(folder, path, sizeof(path));
	err = fd < 0 ? fd : write_capture(fd, packet);
	if (fd >= 0)
		close(fd);
	if (err)
		log_error("queue %u: cannot write %s: %s", number, path, strerror(-err));
	else
		log_error("queue %u: its packet is saved in %s: please report it", number, path);
}

void poison_drop(struct queue *queue, unsigned int i, const struct batch_packet *packet)
{
	uint16_t number = queue_number(queue);

	log_error("queue %u: a packet made its filter crash or hang; it is dropped", number);
	save(number, packet);
	queue_drop_one(queue, packet->id);
	batch_forget(queue_batch(queue), i);
	queue_count_poison(queue);
}

void poison_reap(struct queue *queue)
{
	struct batch *batch = queue_batch(queue);
	struct batch_packet packet;
	unsigned int i;

	if (batch_poison(batch, &i, &packet))
		poison_drop(queue, i, &packet);
	batch_judged(batch);
}
