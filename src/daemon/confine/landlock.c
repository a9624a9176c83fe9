/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Landlock (landlock(7)): the files a process may still open, by folder.
 *
 * A ruleset names all that it handles, and denies what it handles and no rule allows. The kernel
 * refuses rights it does not know, so what is handled depends on the version of its interface; a
 * newer one than we know is asked for what we know. glibc has no wrappers and Debian 12's headers
 * end at version 2, hence the system calls, the structure and the bits of later versions here.
 *
 * Not covered by any version so far: chmod, chown, stat and the like, which seccomp leaves out or
 * which reveal no content. What is open already stays open: the queues, the control socket, the
 * log.
 */
#include "daemon/confine/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in the kernel, up to version 6; what an older one does not know is cut off by the size. */
struct ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scoped;
};

#define READ_FILE   LANDLOCK_ACCESS_FS_READ_FILE
#define WRITE_FILE  LANDLOCK_ACCESS_FS_WRITE_FILE
#define READ_DIR    LANDLOCK_ACCESS_FS_READ_DIR
#define REMOVE_FILE LANDLOCK_ACCESS_FS_REMOVE_FILE
#define REMOVE_DIR  LANDLOCK_ACCESS_FS_REMOVE_DIR
#define MAKE_FILE   LANDLOCK_ACCESS_FS_MAKE_REG
#define MAKE_DIR    LANDLOCK_ACCESS_FS_MAKE_DIR
#define TRUNCATE    (UINT64_C(1) << 14)

#define FILES_ABI_1    ((UINT64_C(1) << 13) - 1) /* from EXECUTE to MAKE_SYM */
#define FILES_REFER    LANDLOCK_ACCESS_FS_REFER  /* version 2 */
#define FILES_IOCTL    (UINT64_C(1) << 15)       /* version 5 */
#define NET_BIND_TCP   (UINT64_C(1) << 0)        /* version 4 */
#define NET_CONNECT    (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT (UINT64_C(1) << 0) /* version 6 */
#define SCOPE_SIGNAL   (UINT64_C(1) << 1)

static const uint64_t rights[] = {
	[SANDBOX_READ] = READ_FILE,
	[SANDBOX_WRITE] = WRITE_FILE | MAKE_FILE | TRUNCATE,
	[SANDBOX_READ_WRITE] = READ_FILE | WRITE_FILE | READ_DIR | REMOVE_FILE | REMOVE_DIR |
			       MAKE_FILE | MAKE_DIR | TRUNCATE,
	[SANDBOX_UNLINK] = REMOVE_FILE,
};

static uint64_t files_handled(int abi)
{
	uint64_t files = FILES_ABI_1;

	if (abi >= 2)
		files |= FILES_REFER;
	if (abi >= 3)
		files |= TRUNCATE;
	if (abi >= 5)
		files |= FILES_IOCTL;
	return files;
}

static int open_ruleset(int abi)
{
	struct ruleset ruleset = {.files = files_handled(abi)};
	size_t size = sizeof(ruleset.files);

	if (abi >= 4) {
		ruleset.net = NET_BIND_TCP | NET_CONNECT;
		size += sizeof(ruleset.net);
	}
	if (abi >= 6) {
		ruleset.scoped = SCOPE_SIGNAL | SCOPE_ABSTRACT;
		size += sizeof(ruleset.scoped);
	}
	return (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
}

/* A folder that was removed meanwhile needs no rule. */
static int add_rule(int fd, const struct sandbox_folder *folder, int abi)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights[folder->use] & files_handled(abi),
		.parent_fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC),
	};
	int err = 0;

	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		err = -errno;
	close(rule.parent_fd);
	return err;
}

int landlock_enter(const struct sandbox_folder *folders, size_t count, int *abi)
{
	int version =
		(int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int fd, err = 0;

	if (version < 0)
		return -errno;
	fd = open_ruleset(version);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; !err && i < count; i++)
		err = add_rule(fd, &folders[i], version);
	if (!err && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		err = -errno;
	close(fd);
	if (!err)
		*abi = version;
	return err;
}
