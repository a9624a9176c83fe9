/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What should be loaded, recorded. Without it a firewall that was flushed could not be told from
 * one that `steer down` removed, and `steer watch` would restore what its administrator removed:
 * `down` clears this before it touches a rule.
 *
 * It holds the rules themselves, as loaded. What is restored is therefore what ran, and never
 * an edit of the configuration that was not applied; a configuration that cannot be read just then
 * does not matter. The folder is root's; a file is replaced in one step; /run begins empty at a
 * boot, as the kernel's rules do. Namespaces are told apart by the kernel's cookie, which unlike an
 * inode number is never given out twice.
 */
#include "steer/desired.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/paths.h"

struct path {
	char text[64];
};

static int name_file(const char *suffix, struct path *out)
{
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		err = -errno;
	close(fd);
	if (!err)
		snprintf(out->text, sizeof(out->text), PATHS_STEERING "/%" PRIu64 "%s", cookie,
			 suffix);
	return err;
}

static int make_folder(void)
{
	return mkdir(PATHS_STEERING, 0700) && errno != EEXIST ? -errno : 0;
}

int steer_desired_save(enum steer_backend backend, const struct steer_rules *rules,
		       const struct steer_rules *template)
{
	struct path path = {0}, part = {0};
	json_t *root;
	int err = make_folder();

	if (!err)
		err = name_file(".json", &path);
	if (!err)
		err = name_file(".part", &part);
	if (err)
		return err;
	root = json_pack("{s:s, s:[s?, s?], s:[s?, s?], s:s?}", "backend",
			 steer_backend_name(backend), "rules", rules->text[0], rules->text[1],
			 "template", template->text[0], template->text[1], "kernel", rules->kernel);
	errno = ENOMEM; /* jansson says no more than that it failed; a failed write sets its own */
	if (!root || json_dump_file(root, part.text, JSON_INDENT(1)) ||
	    rename(part.text, path.text))
		err = -errno;
	json_decref(root);
	return err;
}

int steer_desired_clear(void)
{
	struct path path = {0};
	int err = name_file(".json", &path);

	if (err)
		return err;
	return unlink(path.text) && errno != ENOENT ? -errno : 0;
}

static bool take_rules(const json_t *root, const char *key, struct steer_rules *out)
{
	const json_t *texts = json_object_get(root, key);

	*out = (struct steer_rules){0};
	for (size_t i = 0; i < 2; i++) {
		const char *text = json_string_value(json_array_get(texts, i));

		if (text && !(out->text[i] = strdup(text))) {
			steer_rules_fini(out);
			return false;
		}
	}
	return true;
}

/* Rules that were loaded may have the kernel's form too. */
static bool take_kernel(const json_t *root, struct steer_rules *out)
{
	const char *kernel = json_string_value(json_object_get(root, "kernel"));

	return !kernel || (out->kernel = strdup(kernel));
}

int steer_desired_load(struct steer_desired *out)
{
	struct path path = {0};
	const char *backend;
	json_t *root;
	int err = name_file(".json", &path);

	if (err)
		return err;
	*out = (struct steer_desired){0};
	if (access(path.text, F_OK))
		return -errno;
	root = json_load_file(path.text, 0, NULL);
	backend = json_string_value(json_object_get(root, "backend"));
	if (!backend || !steer_backend_parse(backend, &out->backend))
		err = -EBADMSG;
	else if (!take_rules(root, "rules", &out->rules) || !take_kernel(root, &out->rules) ||
		 !take_rules(root, "template", &out->template))
		err = -ENOMEM;
	if (err)
		steer_desired_fini(out);
	json_decref(root);
	return err;
}

void steer_desired_fini(struct steer_desired *desired)
{
	steer_rules_fini(&desired->rules);
	steer_rules_fini(&desired->template);
}

int steer_desired_listen(void)
{
	int fd, err = make_folder();

	if (err)
		return err;
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (inotify_add_watch(fd, PATHS_STEERING, IN_MOVED_TO | IN_DELETE) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

void steer_desired_drain(int fd)
{
	char buf[4096];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

int steer_watch_claim(void)
{
	struct path path = {0};
	int fd, err = make_folder();

	if (!err)
		err = name_file(".watch", &path);
	if (err)
		return err;
	fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return err;
}

bool steer_watch_holds(int claim)
{
	struct stat state;

	return fstat(claim, &state) == 0 && state.st_nlink > 0;
}

bool steer_watch_claimed(void)
{
	struct path path = {0};
	bool claimed;
	int fd;

	if (name_file(".watch", &path))
		return false;
	fd = open(path.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	claimed = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return claimed;
}
