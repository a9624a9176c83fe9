/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The naclctl half of a trial: the daemon runs policies, this installs files.
 *
 * The order of a confirmation: is what was staged what runs? then the daemon keeps it, for restarts
 * too; then the files; then the version gets its number; then the daemon forgets. Interrupted
 * anywhere, the new policy runs or the old one, whole, and the same command goes on from there.
 *
 * What the daemon says is not believed where it would matter to root's files: not the path, not the
 * id as a name.
 */
#include "ctl/apply/talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/protocol.h"
#include "conf/conf.h"
#include "ctl/client.h"
#include "ctl/source.h"

/* Text of several lines, which may or may not end in a newline. */
static void print_text(const json_t *text)
{
	size_t len = json_string_length(text);

	if (len > 0)
		fprintf(stderr, "%s%s", json_string_value(text),
			json_string_value(text)[len - 1] == '\n' ? "" : "\n");
}

static void print_refusal(const struct talk_peer *peer, const json_t *answer, const char *refusal)
{
	print_text(json_object_get(answer, "report"));
	fprintf(stderr, "naclctl %s: %s\n", peer->command, refusal);
}

/* Sends a request; 0 and the answer (NULL where `out` is), or an exit status and it was printed. */
static int ask(const struct talk_peer *peer, json_t *request, int fd, json_t **out)
{
	char error[CLIENT_ERROR_LEN];
	const char *refusal;
	json_t *answer;
	int err = client_call(peer->socket_path, request, fd, &answer, error);

	if (err < 0) {
		fprintf(stderr, "naclctl %s: %s\n", peer->command, error);
		return NACLCTL_NO;
	}
	refusal = client_refusal(answer);
	if (refusal)
		print_refusal(peer, answer, refusal);
	if (!refusal && out)
		*out = json_incref(answer);
	if (!refusal && !peer->json) {
		print_text(json_object_get(answer, "warnings"));
		print_text(json_object_get(answer, "note"));
	}
	json_decref(answer);
	return refusal ? NACLCTL_NO : NACLCTL_OK;
}

static void copy_text(const json_t *object, const char *key, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(to, size, "%s", text ? text : "");
}

static bool same_file(const char *a, const char *b)
{
	char *left = realpath(a, NULL), *right = realpath(b, NULL);
	bool same = left && right && strcmp(left, right) == 0;

	free(left);
	free(right);
	return same;
}

static void take_state(const json_t *answer, struct talk_state *out)
{
	const json_t *trial = json_object_get(answer, "trial");

	*out = (struct talk_state){0};
	copy_text(trial, "phase", out->phase, sizeof(out->phase));
	copy_text(trial, "id", out->id, sizeof(out->id));
	copy_text(trial, "reason", out->reason, sizeof(out->reason));
	out->left_ms = json_integer_value(json_object_get(trial, "left_ms"));
	out->kept = json_is_true(json_object_get(trial, "kept"));
}

bool talk_look(const struct talk_peer *peer, struct talk_state *out)
{
	char error[CLIENT_ERROR_LEN];
	json_t *answer;
	bool good;

	if (client_request(peer->socket_path, "trial", &answer, error) < 0)
		return false;
	good = !client_refusal(answer);
	if (good)
		take_state(answer, out);
	json_decref(answer);
	return good;
}

int talk_ask(const struct talk_peer *peer, struct talk_state *out)
{
	json_t *answer;
	const char *path;
	int status = ask(peer, json_pack("{s:s}", "request", "trial"), -1, &answer);

	if (status != NACLCTL_OK)
		return status;
	take_state(answer, out);
	path = json_string_value(json_object_get(answer, "config_path"));
	if (!path || !same_file(path, peer->config)) {
		fprintf(stderr, "naclctl %s: nacld reads %s, not %s: see --file\n", peer->command,
			path ? path : "another configuration", peer->config);
		status = NACLCTL_NO;
	}
	json_decref(answer);
	return status;
}

/* The text in memory that nobody can change any more, or -1. */
static int sealed(const char *text)
{
	int fd = memfd_create("nacl-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t len = strlen(text);

	for (size_t at = 0; fd >= 0 && at < len;) {
		ssize_t n = write(fd, text + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	if (fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int talk_apply(const struct talk_peer *peer, const struct policy *policy, const char *id,
	       unsigned int confirm_s)
{
	char *text = conf_text(policy);
	int fd = text ? sealed(text) : -1, status = NACLCTL_USAGE;

	free(text);
	if (fd < 0) {
		fprintf(stderr, "naclctl %s: no memory for the policy: %s\n", peer->command,
			strerror(errno));
		return status;
	}
	status = ask(peer,
		     json_pack("{s:s, s:s, s:i}", "request", "apply", "id", id, "confirm_s",
			       (int)confirm_s),
		     fd, NULL);
	close(fd);
	return status;
}

int talk_undo(const struct talk_peer *peer)
{
	return ask(peer, json_pack("{s:s}", "request", "undo"), -1, NULL);
}

struct policy *talk_running(const struct talk_peer *peer)
{
	return source_policy(peer->command, NULL, peer->socket_path);
}

bool talk_same_policy(const struct policy *a, const struct policy *b)
{
	char *left = conf_text(a), *right = conf_text(b);
	bool same = left && right && strcmp(left, right) == 0;

	free(left);
	free(right);
	return same;
}

/* The staged files, if they are what runs. */
static int read_staged(const struct talk_peer *peer, const struct store *store, const char *id,
		       struct bundle *out)
{
	char *config = store_config_on_trial(store, id);
	struct conf_report report = {0};
	struct policy *staged = config ? conf_load(config, &report) : NULL;
	struct policy *running = staged ? talk_running(peer) : NULL;
	bool good = running && talk_same_policy(staged, running);

	if (!staged || (running && !good))
		fprintf(stderr,
			"naclctl %s: what runs was not staged at %s: not installed; naclctl rollback "
			"goes back\n",
			peer->command, config ? config : store->versions);
	if (good)
		good = bundle_read(peer->command, config, store->name, &report, out);
	policy_free(staged);
	policy_free(running);
	conf_report_fini(&report);
	free(config);
	return good ? NACLCTL_OK : NACLCTL_NO;
}

static int install(const struct talk_peer *peer, const struct store *store,
		   const struct bundle *bundle)
{
	const char *where = "";
	int err = bundle_install(bundle, store->folder, &where);

	if (!err)
		return NACLCTL_OK;
	fprintf(stderr,
		"naclctl %s: confirmed, and runs, also after a restart; but %s/%s cannot be written: "
		"%s. Then naclctl confirm again\n",
		peer->command, store->folder, where, strerror(-err));
	return NACLCTL_NO;
}

/* Was this all done, but for the last word to the daemon? */
static bool is_adopted(const struct store *store, const char *id, unsigned int *number)
{
	struct store_version versions[STORE_VERSIONS + 1];
	size_t count = store_list(store, versions, STORE_VERSIONS + 1);

	if (count == 0 || strcmp(versions[count - 1].id, id) != 0)
		return false;
	*number = versions[count - 1].number;
	return true;
}

static int adopt(const struct talk_peer *peer, const struct store *store, const char *id,
		 unsigned int *number)
{
	struct bundle bundle = {0};
	int status = read_staged(peer, store, id, &bundle), err;

	if (status == NACLCTL_OK)
		status = ask(peer, json_pack("{s:s, s:s}", "request", "confirm", "id", id), -1,
			     NULL);
	if (status == NACLCTL_OK)
		status = install(peer, store, &bundle);
	bundle_fini(&bundle);
	if (status != NACLCTL_OK)
		return status;
	err = store_adopt(store, id, number);
	if (!err)
		return NACLCTL_OK;
	fprintf(stderr, "naclctl %s: installed, but not kept as a version: %s\n", peer->command,
		strerror(-err));
	return NACLCTL_NO;
}

int talk_confirm(const struct talk_peer *peer, const struct store *store, const char *id,
		 unsigned int *number)
{
	int status = NACLCTL_OK;

	if (!store_is_id(id)) {
		fprintf(stderr, "naclctl %s: nacld's answer has no id\n", peer->command);
		return NACLCTL_NO;
	}
	if (!is_adopted(store, id, number))
		status = adopt(peer, store, id, number);
	if (status == NACLCTL_OK)
		status = ask(peer, json_pack("{s:s, s:s}", "request", "installed", "id", id), -1,
			     NULL);
	return status;
}
