/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who reads a queue. The kernel names a netlink port id, which is often a process id and need not
 * be: a second socket of a process gets another, and a descriptor goes from hand to hand. So the
 * socket's inode is looked up (/proc/net/netlink), and then who has a descriptor of it.
 *
 * A process may call itself anything; the kernel says which program it runs (/proc/PID/exe).
 */
#include "ctl/state/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Columns: sk, protocol, port id, groups, rmem, wmem, dump, locks, drops, inode. 0: there is none.
 */
static unsigned long inode_of(uint32_t portid)
{
	FILE *file = fopen("/proc/net/netlink", "re");
	unsigned long inode = 0, found;
	unsigned int protocol, port;
	char line[256];

	if (!file)
		return 0;
	while (!inode && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &protocol, &port,
			   &found) == 3 &&
		    protocol == NETLINK_NETFILTER && port == portid)
			inode = found;
	fclose(file);
	return inode;
}

static bool has(const char *pid, const char *wanted)
{
	char path[280], link[64];
	bool found = false;
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

		link[len < 0 ? 0 : len] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	if (folder)
		closedir(folder);
	return found;
}

/* "PID (NAME) STATE ...": a name may hold brackets, and anything else. */
static void read_stat(const char *pid, struct holder *out)
{
	char path[64], line[512] = "";
	const char *open, *close;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(line, sizeof(line), file) && (open = strchr(line, '(')) &&
	    (close = strrchr(line, ')'))) {
		snprintf(out->name, sizeof(out->name), "%.*s", (int)(close - open - 1), open + 1);
		out->state = close[1] ? close[2] : '\0';
	}
	fclose(file);
	for (char *c = out->name; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

/* By the last part of the program's path: "/usr/sbin/nacld", with " (deleted)" after an upgrade. */
static bool runs_nacld(const char *pid)
{
	char path[64], program[512];
	const char *slash;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%.16s/exe", pid);
	len = readlink(path, program, sizeof(program) - 1);
	program[len < 0 ? 0 : len] = '\0';
	slash = strrchr(program, '/');
	return slash && strncmp(slash + 1, "nacld", 5) == 0;
}

void holder_find(uint32_t portid, struct holder *out)
{
	unsigned long inode = inode_of(portid);
	DIR *processes = inode ? opendir("/proc") : NULL;
	struct dirent *entry;
	char wanted[40];

	*out = (struct holder){0};
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	while (processes && out->pid == 0 && (entry = readdir(processes))) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !has(entry->d_name, wanted))
			continue;
		if (strcmp(entry->d_name, "1") == 0) {
			out->kept = true;
			continue;
		}
		out->pid = (pid_t)strtol(entry->d_name, NULL, 10);
		out->kept = false;
		out->nacld = runs_nacld(entry->d_name);
		read_stat(entry->d_name, out);
	}
	if (processes)
		closedir(processes);
	if (out->pid)
		out->kept = false;
}
