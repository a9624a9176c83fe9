/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings as SARIF 2.1.0 (OASIS), which code review shows beside the lines: one run, a rule for
 * each id, a result for each finding and each diagnostic of the reader.
 */
#include "ctl/check/check.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

static json_t *rules_json(void)
{
	json_t *rules = json_array();

	for (int id = 0; id < LINT_IDS; id++)
		json_array_append_new(
			rules, json_pack("{s:s, s:{s:s}}", "id", lint_name((enum lint_id)id),
					 "shortDescription", "text", lint_why((enum lint_id)id)));
	json_array_append_new(rules,
			      json_pack("{s:s, s:{s:s}}", "id", "configuration", "shortDescription",
					"text", "what the configuration reader tells"));
	return rules;
}

json_t *sarif_log(void)
{
	return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:[]}]}", "$schema", SCHEMA,
			 "version", "2.1.0", "runs", "tool", "driver", "name", "naclctl check",
			 "version", NACLD_VERSION, "rules", rules_json(), "results");
}

static json_t *location_json(const char *file, unsigned int line)
{
	json_t *place = json_pack("{s:{s:s}}", "artifactLocation", "uri", file);

	if (line > 0)
		json_object_set_new(place, "region", json_pack("{s:i}", "startLine", (int)line));
	return json_pack("{s:o}", "physicalLocation", place);
}

static void add(json_t *results, const char *id, const char *level, const char *message,
		const char *file, unsigned int line)
{
	json_array_append_new(results, json_pack("{s:s, s:s, s:{s:s}, s:[o]}", "ruleId", id,
						 "level", level, "message", "text", message,
						 "locations", location_json(file, line)));
}

void sarif_add(json_t *log, const struct checked *checked)
{
	json_t *run = json_array_get(json_object_get(log, "runs"), 0);
	json_t *results = json_object_get(run, "results");

	for (size_t i = 0; i < checked->report->count; i++) {
		const struct conf_diagnostic *d = &checked->report->items[i];

		add(results, "configuration", d->severity == CONF_ERROR ? "error" : "warning",
		    d->message, d->file, d->line);
	}
	for (size_t i = 0; i < checked->lint.count; i++) {
		const struct lint_finding *finding = &checked->lint.findings[i];
		const struct conf_rule_place *place = finding_place(checked, finding);

		add(results, lint_name(finding->id), "warning", finding->message,
		    place ? place->file : checked->file, place ? place->line : 0);
	}
}
