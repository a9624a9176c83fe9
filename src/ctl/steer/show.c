/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `naclctl steer show`: what is loaded, through what, and whether that is what the configuration
 * asks for. The facts (fragments, what happens while no daemon listens) are read from the loaded
 * rules, never from the file: the kernel is what holds. Exit 0: loaded and equal; 1: anything else.
 */
#include "ctl/steer/cmd.h"

#include <stdio.h>

#include "common/protocol.h"
#include "ctl/steer/output.h"
#include "steer/diff.h"
#include "steer/status.h"

static void print_odd_line(const struct steer_odd_line *line, void *context)
{
	(void)context;
	printf("  %s %.*s%s\n", line->missing ? "missing:   " : "unexpected:", (int)line->len,
	       line->text, steer_diff_again(line));
}

static void print_difference(const struct steer_rules *have, const struct steer_rules *want)
{
	if (steer_diff(have, want, print_odd_line, NULL) == 0)
		printf("  %s\n", steer_diff_same_lines(have, want));
}

static void print_facts(const struct steer_rules *rules)
{
	printf("  fragments  %s\n",
	       steer_reassembles(rules)
		       ? "reassembled by the kernel before they are filtered (\"reassemble\")"
		       : "filtered as they come (\"strict\"), unless connection tracking joins them");
	printf("  no daemon  packets %s\n", steer_bypasses(rules)
						    ? "pass (on_failure = \"accept\")"
						    : "are dropped (on_failure = \"drop\")");
}

static void print_unknown(const struct steer_status *survey)
{
	enum steer_backend backend;
	const char *reason = steer_status_unknown(survey, &backend);

	printf("whether steering is as it should be is not known: the %s rules cannot be read: %s\n",
	       steer_backend_name(backend), reason);
}

static void print_text(const struct steer_request *request, const struct steer_status *survey)
{
	const struct steer_rules *rules = &survey->loaded[survey->backend];
	const char *name = steer_backend_name(survey->backend);

	if (survey->unknown)
		print_unknown(survey);
	if (survey->count == 0 && survey->unknown)
		return;
	if (survey->count == 0) {
		printf("steering is down: no packet reaches nacld; `naclctl steer up` loads it\n");
		return;
	}
	if (survey->count > 1)
		printf("steering is loaded through more than one of nft, iptables-nft and "
		       "iptables-legacy; `naclctl steer up` leaves one\n");
	else if (survey->equal)
		printf("steering is up (%s), as %s says\n", name, request->file);
	else
		printf("steering is up (%s), but not as %s says; `naclctl steer up` corrects it\n",
		       name, request->file);
	if (!survey->equal)
		print_difference(rules, &survey->wanted);
	print_facts(rules);
	for (int i = 0; i < STEER_BACKENDS; i++)
		if (!steer_rules_empty(&survey->loaded[i]))
			steer_print_rules((enum steer_backend)i, &survey->loaded[i]);
}

static void print_json(const struct steer_request *request, const struct steer_status *survey)
{
	const struct steer_rules *rules = &survey->loaded[survey->backend];
	bool up = survey->count > 0;
	json_t *loaded = up || !survey->unknown ? json_boolean(up) : json_null();
	json_t *root =
		json_pack("{s:o, s:b, s:s?, s:s?, s:s?, s:s, s:O, s:o, s:o}", "loaded", loaded,
			  "matches", survey->count == 1 && survey->equal && !survey->unknown,
			  "backend", up ? steer_backend_name(survey->backend) : NULL, "fragments",
			  !up                        ? NULL
			  : steer_reassembles(rules) ? "reassemble"
						     : "strict",
			  "on_failure",
			  !up                     ? NULL
			  : steer_bypasses(rules) ? "accept"
						  : "drop",
			  "config", request->file, "notes", request->notes, "rules",
			  steer_json_rules(survey->backend, rules), "wanted",
			  steer_json_rules(survey->backend, &survey->wanted));

	if (root)
		json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

/* In JSON a state that is not known is null, with the reason among the notes. */
static void note_unreadable(struct steer_request *request, const struct steer_status *survey)
{
	for (int i = 0; i < STEER_BACKENDS && request->json; i++)
		if (survey->reasons[i][0])
			steer_note(request, "%s: %s", steer_backend_name((enum steer_backend)i),
				   survey->reasons[i]);
}

int steer_show(struct steer_request *request, const struct steer_plan *plan)
{
	struct steer_status survey;
	int status = NACLCTL_NO;

	if (steer_status(plan, request->backend, &survey)) {
		fputs("naclctl steer: out of memory\n", stderr);
		return NACLCTL_NO;
	}
	note_unreadable(request, &survey);
	if (request->json)
		print_json(request, &survey);
	else
		print_text(request, &survey);
	if (survey.count == 1 && survey.equal && !survey.unknown)
		status = NACLCTL_OK;
	steer_status_fini(&survey);
	return status;
}
