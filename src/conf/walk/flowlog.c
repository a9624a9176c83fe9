/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The group flow_log: where the flow log goes and what its lines say.
 *
 * The group's presence turns the log on, so `file` has no default. Texts that end up in lines or in
 * the canonical configuration hold nothing that would have to be quoted there.
 */
#include "conf/walk/flowlog.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/paths.h"
#include "conf/walk/schema.h"
#include "core/flow_format.h"
#include "core/policy.h"

static const struct conf_key flow_log_keys[] = {
	{"file", NULL},
	{"window", NULL},
	{"format", NULL},
	{"account", NULL},
	{"flows", NULL},
	{"path", "the key is called file"},
	{"interval", "the key is called window"},
	{NULL, NULL},
};

static struct conf_place place_of(const config_setting_t *group, const char *key)
{
	return conf_string_place(config_setting_get_member(group, key));
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || *text == '"' || *text == '\\')
			return false;
	return true;
}

static void read_file(struct conf_reader *r, const config_setting_t *group, const char **file)
{
	enum conf_found found = conf_get_string(r, group, "file", file);

	if (found == CONF_ABSENT) {
		conf_error(r, conf_place(group), "add file = \"" PATHS_FLOW_LOG "\";",
			   "flow_log needs a file");
	} else if (found == CONF_OK && (*file)[0] != '/') {
		conf_error(r, place_of(group, "file"), "as in \"" PATHS_FLOW_LOG "\"",
			   "\"file\" needs an absolute path, not \"%.64s\"", *file);
	} else if (found == CONF_OK && (!is_plain(*file) || strlen(*file) >= PATH_MAX)) {
		conf_error(r, place_of(group, "file"),
			   "no quotes, backslashes or control characters; below 4096 bytes",
			   "this cannot be the name of a flow log");
	}
}

static void read_account(struct conf_reader *r, const config_setting_t *group, const char **account)
{
	size_t len;

	if (conf_get_string(r, group, "account", account) != CONF_OK)
		return;
	len = strlen(*account);
	if (len > 0 && len <= FLOW_TEXT_MAX &&
	    strspn(*account, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
		    len)
		return;
	conf_error(r, place_of(group, "account"),
		   "twelve digits as in AWS, or letters, digits, \"_\", \".\" and \"-\"; 1 to 63",
		   "\"%.64s\" cannot be an account", *account);
}

static void unknown_field(struct conf_reader *r, struct conf_place place, const char *name)
{
	const char *names[FLOW_FIELDS], *hint;
	char buf[CONF_HINT_LEN];

	for (size_t i = 0; i < FLOW_FIELDS; i++)
		names[i] = flow_field_name(i);
	hint = conf_nearest(name, names, FLOW_FIELDS, buf);
	conf_error(r, place, hint ? hint : "nacld.conf(5) lists the fields",
		   "a flow log has no field \"%s\"", name);
}

static void read_format(struct conf_reader *r, const config_setting_t *group, const char **format)
{
	char name[FLOW_FIELD_NAME_LEN];
	struct flow_format parsed;
	struct conf_place place;

	if (conf_get_string(r, group, "format", format) != CONF_OK)
		return;
	place = conf_place(config_setting_get_member(group, "format"));
	switch (flow_format_parse(*format, &parsed, name)) {
	case FLOW_FORMAT_OK:
		break;
	case FLOW_FORMAT_EMPTY:
		conf_error(r, place, "leave it out for AWS's default format",
			   "\"format\" has no field");
		break;
	case FLOW_FORMAT_SYNTAX:
		conf_error(r, place,
			   "fields are ${name}, separated by one space: \"${srcaddr} ${dstaddr}\"",
			   name[0] ? "\"%s\" in \"format\" is not a field"
				   : "\"format\" has an extra space%s",
			   name);
		break;
	case FLOW_FORMAT_UNKNOWN:
		unknown_field(r, place, name);
		break;
	case FLOW_FORMAT_TWICE:
		conf_error(r, place, NULL, "the field \"%s\" appears twice in \"format\"", name);
		break;
	}
}

void conf_read_flow_log(struct conf_reader *r, const config_setting_t *root)
{
	const config_setting_t *group = config_setting_get_member(root, "flow_log");
	const char *file = NULL, *format = FLOW_FORMAT_DEFAULT, *account = "-";
	long window = FLOW_LOG_WINDOW_DEFAULT, flows = FLOW_LOG_FLOWS_DEFAULT;
	struct flow_log log;

	if (!group || !conf_is_group(r, group, "flow_log"))
		return;
	conf_check_keys(r, group, "flow_log", flow_log_keys);
	read_file(r, group, &file);
	read_account(r, group, &account);
	read_format(r, group, &format);
	conf_get_int(r, group, "window", 1, FLOW_LOG_WINDOW_MAX, &window);
	conf_get_int(r, group, "flows", FLOW_LOG_FLOWS_MIN, FLOW_LOG_FLOWS_MAX, &flows);
	if (!file)
		return;
	log = (struct flow_log){
		.file = (char *)file,
		.format = (char *)format,
		.account = (char *)account,
		.window_s = (unsigned int)window,
		.flows = (uint32_t)flows,
	};
	if (policy_set_flow_log(r->policy, &log) < 0)
		conf_out_of_memory(r);
}
