/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for two processes. A memfd and not an anonymous mapping, since the other process is a
 * program of its own that inherits nothing: it is handed a descriptor and maps it.
 */
#include "daemon/path/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_memory(size_t size)
{
	int fd = memfd_create("nacld-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int shared_open(struct shared *out, size_t size, bool handed)
{
	int flags = MAP_SHARED | MAP_POPULATE | (handed ? 0 : MAP_ANONYMOUS);
	struct shared shared = {.size = size, .fd = handed ? open_memory(size) : -1};

	if (handed && shared.fd < 0)
		return shared.fd;
	shared.memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, shared.fd, 0);
	if (shared.memory == MAP_FAILED) {
		if (handed)
			close(shared.fd);
		return -ENOMEM;
	}
	*out = shared;
	return 0;
}

int shared_seal(struct shared *shared)
{
	munmap(shared->memory, shared->size);
	shared->memory = NULL;
	return fcntl(shared->fd, F_ADD_SEALS,
		     F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0
		       ? -errno
		       : 0;
}

void shared_close(struct shared *shared)
{
	if (shared->memory)
		munmap(shared->memory, shared->size);
	if (shared->fd > 0)
		close(shared->fd);
	*shared = (struct shared){.fd = -1};
}

void *shared_attach(int fd, size_t at, size_t size, bool writable)
{
	struct stat st;
	void *memory;

	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < at || (uint64_t)st.st_size - at < size)
		return NULL;
	memory = mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0),
		      MAP_SHARED | MAP_POPULATE, fd, (off_t)at);
	return memory == MAP_FAILED ? NULL : memory;
}
