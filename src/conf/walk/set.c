/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address sets: sets = ( { name = "blocklist"; file = "blocklist.txt"; } ), or the addresses
 * inline.
 *
 * A set file has one address or CIDR a line, blank lines, and comments after "#" or, as in
 * Spamhaus's lists, ";". Its name is relative to the folder of the configuration. A bad line is an
 * error like any other, with its own file and line: a list that is only half loaded protects half
 * as much.
 */
#include "conf/walk/set.h"

#include <stdlib.h>
#include <string.h>

#include "conf/file.h"
#include "conf/strange.h"
#include "conf/walk/cidr.h"
#include "conf/walk/schema.h"
#include "core/policy.h"

static const struct conf_key set_keys[] = {
	{"name", NULL},
	{"file", NULL},
	{"addresses", NULL},
	{"address", "the list is called addresses = [ ... ];"},
	{"path", "the file is called file = \"...\";"},
	{NULL, NULL},
};

static void add_prefix(struct conf_reader *r, struct conf_place place, const char *text,
		       struct prefix_set *set)
{
	struct prefix prefix;

	if (conf_parse_cidr(r, place, text, true, &prefix) && prefix_set_add(set, &prefix) < 0)
		conf_out_of_memory(r);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void bad_line(struct conf_reader *r, struct conf_place place, const char *line, size_t len)
{
	const struct conf_strange *strange = conf_strange_blank(line, len);

	if (strange)
		conf_error(r, place, strange->hint, "%s stands in this line", strange->name);
	else if (memchr(line, '\0', len))
		conf_error(r, place, "save it as UTF-8, if it is text in another encoding",
			   "a NUL byte: this is not a text file");
	else
		conf_error(r, place, "one address or CIDR per line", "this is not an address");
}

/* One line, not terminated. */
static void read_line(struct conf_reader *r, struct conf_place place, const char *line, size_t len,
		      struct prefix_set *set)
{
	char text[80];
	size_t end = 0;

	while (end < len && line[end] != '#' && line[end] != ';')
		end++;
	len = end;
	for (; len > 0 && is_blank(*line); len--)
		line++;
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	if (len == 0)
		return;
	if (len >= sizeof(text) || memchr(line, '\0', len) || conf_strange_blank(line, len)) {
		bad_line(r, place, line, len);
		return;
	}
	memcpy(text, line, len);
	text[len] = '\0';
	add_prefix(r, place, text, set);
}

static void read_file(struct conf_reader *r, const config_setting_t *group, const char *name,
		      struct prefix_set *set)
{
	struct conf_place at = conf_place(config_setting_get_member(group, "file")), place;
	char *path = conf_source_path(&r->sources, name);
	const char *text, *end;
	int index;

	if (!path) {
		conf_out_of_memory(r);
		return;
	}
	index = conf_file_read(r, path, CONF_SOURCE_FILE, at);
	free(path);
	if (index < 0)
		return;
	place = (struct conf_place){.file = r->sources.items[index].name, .line = 1};
	text = r->sources.items[index].text;
	end = text + r->sources.items[index].len;
	text += conf_mark_len(text, r->sources.items[index].len);
	for (; text < end && !r->no_memory; place.line++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		read_line(r, place, text, (size_t)(stop - text), set);
		text = stop + 1;
	}
}

static void read_addresses(struct conf_reader *r, const config_setting_t *list,
			   struct prefix_set *set)
{
	int length = config_setting_length(list);

	for (int i = 0; i < length && !r->no_memory; i++) {
		const config_setting_t *e = config_setting_get_elem(list, (unsigned int)i);

		add_prefix(r, conf_string_place(e), config_setting_get_string(e), set);
	}
}

static void fill_set(struct conf_reader *r, const config_setting_t *group, struct prefix_set *set)
{
	const config_setting_t *list;
	const char *file;
	enum conf_found has_file = conf_get_string(r, group, "file", &file);
	enum conf_found has_list = conf_get_strings(r, group, "addresses", &list);

	if ((has_file == CONF_ABSENT) == (has_list == CONF_ABSENT)) {
		conf_error(r, conf_place(group),
			   "either file = \"blocklist.txt\"; or addresses = [ ... ];",
			   "set \"%s\" has %s", set->name,
			   has_file == CONF_ABSENT ? "no addresses" : "both a file and addresses");
		return;
	}
	if (has_file == CONF_OK)
		read_file(r, group, file, set);
	if (has_list == CONF_OK)
		read_addresses(r, list, set);
}

static void read_set(struct conf_reader *r, const config_setting_t *group)
{
	struct prefix_set *set;
	const char *name;

	if (!conf_is_group(r, group, "a set"))
		return;
	conf_check_keys(r, group, "a set", set_keys);
	if (conf_get_name(r, group, "a set", &name) != CONF_OK)
		return;
	if (policy_find_set(r->policy, name)) {
		conf_error(r, conf_place(group), "give it another name",
			   "there is already a set \"%s\"", name);
		return;
	}
	set = policy_add_set(r->policy, name);
	if (set)
		fill_set(r, group, set);
	else
		conf_out_of_memory(r);
}

void conf_read_sets(struct conf_reader *r, const config_setting_t *root)
{
	const config_setting_t *list;
	int length;

	if (conf_get_list(r, root, "sets", &list) != CONF_OK)
		return;
	length = config_setting_length(list);
	r->set_used = calloc((size_t)length + 1, 1);
	if (!r->set_used) {
		conf_out_of_memory(r);
		return;
	}
	for (int i = 0; i < length; i++)
		read_set(r, config_setting_get_elem(list, (unsigned int)i));
}
