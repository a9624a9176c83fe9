/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steering into a queue that nothing reads, with on_failure = "drop", drops everything at once: over
 * ssh that is the last command of the session. sudo drops the variables that ssh sets, so the
 * processes that lead here are looked at.
 */
#include "ctl/steer/unread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/nfqueue_proc.h"

#define ANCESTORS_MAX 64

bool unread_queues(const struct steer_plan *plan)
{
	int table = nfqueue_proc_open();
	struct nfqueue_proc queue;
	bool unread = false;

	for (unsigned int i = plan->queue_first; i <= plan->queue_last && !unread; i++)
		unread = !nfqueue_proc_read(table, (uint16_t)i, &queue);
	if (table >= 0)
		close(table);
	return unread;
}

/* The parent's process id, or 0; *ssh when the process itself is an ssh server's. */
static int parent_of(int pid, bool *ssh)
{
	char path[40], line[512] = "";
	const char *open, *close;
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file) && (open = strchr(line, '(')) &&
	    (close = strrchr(line, ')')) && sscanf(close, ") %*c %d", &parent) == 1)
		*ssh = strncmp(open, "(sshd", 5) == 0 || strncmp(open, "(dropbear", 9) == 0;
	fclose(file);
	return parent;
}

bool unread_over_ssh(void)
{
	bool ssh = getenv("SSH_CONNECTION");
	int pid = getppid();

	for (int i = 0; i < ANCESTORS_MAX && pid > 1 && !ssh; i++)
		pid = parent_of(pid, &ssh);
	return ssh;
}
