/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon, by what it says of itself, and the kernel's table of queues: whether the two and the
 * loaded rules agree on which queues there are. A queue that rules lead to and nothing reads drops
 * all it is given (or passes it, as on_failure has it), and neither side would say so.
 */
#include "ctl/doctor/checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/nfqueue_proc.h"
#include "ctl/client.h"
#include "conf/conf.h"
#include "ctl/state/plain_file.h"

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Does the daemon run by another text than the file has now? */
static bool edited(const struct facts *facts)
{
	char error[CLIENT_ERROR_LEN], *here = facts->policy ? conf_text(facts->policy) : NULL;
	const char *there;
	bool differs = false;
	json_t *answer;

	if (here && client_request(facts->socket_path, "config", &answer, error) == 0) {
		there = text_of(answer, "config");
		differs = there && strcmp(here, there) != 0;
		json_decref(answer);
	}
	free(here);
	return differs;
}

/* One file may have several names, relative ones among them. */
static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
				     x.st_ino == y.st_ino);
}

/* Why nobody answers, and what to do about it. */
static void examine_reader(const struct facts *facts, struct report *report)
{
	const struct state *state = &facts->state;
	const struct holder *holder = &state->holder;
	char next[64];

	switch (state->reader) {
	case STATE_STOPPED:
		snprintf(next, sizeof(next), "kill -CONT %d", (int)holder->pid);
		report_say(report, "daemon", next,
			   "nacld (pid %d) is stopped, by a signal or a debugger",
			   (int)holder->pid);
		break;
	case STATE_SILENT:
		report_say(report, "daemon",
			   holder->state == 'D'
				   ? "see to the disk that it waits for"
				   : "systemctl status nacld; its watchdog restarts it",
			   "nacld (pid %d) reads the queue and does not answer%s: %s",
			   (int)holder->pid, holder->state == 'D' ? " (it waits for a disk)" : "",
			   facts->silence);
		break;
	case STATE_KEPT:
		report_say(report, "daemon", "systemctl start nacld; journalctl -u nacld says why",
			   "nacld is between two starts; the service manager keeps its queue");
		break;
	case STATE_STRANGER:
		report_say(report, "daemon",
			   "stop that program, or choose another queue.first, and start nacld",
			   "queue %u is read by %s (pid %d), not by nacld: %s", state->queue,
			   holder->name, (int)holder->pid, facts->silence);
		break;
	default:
		report_say(report, "daemon", "systemctl start nacld; systemctl status nacld", "%s",
			   facts->silence);
	}
}

/* What becomes of steered packets, where that is not what nacld's rules say. */
static void examine_fate(const struct facts *facts, struct report *report)
{
	static const char *const next[] = {
		[STATE_FATE_UNKNOWN] = "systemctl status nacld",
		[STATE_WAITS] = "have nacld go on; steer down would drop what waits",
		[STATE_DECIDED] = "stop that program, or naclctl steer down",
		[STATE_PASSES] = "start nacld",
		[STATE_DROPPED] = "start nacld, or naclctl steer down",
	};
	enum state_fate fate = state_fate(&facts->state);
	char text[STATE_TEXT_LEN];

	if (fate != STATE_UNSTEERED && fate != STATE_FILTERED && fate != STATE_MONITORED &&
	    (fate != STATE_FATE_UNKNOWN || !facts->status))
		report_say(report, "packets", next[fate], "steered packets %s",
			   state_fate_text(&facts->state, text));
}

void doctor_daemon(const struct facts *facts, struct report *report)
{
	const json_t *status = facts->status;
	const char *file = text_of(status, "config"), *mode = text_of(status, "mode");
	const char *refused = text_of(status, "last_reload_error");
	const char *flow_error = text_of(json_object_get(status, "flow_log"), "error");

	if (!status) {
		examine_reader(facts, report);
		examine_fate(facts, report);
		return;
	}
	report_say(report, "daemon", NULL, "nacld %s answers, %s", text_of(status, "version"),
		   mode && strcmp(mode, "monitor") == 0 ? "in MONITOR MODE: it drops nothing"
							: "enforcing");
	examine_fate(facts, report);
	if (refused)
		report_say(report, "daemon", "naclctl check, correct the file, naclctl reload",
			   "the last reload was REFUSED, an older policy runs: %s", refused);
	if (file && !plain_file(file))
		report_say(
			report, "daemon", "systemctl cat nacld; ps -o args= -C nacld",
			"nacld says that it runs by %s, which is no plain file that root alone can "
			"change: not opened; %s is looked at instead",
			file, facts->file);
	else if (file && !same_file(file, facts->file))
		report_say(report, "daemon", "look at that file, or restart nacld with this one",
			   "nacld runs %s, not %s", file, facts->file);
	else if (!refused && edited(facts))
		report_say(report, "daemon", "naclctl reload", "%s was changed since nacld read it",
			   facts->file);
	if (flow_error)
		report_say(report, "flow log", "check the file's disk and folder", "%s",
			   flow_error);
}

/* Some queues, or none: first > last. */
struct queues {
	unsigned int first;
	unsigned int last;
};

static bool any(struct queues queues)
{
	return queues.first <= queues.last;
}

/* Those that the daemon reads. */
static struct queues queues_read(const json_t *status)
{
	const json_t *list = json_object_get(status, "queues");
	const json_t *first = json_object_get(json_array_get(list, 0), "queue");
	struct queues queues = {.first = 1, .last = 0};

	if (json_is_integer(first)) {
		queues.first = (unsigned int)json_integer_value(first);
		queues.last = queues.first + (unsigned int)json_array_size(list) - 1;
	}
	return queues;
}

/* Those that the loaded rules lead to. */
static struct queues queues_sent_to(const struct steer_status *survey)
{
	struct queues queues = {.first = 1, .last = 0};

	steer_queues(&survey->loaded[survey->backend], &queues.first, &queues.last);
	return queues;
}

static void examine_losses(struct report *report, unsigned int number,
			   const struct nfqueue_proc *queue)
{
	if (queue->dropped)
		report_say(report, "queues", "raise queue.length in the configuration, and restart",
			   "queue %u was full: %" PRIu32 " packets lost unfiltered", number,
			   queue->dropped);
	if (queue->user_dropped)
		report_say(report, "queues",
			   "raise queue.count (a thread each) in the configuration, and restart",
			   "queue %u's reader was too slow: %" PRIu32 " packets lost unfiltered",
			   number, queue->user_dropped);
}

/* One queue that packets are sent to or the daemon says it reads. Is it well so far? */
static bool examine_queue(const struct facts *facts, struct report *report, int table,
			  unsigned int number)
{
	struct nfqueue_proc queue;
	bool bound = nfqueue_proc_read(table, (uint16_t)number, &queue);

	if (!facts->status) /* who reads it instead was said by doctor_daemon */
		return true;
	if (!bound) {
		report_say(report, "queues", "systemctl restart nacld",
			   "nacld answers, but nothing reads queue %u", number);
		return false;
	}
	examine_losses(report, number, &queue);
	return queue.dropped == 0 && queue.user_dropped == 0;
}

static const char *words(struct queues queues, char buf[static 32])
{
	if (queues.first == queues.last)
		snprintf(buf, 32, "queue %u", queues.first);
	else
		snprintf(buf, 32, "queues %u-%u", queues.first, queues.last);
	return buf;
}

void doctor_queues(const struct facts *facts, struct report *report)
{
	const struct queues sent = queues_sent_to(&facts->survey);
	const struct queues read = queues_read(facts->status);
	const struct queues looked = any(read) ? read : sent;
	int table = nfqueue_proc_open();
	bool well = true;
	char to[32], by[32];

	if (any(sent) && any(read) && (sent.first != read.first || sent.last != read.last)) {
		report_say(report, "queues", "systemctl restart nacld && naclctl steer up",
			   "the kernel sends packets to %s, and nacld reads %s", words(sent, to),
			   words(read, by));
		well = false;
	}
	for (unsigned int i = looked.first; table >= 0 && i <= looked.last; i++)
		if (!examine_queue(facts, report, table, i))
			well = false;
	if (well && any(read))
		report_say(report, "queues", NULL, "nacld reads %s%s%s", words(read, by),
			   any(sent) ? ", where the kernel sends packets" : "",
			   table < 0 ? "" : ", nothing was lost");
	if (table >= 0)
		close(table);
}
