/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `naclctl steer show`: what is loaded, through what, and whether that is what the configuration
 * asks for. The facts (fragments, what happens while no daemon listens) are read from the loaded
 * rules, never from the file: the kernel is what holds. Exit 0: loaded and equal; 1: anything else.
 */
#include "ctl/steer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/protocol.h"

/* What was found in the kernel. */
struct loaded {
	struct steer_rules rules[STEER_BACKENDS];
	int count; /* backends that hold something of ours */
	enum steer_backend backend;
	bool equal; /* to what the plan asks of that backend */
};

static bool contains(const struct steer_rules *rules, const char *what)
{
	for (int i = 0; i < 2; i++)
		if (rules->text[i] && strstr(rules->text[i], what))
			return true;
	return false;
}

/* Is this line one of the text's? */
static bool has_line(const char *text, const char *line, size_t len)
{
	while (*text) {
		size_t here = strcspn(text, "\n");

		if (here == len && strncmp(text, line, len) == 0)
			return true;
		text += here;
		text += *text ? 1 : 0;
	}
	return false;
}

/* Prints each line of `text` that `other` has not; returns how many. */
static int print_only_in(const char *what, const char *text, const char *other)
{
	int printed = 0;

	while (*text) {
		size_t len = strcspn(text, "\n"), blanks = strspn(text, "\t");

		if (len > blanks && !has_line(other, text, len)) {
			printf("  %s %.*s\n", what, (int)(len - blanks), text + blanks);
			printed++;
		}
		text += len;
		text += *text ? 1 : 0;
	}
	return printed;
}

static void print_difference(const struct steer_rules *have, const struct steer_rules *want)
{
	int printed = 0;

	for (int i = 0; i < 2; i++) {
		const char *is = have->text[i] ? have->text[i] : "";
		const char *should = want->text[i] ? want->text[i] : "";

		printed += print_only_in("missing:   ", should, is);
		printed += print_only_in("unexpected:", is, should);
	}
	if (printed == 0)
		puts("  the same rules, but in another order");
}

static void print_facts(const struct steer_rules *rules)
{
	printf("  fragments  %s\n",
	       contains(rules, "reassemble fragments")
		       ? "put together by the kernel before they are judged (\"reassemble\")"
		       : "judged as they come (\"strict\"), unless connection tracking joins them");
	printf("  no daemon  packets %s\n", contains(rules, "bypass")
						    ? "pass (on_failure = \"accept\")"
						    : "are dropped (on_failure = \"drop\")");
}

static void print_text(const struct steer_request *request, const struct loaded *loaded,
		       const struct steer_rules *want)
{
	const char *name = steer_backend_name(loaded->backend);

	if (loaded->count == 0) {
		printf("steering is down: no packet reaches nacld; `naclctl steer up` loads it\n");
		return;
	}
	if (loaded->count > 1)
		printf("steering is loaded through more than one of nft, iptables-nft and "
		       "iptables-legacy; `naclctl steer up` leaves one\n");
	else if (loaded->equal)
		printf("steering is up (%s), as %s asks\n", name, request->file);
	else
		printf("steering is up (%s), but not as %s asks; `naclctl steer up` mends it\n",
		       name, request->file);
	if (!loaded->equal)
		print_difference(&loaded->rules[loaded->backend], want);
	print_facts(&loaded->rules[loaded->backend]);
	for (int i = 0; i < STEER_BACKENDS; i++)
		if (!steer_rules_empty(&loaded->rules[i]))
			steer_print_rules((enum steer_backend)i, &loaded->rules[i]);
}

static void print_json(const struct steer_request *request, const struct loaded *loaded,
		       const struct steer_rules *want)
{
	const struct steer_rules *rules = &loaded->rules[loaded->backend];
	bool up = loaded->count > 0;
	json_t *root = json_pack("{s:b, s:b, s:s?, s:s?, s:s?, s:s, s:O, s:o, s:o}", "loaded", up,
				 "matches", loaded->count == 1 && loaded->equal, "backend",
				 up ? steer_backend_name(loaded->backend) : NULL, "fragments",
				 !up                                       ? NULL
				 : contains(rules, "reassemble fragments") ? "reassemble"
									   : "strict",
				 "on_failure",
				 !up                         ? NULL
				 : contains(rules, "bypass") ? "accept"
							     : "drop",
				 "config", request->file, "notes", request->notes, "rules",
				 steer_json_rules(loaded->backend, rules), "wanted",
				 steer_json_rules(loaded->backend, want));

	if (root)
		json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

/*
 * Reads every backend; the first that holds something of ours is the one spoken of. One that cannot
 * be read can never have been loaded: worth a word only where nothing else was found.
 */
static void read_all(struct steer_request *request, struct loaded *loaded)
{
	char reasons[STEER_BACKENDS][STEER_REASON_LEN] = {""};

	for (int i = 0; i < STEER_BACKENDS; i++) {
		steer_backend_read((enum steer_backend)i, &loaded->rules[i], reasons[i]);
		if (steer_rules_empty(&loaded->rules[i]))
			continue;
		if (loaded->count++ == 0)
			loaded->backend = (enum steer_backend)i;
	}
	for (int i = 0; i < STEER_BACKENDS && loaded->count == 0; i++)
		if (reasons[i][0])
			steer_note(request, "%s: %s", steer_backend_name((enum steer_backend)i),
				   reasons[i]);
}

/* What should be loaded; with iptables-legacy either table for outbound packets will do. */
static bool compare(struct loaded *loaded, const struct steer_plan *plan, struct steer_rules *want)
{
	static const char *const tables[] = {"mangle", "security"};
	const struct steer_rules *have = &loaded->rules[loaded->backend];

	for (int i = 0; i < 2; i++) {
		steer_rules_fini(want);
		if (steer_backend_render(loaded->backend, plan, tables[i], want))
			return false;
		loaded->equal = steer_rules_equal(have, want);
		if (loaded->equal && (i == 1 || loaded->backend == STEER_IPTABLES_LEGACY))
			break;
	}
	return true;
}

int steer_show(struct steer_request *request, const struct steer_plan *plan)
{
	struct loaded loaded = {.backend = request->backend};
	struct steer_rules want = {0};
	int status = NACLCTL_NO;

	read_all(request, &loaded);
	if (!compare(&loaded, plan, &want)) {
		fputs("naclctl: out of memory\n", stderr);
	} else {
		if (request->json)
			print_json(request, &loaded, &want);
		else
			print_text(request, &loaded, &want);
		if (loaded.count == 1 && loaded.equal)
			status = NACLCTL_OK;
	}
	steer_rules_fini(&want);
	for (int i = 0; i < STEER_BACKENDS; i++)
		steer_rules_fini(&loaded.rules[i]);
	return status;
}
