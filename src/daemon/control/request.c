/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a control request means: one table of names. Reading is for whoever may open the socket;
 * changing is for those whom peer.c names.
 */
#include "daemon/control/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "common/log.h"
#include "common/notify.h"
#include "common/protocol.h"
#include "daemon/last_good.h"
#include "daemon/control/drops.h"
#include "daemon/control/passed.h"
#include "daemon/control/status.h"
#include "daemon/trial/trial.h"

/* One request, taken apart. */
struct request {
	const json_t *object;
	const char *id; /* "" where it has none */
	const struct peer *peer;
	int passed; /* a descriptor that came with it, or -1 */
};

static char *render(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0; /* tens of megabytes, of a large configuration */
	char *line = text ? realloc(text, len + 2) : NULL;

	json_decref(object);
	if (line)
		memcpy(line + len, "\n", 2);
	else
		free(text);
	return line;
}

char *request_refuse(const char *reason)
{
	return render(json_pack("{s:b, s:s}", "ok", 0, "error", reason));
}

char *request_report_text(const struct conf_report *report)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	if (!stream)
		return NULL;
	conf_report_print(report, stream);
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* A report is several lines; the log takes them one by one. */
static void log_report(const struct conf_report *report)
{
	char *text = request_report_text(report), *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		log_warning("%s", line);
	free(text);
}

static void notify_reloading(const struct daemon *daemon)
{
	struct timespec now;
	char state[80];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_send(daemon->notify, state);
}

void request_ready(const struct daemon *daemon, const char *line)
{
	char state[200];

	snprintf(state, sizeof(state), "READY=1\nSTATUS=%s", line);
	notify_send(daemon->notify, state);
}

bool request_reload(struct daemon *daemon, struct conf_report *report, const struct peer *peer,
		    struct reload_result *result)
{
	char line[160];
	bool done;

	notify_reloading(daemon);
	*result = (struct reload_result){0};
	done = trial_allows_reload(daemon, result) && reload_policy(daemon, report, peer, result);
	log_report(report);
	status_line(daemon, line, sizeof(line));
	if (done)
		log_info("reloaded %s; %s", daemon->config_path, line);
	else
		log_error("reload refused, the old policy stays: %s", result->error);
	if (result->note[0])
		log_warning("%s", result->note);
	if (done) {
		trial_forget(daemon);
		last_good_save(daemon);
	}
	request_ready(daemon, line);
	return done;
}

static json_t *answer_status(struct daemon *daemon, const struct request *request)
{
	(void)request;
	return json_pack("{s:b, s:o}", "ok", 1, "status", status_json(daemon));
}

static json_t *answer_config(struct daemon *daemon, const struct request *request)
{
	char *text = conf_text(daemon->current->policy);
	json_t *answer = text ? json_pack("{s:b, s:s}", "ok", 1, "config", text) : NULL;

	(void)request;
	free(text);
	return answer;
}

/* How a change went. */
static json_t *outcome_json(bool done, struct conf_report *report,
			    const struct reload_result *result)
{
	char *text = request_report_text(report);
	json_t *answer;

	if (done)
		answer = json_pack("{s:b, s:s, s:s}", "ok", 1, "warnings", text ? text : "", "note",
				   result->note);
	else
		answer = json_pack("{s:b, s:s, s:s}", "ok", 0, "error", result->error, "report",
				   text ? text : "");
	free(text);
	conf_report_fini(report);
	return answer;
}

static json_t *answer_reload(struct daemon *daemon, const struct request *request)
{
	struct conf_report report = {0};
	struct reload_result result;
	bool done = request_reload(daemon, &report, request->peer, &result);

	return outcome_json(done, &report, &result);
}

static json_t *answer_trial(struct daemon *daemon, const struct request *request)
{
	(void)request;
	return json_pack("{s:b, s:s, s:o}", "ok", 1, "config_path", daemon->config_path, "trial",
			 trial_json(daemon));
}

/* What the service manager shows has changed. */
static void show_state(const struct daemon *daemon)
{
	char line[160];

	status_line(daemon, line, sizeof(line));
	request_ready(daemon, line);
}

static json_t *answer_apply(struct daemon *daemon, const struct request *request)
{
	json_int_t confirm_s = json_integer_value(json_object_get(request->object, "confirm_s"));
	struct reload_result result = {0};
	struct conf_report report = {0};
	const char *why;
	char *text;
	bool done;

	if (confirm_s < 0 || confirm_s > PROTOCOL_CONFIRM_MAX_S)
		return json_pack("{s:b, s:s}", "ok", 0, "error", "confirm_s is out of range");
	text = passed_text(request->passed, &why);
	if (!text)
		return json_pack("{s:b, s:s}", "ok", 0, "error", why);
	done = trial_apply(daemon, request->id, (unsigned int)confirm_s, text, request->peer,
			   &report, &result);
	free(text);
	if (!done)
		log_error("a policy was not applied, the old one stays: %s", result.error);
	show_state(daemon);
	return outcome_json(done, &report, &result);
}

static json_t *answer_confirm(struct daemon *daemon, const struct request *request)
{
	struct reload_result result;
	struct conf_report report = {0};
	bool done = trial_confirm(daemon, request->id, &result);

	show_state(daemon);
	return outcome_json(done, &report, &result);
}

static json_t *answer_installed(struct daemon *daemon, const struct request *request)
{
	struct reload_result result;
	struct conf_report report = {0};
	bool done = trial_installed(daemon, request->id, &result);

	return outcome_json(done, &report, &result);
}

static json_t *answer_undo(struct daemon *daemon, const struct request *request)
{
	struct reload_result result;
	struct conf_report report = {0};
	char reason[80];
	bool done;

	snprintf(reason, sizeof(reason), "user %u asked for it", request->peer->uid);
	done = trial_undo(daemon, reason, &result);
	show_state(daemon);
	return outcome_json(done, &report, &result);
}

static json_t *answer_fast_path(struct daemon *daemon, const struct request *request)
{
	json_int_t map = json_integer_value(json_object_get(request->object, "map"));
	int err;

	if (request->peer->uid != 0 || request->passed < 0 || map < 0 || map >= FASTPATH_FDS)
		return json_pack("{s:b, s:s}", "ok", 0, "error",
				 "fast-path comes from root, with one of three maps");
	err = daemon_offer_map(daemon, (unsigned int)map, request->passed);
	if (err)
		return json_pack("{s:b, s:s}", "ok", 0, "error",
				 err == -EPROTO ? "the maps are not those of this nacld's filter"
						: strerror(-err));
	return json_pack("{s:b, s:b, s:s}", "ok", 1, "on", daemon->fastpath.on, "note",
			 daemon->fastpath.on ? "" : daemon->fastpath.why_off);
}

/* An answer as an object, or, where it is long, as the line itself. */
static const struct {
	const char *name;
	json_t *(*answer)(struct daemon *daemon, const struct request *request);
	char *(*line)(struct daemon *daemon, const json_t *request);
	bool changes;
} requests[] = {
	{"status", answer_status, NULL, false},      {"config", answer_config, NULL, false},
	{"drops", NULL, drops_answer, false},        {"trial", answer_trial, NULL, false},
	{"reload", answer_reload, NULL, true},       {"apply", answer_apply, NULL, true},
	{"confirm", answer_confirm, NULL, true},     {"installed", answer_installed, NULL, true},
	{"events", NULL, events_answer, false},      {"undo", answer_undo, NULL, true},
	{"fast-path", answer_fast_path, NULL, true},
};

char *request_answer(const char *line, size_t len, const struct peer *peer, int passed,
		     struct daemon *daemon)
{
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(object, "request"));
	const char *id = json_string_value(json_object_get(object, "id"));
	struct request request = {
		.object = object, .id = id ? id : "", .peer = peer, .passed = passed};
	char *answer = NULL;
	bool known;
	size_t i;

	if (!object)
		return request_refuse("not a JSON object on one line");
	for (i = 0; name && i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(requests[i].name, name) == 0)
			break;
	known = name && i < sizeof(requests) / sizeof(requests[0]);
	if (!known)
		answer = request_refuse(
			"unknown request; known are status, config, drops, events, trial, "
			"reload, apply, confirm, installed, undo and fast-path");
	else if (requests[i].changes && !peer_may_change(peer))
		answer = request_refuse("only root and the group " PROTOCOL_GROUP
					" may change anything: "
					"use sudo");
	else
		answer = requests[i].line ? requests[i].line(daemon, object)
					  : render(requests[i].answer(daemon, &request));
	log_debug("request from user %u: %s", peer->uid, known ? requests[i].name : "not known");
	json_decref(object);
	return answer;
}
