/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_INTERNAL_H
#define NACLD_CONF_INTERNAL_H

/*
 * What the files of the configuration reader share; nobody else includes this.
 *
 *   conf.c         the entry points: read, scan, hand to libconfig, walk, finish
 *   conf_source.c  files in memory, and the line a diagnostic shows
 *   conf_report.c  diagnostics
 *   conf_scan.c    the text before libconfig sees it: its files (conf_token.c cuts it into tokens,
 *                  conf_grammar.c walks them)
 *   conf_schema.c  the verbs of the walk: known keys, typed values, "did you mean"
 *   conf_policy.c  the walk: everything but rules and sets
 *   conf_rule.c    one rule
 *   conf_flowlog.c the flow log's settings
 *   conf_set.c     address sets, inline and from files
 *   conf_lint.c    what is legal and still worth a warning
 *   conf_print.c   the way back
 */
#include <libconfig.h>
#include <sys/types.h>

#include "conf/conf.h"

#define CONF_NAME_MAX 63

/* A file, kept whole until the load ends. The text is NUL-terminated. */
struct conf_source {
	char *name;
	char *alias; /* NULL, or as an include wrote it: libconfig 1.5 knows the file by this */
	char *text;
	size_t len;
	dev_t device;
	ino_t inode;
};

/*
 * A line of a file. file NULL: the configuration file itself. line 0: the file as a whole. text,
 * when not NULL, is what the line must contain: libconfig may have counted a string's line a little
 * late.
 */
struct conf_place {
	const char *file;
	unsigned int line;
	const char *text;
};

/* One load. Allocated by its caller, lives as long as the load. */
struct conf_reader {
	struct conf_report *report;
	struct policy *policy;
	const char *folder; /* what relative names are relative to */
	struct conf_source *sources;
	size_t source_count;
	struct conf_place bad_numbers[CONF_DIAGNOSTICS_MAX]; /* lines the scan complained about */
	size_t bad_number_count;
	const config_setting_t *host;     /* the first `host = true` */
	const config_setting_t **subnets; /* where each of policy->subnets stands */
	const config_setting_t **numbers; /* by rule number: where it stands in the list at hand */
	unsigned char *set_used;          /* by set: does a rule name it? */
};

/* conf_report.c. Formats one diagnostic; a hint may be NULL. */
void conf_complain(struct conf_reader *r, enum conf_severity severity, struct conf_place place,
		   const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));
void conf_out_of_memory(struct conf_reader *r);
bool conf_report_begin(struct conf_report *report);
void conf_report_sort(struct conf_reader *r);

#define conf_error(r, place, hint, ...) conf_complain(r, CONF_ERROR, place, hint, __VA_ARGS__)
#define conf_warn(r, place, hint, ...)  conf_complain(r, CONF_WARNING, place, hint, __VA_ARGS__)

/* conf_source.c. What kinds of file a name may stand for. */
enum conf_source_kind {
	CONF_SOURCE_ANY,  /* anything but a folder: /dev/stdin is fine */
	CONF_SOURCE_FILE, /* a plain file only */
};

/*
 * Reads a file into r->sources and returns its index, or -1 after a diagnostic at `place` (the line
 * that names the file).
 */
int conf_source_read(struct conf_reader *r, const char *path, enum conf_source_kind kind,
		     struct conf_place place);
/* The same for text in memory; copied. */
int conf_source_add(struct conf_reader *r, const char *name, const char *text);
/* The line's text, not terminated: its start, or NULL, and its length without the line end. */
const char *conf_source_line(const struct conf_reader *r, const char *name, unsigned int line,
			     size_t *len);
/* Position of a source by name or alias (NULL: the configuration), source_count when it is none. */
size_t conf_source_index(const struct conf_reader *r, const char *name);
/* The name from where we stand: "folder/name"; NULL: no memory. The caller frees it. */
char *conf_source_path(const struct conf_reader *r, const char *name);
/* Fills the report's list of files. False: no memory. */
bool conf_sources_name(const struct conf_reader *r);
void conf_sources_fini(struct conf_reader *r);

/*
 * conf_scan.c. Walks the text of the configuration and its includes. False when libconfig must not
 * see it (diagnostics say why). Integers that do not fit are noted and do not stop the load.
 */
bool conf_scan(struct conf_reader *r);
bool conf_scan_doubts(const struct conf_reader *r, struct conf_place place);

/* conf_schema.c. A key of a group; `instead`, when not NULL, tells what to write in its place. */
struct conf_key {
	const char *name;
	const char *instead;
};

enum conf_found {
	CONF_ABSENT,
	CONF_OK,
	CONF_BAD, /* a diagnostic was given */
};

#define CONF_HINT_LEN 160

struct conf_place conf_place(const config_setting_t *setting);
/* The same for a string in a list or array. */
struct conf_place conf_string_place(const config_setting_t *element);
/* "line 7", or "other.conf:7" where it is in another file than `from`. Returns buf. */
const char *conf_refer(const struct conf_reader *r, struct conf_place from, struct conf_place to,
		       char buf[static CONF_HINT_LEN]);
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
/*
 * A CIDR with its length spelled out; a bare address is a full-length one where `bare` allows it.
 */
bool conf_parse_cidr(struct conf_reader *r, struct conf_place place, const char *text, bool bare,
		     struct prefix *out);

/*
 * conf_policy.c, conf_rule.c, conf_set.c, conf_flowlog.c, conf_lint.c: the walk. All report and go
 * on.
 */
void conf_read_policy(struct conf_reader *r, const config_setting_t *root);
void conf_read_sets(struct conf_reader *r, const config_setting_t *root);
void conf_read_flow_log(struct conf_reader *r, const config_setting_t *root);
void conf_read_rules(struct conf_reader *r, const config_setting_t *acl_group,
		     enum direction direction, struct acl *acl);
void conf_lint_acl(struct conf_reader *r, const config_setting_t *acl_group, uint32_t index);
void conf_lint_sets(struct conf_reader *r, const config_setting_t *root);

#endif
