/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics: names and units by Prometheus' rules (a counter ends in _total, a unit is a base unit in
 * the plural). One table of families; a value that the daemon does not know has no sample, since
 * unknown is not zero.
 */
#include "ctl/metrics/metrics.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static void family(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP nacld_%s %s\n# TYPE nacld_%s %s\n", name, help, name, type);
}

/* A label's value: a backslash, a quote and a line end are escaped. */
static void print_label(FILE *to, const char *name, const char *value, bool first)
{
	fprintf(to, "%s%s=\"", first ? "{" : ",", name);
	for (const char *c = value ? value : ""; *c; c++)
		if (*c == '\n')
			fputs("\\n", to);
		else
			fprintf(to, "%s%c", *c == '\\' || *c == '"' ? "\\" : "", *c);
	fputc('"', to);
}

/* Labels by pairs, up to a NULL name. */
struct label {
	const char *name;
	const char *value;
};

static void sample(FILE *to, const char *name, const struct label *labels, const json_t *value)
{
	bool first = true;

	if (!json_is_integer(value) && !json_is_boolean(value))
		return;
	fprintf(to, "nacld_%s", name);
	for (; labels && labels->name; labels++, first = false)
		print_label(to, labels->name, labels->value, first);
	fprintf(to, "%s %" JSON_INTEGER_FORMAT "\n", first ? "" : "}",
		json_is_boolean(value) ? (json_int_t)json_is_true(value)
				       : json_integer_value(value));
}

static void sample_number(FILE *to, const char *name, const struct label *labels, uint64_t number)
{
	json_t *value = json_integer((json_int_t)number);

	sample(to, name, labels, value);
	json_decref(value);
}

static void gauge(FILE *to, const char *name, const char *help, uint64_t value)
{
	family(to, name, "gauge", help);
	sample_number(to, name, NULL, value);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool is_word(const json_t *object, const char *key, const char *word)
{
	const char *text = text_of(object, key);

	return text && strcmp(text, word) == 0;
}

static void print_daemon(const json_t *status, FILE *to)
{
	const struct label version[] = {{"version", text_of(status, "version")}, {0}};
	int64_t now = time(NULL);
	int64_t uptime = json_integer_value(json_object_get(status, "uptime_s"));
	int64_t age = json_integer_value(json_object_get(status, "policy_age_s"));

	family(to, "build_info", "gauge", "The version of nacld that runs; always 1.");
	sample_number(to, "build_info", version, 1);
	gauge(to, "enforcing", "1 when packets are dropped, 0 in monitor mode.",
	      is_word(status, "mode", "enforce"));
	gauge(to, "start_time_seconds", "When nacld started; a change is a restart.",
	      (uint64_t)(now - uptime));
	gauge(to, "policy_load_time_seconds", "When the running policy was loaded.",
	      (uint64_t)(now - age));
	gauge(to, "last_reload_successful", "0 when the last reload was refused.",
	      json_is_null(json_object_get(status, "last_reload_error")));
	family(to, "reloads_total", "counter", "Reloads that were taken.");
	sample(to, "reloads_total", NULL, json_object_get(status, "reloads"));
	family(to, "log_lost_lines_total", "counter", "Lines of nacld's own log that were lost.");
	sample(to, "log_lost_lines_total", NULL, json_object_get(status, "log_lost_lines"));
}

/* One value of each rule of each list. */
static void print_rules(const json_t *status, const char *name, const char *key, FILE *to)
{
	static const char *const directions[] = {"inbound", "outbound"};
	json_t *acls = json_object_get(status, "acls"), *acl, *rule;
	size_t a, r;

	json_array_foreach(acls, a, acl)
	{
		for (int d = 0; d < 2; d++) {
			json_array_foreach(json_object_get(acl, directions[d]), r, rule)
			{
				const json_t *number = json_object_get(rule, "rule");
				char text[24] = "*";
				const struct label labels[] = {
					{"acl", text_of(acl, "name")},
					{"direction", directions[d]},
					{"rule", text},
					{"verdict",
					 is_word(rule, "action", "allow") ? "accept" : "drop"},
					{0},
				};

				if (json_is_integer(number))
					snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
						 json_integer_value(number));
				sample(to, name, labels, json_object_get(rule, key));
			}
		}
	}
}

/* One value of each queue; `cause` NULL: no second label. */
static void print_queues(const json_t *status, const char *name, const char *key,
			 const struct label *cause, FILE *to)
{
	json_t *queues = json_object_get(status, "queues"), *queue;
	size_t i;

	json_array_foreach(queues, i, queue)
	{
		char number[24];
		const struct label labels[] = {
			{"queue", number}, cause ? *cause : (struct label){0}, {0}};

		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(json_object_get(queue, "queue")));
		sample(to, name, labels, json_object_get(queue, key));
	}
}

static void print_errors(const json_t *status, FILE *to)
{
	json_t *queues = json_object_get(status, "queues"), *queue, *count;
	const char *error;
	size_t i;

	family(to, "queue_errors_total", "counter",
	       "Errors of the queue's socket; none of them is fatal.");
	json_array_foreach(queues, i, queue)
	{
		char number[24];

		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(json_object_get(queue, "queue")));
		json_object_foreach(json_object_get(queue, "errors"), error, count)
		{
			const struct label labels[] = {{"queue", number}, {"error", error}, {0}};

			sample(to, "queue_errors_total", labels, count);
		}
	}
}

static void print_traffic(const json_t *status, FILE *to)
{
	const struct label accept = {"verdict", "accept"}, drop = {"verdict", "drop"};

	family(to, "packets_total", "counter",
	       "Packets that got a verdict; a large send or receive counts as one.");
	print_queues(status, "packets_total", "accepted", &accept, to);
	print_queues(status, "packets_total", "dropped", &drop, to);
	family(to, "would_drop_packets_total", "counter",
	       "Packets that passed in monitor mode and would be dropped when enforcing.");
	print_queues(status, "would_drop_packets_total", "would_drop", NULL, to);
	family(to, "rule_packets_total", "counter",
	       "Packets that a rule decided; * is the implicit deny. In monitor mode none is "
	       "dropped.");
	print_rules(status, "rule_packets_total", "packets", to);
	family(to, "rule_bytes_total", "counter", "Bytes of the packets that a rule decided.");
	print_rules(status, "rule_bytes_total", "bytes", to);
}

static void print_kernel(const json_t *status, FILE *to)
{
	const struct label full = {"cause", "queue-full"}, buffer = {"cause", "receive-buffer"};

	family(to, "queue_waiting_packets", "gauge", "Packets that wait in the kernel's queue.");
	print_queues(status, "queue_waiting_packets", "waiting", NULL, to);
	family(to, "queue_capacity_packets", "gauge", "Packets that the kernel's queue holds.");
	print_queues(status, "queue_capacity_packets", "length", NULL, to);
	family(to, "queue_lost_packets_total", "counter",
	       "Packets that the kernel did not hand over: on_failure decided about them.");
	print_queues(status, "queue_lost_packets_total", "kernel_dropped", &full, to);
	print_queues(status, "queue_lost_packets_total", "user_dropped", &buffer, to);
	family(to, "poisoned_packets_total", "counter",
	       "Packets that made their filter crash or hang; dropped and saved.");
	print_queues(status, "poisoned_packets_total", "poisoned", NULL, to);
	family(to, "wakeups_total", "counter", "Batches of packets that were read.");
	print_queues(status, "wakeups_total", "wakeups", NULL, to);
	print_errors(status, to);
}

static void print_counts(const json_t *counts, const char *name, const char *label, FILE *to)
{
	const char *key;
	json_t *count;

	json_object_foreach((json_t *)counts, key, count)
	{
		const struct label labels[] = {{label, key}, {0}};

		sample(to, name, labels, count);
	}
}

static void print_reasons(const json_t *status, FILE *to)
{
	family(to, "outcome_packets_total", "counter",
	       "Packets by what became of them: a list was asked, or why not.");
	print_counts(json_object_get(status, "outcomes"), "outcome_packets_total", "outcome", to);
	family(to, "unfiltered_packets_total", "counter",
	       "Packets that no rule was asked about: malformed ones, which are dropped, and those "
	       "that on_failure decided.");
	print_counts(json_object_get(status, "reasons"), "unfiltered_packets_total", "reason", to);
}

static void print_flow_log(const json_t *status, FILE *to)
{
	const json_t *log = json_object_get(status, "flow_log");

	if (!json_is_object(log))
		return;
	family(to, "flow_log_records_total", "counter", "Records that the flow log has written.");
	sample(to, "flow_log_records_total", NULL, json_object_get(log, "records"));
	family(to, "flow_log_lost_records_total", "counter", "Records that could not be written.");
	sample(to, "flow_log_lost_records_total", NULL, json_object_get(log, "lost_records"));
	family(to, "flow_log_lost_packets_total", "counter",
	       "Packets of flows that found the flow log's table full.");
	sample(to, "flow_log_lost_packets_total", NULL, json_object_get(log, "lost_packets"));
}

/* Replies by direction: of what is dropped, what somebody waits for. */
static void print_drops(const struct lost_list *drops, FILE *to)
{
	uint64_t packets[2] = {0}, flows[2] = {0};

	for (size_t i = 0; i < drops->count; i++) {
		const struct lost *lost = &drops->items[i];

		if (!lost->is_reply || lost->passes_now)
			continue;
		packets[lost->direction] += lost->packets;
		flows[lost->direction] += lost->last >= drops->now - 300;
	}
	family(to, "reply_drop_packets_total", "counter",
	       "Dropped packets that answer a request which the running policy allows; a reload "
	       "that lets them pass starts again.");
	for (int d = INBOUND; d <= OUTBOUND; d++) {
		const struct label labels[] = {{"direction", direction_name((enum direction)d)},
					       {0}};

		sample_number(to, "reply_drop_packets_total", labels, packets[d]);
	}
	family(to, "reply_drop_flows", "gauge",
	       "Flows of such packets in the last 5 minutes: clients that hang.");
	for (int d = INBOUND; d <= OUTBOUND; d++) {
		const struct label labels[] = {{"direction", direction_name((enum direction)d)},
					       {0}};

		sample_number(to, "reply_drop_flows", labels, flows[d]);
	}
	gauge(to, "drop_table_flows", "Lines in the tables of naclctl drops.",
	      drops->count + drops->omitted);
	gauge(to, "drop_table_capacity_flows", "Flows that these tables hold.", drops->places);
}

void metrics_print(const json_t *status, const struct lost_list *drops, FILE *to)
{
	gauge(to, "up", "1 when nacld answers.", status != NULL);
	if (!status)
		return;
	print_daemon(status, to);
	print_traffic(status, to);
	print_reasons(status, to);
	print_kernel(status, to);
	print_flow_log(status, to);
	if (drops)
		print_drops(drops, to);
}
