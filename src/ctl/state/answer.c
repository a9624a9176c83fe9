/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from the control socket is hostile: a daemon that parses packets may have been taken
 * over by one, and root's programs ask it. So an answer is checked whole before anybody looks at
 * it, and nothing in it reaches a terminal as a command to that terminal. What a name in it stands
 * for (a file) is another question: see plain_file.h.
 *
 * A table for each object of the protocol. Missing keys are fine: older and newer versions of nacld
 * lack some, and who prints them prints "?".
 */
#include "ctl/state/answer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/words/plain.h"

#define PORTS  65535
#define COUNT  INT64_MAX
#define QUEUES 1024 /* of one daemon: more than any configuration can ask for */

enum kind {
	KIND_TEXT,    /* one line */
	KIND_LINES,   /* several */
	KIND_INTEGER, /* 0 to max */
	KIND_TYPE,    /* of ICMP, or its code: an integer, or -1 for any */
	KIND_BOOL,
	KIND_OBJECT,  /* with these fields */
	KIND_OBJECTS, /* an array of those, at most max of them */
	KIND_TEXTS,   /* an array */
	KIND_COUNTS,  /* an object of integers */
	KIND_NUMBER,  /* of a rule: an integer, or "*" */
};

struct field {
	const char *key;
	enum kind kind;
	bool nullable;
	json_int_t max;
	const struct field *fields;
};

static const struct field rule_fields[] = {
	{"rule", KIND_NUMBER, false, 32766, NULL},
	{"action", KIND_TEXT, false, 0, NULL},
	{"protocol", KIND_TEXT, false, 0, NULL},
	{"ports", KIND_TEXT, false, 0, NULL},
	{"type", KIND_TYPE, false, 255, NULL},
	{"code", KIND_TYPE, false, 255, NULL},
	{"cidr", KIND_TEXT, false, 0, NULL},
	{"entries", KIND_INTEGER, false, COUNT, NULL},
	{"packets", KIND_INTEGER, false, COUNT, NULL},
	{"bytes", KIND_INTEGER, false, COUNT, NULL},
	{"last_hit", KIND_INTEGER, true, COUNT, NULL},
	{0},
};

static const struct field acl_fields[] = {
	{"name", KIND_TEXT, false, 0, NULL},
	{"inbound", KIND_OBJECTS, false, COUNT, rule_fields},
	{"outbound", KIND_OBJECTS, false, COUNT, rule_fields},
	{0},
};

static const struct field queue_fields[] = {
	{"queue", KIND_INTEGER, false, PORTS, NULL},
	{"packets", KIND_INTEGER, true, COUNT, NULL},
	{"accepted", KIND_INTEGER, true, COUNT, NULL},
	{"dropped", KIND_INTEGER, true, COUNT, NULL},
	{"would_drop", KIND_INTEGER, true, COUNT, NULL},
	{"wakeups", KIND_INTEGER, true, COUNT, NULL},
	{"waiting", KIND_INTEGER, true, COUNT, NULL},
	{"length", KIND_INTEGER, true, COUNT, NULL},
	{"kernel_dropped", KIND_INTEGER, true, COUNT, NULL},
	{"user_dropped", KIND_INTEGER, true, COUNT, NULL},
	{"poisoned", KIND_INTEGER, true, COUNT, NULL},
	{"refused", KIND_INTEGER, true, COUNT, NULL},
	{"errors", KIND_COUNTS, true, 0, NULL},
	{0},
};

static const struct field flow_log_fields[] = {
	{"file", KIND_TEXT, false, 0, NULL},
	{"format", KIND_TEXT, false, 0, NULL},
	{"window_s", KIND_INTEGER, false, COUNT, NULL},
	{"flows_max", KIND_INTEGER, false, COUNT, NULL},
	{"flows", KIND_INTEGER, false, COUNT, NULL},
	{"lost_packets", KIND_INTEGER, false, COUNT, NULL},
	{"windows", KIND_INTEGER, false, COUNT, NULL},
	{"records", KIND_INTEGER, false, COUNT, NULL},
	{"lost_records", KIND_INTEGER, false, COUNT, NULL},
	{"error", KIND_TEXT, true, 0, NULL},
	{0},
};

static const struct field host_fields[] = {
	{"acl", KIND_TEXT, false, 0, NULL},
	{"interfaces", KIND_TEXTS, false, 0, NULL},
	{0},
};

static const struct field subnet_fields[] = {
	{"subnet", KIND_TEXT, false, 0, NULL},
	{"acl", KIND_TEXT, false, 0, NULL},
	{0},
};

static const struct field sandbox_fields[] = {
	{"seccomp", KIND_BOOL, false, 0, NULL},
	{"landlock", KIND_INTEGER, false, COUNT, NULL},
	{0},
};

static const struct field fast_path_fields[] = {
	{"on", KIND_BOOL, false, 0, NULL},
	{"why_off", KIND_TEXT, true, 0, NULL},
	{"packets", KIND_INTEGER, false, COUNT, NULL},
	{"bytes", KIND_INTEGER, false, COUNT, NULL},
	{0},
};

static const struct field disk_fields[] = {
	{"running", KIND_BOOL, false, 0, NULL},
	{"restarts", KIND_INTEGER, false, COUNT, NULL},
	{"lost_packets", KIND_INTEGER, false, COUNT, NULL},
	{0},
};

static const struct field trial_fields[] = {
	{"phase", KIND_TEXT, false, 0, NULL},
	{"id", KIND_TEXT, false, 0, NULL},
	{"by", KIND_INTEGER, false, UINT32_MAX, NULL},
	{"left_ms", KIND_INTEGER, false, COUNT, NULL},
	{"reason", KIND_TEXT, false, 0, NULL},
	{"kept", KIND_BOOL, false, 0, NULL},
	{0},
};

static const struct field status_fields[] = {
	{"version", KIND_TEXT, false, 0, NULL},
	{"pid", KIND_INTEGER, false, INT32_MAX, NULL},
	{"config", KIND_TEXT, false, 0, NULL},
	{"mode", KIND_TEXT, false, 0, NULL},
	{"on_failure", KIND_TEXT, false, 0, NULL},
	{"fragments", KIND_TEXT, false, 0, NULL},
	{"isolation", KIND_TEXT, false, 0, NULL},
	{"exempt", KIND_TEXTS, false, 0, NULL},
	{"uptime_s", KIND_INTEGER, false, COUNT, NULL},
	{"policy_age_s", KIND_INTEGER, false, COUNT, NULL},
	{"reloads", KIND_INTEGER, false, COUNT, NULL},
	{"last_reload_error", KIND_TEXT, true, 0, NULL},
	{"trial", KIND_OBJECT, false, 0, trial_fields},
	{"sandbox", KIND_OBJECT, false, 0, sandbox_fields},
	{"host", KIND_OBJECT, true, 0, host_fields},
	{"subnets", KIND_OBJECTS, false, COUNT, subnet_fields},
	{"acls", KIND_OBJECTS, false, COUNT, acl_fields},
	{"queues", KIND_OBJECTS, false, QUEUES, queue_fields},
	{"fast_path", KIND_OBJECT, true, 0, fast_path_fields},
	{"flow_log", KIND_OBJECT, true, 0, flow_log_fields},
	{"disk", KIND_OBJECT, false, 0, disk_fields},
	{"log_lost_lines", KIND_INTEGER, false, COUNT, NULL},
	{"outcomes", KIND_COUNTS, false, 0, NULL},
	{"reasons", KIND_COUNTS, false, 0, NULL},
	{0},
};

static const struct field drop_fields[] = {
	{"fold", KIND_TEXT, false, 0, NULL},
	{"packets", KIND_INTEGER, false, COUNT, NULL},
	{"bytes", KIND_INTEGER, false, COUNT, NULL},
	{"flows", KIND_INTEGER, false, COUNT, NULL},
	{"earlier", KIND_INTEGER, false, 255, NULL},
	{"first", KIND_INTEGER, false, UINT32_MAX, NULL},
	{"last", KIND_INTEGER, false, UINT32_MAX, NULL},
	{"monitor", KIND_BOOL, false, 0, NULL},
	{"acl", KIND_TEXT, true, 0, NULL},
	{"rule", KIND_NUMBER, true, 32766, NULL},
	{"reason", KIND_TEXT, false, 0, NULL},
	{"direction", KIND_TEXT, false, 0, NULL},
	{"hook", KIND_TEXT, false, 0, NULL},
	{"interface", KIND_TEXT, true, 0, NULL},
	{"protocol", KIND_TEXT, false, 0, NULL},
	{"length", KIND_INTEGER, false, UINT32_MAX, NULL},
	{"src", KIND_TEXT, false, 0, NULL},
	{"dst", KIND_TEXT, false, 0, NULL},
	{"sport", KIND_INTEGER, false, PORTS, NULL},
	{"dport", KIND_INTEGER, false, PORTS, NULL},
	{"type", KIND_INTEGER, false, 255, NULL},
	{"code", KIND_INTEGER, false, 255, NULL},
	{"tcp_flags", KIND_INTEGER, false, 255, NULL},
	{"fragment", KIND_BOOL, false, 0, NULL},
	{0},
};

static const struct field drops_fields[] = {
	{"now", KIND_INTEGER, false, COUNT, NULL},
	{"since", KIND_INTEGER, false, COUNT, NULL},
	{"places", KIND_INTEGER, false, COUNT, NULL},
	{"memory_bytes", KIND_INTEGER, false, COUNT, NULL},
	{"omitted", KIND_INTEGER, false, COUNT, NULL},
	{"flows", KIND_OBJECTS, false, COUNT, drop_fields},
	{0},
};

static const struct field events_fields[] = {
	{"next", KIND_INTEGER, false, COUNT, NULL},
	{"missed", KIND_INTEGER, false, COUNT, NULL},
	{"lost", KIND_INTEGER, false, COUNT, NULL},
	{"list", KIND_OBJECTS, false, COUNT, drop_fields},
	{0},
};

static const struct field answer_fields[] = {
	{"ok", KIND_BOOL, false, 0, NULL},
	{"error", KIND_TEXT, false, 0, NULL},
	{"status", KIND_OBJECT, false, 0, status_fields},
	{"config", KIND_LINES, false, 0, NULL},
	{"drops", KIND_OBJECT, false, 0, drops_fields},
	{"config_path", KIND_TEXT, false, 0, NULL},
	{"trial", KIND_OBJECT, false, 0, trial_fields},
	{"events", KIND_OBJECT, false, 0, events_fields},
	{"warnings", KIND_LINES, false, 0, NULL},
	{"note", KIND_LINES, false, 0, NULL},
	{"on", KIND_BOOL, false, 0, NULL},
	{"report", KIND_LINES, false, 0, NULL},
	{0},
};

/* The text without control characters; a new string where there were some, else NULL. */
static json_t *cleaned(const json_t *string, bool lines)
{
	size_t len = json_string_length(string), out = 0, at = 0, n;
	const unsigned char *from = (const unsigned char *)json_string_value(string);
	json_t *clean;
	char *to;

	while (at < len && !plain_control_len(from + at, lines))
		at++;
	if (at == len)
		return NULL;
	to = malloc(len);
	if (!to)
		return json_string("?");
	for (at = 0; at < len; at += n ? n : 1) {
		n = plain_control_len(from + at, lines);
		to[out++] = n ? '?' : (char)from[at];
	}
	clean = json_stringn(to, out);
	free(to);
	return clean ? clean : json_string("?");
}

/* Also whatever no table names. False: a key holds a control character. */
static bool clean_all(json_t *value, bool lines)
{
	const char *key;
	json_t *inner, *clean;
	size_t i;
	void *next;

	json_array_foreach(value, i, inner)
	{
		clean = json_is_string(inner) ? cleaned(inner, lines) : NULL;
		if (clean ? json_array_set_new(value, i, clean) < 0 : !clean_all(inner, lines))
			return false;
	}
	json_object_foreach_safe(value, next, key, inner)
	{
		for (const char *c = key; *c; c++)
			if (plain_control_len((const unsigned char *)c, false))
				return false;
		clean = json_is_string(inner) ? cleaned(inner, lines) : NULL;
		if (clean ? json_object_set_new(value, key, clean) < 0 : !clean_all(inner, lines))
			return false;
	}
	return true;
}

static bool is_count(const json_t *value, json_int_t max)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
	       json_integer_value(value) <= max;
}

static bool all_texts(const json_t *array)
{
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)array, i, value)
	{
		if (!json_is_string(value))
			return false;
	}
	return json_is_array(array);
}

static bool all_counts(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		if (!is_count(value, COUNT))
			return false;
	}
	return json_is_object(object);
}

static bool is_rule_number(const json_t *value, json_int_t max)
{
	const char *text = json_string_value(value);

	return text ? strcmp(text, "*") == 0 : is_count(value, max);
}

/* A value of no structure is of its kind, and in its bounds. */
static bool is_plain(const json_t *value, const struct field *field)
{
	switch (field->kind) {
	case KIND_TEXT:
	case KIND_LINES:
		return json_is_string(value);
	case KIND_INTEGER:
		return is_count(value, field->max);
	case KIND_TYPE:
		return is_count(value, field->max) || json_integer_value(value) == -1;
	case KIND_BOOL:
		return json_is_boolean(value);
	case KIND_TEXTS:
		return all_texts(value);
	case KIND_COUNTS:
		return all_counts(value);
	case KIND_NUMBER:
		return is_rule_number(value, field->max);
	case KIND_OBJECT:
	case KIND_OBJECTS:
		break;
	}
	return false;
}

/* Puts a key before what is wrong in it. */
static bool wrong(const char *key, char place[static ANSWER_PLACE_LEN])
{
	char inner[ANSWER_PLACE_LEN];

	memcpy(inner, place, sizeof(inner));
	snprintf(place, ANSWER_PLACE_LEN, "%.20s%s%.40s", key, inner[0] ? "." : "", inner);
	return false;
}

static bool check_object(const json_t *object, const struct field *fields,
			 char place[static ANSWER_PLACE_LEN]);

static bool check_value(const json_t *value, const struct field *field,
			char place[static ANSWER_PLACE_LEN])
{
	json_t *element;
	size_t i;

	if (field->nullable && json_is_null(value))
		return true;
	if (field->kind == KIND_OBJECT)
		return check_object(value, field->fields, place);
	if (field->kind != KIND_OBJECTS)
		return is_plain(value, field);
	if (!json_is_array(value) || (json_int_t)json_array_size(value) > field->max)
		return false;
	json_array_foreach((json_t *)value, i, element)
	{
		if (!check_object(element, field->fields, place))
			return false;
	}
	return true;
}

/* As deep as the tables are. */
static bool check_object(const json_t *object, const struct field *fields,
			 char place[static ANSWER_PLACE_LEN])
{
	for (; json_is_object(object) && fields->key; fields++) {
		const json_t *value = json_object_get(object, fields->key);

		if (value && !check_value(value, fields, place))
			return wrong(fields->key, place);
	}
	return json_is_object(object);
}

static bool is_lines(const char *key)
{
	for (const struct field *field = answer_fields; field->key; field++)
		if (strcmp(field->key, key) == 0)
			return field->kind == KIND_LINES;
	return false;
}

bool answer_check(json_t *answer, char place[static ANSWER_PLACE_LEN])
{
	const char *key;
	json_t *value;
	void *next;

	place[0] = '\0';
	json_object_foreach_safe(answer, next, key, value)
	{
		json_t *clean = json_is_string(value) ? cleaned(value, is_lines(key)) : NULL;

		if (clean && json_object_set_new(answer, key, clean) < 0)
			return false;
		if (!clean_all(value, false))
			return wrong("a key", place);
	}
	return check_object(answer, answer_fields, place);
}
