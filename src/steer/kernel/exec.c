/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one firewall tool. The caller is root, so nothing of the caller's surroundings reaches the
 * child: no shell, a fixed argv, folders of the system only, an environment of three variables.
 * XTABLES_LOCKFILE is let through because inside a user namespace /run/xtables.lock is not
 * writable.
 *
 * The three standard streams are memory files: the input is complete before the child starts and
 * the outputs are read after it ended, so there is no pipe that could fill up and no loop to wait
 * in.
 */
#include "steer/kernel/exec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOOL_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

static bool find_tool(const char *tool, char path[static 64])
{
	static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int n = snprintf(path, 64, "%s/%s", folders[i], tool);

		if (n > 0 && n < 64 && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

bool steer_tool_installed(const char *tool)
{
	char path[64];

	return find_tool(tool, path);
}

/* A memory file that holds `text` (NULL: nothing), at its beginning; or -1. */
static int memory_file(const char *text)
{
	size_t len = text ? strlen(text) : 0, done = 0;
	int fd = memfd_create("naclctl", MFD_CLOEXEC);

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static char *read_back(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t done = 0;
	char *text = size < 0 ? NULL : malloc((size_t)size + 1);

	while (text && done < (size_t)size) {
		ssize_t n = pread(fd, text + done, (size_t)size - done, (off_t)done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (text)
		text[done] = '\0';
	return text;
}

static void exec_tool(const char *path, const char *const argv[], const int fds[static 3])
{
	char lockfile[4096 + sizeof("XTABLES_LOCKFILE=")];
	const char *lock = getenv("XTABLES_LOCKFILE");
	const char *env[] = {"PATH=" TOOL_PATH, "LC_ALL=C", NULL, NULL};

	if (lock) {
		snprintf(lockfile, sizeof(lockfile), "XTABLES_LOCKFILE=%s", lock);
		env[2] = lockfile;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			_exit(127);
	/* execve takes pointers to mutable strings by history; it writes none of them. */
	execve(path, (char *const *)argv, (char *const *)env);
	_exit(127);
}

static int wait_for(pid_t pid, int *status)
{
	int raw;

	while (waitpid(pid, &raw, 0) < 0)
		if (errno != EINTR)
			return -errno;
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
	return 0;
}

int steer_exec(const char *const argv[], const char *input, struct steer_result *out)
{
	int fds[3] = {-1, -1, -1};
	char path[64];
	pid_t pid;
	int err = 0;

	*out = (struct steer_result){0};
	if (!find_tool(argv[0], path))
		return -ENOENT;
	for (int i = 0; i < 3 && !err; i++) {
		fds[i] = memory_file(i == 0 ? input : NULL);
		/*
		 * Below 3 a later dup2 would overwrite it: only when a caller closed its streams.
		 */
		if (fds[i] < 3)
			err = fds[i] < 0 ? -errno : -EBADF;
	}
	if (err)
		goto out;
	pid = fork();
	if (pid == 0)
		exec_tool(path, argv, fds);
	err = pid < 0 ? -errno : wait_for(pid, &out->status);
	if (err)
		goto out;
	out->out = read_back(fds[1]);
	out->err = read_back(fds[2]);
	if (!out->out || !out->err)
		err = -ENOMEM;
out:
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return err;
}

void steer_result_fini(struct steer_result *result)
{
	free(result->out);
	free(result->err);
	*result = (struct steer_result){0};
}
