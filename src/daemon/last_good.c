/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ran last, for whoever has to find out after a bad edit. The text is made here, in memory,
 * and handed over as a descriptor (memfd): it may be megabytes, and nobody waits for a disk.
 */
#include "daemon/last_good.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/paths.h"
#include "conf/conf.h"

/* The text of a policy in a descriptor, or -errno. */
static int print_to_memory(const struct policy *policy)
{
	int fd = memfd_create("nacld-state", MFD_CLOEXEC), kept;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool failed;

	if (!file) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	conf_print(policy, file);
	failed = ferror(file) || fflush(file) != 0;
	kept = failed ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	fclose(file);
	return kept < 0 ? -ENOMEM : kept;
}

static void try(struct poller_source *source, short revents)
{
	struct daemon *daemon = source->owner;
	int text;

	(void)revents;
	source->due_ms = clock_monotonic_ms() + LAST_GOOD_RETRY_MS;
	if (disk_is_busy(&daemon->disk))
		return;
	text = print_to_memory(daemon->current->policy);
	if (text < 0 && !daemon->save_failed)
		log_warning("cannot save the configuration that runs: %s", strerror(-text));
	daemon->save_failed = text < 0;
	if (text < 0)
		return;
	if (disk_save_state(&daemon->disk, DISK_STATE_LAST_GOOD, text))
		source->due_ms = 0;
	close(text);
}

void last_good_save(struct daemon *daemon)
{
	if (paths_state_folder())
		daemon->unsaved.due_ms = clock_monotonic_ms();
}

void last_good_start(struct daemon *daemon, struct poller *poller)
{
	daemon->unsaved = (struct poller_source){.fd = -1, .serve = try, .owner = daemon};
	poller_add(poller, &daemon->unsaved);
}
