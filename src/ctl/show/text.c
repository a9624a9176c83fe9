/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's status as a page for people: what is true of the whole, then each list with its
 * counters in the order in which packets meet the rules, then the queues.
 *
 * Whatever would surprise is said in words: monitor mode, a refused reload, packets that the kernel
 * had to drop unfiltered, packets that crashed a daemon. A value the daemon could not find out is a
 * question mark, never a zero.
 */
#include "ctl/show/show.h"

#include <string.h>

#include "common/paths.h"
#include "ctl/term.h"
#include "ctl/describe.h"

#define LABEL_WIDTH 13

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "?";
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool is(const json_t *object, const char *key, const char *value)
{
	return strcmp(text_of(object, key), value) == 0;
}

static const char *count_of(const json_t *object, const char *key, char buf[static TERM_TEXT_LEN])
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		return "?";
	return term_count((uint64_t)json_integer_value(value), buf);
}

static size_t widest(size_t a, size_t b)
{
	return a > b ? a : b;
}

static void label(FILE *to, const char *name)
{
	fprintf(to, "  %s", name);
	term_pad(to, strlen(name), LABEL_WIDTH);
}

static void show_names(const json_t *names, const char *none, FILE *to)
{
	size_t i;
	json_t *name;

	json_array_foreach((json_t *)names, i, name)
		fprintf(to, "%s%s", i > 0 ? ", " : "", json_string_value(name));
	fprintf(to, "%s\n", json_array_size(names) == 0 ? none : "");
}

/* What a person has to decide, or should know before a restart. */
static void show_trial(const json_t *status, FILE *to)
{
	const json_t *trial = json_object_get(status, "trial");
	char left[TERM_TEXT_LEN];

	if (is(trial, "phase", "trial")) {
		label(to, "on trial");
		fprintf(to, "for %s more, then the policy before again; naclctl confirm keeps it\n",
			term_duration(number_of(trial, "left_ms") / 1000, left));
	} else if (is(trial, "phase", "confirmed")) {
		label(to, "confirmed");
		fputs("but not installed yet: naclctl confirm\n", to);
	} else if (is(trial, "phase", "undone")) {
		label(to, "went back");
		fprintf(to, "to the policy before: %s\n", text_of(trial, "reason"));
	}
}

static void show_mode(const json_t *status, const struct term *term, FILE *to)
{
	fprintf(to, "%snacld %s, %s%s\n", term->bold, text_of(status, "version"),
		is(status, "mode", "monitor")
			? "MONITOR MODE: nothing is dropped, what would be is counted"
			: "enforcing",
		term->off);
}

static void show_configuration(const json_t *status, const struct term *term, FILE *to)
{
	const char *error = json_string_value(json_object_get(status, "last_reload_error"));
	json_int_t reloads = number_of(status, "reloads");
	char age[TERM_TEXT_LEN], count[TERM_TEXT_LEN];

	label(to, "configuration");
	fprintf(to, "%s, loaded %s ago", text_of(status, "config"),
		term_duration(number_of(status, "policy_age_s"), age));
	if (reloads > 0)
		fprintf(to, ", %s reload%s", term_count((uint64_t)reloads, count),
			reloads == 1 ? "" : "s");
	fputc('\n', to);
	if (error) {
		label(to, "last reload");
		fprintf(to, "%sREFUSED%s: %s\n", term->bold, term->off, error);
	}
	label(to, "running");
	fprintf(to, "%s, pid %lld\n", term_duration(number_of(status, "uptime_s"), age),
		(long long)number_of(status, "pid"));
}

static void show_settings(const json_t *status, FILE *to)
{
	label(to, "on failure");
	fputs(is(status, "on_failure", "accept") ? "accept: what cannot be filtered passes\n"
						 : "drop: what cannot be filtered is dropped\n",
	      to);
	label(to, "fragments");
	fputs(is(status, "fragments", "strict") ? "strict: filtered one by one\n"
						: "reassemble: put together, then filtered\n",
	      to);
	label(to, "exempt");
	show_names(json_object_get(status, "exempt"), "nothing", to);
}

/* What the kernel brings to the daemon; nothing where this user may not look. */
static void show_steering(const json_t *status, const struct term *term, FILE *to)
{
	const json_t *steering = json_object_get(status, "steering");
	const char *backend = json_string_value(json_object_get(steering, "backend"));

	if (!json_is_object(steering))
		return;
	label(to, "steering");
	if (is(steering, "state", "up"))
		fprintf(to, "up (%s), as the configuration says\n", backend);
	else if (is(steering, "state", "differs"))
		fprintf(to, "%sNOT AS THE CONFIGURATION SAYS%s (%s): naclctl steer up\n",
			term->bold, term->off, backend);
	else
		fprintf(to, "%sDOWN%s, no packet reaches nacld: naclctl steer up\n", term->bold,
			term->off);
}

/* Nothing where the flow log is off; what was lost only where something was. */
static void show_flow_log(const json_t *status, const struct term *term, FILE *to)
{
	const json_t *log = json_object_get(status, "flow_log");
	const char *error = json_string_value(json_object_get(log, "error"));
	char count[TERM_TEXT_LEN];

	if (!json_is_object(log))
		return;
	label(to, "flow log");
	fprintf(to, "%s, windows of %lld s: %s records", text_of(log, "file"),
		(long long)number_of(log, "window_s"), count_of(log, "records", count));
	if (number_of(log, "lost_records") > 0)
		fprintf(to, ", %sLOST%s %s", term->bold, term->off,
			count_of(log, "lost_records", count));
	if (number_of(log, "lost_packets") > 0)
		fprintf(to, ", %s packets without one (raise flow_log.flows)",
			count_of(log, "lost_packets", count));
	if (error)
		fprintf(to, " (%s%s%s)", term->bold, error, term->off);
	fputc('\n', to);
}

/* Nothing where nobody has asked for it. */
static void show_fast_path(const json_t *status, const struct term *term, FILE *to)
{
	const json_t *fast = json_object_get(status, "fast_path");
	const char *why = json_string_value(json_object_get(fast, "why_off"));
	char packets[TERM_TEXT_LEN], bytes[TERM_TEXT_LEN];

	if (!json_is_object(fast))
		return;
	label(to, "fast path");
	if (why)
		fprintf(to, "%sOFF%s, %s; ", term->bold, term->off, why);
	fprintf(to, "%s packets (%s bytes) were accepted in the kernel, and are counted below\n",
		count_of(fast, "packets", packets), count_of(fast, "bytes", bytes));
}

/* What the daemon has given up the right to do. */
static void show_sandbox(const json_t *status, FILE *to)
{
	const json_t *sandbox = json_object_get(status, "sandbox");
	json_int_t landlock = number_of(sandbox, "landlock");
	char version[32];

	if (!json_is_object(sandbox))
		return;
	snprintf(version, sizeof(version), "landlock %lld", (long long)landlock);
	label(to, "confined by");
	fprintf(to, "%s, %s", landlock ? version : "NO LANDLOCK",
		json_is_true(json_object_get(sandbox, "seccomp")) ? "seccomp" : "NO SECCOMP");
	fputs(is(status, "isolation", "process")
		      ? "; packets are filtered by processes without rights\n"
		      : "\n",
	      to);
}

/* Only where something is missing. */
static void show_log(const json_t *status, const struct term *term, FILE *to)
{
	char count[TERM_TEXT_LEN];

	if (number_of(status, "log_lost_lines") <= 0)
		return;
	label(to, "log");
	fprintf(to, "%sLOST%s %s lines: stderr did not accept them\n", term->bold, term->off,
		count_of(status, "log_lost_lines", count));
}

/* The process that writes files, where it does not run or did not always. */
static void show_disk(const json_t *status, const struct term *term, FILE *to)
{
	const json_t *disk = json_object_get(status, "disk");
	char restarts[TERM_TEXT_LEN], lost[TERM_TEXT_LEN];

	if (!json_is_object(disk) ||
	    (json_is_true(json_object_get(disk, "running")) && number_of(disk, "restarts") <= 0 &&
	     number_of(disk, "lost_packets") <= 0))
		return;
	label(to, "files");
	fprintf(to,
		"the process that writes them %s%s%s, %s restarts, %s fatal packets not saved\n",
		term->bold,
		json_is_true(json_object_get(disk, "running")) ? "runs" : "DOES NOT RUN", term->off,
		count_of(disk, "restarts", restarts), count_of(disk, "lost_packets", lost));
}

static void show_edges(const json_t *status, FILE *to)
{
	json_t *edge;
	size_t i;

	json_array_foreach(json_object_get(status, "edges"), i, edge)
	{
		const char *name = json_string_value(json_object_get(edge, "interface"));

		label(to, i == 0 ? "edges" : "");
		fprintf(to, "%s: %s\n", name ? name : "default-route", text_of(edge, "acl"));
	}
}

static void show_associations(const json_t *status, FILE *to)
{
	json_t *host = json_object_get(status, "host"), *subnet;
	json_t *subnets = json_object_get(status, "subnets");
	bool edges = json_array_size(json_object_get(status, "edges")) > 0;
	size_t i;

	show_edges(status, to);
	if (json_is_object(host) || !edges)
		label(to, "host");
	if (json_is_object(host)) {
		fprintf(to, "%s on ", text_of(host, "acl"));
		show_names(json_object_get(host, "interfaces"), "every interface", to);
	} else if (!edges) {
		fputs("no ACL\n", to);
	}
	json_array_foreach(subnets, i, subnet)
	{
		label(to, i == 0 ? "subnets" : "");
		fprintf(to, "%s: %s\n", text_of(subnet, "subnet"), text_of(subnet, "acl"));
	}
}

/* " 443", " type 8 code 0" */
static void print_transport(const json_t *rule, char *buf, size_t size)
{
	const char *ports = json_string_value(json_object_get(rule, "ports"));
	const json_t *type = json_object_get(rule, "type");
	json_int_t code = number_of(rule, "code");

	buf[0] = '\0';
	if (ports)
		snprintf(buf, size, " %.32s", strcmp(ports, "all") == 0 ? "0-65535" : ports);
	else if (json_is_integer(type) && json_integer_value(type) >= 0 && code >= 0)
		snprintf(buf, size, " type %lld code %lld", (long long)json_integer_value(type),
			 (long long)code);
	else if (json_is_integer(type) && json_integer_value(type) >= 0)
		snprintf(buf, size, " type %lld", (long long)json_integer_value(type));
}

static void print_rule(const json_t *rule, bool inbound, char *buf, size_t size)
{
	char transport[64], count[TERM_TEXT_LEN];
	int len;

	if (json_is_string(json_object_get(rule, "rule"))) { /* "*" */
		snprintf(buf, size, "all");
		return;
	}
	print_transport(rule, transport, sizeof(transport));
	len = snprintf(buf, size, "%s%s %s %s", text_of(rule, "protocol"), transport,
		       inbound ? "from" : "to", text_of(rule, "cidr"));
	if (text_of(rule, "cidr")[0] == '@' && (size_t)len < size)
		snprintf(buf + len, size - (size_t)len, " (%s entries)",
			 count_of(rule, "entries", count));
}

static void show_last_hit(const json_t *rule, time_t now, FILE *to)
{
	const json_t *hit = json_object_get(rule, "last_hit");
	char age[TERM_TEXT_LEN];

	if (json_is_integer(hit))
		fprintf(to, "%s ago\n", term_duration(now - json_integer_value(hit), age));
	else
		fputs("never\n", to);
}

/* Column widths of one list. */
struct widths {
	size_t rule;
	size_t packets;
};

static struct widths widths_of(const json_t *rules, bool inbound)
{
	struct widths widths = {.rule = strlen("packets"), .packets = strlen("packets")};
	char text[DESCRIBE_LEN], packets[TERM_TEXT_LEN];
	json_t *rule;
	size_t i;

	json_array_foreach((json_t *)rules, i, rule)
	{
		print_rule(rule, inbound, text, sizeof(text));
		widths.rule = widest(widths.rule, strlen(text));
		widths.packets = widest(widths.packets, strlen(count_of(rule, "packets", packets)));
	}
	return widths;
}

static void show_rule(const json_t *rule, bool inbound, struct widths widths, time_t now, FILE *to)
{
	const json_t *number = json_object_get(rule, "rule");
	char text[DESCRIBE_LEN], packets[TERM_TEXT_LEN], bytes[TERM_TEXT_LEN], digits[16];

	snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(number));
	print_rule(rule, inbound, text, sizeof(text));
	fprintf(to, "  %-5s  %-5s  %s", json_is_string(number) ? "*" : digits,
		text_of(rule, "action"), text);
	term_pad(to, strlen(text), widths.rule);
	fprintf(to, "%*s  %10s  ", (int)widths.packets, count_of(rule, "packets", packets),
		term_bytes((uint64_t)number_of(rule, "bytes"), bytes));
	show_last_hit(rule, now, to);
}

static void show_list(const json_t *acl, bool inbound, time_t now, const struct term *term,
		      FILE *to)
{
	const json_t *rules = json_object_get(acl, inbound ? "inbound" : "outbound");
	struct widths widths = widths_of(rules, inbound);
	char title[DESCRIBE_LEN];
	json_t *rule;
	size_t i;

	snprintf(title, sizeof(title), "%s, %s", text_of(acl, "name"),
		 inbound ? "inbound" : "outbound");
	fprintf(to, "\n%s%s%s", term->bold, title, term->off);
	term_pad(to, strlen(title), widths.rule + strlen("  12345  allow  "));
	fprintf(to, "%*s  %10s  last hit\n", (int)widths.packets, "packets", "bytes");
	json_array_foreach((json_t *)rules, i, rule) show_rule(rule, inbound, widths, now, to);
}

/* "name 12, other 3", or nothing at all. */
static void show_counts(const char *name, const json_t *counts, FILE *to)
{
	const char *key, *separator = "";
	char count[TERM_TEXT_LEN];
	json_t *value;

	if (json_object_size(counts) == 0)
		return;
	label(to, name);
	json_object_foreach((json_t *)counts, key, value)
	{
		fprintf(to, "%s%s %s", separator, key,
			term_count((uint64_t)json_integer_value(value), count));
		separator = ", ";
	}
	fputc('\n', to);
}

static const struct {
	const char *key, *title;
} queue_columns[] = {
	{"packets", "packets"},          {"accepted", "accepted"}, {"dropped", "dropped"},
	{"would_drop", "would drop"},    {"waiting", "waiting"},   {"kernel_dropped", "queue full"},
	{"user_dropped", "buffer full"},
};

#define QUEUE_COLUMNS (sizeof(queue_columns) / sizeof(queue_columns[0]))

static size_t column_width(const json_t *queues, size_t column)
{
	size_t width = strlen(queue_columns[column].title), i;
	char count[TERM_TEXT_LEN];
	json_t *queue;

	json_array_foreach((json_t *)queues, i, queue) width =
		widest(width, strlen(count_of(queue, queue_columns[column].key, count)));
	return width;
}

/* Nothing where none was, which is how it should be. */
static void show_poisoned(const json_t *queue, const struct term *term, FILE *to)
{
	json_int_t packets = number_of(queue, "poisoned");
	char count[TERM_TEXT_LEN];

	if (packets > 0)
		fprintf(to,
			"  %sPOISON%s: %s packet%s made nacld crash or hang; dropped, and saved "
			"in " PATHS_STATE "/" PATHS_POISON ": please report\n",
			term->bold, term->off, term_count((uint64_t)packets, count),
			packets == 1 ? "" : "s");
}

/* The same: no filter writes what is counted here. */
static void show_refused(const json_t *queue, const struct term *term, FILE *to)
{
	char count[TERM_TEXT_LEN];

	if (number_of(queue, "refused") > 0)
		fprintf(to,
			"  %sREFUSED%s %s times what its filtering process wrote: it may have been "
			"taken over by a packet. naclctl reload starts another\n",
			term->bold, term->off, count_of(queue, "refused", count));
}

static void show_queue(const json_t *queue, const size_t widths[static QUEUE_COLUMNS],
		       const struct term *term, FILE *to)
{
	bool lost = number_of(queue, "kernel_dropped") > 0 || number_of(queue, "user_dropped") > 0;
	char count[TERM_TEXT_LEN];

	fprintf(to, "%7lld", (long long)number_of(queue, "queue"));
	for (size_t i = 0; i < QUEUE_COLUMNS; i++)
		fprintf(to, "  %*s", (int)widths[i], count_of(queue, queue_columns[i].key, count));
	fputc('\n', to);
	show_counts("errors", json_object_get(queue, "errors"), to);
	if (lost)
		fprintf(to,
			"  %sLOST UNFILTERED%s: the queue was full (raise queue.length) or the "
			"daemon too slow (raise queue.count)\n",
			term->bold, term->off);
	show_poisoned(queue, term, to);
	show_refused(queue, term, to);
}

static void show_queues(const json_t *status, const struct term *term, FILE *to)
{
	json_t *queues = json_object_get(status, "queues"), *queue;
	size_t widths[QUEUE_COLUMNS], i;

	fprintf(to, "\n%s  queue%s", term->bold, term->off);
	for (i = 0; i < QUEUE_COLUMNS; i++) {
		widths[i] = column_width(queues, i);
		fprintf(to, "  %*s", (int)widths[i], queue_columns[i].title);
	}
	fputc('\n', to);
	json_array_foreach(queues, i, queue) show_queue(queue, widths, term, to);
	show_counts("outcomes", json_object_get(status, "outcomes"), to);
	show_counts("not filtered", json_object_get(status, "reasons"), to);
}

void show_status(const json_t *status, time_t now, FILE *to)
{
	struct term term = term_for(to);
	json_t *acls = json_object_get(status, "acls"), *acl;
	size_t i;

	show_mode(status, &term, to);
	show_configuration(status, &term, to);
	show_trial(status, to);
	show_settings(status, to);
	show_steering(status, &term, to);
	show_fast_path(status, &term, to);
	show_flow_log(status, &term, to);
	show_sandbox(status, to);
	show_disk(status, &term, to);
	show_log(status, &term, to);
	show_associations(status, to);
	json_array_foreach(acls, i, acl)
	{
		show_list(acl, true, now, &term, to);
		show_list(acl, false, now, &term, to);
	}
	show_queues(status, &term, to);
}
