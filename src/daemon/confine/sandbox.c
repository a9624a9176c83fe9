/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon gives up, and in which order.
 *
 * A packet that finds a hole in the parser finds a process that can filter packets, read its
 * configuration again and write its logs, and that is all. Two locks of the kernel see to it:
 * landlock for files (landlock.c), seccomp for system calls (seccomp.c). Neither asks for a
 * privilege, so both hold for a daemon started by hand as under systemd, whose own locks they
 * double.
 *
 * "No new privileges" comes first: both ask for it, and it closes every set-uid way out. All of it
 * happens before the first thread, since a thread inherits landlock and cannot be given it later.
 * No option turns it off: what can be turned off is off on the day it is needed. Where the kernel
 * lacks a part the daemon does not start, unless its configuration says sandbox = "best-effort".
 */
#include "daemon/confine/sandbox.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/log.h"
#include "daemon/confine/landlock.h"
#include "daemon/confine/seccomp.h"

/* Of a process that traces itself, as a leak checker does at its end, little can be locked. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER true
#elif defined(__has_feature)
#define WITH_SANITIZER __has_feature(address_sanitizer)
#else
#define WITH_SANITIZER false
#endif

static int add(struct sandbox *sandbox, char *path, enum sandbox_use use)
{
	struct sandbox_folder *folders =
		reallocarray(sandbox->folders, sandbox->count + 1, sizeof(*folders));

	if (!folders) {
		free(path);
		return -ENOMEM;
	}
	sandbox->folders = folders;
	folders[sandbox->count++] = (struct sandbox_folder){.path = path, .use = use};
	return 0;
}

static bool is_beneath(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/' || strcmp(folder, "/") == 0);
}

/*
 * A name there stands for something else (/dev/stdin), and its neighbours are disks and processes.
 */
static bool is_special(const char *path)
{
	return strcmp(path, "/dev") == 0 || is_beneath(path, "/proc") || is_beneath(path, "/sys");
}

static bool is_known(const struct sandbox *sandbox, const char *path, enum sandbox_use use)
{
	for (size_t i = 0; i < sandbox->count; i++)
		if (sandbox->folders[i].use == use && strcmp(sandbox->folders[i].path, path) == 0)
			return true;
	return false;
}

int sandbox_allow(struct sandbox *sandbox, const char *folder, enum sandbox_use use)
{
	char *path = realpath(folder, NULL);

	if (!path)
		return errno == ENOMEM ? -ENOMEM : 0;
	if (is_special(path) || is_known(sandbox, path, use)) {
		free(path);
		return 0;
	}
	return add(sandbox, path, use);
}

static int allow_folder_of(struct sandbox *sandbox, const char *file, enum sandbox_use use)
{
	char *copy = strdup(file);
	int err = copy ? sandbox_allow(sandbox, dirname(copy), use) : -ENOMEM;

	free(copy);
	return err;
}

int sandbox_allow_around(struct sandbox *sandbox, const char *file, enum sandbox_use use)
{
	int err = allow_folder_of(sandbox, file, use);
	char *target = realpath(file, NULL);

	if (!err && target)
		err = allow_folder_of(sandbox, target, use);
	free(target);
	return err;
}

/* One line for whatever is missing; nothing where nothing is. */
static void tell(int privileges_err, int landlock_err, int seccomp_err)
{
	const struct {
		const char *name;
		int err;
	} parts[] = {{"landlock", landlock_err},
		     {"seccomp", seccomp_err},
		     {"no_new_privs", privileges_err}};
	char missing[200] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].err && len < sizeof(missing))
			len += (size_t)snprintf(missing + len, sizeof(missing) - len,
						"%sno %s (%s)", len ? ", " : "", parts[i].name,
						strerror(-parts[i].err));
	if (len > 0)
		log_warning("not confined in full: %s", missing);
}

int sandbox_enter(struct sandbox *sandbox)
{
	int privileges_err, landlock_err, seccomp_err;

	if (WITH_SANITIZER) {
		if (!sandbox->quiet)
			log_warning(
				"not confined: built with a sanitizer, which traces the process");
		return 0;
	}
	privileges_err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
	landlock_err = landlock_enter(sandbox->folders, sandbox->count, &sandbox->landlock);
	seccomp_err = seccomp_enter();
	sandbox->seccomp = seccomp_err == 0;
	if (!sandbox->quiet)
		tell(privileges_err, landlock_err, seccomp_err);
	return privileges_err || landlock_err || seccomp_err ? -ENOTSUP : 0;
}

bool sandbox_may_write(const struct sandbox *sandbox, const char *file)
{
	char copy[PATH_MAX], folder[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", file);
	if (!sandbox->landlock || !realpath(dirname(copy), folder))
		return true;
	for (size_t i = 0; i < sandbox->count; i++) {
		enum sandbox_use use = sandbox->folders[i].use;

		if ((use == SANDBOX_WRITE || use == SANDBOX_READ_WRITE) &&
		    is_beneath(folder, sandbox->folders[i].path))
			return true;
	}
	return false;
}

void sandbox_fini(struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->count; i++)
		free(sandbox->folders[i].path);
	free(sandbox->folders);
}
