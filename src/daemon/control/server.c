/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: connections, lines, timeouts. What a request means is request.c's.
 *
 * Every client is served without blocking: its line is gathered in a buffer of fixed size, its
 * answer is kept until it has taken all of it, and it may not stay longer than PROTOCOL_TIMEOUT_MS
 * without a byte moving. A line that is too long is answered and the connection closed; so is the
 * connection after the last free place.
 *
 * A connection that cannot be accepted, because no descriptor is free, keeps waiting in the
 * kernel's backlog and keeps the listening socket readable: it is left alone for CONTROL_PAUSE_MS,
 * or waiting for it would be a busy loop.
 */
#include "daemon/control/server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "common/clock.h"
#include "common/log.h"
#include "daemon/control/passed.h"
#include "daemon/control/request.h"

#define CONTROL_PAUSE_MS 250

struct client {
	struct poller_source source; /* fd -1: free */
	struct control *control;
	struct peer peer;
	int passed;       /* a descriptor that came along, or -1 */
	bool close_after; /* when the answer has left */
	size_t in_len;
	char *out; /* the answer under way, or NULL */
	size_t out_len;
	size_t out_sent;
	char in[PROTOCOL_REQUEST_MAX];
};

struct control {
	int fd;
	gid_t group; /* whose members may change things; (gid_t)-1: there is none */
	struct daemon *daemon;
	struct poller *poller;
	struct poller_source source; /* paused: no descriptor, and due when to try again */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct client clients[PROTOCOL_CLIENTS_MAX];
};

static bool somebody_answers(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answered = fd >= 0 && connect(fd, (const void *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return answered;
}

static void make_folder(const char *path)
{
	char folder[sizeof(((struct control *)0)->path)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = '\0';
	mkdir(folder, 0755); /* there already: fine; impossible: bind says so */
}

/* Removes what a daemon that died has left, and nothing else. */
static int remove_dead_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0; /* nothing there; impossible to tell: bind says so */
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	unlink(path);
	return 0;
}

/* Best effort: root shares the socket with the group; the group's own daemon has it already. */
static void give_to_group(const struct control *control)
{
	chmod(control->path, 0660);
	if (control->group != (gid_t)-1 && geteuid() == 0 &&
	    chown(control->path, (uid_t)-1, control->group) < 0)
		return;
}

static int listen_at(struct control *control)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int err;

	memcpy(address.sun_path, control->path, sizeof(address.sun_path));
	make_folder(control->path);
	if (somebody_answers(&address))
		return -EADDRINUSE;
	err = remove_dead_socket(control->path);
	if (err)
		return err;
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return -errno;
	mask = umask(0117);
	err = bind(control->fd, (const void *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (err) {
		control->path[0] = '\0'; /* not ours to remove */
		return err;
	}
	give_to_group(control);
	return listen(control->fd, PROTOCOL_CLIENTS_MAX) < 0 ? -errno : 0;
}

int control_open(const char *path, struct control **out)
{
	struct control *control;
	int err;

	if (strlen(path) >= sizeof(control->path))
		return -ENAMETOOLONG;
	control = calloc(1, sizeof(*control));
	if (!control)
		return -ENOMEM;
	control->fd = -1;
	control->group = peer_group(PROTOCOL_GROUP);
	json_object_seed(0); /* reads /dev/urandom: now, while files may be opened */
	for (unsigned int i = 0; i < PROTOCOL_CLIENTS_MAX; i++)
		control->clients[i].source.fd = -1;
	memcpy(control->path, path, strlen(path) + 1);
	err = listen_at(control);
	if (err == -EADDRINUSE || err == -EEXIST)
		control->path[0] = '\0';
	if (err) {
		control_close(control);
		return err;
	}
	*out = control;
	return 0;
}

static void drop_client(struct client *client)
{
	poller_remove(client->control->poller, &client->source);
	close(client->source.fd);
	if (client->passed >= 0)
		close(client->passed);
	free(client->out);
	memset(client, 0, sizeof(*client));
	client->source.fd = -1;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	for (unsigned int i = 0; i < PROTOCOL_CLIENTS_MAX; i++)
		if (control->clients[i].source.fd >= 0)
			drop_client(&control->clients[i]);
	if (control->fd >= 0)
		close(control->fd);
	if (control->path[0])
		unlink(control->path);
	free(control);
}

static void touch(struct client *client)
{
	client->source.due_ms = clock_monotonic_ms() + PROTOCOL_TIMEOUT_MS;
}

/*
 * A free place, or NULL. The last ones are kept for who may change things: a flood of readers
 * cannot keep an administrator out.
 */
static struct client *free_place(struct control *control, const struct peer *peer)
{
	struct client *place = NULL;
	unsigned int places = 0;

	for (unsigned int i = 0; i < PROTOCOL_CLIENTS_MAX; i++) {
		if (control->clients[i].source.fd >= 0)
			continue;
		place = &control->clients[i];
		places++;
	}
	return places > PROTOCOL_CLIENTS_OWN || peer_may_change(peer) ? place : NULL;
}

/*
 * No client there, or not yet: nothing. Else a shortage, which is logged once until it is over.
 */
static void pause_accepting(struct control *control, int err)
{
	if (err == EAGAIN || err == EINTR || err == ECONNABORTED)
		return;
	if (control->source.due_ms == 0)
		log_warning("control connections have to wait: %s; traffic is unaffected",
			    strerror(err));
	control->source.fd = -1;
	control->source.due_ms = clock_monotonic_ms() + CONTROL_PAUSE_MS;
}

static void serve_client(struct poller_source *source, short revents);

static void admit(struct control *control, struct client *client, int fd, const struct peer *peer)
{
	client->control = control;
	client->peer = *peer;
	client->passed = -1;
	client->source = (struct poller_source){
		.fd = fd, .events = POLLIN, .serve = serve_client, .owner = client};
	touch(client);
	poller_add(control->poller, &client->source); /* there is a place for each */
}

static void accept_client(struct poller_source *source, short revents)
{
	static const char full[] = "{\"ok\": false, \"error\": \"too many connections\"}\n";
	struct control *control = source->owner;
	struct client *client;
	struct peer peer;
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	source->fd = control->fd;
	if (fd < 0) {
		pause_accepting(control, errno);
		return;
	}
	source->due_ms = 0;
	if (peer_read(fd, control->group, &peer) < 0) {
		close(fd);
		return;
	}
	client = free_place(control, &peer);
	if (!client) {
		send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL);
		close(fd);
		return;
	}
	admit(control, client, fd, &peer);
}

/* Takes what the socket takes; the answer is freed when all has left. False: the client is gone. */
static bool flush(struct client *client)
{
	while (client->out_sent < client->out_len) {
		ssize_t n = send(client->source.fd, client->out + client->out_sent,
				 client->out_len - client->out_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		client->out_sent += (size_t)n;
		touch(client);
	}
	free(client->out);
	client->out = NULL;
	return !client->close_after;
}

/* Bytes of answers that clients have not taken yet. */
static size_t under_way(const struct control *control)
{
	size_t sum = 0;

	for (unsigned int i = 0; i < PROTOCOL_CLIENTS_MAX; i++)
		if (control->clients[i].out)
			sum += control->clients[i].out_len;
	return sum;
}

/*
 * The answer, or where too much is under way a word about that. Who may change things has as much
 * again, so that readers who do not read cannot keep an administrator from looking.
 */
static char *within_bounds(const struct client *client, char *answer)
{
	size_t limit = PROTOCOL_ANSWERS_MAX * (peer_may_change(&client->peer) ? 2 : 1);
	size_t others = under_way(client->control);

	if (!answer || others == 0 || others + strlen(answer) <= limit)
		return answer;
	free(answer);
	return request_refuse("other clients have too much to read: try again in a moment");
}

/* Answers the first complete line in the buffer, if there is one and none is under way. */
static bool answer_line(struct client *client, struct daemon *daemon)
{
	char *newline = memchr(client->in, '\n', client->in_len);
	size_t used;

	if (newline && peer_has_gone(&client->peer))
		return false; /* for the caller it has failed: it is not done later */
	if (!newline) {
		if (client->in_len < sizeof(client->in))
			return true;
		client->out = request_refuse("the request is longer than 4096 bytes");
		client->close_after = true;
		used = client->in_len;
	} else {
		char *answer = request_answer(client->in, (size_t)(newline - client->in),
					      &client->peer, client->passed, daemon);

		client->out = within_bounds(client, answer);
		if (client->passed >= 0)
			close(client->passed);
		client->passed = -1;
		used = (size_t)(newline - client->in) + 1;
	}
	memmove(client->in, client->in + used, client->in_len - used);
	client->in_len -= used;
	if (!client->out)
		return false;
	client->out_len = strlen(client->out);
	client->out_sent = 0;
	return true;
}

/* Answers lines for as long as the client takes the answers. */
static bool work(struct client *client, struct daemon *daemon)
{
	do {
		if (!client->out && !answer_line(client, daemon))
			return false;
		if (!client->out)
			return true;
		if (!flush(client))
			return false;
	} while (!client->out);
	return true;
}

static bool read_client(struct client *client, struct daemon *daemon)
{
	ssize_t n = passed_receive(client->source.fd, client->in + client->in_len,
				   sizeof(client->in) - client->in_len, &client->passed);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	client->in_len += (size_t)n;
	touch(client);
	return work(client, daemon);
}

static void serve_client(struct poller_source *source, short revents)
{
	struct client *client = source->owner;
	struct daemon *daemon = client->control->daemon;
	bool stays = false; /* it is due: no byte has moved for too long */

	if (revents & POLLOUT)
		stays = work(client, daemon);
	else if (revents)
		stays = read_client(client, daemon);
	if (stays)
		source->events = client->out ? POLLOUT : POLLIN;
	else
		drop_client(client);
}

void control_start(struct control *control, struct daemon *daemon, struct poller *poller)
{
	control->daemon = daemon;
	control->poller = poller;
	control->source = (struct poller_source){
		.fd = control->fd, .events = POLLIN, .serve = accept_client, .owner = control};
	poller_add(poller, &control->source);
}
