/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_WALK_SCHEMA_H
#define NACLD_CONF_WALK_SCHEMA_H

#include <libconfig.h>
#include <stdbool.h>

#include "conf/diag.h"

/*
 * The verbs of the walk. Each gives a diagnostic where the value stands, and the walk goes on.
 */

/* A key of a group; `instead`, when not NULL, says what to write in its place. */
struct conf_key {
	const char *name;
	const char *instead;
};

enum conf_found {
	CONF_ABSENT,
	CONF_OK,
	CONF_BAD, /* a diagnostic was given */
};

#define CONF_NAME_MAX 63

struct conf_place conf_place(const config_setting_t *setting);

/* The same for a string in a list or array. */
struct conf_place conf_string_place(const config_setting_t *element);

/* Complains about keys that the table (ended by a NULL name) does not hold. `what`: "a set". */
void conf_check_keys(struct conf_reader *r, const config_setting_t *group, const char *what,
		     const struct conf_key *keys);

/* Is it a group? Else a diagnostic. */
bool conf_is_group(struct conf_reader *r, const config_setting_t *setting, const char *what);

enum conf_found conf_get_string(struct conf_reader *r, const config_setting_t *group,
				const char *key, const char **out);
enum conf_found conf_get_int(struct conf_reader *r, const config_setting_t *group, const char *key,
			     long min, long max, long *out);

/* The list "( ... )" of that name. */
enum conf_found conf_get_list(struct conf_reader *r, const config_setting_t *group, const char *key,
			      const config_setting_t **out);

/* The array "[ ... ]" or list of strings of that name. */
enum conf_found conf_get_strings(struct conf_reader *r, const config_setting_t *group,
				 const char *key, const config_setting_t **out);

/* One of `words` (NULL-terminated): its position in *out. */
enum conf_found conf_get_word(struct conf_reader *r, const config_setting_t *group, const char *key,
			      const char *const words[], int *out);

/* A required name: letters, digits, "_.-", at most CONF_NAME_MAX. */
enum conf_found conf_get_name(struct conf_reader *r, const config_setting_t *group,
			      const char *what, const char **out);

/* "did you mean ...?" for the nearest word, or NULL when none is near. */
const char *conf_nearest(const char *word, const char *const words[], size_t count,
			 char hint[static CONF_HINT_LEN]);

#endif
