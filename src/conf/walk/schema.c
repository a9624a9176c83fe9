/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs of the walk over what libconfig parsed: which keys a group may hold, and values by
 * type.
 *
 * libconfig accepts any key and would convert any value; here nothing is taken that is not known
 * and of its type. Each verb complains by itself, at the value's place, and says what was found,
 * so that the walk continues and one load reports every mistake.
 */
#include "conf/walk/schema.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/words/nearest.h"

#define NAMES_MAX 32 /* keys of one group */

struct conf_place conf_place(const config_setting_t *setting)
{
	return (struct conf_place){.line = config_setting_source_line(setting)};
}

struct conf_place conf_string_place(const config_setting_t *element)
{
	struct conf_place place = conf_place(element);

	place.text = config_setting_type(element) == CONFIG_TYPE_STRING
			     ? config_setting_get_string(element)
			     : NULL;
	return place;
}

const char *conf_nearest(const char *word, const char *const words[], size_t count,
			 char hint[static CONF_HINT_LEN])
{
	const char *nearest = nearest_word(word, words, count);

	if (!nearest)
		return NULL;
	snprintf(hint, CONF_HINT_LEN, "did you mean \"%s\"?", nearest);
	return hint;
}

static const struct conf_key *find_key(const struct conf_key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

/* The near key, or the whole choice. */
static const char *key_hint(const struct conf_key *keys, const char *name,
			    char hint[static CONF_HINT_LEN])
{
	const char *names[NAMES_MAX];
	size_t count = 0, len = 0;

	for (; keys->name && count < NAMES_MAX; keys++)
		if (!keys->instead)
			names[count++] = keys->name;
	if (conf_nearest(name, names, count, hint))
		return hint;
	for (size_t i = 0; i < count && len < CONF_HINT_LEN; i++)
		len += (size_t)snprintf(hint + len, CONF_HINT_LEN - len, "%s%s",
					i ? ", " : "known here: ", names[i]);
	return hint;
}

void conf_check_keys(struct conf_reader *r, const config_setting_t *group, const char *what,
		     const struct conf_key *keys)
{
	int length = config_setting_length(group);
	char hint[CONF_HINT_LEN];

	for (int i = 0; i < length; i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned int)i);
		const char *name = config_setting_name(s);
		const struct conf_key *key = find_key(keys, name);

		if (!key)
			conf_error(r, conf_place(s), key_hint(keys, name, hint),
				   "unknown key \"%s\" in %s", name, what);
		else if (key->instead)
			conf_error(r, conf_place(s), key->instead, "%s has no \"%s\"", what, name);
	}
}

static const char *type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "an integer";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "text in quotes";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	case CONFIG_TYPE_LIST:
		return "a list ( )";
	default:
		return "nothing";
	}
}

static enum conf_found wrong_type(struct conf_reader *r, const config_setting_t *s,
				  const char *wanted, const char *hint)
{
	const char *name = config_setting_name(s);

	conf_error(r, conf_place(s), hint, "%s%s%s wants %s, not %s", name ? "\"" : "",
		   name ? name : "this place", name ? "\"" : "", wanted, type_name(s));
	return CONF_BAD;
}

bool conf_is_group(struct conf_reader *r, const config_setting_t *setting, const char *what)
{
	if (config_setting_is_group(setting))
		return true;
	conf_error(r, conf_string_place(setting), "write { name = value; ... }",
		   "%s is a group, not %s", what, type_name(setting));
	return false;
}

enum conf_found conf_get_string(struct conf_reader *r, const config_setting_t *group,
				const char *key, const char **out)
{
	const config_setting_t *s = config_setting_get_member(group, key);

	if (!s)
		return CONF_ABSENT;
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return wrong_type(r, s, "text in quotes", NULL);
	*out = config_setting_get_string(s);
	return CONF_OK;
}

enum conf_found conf_get_int(struct conf_reader *r, const config_setting_t *group, const char *key,
			     long min, long max, long *out)
{
	const config_setting_t *s = config_setting_get_member(group, key);
	long long value;

	if (!s)
		return CONF_ABSENT;
	if (config_setting_type(s) != CONFIG_TYPE_INT &&
	    config_setting_type(s) != CONFIG_TYPE_INT64)
		return wrong_type(r, s, "an integer",
				  config_setting_type(s) == CONFIG_TYPE_STRING
					  ? "leave out the quotes"
					  : NULL);
	if (conf_is_doubted(r, conf_place(s)))
		return CONF_BAD;
	value = config_setting_type(s) == CONFIG_TYPE_INT ? config_setting_get_int(s)
							  : config_setting_get_int64(s);
	if (value < min || value > max) {
		conf_error(r, conf_place(s), NULL, "\"%s\" is %ld to %ld, not %lld", key, min, max,
			   value);
		return CONF_BAD;
	}
	*out = (long)value;
	return CONF_OK;
}

enum conf_found conf_get_list(struct conf_reader *r, const config_setting_t *group, const char *key,
			      const config_setting_t **out)
{
	const config_setting_t *s = config_setting_get_member(group, key);
	char hint[CONF_HINT_LEN];

	if (!s)
		return CONF_ABSENT;
	snprintf(hint, sizeof(hint), "write %s = ( { ... }, { ... } );", key);
	if (!config_setting_is_list(s))
		return wrong_type(r, s, "a list ( )", hint);
	*out = s;
	return CONF_OK;
}

enum conf_found conf_get_strings(struct conf_reader *r, const config_setting_t *group,
				 const char *key, const config_setting_t **out)
{
	const config_setting_t *s = config_setting_get_member(group, key);
	char hint[CONF_HINT_LEN];
	int length;

	if (!s)
		return CONF_ABSENT;
	snprintf(hint, sizeof(hint), "write %s = [ \"...\", \"...\" ];", key);
	if (!config_setting_is_list(s) && !config_setting_is_array(s))
		return wrong_type(r, s, "an array [ ] of texts", hint);
	length = config_setting_length(s);
	for (int i = 0; i < length; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned int)i);

		if (config_setting_type(e) == CONFIG_TYPE_STRING)
			continue;
		conf_error(r, conf_place(e), hint, "\"%s\" holds quoted texts, not %s", key,
			   type_name(e));
		return CONF_BAD;
	}
	*out = s;
	return CONF_OK;
}

enum conf_found conf_get_word(struct conf_reader *r, const config_setting_t *group, const char *key,
			      const char *const words[], int *out)
{
	char hint[CONF_HINT_LEN];
	const char *text = "";
	enum conf_found found = conf_get_string(r, group, key, &text);
	size_t count = 0;

	if (found != CONF_OK)
		return found;
	for (; words[count]; count++) {
		if (strcmp(words[count], text) != 0)
			continue;
		*out = (int)count;
		return CONF_OK;
	}
	if (!conf_nearest(text, words, count, hint))
		snprintf(hint, sizeof(hint), "write \"%s\" or \"%s\"", words[0], words[1]);
	conf_error(r, conf_place(config_setting_get_member(group, key)), hint,
		   "\"%s\" is not \"%.64s\"", key, text);
	return CONF_BAD;
}

static bool good_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= CONF_NAME_MAX &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
		       len;
}

enum conf_found conf_get_name(struct conf_reader *r, const config_setting_t *group,
			      const char *what, const char **out)
{
	enum conf_found found = conf_get_string(r, group, "name", out);

	if (found == CONF_ABSENT)
		conf_error(r, conf_place(group), "add name = \"...\";", "%s needs a name", what);
	if (found != CONF_OK || good_name(*out))
		return found == CONF_OK ? CONF_OK : CONF_BAD;
	conf_error(r, conf_place(config_setting_get_member(group, "name")),
		   "letters, digits, \"_\", \".\" and \"-\"; 1 to 63 of them",
		   "\"%.64s\" cannot be a name", *out);
	return CONF_BAD;
}
