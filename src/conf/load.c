/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration file becomes a policy, or a report of everything that is wrong with it.
 *
 *   read (source) -> scan (syntax/) -> parse (libconfig) -> walk (walk/) -> finish
 *
 * libconfig is given the tokens that the scan has found in order, never the file; and automatic
 * conversion stays off, so a string is never taken as a number. Every step works on a policy that
 * nothing else can see yet: a failed load leaves nothing behind but its report.
 */
#include "conf/conf.h"

#include <libconfig.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "conf/diag.h"
#include "conf/file.h"
#include "conf/place.h"
#include "conf/syntax/scan.h"
#include "conf/walk/policy.h"
#include "core/policy.h"

/*
 * libconfig uses memory without looking whether it got any (1.5), or ends the process (1.8). So
 * what its tree can take of this text is asked for before, in one piece, and given back. Rules take
 * about 12 bytes for one of text.
 */
static bool tree_fits(const struct conf_reader *r)
{
	void *volatile block; /* or the compiler does without the call */
	bool fits;

	block = malloc((r->flat.len + 32768) * 32);
	fits = block;
	free(block);
	return fits;
}

static void parse(struct conf_reader *r)
{
	config_t config;

	if (!tree_fits(r)) {
		conf_out_of_memory(r);
		return;
	}
	config_init(&config);
	if (config_read_string(&config, r->flat.text ? r->flat.text : ""))
		conf_read_policy(r, config_root_setting(&config));
	else /* cannot be: it was found in order */
		conf_error(r, (struct conf_place){.line = (unsigned int)config_error_line(&config)},
			   NULL, "libconfig does not take this: %s", config_error_text(&config));
	config_destroy(&config);
}

/* sources[0] is there. The policy, or NULL and at least one error. */
static struct policy *load(struct conf_reader *r)
{
	struct policy *policy = NULL;
	const char *impossible;

	r->policy = policy_new();
	r->numbers = calloc(RULE_NUMBER_MAX + 1, sizeof(*r->numbers));
	if (!r->policy || !r->numbers)
		conf_out_of_memory(r);
	else if (conf_scan(r))
		parse(r);
	if (r->report->errors == 0) {
		impossible = policy_finish(r->policy);
		if (impossible)
			conf_error(r, (struct conf_place){0}, NULL, "%s", impossible);
	}
	if (r->report->errors == 0) {
		policy = r->policy;
		r->policy = NULL;
	}
	policy_free(r->policy);
	free(r->numbers);
	free(r->subnets);
	free(r->edges);
	free(r->set_used);
	return policy;
}

/* Fills the report's list of files. False: no memory. */
static bool name_files(const struct conf_reader *r)
{
	struct conf_report *report = r->report;

	report->files = calloc(r->sources.count + 1, sizeof(*report->files));
	for (size_t i = 0; report->files && i < r->sources.count; i++) {
		report->files[i] = strdup(r->sources.items[i].name);
		if (!report->files[i])
			return false;
		report->file_count++;
	}
	return report->files;
}

/* From a file, or from text where that is not NULL. */
static struct policy *read_from(const char *name, const char *text, struct conf_report *report)
{
	struct conf_reader *r = calloc(1, sizeof(*r));
	struct policy *policy = NULL;
	char *copy = strdup(name);
	int index;

	if (!conf_report_begin(report) || !r || !copy) {
		report->errors = 1;
		goto out;
	}
	r->report = report;
	r->sources.folder = dirname(copy);
	if (text) {
		r->alone = true;
		index = conf_source_add(&r->sources, name, text);
		if (index < 0)
			conf_out_of_memory(r);
	} else {
		index = conf_file_read(r, name, CONF_SOURCE_ANY, (struct conf_place){0});
	}
	if (index == 0)
		policy = load(r);
	if (!name_files(r)) {
		conf_out_of_memory(r);
		policy_free(policy);
		policy = NULL;
	}
	conf_note_comments(r);
	conf_report_sort(r);
out:
	if (r) {
		conf_sources_fini(&r->sources);
		conf_flat_fini(&r->flat);
	}
	free(r);
	free(copy);
	return policy;
}

struct policy *conf_load(const char *path, struct conf_report *report)
{
	return read_from(path, NULL, report);
}

struct policy *conf_parse(const char *name, const char *text, struct conf_report *report)
{
	return read_from(name, text, report);
}
