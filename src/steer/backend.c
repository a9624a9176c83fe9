/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three ways into the kernel behind one interface: read what of ours is loaded, render what
 * should be, apply the difference. The rules themselves are text made elsewhere; this file only
 * knows which tool takes it and how to undo half a load.
 *
 * nft loads both families in one transaction. iptables has one transaction a table and a tool a
 * family: so before anything is changed both families are read, and when one fails, what was
 * changed is restored to what was read.
 */
#include "steer/backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "steer/kernel/nft.h"
#include "steer/kernel/exec.h"
#include "steer/kernel/iptables.h"
#include "steer/routes/routes.h"

/* A second process may hold iptables' lock for a moment, not for ever. */
#define LOCK_WAIT_S "10"

static const struct {
	const char *name;
	const char *package;
	const char *save[2]; /* by family; nft has one tool for all */
	const char *restore[2];
} backends[STEER_BACKENDS] = {
	[STEER_NFT] = {"nft", "nftables", {"nft"}, {"nft"}},
	[STEER_IPTABLES_NFT] = {"iptables-nft",
				"iptables",
				{"iptables-nft-save", "ip6tables-nft-save"},
				{"iptables-nft-restore", "ip6tables-nft-restore"}},
	[STEER_IPTABLES_LEGACY] = {"iptables-legacy",
				   "iptables",
				   {"iptables-legacy-save", "ip6tables-legacy-save"},
				   {"iptables-legacy-restore", "ip6tables-legacy-restore"}},
};

static const enum family families[2] = {FAMILY_IPV4, FAMILY_IPV6};

/*
 * Booted with ipv6.disable=1 there is no IPv6 to filter, and ip6tables fails. Asked of the
 * process's own folder: /proc/net is missing where /proc shows processes only (systemd's
 * ProcSubset=pid).
 */
static int family_count(enum steer_backend backend)
{
	if (backend == STEER_NFT)
		return 1;
	return access("/proc/self/net/if_inet6", F_OK) == 0 ? 2 : 1;
}

const char *steer_backend_name(enum steer_backend backend)
{
	return backends[backend].name;
}

bool steer_backend_parse(const char *name, enum steer_backend *out)
{
	for (int i = 0; i < STEER_BACKENDS; i++) {
		if (strcmp(backends[i].name, name) == 0) {
			*out = (enum steer_backend)i;
			return true;
		}
	}
	return false;
}

bool steer_backend_installed(enum steer_backend backend, char reason[static STEER_REASON_LEN])
{
	for (int i = 0; i < 2 && backends[backend].save[i]; i++) {
		if (steer_tool_installed(backends[backend].save[i]) &&
		    steer_tool_installed(backends[backend].restore[i]))
			continue;
		snprintf(reason, STEER_REASON_LEN, "%s is not installed (Debian package %s)",
			 backends[backend].save[i], backends[backend].package);
		return false;
	}
	return true;
}

/* The first line of what a tool complained about, or how it ended. */
static void explain(const char *tool, const struct steer_result *result,
		    char reason[static STEER_REASON_LEN])
{
	const char *line = result->err;

	while (*line == '#') { /* nft's remarks about other people's tables */
		line = strchrnul(line, '\n');
		line += *line ? 1 : 0;
	}
	if (*line)
		snprintf(reason, STEER_REASON_LEN, "%s: %.*s", tool, (int)strcspn(line, "\n"),
			 line);
	else
		snprintf(reason, STEER_REASON_LEN, "%s: exit status %d", tool, result->status);
}

/* Runs a tool that must succeed; its standard output goes to *out (may be NULL). */
static int run(const char *const argv[], const char *input, char **out,
	       char reason[static STEER_REASON_LEN])
{
	struct steer_result result;
	int err = steer_exec(argv, input, &result);

	if (err) {
		snprintf(reason, STEER_REASON_LEN, "%s: %s", argv[0], strerror(-err));
	} else if (result.status != 0) {
		explain(argv[0], &result, reason);
		err = -EIO;
	} else if (out) {
		*out = result.out;
		result.out = NULL;
	}
	steer_result_fini(&result);
	return err;
}

bool steer_backend_usable(enum steer_backend backend, char reason[static STEER_REASON_LEN])
{
	const char *const argv[] = {"nft", "--check", "--file", "-", NULL};
	char said[STEER_REASON_LEN];

	if (backend != STEER_NFT || run(argv, nft_probe, NULL, said) == 0)
		return true;
	if (strstr(said, "No such file or directory"))
		snprintf(reason, STEER_REASON_LEN,
			 "this kernel has no nft queue expression (CONFIG_NFT_QUEUE)");
	else
		memcpy(reason, said, STEER_REASON_LEN);
	return false;
}

bool steer_backend_has_table(enum steer_backend backend, const char *table)
{
	char reason[STEER_REASON_LEN];

	for (int i = 0; backend == STEER_IPTABLES_LEGACY && i < family_count(backend); i++) {
		const char *const argv[] = {backends[backend].save[i], "-t", table, NULL};

		if (run(argv, NULL, NULL, reason))
			return false;
	}
	return true;
}

/*
 * `nft list table` fails alike for "no such table" and for "no permission": ask for the names
 * first.
 */
static int read_nft(char **out, char reason[static STEER_REASON_LEN])
{
	const char *const names[] = {"nft", "list", "tables", NULL};
	const char *const table[] = {"nft", "--stateless", "list", "table", "inet", "nacld", NULL};
	char *text;
	int err = run(names, NULL, &text, reason);

	if (err)
		return err;
	if (strstr(text, "table inet nacld\n"))
		err = run(table, NULL, out, reason);
	else
		err = (*out = strdup("")) ? 0 : -ENOMEM;
	free(text);
	return err;
}

static int read_xtables(enum steer_backend backend, int family, char **out,
			char reason[static STEER_REASON_LEN])
{
	const char *const argv[] = {backends[backend].save[family], NULL};
	char *saved;
	int err = run(argv, NULL, &saved, reason);

	if (err)
		return err;
	*out = iptables_own(saved);
	free(saved);
	if (*out)
		return 0;
	snprintf(reason, STEER_REASON_LEN, "out of memory");
	return -ENOMEM;
}

static int read_family(enum steer_backend backend, int family, char **out,
		       char reason[static STEER_REASON_LEN])
{
	if (backend == STEER_NFT)
		return read_nft(out, reason);
	return read_xtables(backend, family, out, reason);
}

int steer_backend_read(enum steer_backend backend, struct steer_rules *out,
		       char reason[static STEER_REASON_LEN])
{
	int err = 0;

	*out = (struct steer_rules){0};
	if (!steer_backend_installed(backend, reason))
		return 0;
	for (int i = 0; i < family_count(backend) && !err; i++)
		err = read_family(backend, i, &out->text[i], reason);
	if (err)
		steer_rules_fini(out);
	return err;
}

int steer_backend_render(enum steer_backend backend, const struct steer_plan *plan,
			 const char *output_table, struct steer_rules *out)
{
	struct steer_rules template;
	int err = steer_backend_template(backend, plan, output_table, &template);

	if (err)
		return err;
	err = steer_backend_expand(&template, out);
	steer_rules_fini(&template);
	return err;
}

bool steer_follows_routes(const struct steer_rules *template)
{
	return (template->text[0] && strstr(template->text[0], STEER_DEFAULT_ROUTE)) ||
	       (template->text[1] && strstr(template->text[1], STEER_DEFAULT_ROUTE));
}

int steer_backend_expand(const struct steer_rules *template, struct steer_rules *out)
{
	struct routes routes = {0};
	int err = steer_follows_routes(template) ? routes_read(&routes) : 0;

	*out = (struct steer_rules){0};
	for (int i = 0; i < 2 && !err; i++) {
		if (!template->text[i])
			continue;
		out->text[i] = routes_expand(&routes, template->text[i]);
		if (!out->text[i])
			err = -ENOMEM;
	}
	if (err)
		steer_rules_fini(out);
	routes_fini(&routes);
	return err;
}

int steer_backend_template(enum steer_backend backend, const struct steer_plan *plan,
			   const char *output_table, struct steer_rules *out)
{
	*out = (struct steer_rules){0};
	for (int i = 0; i < family_count(backend); i++) {
		out->text[i] = backend == STEER_NFT
				       ? nft_render(plan)
				       : iptables_render(plan, families[i], output_table);
		if (!out->text[i]) {
			steer_rules_fini(out);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Turns one family from `current` into `target`. */
static int change(enum steer_backend backend, int family, const char *current, const char *target,
		  bool *changed, char reason[static STEER_REASON_LEN])
{
	const char *const nft[] = {"nft", "--file", "-", NULL};
	const char *const restore[] = {backends[backend].restore[family], "--noflush", "-w",
				       LOCK_WAIT_S, NULL};
	char *script = backend == STEER_NFT ? nft_transition(current, target)
					    : iptables_transition(current, target);
	int err = 0;

	if (!script) {
		snprintf(reason, STEER_REASON_LEN, "out of memory");
		return -ENOMEM;
	}
	if (*script) {
		*changed = true;
		err = run(backend == STEER_NFT ? nft : restore, script, NULL, reason);
	}
	free(script);
	return err;
}

/*
 * Restores a family to what it was. Its tables were loaded one by one, so what is there now is
 * read afresh. A failure here is added to the reason: the only case where half a load may stay.
 */
static void turn_back(enum steer_backend backend, int family, const char *before,
		      char reason[static STEER_REASON_LEN])
{
	char why[STEER_REASON_LEN];
	char *now = NULL;
	bool changed;
	int err = read_family(backend, family, &now, why);

	if (!err)
		err = change(backend, family, now, before, &changed, why);
	free(now);
	if (err) {
		size_t len = strlen(reason);

		snprintf(reason + len, STEER_REASON_LEN - len, "; and could not be undone: %s",
			 why);
	}
}

int steer_backend_apply(enum steer_backend backend, const struct steer_rules *target, bool *changed,
			char reason[static STEER_REASON_LEN])
{
	struct steer_rules before;
	int err = steer_backend_read(backend, &before, reason);

	*changed = false;
	for (int i = 0; i < family_count(backend) && !err; i++) {
		err = change(backend, i, before.text[i], target->text[i] ? target->text[i] : "",
			     changed, reason);
		for (int undo = i; err && undo >= 0; undo--)
			turn_back(backend, undo, before.text[undo], reason);
	}
	steer_rules_fini(&before);
	return err;
}

bool steer_rules_empty(const struct steer_rules *rules)
{
	for (int i = 0; i < 2; i++)
		if (rules->text[i] && *rules->text[i])
			return false;
	return true;
}

bool steer_rules_equal(const struct steer_rules *a, const struct steer_rules *b)
{
	for (int i = 0; i < 2; i++) {
		const char *x = a->text[i] ? a->text[i] : "", *y = b->text[i] ? b->text[i] : "";

		if (strcmp(x, y) != 0)
			return false;
	}
	return true;
}

void steer_rules_fini(struct steer_rules *rules)
{
	free(rules->text[0]);
	free(rules->text[1]);
	*rules = (struct steer_rules){0};
}
