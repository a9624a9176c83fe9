/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of what runs, from the file to the version: keep what runs now, stage the new files,
 * check them there, hand them to the daemon, wait for the confirmation, install.
 *
 * Until the daemon has taken the policy this holds the store's lock, so that of two commands one
 * gets its policy in and the other is told. While it waits it holds nothing: the confirmation comes
 * from another terminal.
 */
#include "ctl/apply/change.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "conf/conf.h"
#include "core/decimal.h"
#include "ctl/apply/gate.h"

#define LOOK_MS    300
#define PATIENT_MS 20000       /* beyond the time of the trial: a daemon that restarts */
#define RAN_BEFORE "ranbefore" /* the id of a version that no trial made */

/* One change under way. */
struct run {
	struct talk_peer peer;
	struct gate gate;
	const struct change *change;
	unsigned int confirm_s;
	char id[STORE_ID_LEN + 1];
	bool asks; /* a person sits at stdin */
};

bool change_seconds(const struct change *change, unsigned int *out)
{
	static const struct {
		char unit;
		unsigned int seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
	char digits[12];
	size_t len = change->confirm ? strlen(change->confirm) : 0;
	unsigned int factor = 1;

	*out = 0;
	if (!change->confirm)
		return true;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && len > 0; i++)
		if (change->confirm[len - 1] == units[i].unit) {
			factor = units[i].seconds;
			len--;
			break;
		}
	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, change->confirm, len);
	digits[len] = '\0';
	if (!decimal_parse(digits, PROTOCOL_CONFIRM_MAX_S / factor, out))
		return false;
	*out *= factor;
	return *out > 0;
}

static bool make_id(char id[static STORE_ID_LEN + 1])
{
	unsigned char bytes[STORE_ID_LEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

/* What a file holds, if that is the policy; else an empty bundle. */
static bool read_if_same(const char *command, const char *path, const char *name,
			 const struct policy *policy, struct bundle *out)
{
	struct conf_report report = {0};
	struct policy *held = path ? conf_load(path, &report) : NULL;
	bool same = held && talk_same_policy(held, policy);

	if (same && out && !bundle_read(command, path, name, &report, out))
		bundle_fini(out);
	policy_free(held);
	conf_report_fini(&report);
	return same;
}

/*
 * What runs gets a version of its own unless it is the newest one already: the files it was read
 * from, or its canonical text where they hold something else by now.
 */
static int keep_running(const struct run *run, const struct store *store,
			const struct policy *running)
{
	struct store_version versions[STORE_VERSIONS + 1];
	size_t count = store_list(store, versions, STORE_VERSIONS + 1);
	char *newest = count > 0 ? store_config_of(store, versions[count - 1].number) : NULL;
	bool kept = read_if_same(run->peer.command, newest, store->name, running, NULL);
	struct bundle bundle = {0};
	unsigned int number;
	char *text = NULL;
	int err = 0;

	free(newest);
	if (kept)
		return 0;
	read_if_same(run->peer.command, store->config, store->name, running, &bundle);
	if (bundle.count == 0) {
		text = conf_text(running);
		if (!text || !bundle_add(&bundle, store->name, text, strlen(text)))
			err = -ENOMEM;
	}
	if (!err)
		err = store_stage(store, &bundle, RAN_BEFORE,
				  text ? "ran before, as canonical text" : "ran before");
	if (!err)
		err = store_adopt(store, RAN_BEFORE, &number);
	free(text);
	bundle_fini(&bundle);
	return err;
}

static int refuse_if_occupied(const struct run *run, const struct talk_state *state)
{
	bool tried = strcmp(state->phase, "trial") == 0;

	if (!tried && strcmp(state->phase, "confirmed") != 0)
		return NACLCTL_OK;
	fprintf(stderr,
		tried ? "naclctl %s: another policy is on trial, for %lld s more: naclctl confirm keeps "
			"it, naclctl rollback goes back\n"
		      : "naclctl %s: a policy was confirmed and its files are not installed yet%.0lld: "
			"naclctl confirm installs them, naclctl rollback goes back\n",
		run->peer.command, (long long)state->left_ms / 1000);
	return NACLCTL_NO;
}

/* Everything up to the moment in which the new policy runs. */
static int apply(struct run *run, const struct store *store, const struct bundle *bundle,
		 const char *note)
{
	struct policy *running = talk_running(&run->peer), *policy = NULL;
	char *config = store_config_on_trial(store, run->id);
	int status = NACLCTL_NO, err = running && config ? 0 : -ENOMEM;

	if (!err)
		err = keep_running(run, store, running);
	if (!err)
		err = store_stage(store, bundle, run->id, note);
	if (err && running)
		fprintf(stderr, "naclctl %s: %s: %s\n", run->peer.command, store->versions,
			strerror(-err));
	if (!err)
		policy = gate_pass(&run->gate, config, running, &status);
	if (!err && !policy)
		store_unstage(store, run->id);
	if (policy)
		status = talk_apply(&run->peer, policy, run->id, run->confirm_s);
	policy_free(policy);
	policy_free(running);
	free(config);
	return status;
}

/* The last word, for people or programs. */
static int finish(const struct run *run, int status, const char *phase, unsigned int number,
		  const char *reason)
{
	json_t *object;

	if (!run->change->json)
		return status;
	object = json_pack("{s:s, s:s?, s:I, s:o?, s:O?, s:O?}", "phase", phase, "reason", reason,
			   "confirm_s", (json_int_t)run->confirm_s, "version",
			   number ? json_integer(number) : NULL, "findings", run->gate.findings,
			   "differences", run->gate.differences);
	if (!object || (json_dumpf(object, stdout, JSON_INDENT(2)) < 0 && !ferror(stdout)))
		fprintf(stderr, "naclctl %s: out of memory\n", run->peer.command);
	putchar('\n');
	json_decref(object);
	return status;
}

static int tell_installed(const struct run *run, unsigned int number)
{
	if (!run->change->json)
		printf("installed as %s, version %u; naclctl rollback returns to the one before\n",
		       run->peer.config, number);
	return finish(run, NACLCTL_OK, "confirmed", number, NULL);
}

static int tell_back(const struct run *run, const char *reason)
{
	if (!run->change->json)
		printf("the policy before runs again: %s\n", reason);
	return finish(run, NACLCTL_WENT_BACK, "undone", 0, reason);
}

/* Was it confirmed and installed meanwhile, by whomever? */
static bool find_installed(const struct run *run, unsigned int *number)
{
	struct store_version versions[STORE_VERSIONS + 1];
	struct store store = {.lock = -1};
	size_t count;

	*number = 0;
	if (!store_find(run->peer.config, &store))
		return false;
	count = store_list(&store, versions, STORE_VERSIONS + 1);
	for (size_t i = 0; i < count; i++)
		if (strcmp(versions[i].id, run->id) == 0)
			*number = versions[i].number;
	store_close(&store);
	return *number > 0;
}

/* A line from the terminal: y keeps it, n goes back. What comes of it is seen by asking. */
static void take_answer(struct run *run)
{
	char line[80];

	if (!fgets(line, sizeof(line), stdin))
		run->asks = false;
	else if (line[0] == 'y' || line[0] == 'Y')
		change_confirm(&run->peer);
	else if (line[0] == 'n' || line[0] == 'N')
		talk_undo(&run->peer);
}

/* Until the end of the trial. */
static int wait_end(struct run *run)
{
	int64_t patience_ms = clock_boottime_ms() + (int64_t)run->confirm_s * 1000 + PATIENT_MS;
	struct pollfd terminal = {.events = POLLIN};
	struct talk_state state = {0};
	unsigned int number;

	while (clock_boottime_ms() < patience_ms) {
		terminal.fd = run->asks ? STDIN_FILENO : -1;
		if (poll(&terminal, 1, LOOK_MS) > 0)
			take_answer(run);
		if (!talk_look(&run->peer, &state))
			continue;
		if (strcmp(state.id, run->id) == 0 && strcmp(state.phase, "undone") == 0)
			return tell_back(run, state.reason);
		if (strcmp(state.phase, "none") == 0 || strcmp(state.id, run->id) != 0)
			return find_installed(run, &number)
				       ? tell_installed(run, number)
				       : tell_back(run, "it is not on trial any more");
	}
	fprintf(stderr, "naclctl %s: %s\n", run->peer.command,
		strcmp(state.phase, "confirmed") == 0
			? "confirmed, and runs, but not installed yet: naclctl confirm"
			: "nacld does not answer: see naclctl show");
	return NACLCTL_NO;
}

static void announce(struct run *run, const struct talk_state *before)
{
	if (run->change->json)
		return;
	printf("on trial for %u s: without confirmation nacld goes back by itself\n"
	       "keep it, best from a new session:  naclctl confirm\n",
	       run->confirm_s);
	if (!before->kept)
		puts("this nacld keeps no state (systemd did not start it): a restart reads the "
		     "configuration");
	if (run->change->no_wait)
		return;
	run->asks = isatty(STDIN_FILENO);
	puts(run->asks ? "waiting; y and Enter keeps it, n goes back, Ctrl-C leaves it on trial"
		       : "waiting");
	fflush(stdout);
	if (run->asks)
		tcflush(STDIN_FILENO, TCIFLUSH);
}

static int change_apply(struct run *run, struct store *store, const struct bundle *bundle,
			const char *note)
{
	struct talk_state state;
	unsigned int number;
	int status = talk_ask(&run->peer, &state);

	if (status == NACLCTL_OK)
		status = refuse_if_occupied(run, &state);
	if (status == NACLCTL_OK)
		status = apply(run, store, bundle, note);
	if (status == NACLCTL_OK && run->confirm_s == 0) {
		status = talk_confirm(&run->peer, store, run->id, &number);
		return status == NACLCTL_OK ? tell_installed(run, number) : status;
	}
	store_close(store);
	if (status != NACLCTL_OK)
		return status;
	announce(run, &state);
	return run->change->no_wait ? finish(run, NACLCTL_OK, "trial", 0, NULL) : wait_end(run);
}

int change_run(const char *command, const struct change *change, struct store *store,
	       const struct bundle *bundle, const char *shown, const char *note)
{
	struct run run = {
		.peer = {.command = command,
			 .socket_path = change->socket_path,
			 .config = change->config,
			 .json = change->json},
		.gate = {.command = command,
			 .file = shown,
			 .yes = change->yes,
			 .json = change->json},
		.change = change,
	};
	int status = NACLCTL_USAGE;

	if (!change_seconds(change, &run.confirm_s))
		fprintf(stderr,
			"naclctl %s: --confirm takes a time such as 60s, 5m or 1h, a day at most\n",
			command);
	else if (!make_id(run.id))
		fprintf(stderr, "naclctl %s: no random numbers: %s\n", command, strerror(errno));
	else
		status = change_apply(&run, store, bundle, note);
	store_close(store);
	json_decref(run.gate.findings);
	json_decref(run.gate.differences);
	return status;
}

int change_confirm(const struct talk_peer *peer)
{
	struct store store = {.lock = -1};
	struct talk_state state;
	unsigned int number;
	int status = talk_ask(peer, &state);

	if (status != NACLCTL_OK)
		return status;
	if (strcmp(state.phase, "undone") == 0) {
		fprintf(stderr, "naclctl %s: too late, the policy before runs again: %s\n",
			peer->command, state.reason);
		return NACLCTL_WENT_BACK;
	}
	if (strcmp(state.phase, "none") == 0) {
		fprintf(stderr, "naclctl %s: no policy is on trial\n", peer->command);
		return NACLCTL_NO;
	}
	status = NACLCTL_NO;
	if (store_open(peer->command, peer->config, &store))
		status = talk_confirm(peer, &store, state.id, &number);
	store_close(&store);
	if (status == NACLCTL_OK && peer->json)
		printf("{\"phase\": \"confirmed\", \"version\": %u}\n", number);
	else if (status == NACLCTL_OK)
		printf("confirmed and installed as %s, version %u\n", peer->config, number);
	return status;
}

int change_undo(const struct talk_peer *peer)
{
	int status = talk_undo(peer);

	if (status == NACLCTL_OK && peer->json)
		puts("{\"phase\": \"undone\"}");
	else if (status == NACLCTL_OK)
		puts("the policy before runs again");
	return status;
}
