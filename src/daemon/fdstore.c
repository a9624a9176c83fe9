/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptor store, spoken to by sd_pid_notify_with_fds(3).
 *
 * A queue's socket and its buffers go in one message, under one name, "queue-N": both arrive or
 * neither does. Which is which is asked of the descriptors themselves when they come back.
 *
 * FDPOLL=0 is essential: the service manager otherwise polls what it stores and throws it away on
 * an error condition, which a netlink socket has after one lost message (ENOBUFS). `systemctl stop`
 * empties the store, `restart` and a crash do not.
 */
#include "daemon/fdstore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "core/decimal.h"

#define NAME_PREFIX "queue-"
#define ANSWER_US   5000000 /* for the service manager to answer */

static bool number_of(const char *name, uint16_t *out)
{
	unsigned int number;

	if (strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) != 0 ||
	    !decimal_parse(name + strlen(NAME_PREFIX), UINT16_MAX, &number))
		return false;
	*out = (uint16_t)number;
	return true;
}

static struct fdstore_entry *entry_of(struct fdstore *store, uint16_t number)
{
	for (unsigned int i = 0; i < store->count; i++)
		if (store->entries[i].number == number)
			return &store->entries[i];
	return NULL;
}

static void keep(struct fdstore *store, uint16_t number, int fd)
{
	struct fdstore_entry *entry = entry_of(store, number);
	struct stat st;
	int *place;

	if (!entry && store->count < QUEUE_COUNT_MAX) {
		entry = &store->entries[store->count++];
		*entry = (struct fdstore_entry){.number = number, .fds = {-1, -1}};
	}
	if (!entry || fstat(fd, &st) < 0) {
		close(fd);
		return;
	}
	place = S_ISSOCK(st.st_mode) ? &entry->fds.socket : &entry->fds.buffers;
	if (*place >= 0)
		close(*place);
	*place = fd;
}

void fdstore_take(struct fdstore *store)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);

	store->count = 0;
	for (int i = 0; i < count; i++) {
		uint16_t number;

		if (names && number_of(names[i], &number))
			keep(store, number, SD_LISTEN_FDS_START + i);
		else
			close(SD_LISTEN_FDS_START + i);
	}
	for (int i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

bool fdstore_claim(struct fdstore *store, uint16_t number, struct queue_fds *out)
{
	struct fdstore_entry *entry = entry_of(store, number);

	if (!entry)
		return false;
	*out = entry->fds;
	*entry = store->entries[--store->count];
	return true;
}

static void tell_to_remove(uint16_t number)
{
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=" NAME_PREFIX "%u", number);
}

bool fdstore_put(const struct queue *queue)
{
	struct queue_fds fds = queue_fds(queue);
	const int both[] = {fds.socket, fds.buffers};
	char text[80];

	tell_to_remove(queue_number(queue));
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=" NAME_PREFIX "%u",
		 queue_number(queue));
	return sd_pid_notify_with_fds(0, 0, text, both, 2) >= 0;
}

void fdstore_remove(uint16_t number)
{
	tell_to_remove(number);
	fdstore_settle();
}

void fdstore_drop_rest(struct fdstore *store)
{
	for (unsigned int i = 0; i < store->count; i++) {
		const struct queue_fds *fds = &store->entries[i].fds;

		tell_to_remove(store->entries[i].number);
		if (fds->socket >= 0)
			close(fds->socket);
		if (fds->buffers >= 0)
			close(fds->buffers);
	}
	store->count = 0;
}

bool fdstore_settle(void)
{
	return sd_notify_barrier(0, ANSWER_US) >= 0;
}
