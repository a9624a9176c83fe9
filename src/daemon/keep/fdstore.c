/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptor store (FDSTORE=1 in sd_pid_notify_with_fds(3)).
 *
 * A queue's socket and its buffers go in one message, under one name, "queue-N": both arrive or
 * neither does. Which is which is asked of the descriptors themselves when they come back.
 *
 * The store drops by name, and takes no descriptor twice: the socket could not be put there under a
 * new name before it is removed under the old one. So it stays, and with it the first buffers. An
 * upgrade that needs other buffers adds them as "buffers-N-G"; the highest generation G counts.
 * They are stored before they are used and before older ones are removed: a kill in between loses
 * nothing.
 *
 * FDPOLL=0 is essential: the service manager otherwise polls what it stores and throws it away on
 * an error condition, which a netlink socket has after one lost message (ENOBUFS). `systemctl stop`
 * empties the store, `restart` and a crash do not.
 */
#include "daemon/keep/fdstore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "common/notify.h"
#include "core/decimal.h"

#define QUEUE_PREFIX   "queue-"
#define BUFFERS_PREFIX "buffers-"
#define MAPS_NAME      "fast-path"
#define NAME_LEN       40
#define GENERATION_MAX 1000000000u
#define ANSWER_MS      5000 /* for the service manager to answer */

/* "queue-N", or "buffers-N-G" with G in *generation. */
static bool parse_name(const char *name, uint16_t *number, unsigned int *generation)
{
	char text[NAME_LEN];
	unsigned int n;
	char *dash;

	*generation = 0;
	if (strlen(name) >= sizeof(text))
		return false;
	if (strncmp(name, QUEUE_PREFIX, strlen(QUEUE_PREFIX)) == 0) {
		strcpy(text, name + strlen(QUEUE_PREFIX));
	} else if (strncmp(name, BUFFERS_PREFIX, strlen(BUFFERS_PREFIX)) == 0) {
		strcpy(text, name + strlen(BUFFERS_PREFIX));
		dash = strchr(text, '-');
		if (!dash || !decimal_parse(dash + 1, GENERATION_MAX, generation))
			return false;
		*dash = '\0';
	} else {
		return false;
	}
	if (!decimal_parse(text, UINT16_MAX, &n))
		return false;
	*number = (uint16_t)n;
	return true;
}

static struct fdstore_entry *entry_of(const struct fdstore *store, uint16_t number)
{
	for (unsigned int i = 0; i < store->count; i++)
		if (store->entries[i].number == number)
			return (struct fdstore_entry *)&store->entries[i];
	return NULL;
}

static struct fdstore_entry *make_entry(struct fdstore *store, uint16_t number)
{
	struct fdstore_entry *entry = entry_of(store, number);

	if (entry || store->count == QUEUE_COUNT_MAX)
		return entry;
	entry = &store->entries[store->count++];
	*entry = (struct fdstore_entry){.number = number, .fds = {-1, -1}};
	return entry;
}

static void replace(int *place, int fd)
{
	if (*place >= 0)
		close(*place);
	*place = fd;
}

static void keep(struct fdstore *store, uint16_t number, unsigned int generation, int fd)
{
	struct fdstore_entry *entry = make_entry(store, number);
	struct stat st;

	if (!entry || fstat(fd, &st) < 0) {
		close(fd);
	} else if (S_ISSOCK(st.st_mode)) {
		replace(&entry->fds.socket, fd);
	} else if (generation >= entry->generation) {
		entry->generation = generation;
		replace(&entry->fds.buffers, fd);
	} else {
		close(fd);
	}
}

void fdstore_take(struct fdstore *store, int notify)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);

	*store = (struct fdstore){.notify = notify};
	for (int i = 0; i < count; i++) {
		unsigned int generation;
		uint16_t number;

		if (names && parse_name(names[i], &number, &generation))
			keep(store, number, generation, SD_LISTEN_FDS_START + i);
		else if (names && strcmp(names[i], MAPS_NAME) == 0 &&
			 store->map_count < FASTPATH_FDS)
			store->maps[store->map_count++] = SD_LISTEN_FDS_START + i;
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

	if (!entry || entry->claimed)
		return false;
	*out = entry->fds;
	entry->fds = (struct queue_fds){-1, -1};
	entry->claimed = true;
	return true;
}

static void remove_named(const struct fdstore *store, const char *name)
{
	char text[NAME_LEN + 40];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	notify_send(store->notify, text);
}

static void remove_buffers(const struct fdstore *store, uint16_t number, unsigned int generation)
{
	char name[NAME_LEN];

	if (generation == 0)
		return;
	snprintf(name, sizeof(name), BUFFERS_PREFIX "%u-%u", number, generation);
	remove_named(store, name);
}

static void tell_to_remove(const struct fdstore *store, uint16_t number)
{
	const struct fdstore_entry *entry = entry_of(store, number);
	char name[NAME_LEN];

	snprintf(name, sizeof(name), QUEUE_PREFIX "%u", number);
	remove_named(store, name);
	if (!entry)
		return;
	remove_buffers(store, number, entry->generation);
	if (entry->generation > 0)
		remove_buffers(store, number, entry->generation - 1);
}

bool fdstore_put(struct fdstore *store, const struct queue *queue)
{
	uint16_t number = queue_number(queue);
	struct fdstore_entry *entry = entry_of(store, number);
	struct queue_fds fds = queue_fds(queue);
	const int both[] = {fds.socket, fds.buffers};
	char text[80];

	if (entry && entry->claimed) {
		entry->generation = entry->generation % GENERATION_MAX + 1;
		snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=" BUFFERS_PREFIX "%u-%u",
			 number, entry->generation);
		return notify_send_fds(store->notify, text, &fds.buffers, 1);
	}
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=" QUEUE_PREFIX "%u", number);
	return notify_send_fds(store->notify, text, both, 2);
}

bool fdstore_claim_maps(struct fdstore *store, int fds[static FASTPATH_FDS])
{
	bool all = store->map_count == FASTPATH_FDS;

	for (unsigned int i = 0; i < store->map_count; i++) {
		if (all)
			fds[i] = store->maps[i];
		else
			close(store->maps[i]);
	}
	store->map_count = 0;
	return all;
}

void fdstore_remove_maps(const struct fdstore *store)
{
	remove_named(store, MAPS_NAME);
}

void fdstore_put_maps(const struct fdstore *store, const int fds[static FASTPATH_FDS])
{
	remove_named(store, MAPS_NAME);
	notify_send_fds(store->notify, "FDSTORE=1\nFDPOLL=0\nFDNAME=" MAPS_NAME, fds, FASTPATH_FDS);
}

void fdstore_forget_replaced(const struct fdstore *store)
{
	for (unsigned int i = 0; i < store->count; i++)
		if (store->entries[i].generation > 0)
			remove_buffers(store, store->entries[i].number,
				       store->entries[i].generation - 1);
}

void fdstore_remove(struct fdstore *store, uint16_t number)
{
	struct fdstore_entry *entry = entry_of(store, number);

	tell_to_remove(store, number);
	if (entry) /* what comes next under this number is stored whole */
		entry->claimed = false;
	fdstore_settle(store);
}

void fdstore_drop_rest(struct fdstore *store)
{
	for (unsigned int i = 0; i < store->count; i++) {
		struct fdstore_entry *entry = &store->entries[i];

		if (entry->claimed)
			continue;
		tell_to_remove(store, entry->number);
		replace(&entry->fds.socket, -1);
		replace(&entry->fds.buffers, -1);
		*entry = store->entries[--store->count];
		i--;
	}
}

bool fdstore_settle(const struct fdstore *store)
{
	return notify_settle(store->notify, ANSWER_MS);
}
