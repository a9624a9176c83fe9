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
#include <sys/socket.h>
#include <unistd.h>

#include "steer/kernel/nft.h"
#include "steer/kernel/exec.h"
#include "steer/kernel/iptables.h"
#include "steer/kernel/legacy.h"
#include "steer/kernel/nftables.h"
#include "steer/routes/routes.h"

/* A second process may hold iptables' lock for a moment, not for ever. */
#define LOCK_WAIT_S "10"

#define REMOVE_TRIES 8

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

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	close(fd);
	/* /proc/net is missing where /proc shows processes only (systemd's ProcSubset=pid). */
	return access("/proc/self/net/if_inet6", F_OK) == 0;
}

/* Booted with ipv6.disable=1 there is no IPv6 to filter, and ip6tables fails. */
int steer_backend_families(enum steer_backend backend)
{
	return backend == STEER_NFT || !has_ipv6() ? 1 : 2;
}

static unsigned int parts_of(enum steer_backend backend)
{
	switch (backend) {
	case STEER_NFT:
		return NFTABLES_INET;
	case STEER_IPTABLES_NFT:
		return NFTABLES_IPV4 | NFTABLES_IPV6;
	default:
		return 0;
	}
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

	for (int i = 0; backend == STEER_IPTABLES_LEGACY && i < steer_backend_families(backend);
	     i++) {
		const char *const argv[] = {backends[backend].save[i], "-t", table, NULL};

		if (run(argv, NULL, NULL, reason))
			return false;
	}
	return true;
}

static int out_of_memory(char reason[static STEER_REASON_LEN])
{
	snprintf(reason, STEER_REASON_LEN, "out of memory");
	return -ENOMEM;
}

static int read_kernel(struct nftables *out, char reason[static STEER_REASON_LEN])
{
	int err = nftables_read(out);

	if (err)
		snprintf(reason, STEER_REASON_LEN, "the kernel's nftables cannot be read: %s",
			 strerror(-err));
	return err;
}

int steer_backend_kernel(enum steer_backend backend, char **out,
			 char reason[static STEER_REASON_LEN])
{
	struct nftables tables;
	int err;

	if (backend == STEER_IPTABLES_LEGACY)
		return -ENOTSUP;
	err = read_kernel(&tables, reason);
	if (err)
		return err;
	*out = nftables_print(&tables, parts_of(backend));
	nftables_fini(&tables);
	return *out ? 0 : out_of_memory(reason);
}

bool steer_legacy_has(int family, const char *table)
{
	static const char *const paths[] = {"/proc/self/net/ip_tables_names",
					    "/proc/self/net/ip6_tables_names"};
	FILE *names = fopen(paths[family], "re");
	char name[64];
	bool found = !names && errno != ENOENT;

	while (names && !found && fgets(name, sizeof(name), names)) {
		name[strcspn(name, "\n")] = '\0';
		found = strcmp(name, table) == 0;
	}
	if (names)
		fclose(names);
	return found;
}

/* Any that our rules could stand in. */
static bool has_legacy_tables(int family)
{
	return steer_legacy_has(family, "mangle") || steer_legacy_has(family, "security") ||
	       steer_legacy_has(family, "raw");
}

/* Are there chains of ours, by the kernel's word? */
static bool holds_legacy(void)
{
	static const char *const tables[] = {"mangle", "security", "raw"};

	for (int family = 0; family < 2; family++)
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			if (steer_legacy_has(family, tables[i]) &&
			    legacy_has_chains(family, tables[i]))
				return true;
	return false;
}

static int read_text(enum steer_backend backend, int family, char **out,
		     char reason[static STEER_REASON_LEN])
{
	static const char *const nft[] = {"nft",  "--stateless", "list", "table",
					  "inet", "nacld",       NULL};
	const char *const save[] = {backends[backend].save[family], NULL};
	char *saved;
	int err = run(backend == STEER_NFT ? nft : save, NULL, &saved, reason);

	if (err && backend == STEER_IPTABLES_LEGACY && !has_legacy_tables(family)) {
		*out = strdup("");
		return *out ? 0 : out_of_memory(reason);
	}
	if (err)
		return err;
	if (backend == STEER_NFT) {
		nft_normalize(saved);
		*out = saved;
		return 0;
	}
	*out = iptables_own(saved);
	free(saved);
	return *out ? 0 : out_of_memory(reason);
}

/* The rules, jumps and chains that a text in normal form has. */
static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text += *text ? 1 : 0) {
		if (*text == ':' || *text == '-' || strncmp(text, "\tchain ", 7) == 0 ||
		    (strncmp(text, "\t\t", 2) == 0 && strncmp(text, "\t\ttype ", 7) != 0))
			count++;
		text = strchrnul(text, '\n');
	}
	return count;
}

/*
 * Reads one family's rules, all that the kernel has of them: what a tool has left out is an error.
 * What it printed more is foreign (lines of nft's that a set takes), or came in the meantime.
 */
static int read_family(enum steer_backend backend, int family, const struct nftables *tables,
		       char **out, char reason[static STEER_REASON_LEN])
{
	unsigned int part = backend == STEER_NFT ? NFTABLES_INET
			    : family == 0        ? NFTABLES_IPV4
						 : NFTABLES_IPV6;
	size_t there = nftables_count(tables, part, NFTABLES_CHAIN) +
		       nftables_count(tables, part, NFTABLES_RULE) +
		       nftables_count(tables, part, NFTABLES_JUMP);
	size_t told;
	int err;

	if (backend != STEER_IPTABLES_LEGACY && there == 0) {
		*out = strdup("");
		return *out ? 0 : out_of_memory(reason);
	}
	err = read_text(backend, family, out, reason);
	if (err || backend == STEER_IPTABLES_LEGACY)
		return err;
	told = count_lines(*out);
	if (told >= there)
		return 0;
	snprintf(reason, STEER_REASON_LEN,
		 "%s prints %zu of the %zu lines of nacld's that the kernel has: it leaves out a "
		 "table that holds a rule it has no word for (nft list ruleset shows it)",
		 backends[backend].save[family], told, there);
	free(*out);
	*out = NULL;
	return -EBADMSG;
}

int steer_backend_read(enum steer_backend backend, struct steer_rules *out,
		       char reason[static STEER_REASON_LEN])
{
	struct nftables tables = {0};
	int err = 0;

	*out = (struct steer_rules){0};
	if (backend == STEER_IPTABLES_LEGACY) {
		if (!steer_backend_installed(backend, reason))
			return holds_legacy() ? -ENOENT : 0;
	} else {
		err = read_kernel(&tables, reason);
		if (err)
			return err;
		out->kernel = nftables_print(&tables, parts_of(backend));
		if (!out->kernel)
			err = out_of_memory(reason);
	}
	for (int i = 0; i < steer_backend_families(backend) && !err; i++)
		err = read_family(backend, i, &tables, &out->text[i], reason);
	nftables_fini(&tables);
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
	struct steer_plan queue_alone = *plan;

	/* nft has no word for it; with legacy any change of a table opens all its pins anew. */
	if (backend != STEER_IPTABLES_NFT)
		queue_alone.fast_folder[0] = '\0';
	*out = (struct steer_rules){0};
	for (int i = 0; i < steer_backend_families(backend); i++) {
		out->text[i] = backend == STEER_NFT
				       ? nft_render(&queue_alone)
				       : iptables_render(&queue_alone, families[i], output_table);
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
	struct steer_rules now = {0};
	bool changed;
	int err = steer_backend_read(backend, &now, why);

	if (!err)
		err = change(backend, family, now.text[family], before, &changed, why);
	steer_rules_fini(&now);
	if (err) {
		size_t len = strlen(reason);

		snprintf(reason + len, STEER_REASON_LEN - len, "; and could not be undone: %s",
			 why);
	}
}

/* A load that could not read: what it loads, and what was there before. */
struct replacement {
	const struct steer_rules *target;
	const struct nftables *before;
};

static bool was_there(const struct nftables *before, const struct nftables_object *object)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct nftables_object *old = &before->objects[i];

		if (old->handle == object->handle && old->kind == object->kind &&
		    old->family == object->family && strcmp(old->table, object->table) == 0 &&
		    strcmp(old->chain, object->chain) == 0)
			return true;
	}
	return false;
}

/* Old jumps, which are in their chains once more now, and chains that are not wanted any more. */
static bool is_replaced(const struct nftables_object *object, const void *context)
{
	const struct replacement *replacement = context;
	const char *text = replacement->target->text[nftables_part(object) == NFTABLES_IPV6];

	if (object->kind == NFTABLES_JUMP)
		return was_there(replacement->before, object);
	return object->kind == NFTABLES_CHAIN &&
	       !iptables_has_chain(text ? text : "", object->table, object->chain);
}

/* What another program removes in the meantime is looked at anew. */
static int remove_replaced(const struct replacement *replacement,
			   char reason[static STEER_REASON_LEN])
{
	struct nftables now;
	int err = -ENOENT;

	for (int i = 0; i < REMOVE_TRIES && err == -ENOENT; i++) {
		err = read_kernel(&now, reason);
		if (err)
			return err;
		err = nftables_remove(&now, NFTABLES_IPV4 | NFTABLES_IPV6, is_replaced,
				      replacement);
		nftables_fini(&now);
	}
	if (err)
		snprintf(reason, STEER_REASON_LEN, "old rules could not be removed: %s",
			 strerror(-err));
	return err;
}

/*
 * Loads without knowing the text of what is loaded. nft replaces its table. iptables-nft fills our
 * chains anew and adds jumps; the old ones, and chains that are not wanted any more, then go by
 * their handles: for a moment a packet may be filtered twice, but none passes unfiltered.
 */
static int apply_blindly(enum steer_backend backend, const struct steer_rules *target,
			 bool *changed, char reason[static STEER_REASON_LEN])
{
	static const char unknown[] = "\tchain of another table\n";
	struct nftables before;
	int err = read_kernel(&before, reason);

	if (err)
		return err;
	for (int i = 0; i < steer_backend_families(backend) && !err; i++)
		err = change(backend, i, backend == STEER_NFT ? unknown : "",
			     target->text[i] ? target->text[i] : "", changed, reason);
	if (!err && backend == STEER_IPTABLES_NFT)
		err = remove_replaced(&(struct replacement){target, &before}, reason);
	nftables_fini(&before);
	return err;
}

static int still_there(char reason[static STEER_REASON_LEN])
{
	snprintf(reason, STEER_REASON_LEN,
		 "they are still there after they were removed: does another program load them?");
	return -EBUSY;
}

/* Out of nftables, without a tool. */
static int remove_nftables(enum steer_backend backend, bool *changed,
			   char reason[static STEER_REASON_LEN])
{
	unsigned int parts = parts_of(backend);
	struct nftables tables;
	char *left = NULL;
	int err = read_kernel(&tables, reason);

	if (err)
		return err;
	*changed = nftables_count(&tables, parts, NFTABLES_CHAIN) +
			   nftables_count(&tables, parts, NFTABLES_JUMP) >
		   0;
	if (*changed) {
		err = nftables_remove(&tables, parts, NULL, NULL);
		if (err)
			snprintf(reason, STEER_REASON_LEN, "the kernel refuses to remove them: %s",
				 strerror(-err));
	}
	nftables_fini(&tables);
	if (!err)
		err = steer_backend_kernel(backend, &left, reason);
	if (!err && *left)
		err = still_there(reason);
	free(left);
	return err;
}

static int remove_legacy(bool *changed, char reason[static STEER_REASON_LEN])
{
	struct steer_rules now;
	int err = steer_backend_read(STEER_IPTABLES_LEGACY, &now, reason);

	*changed = false;
	if (err)
		return err;
	for (int i = 0; i < 2 && !err; i++)
		if (now.text[i])
			err = change(STEER_IPTABLES_LEGACY, i, now.text[i], "", changed, reason);
	steer_rules_fini(&now);
	if (err || !*changed)
		return err;
	err = steer_backend_read(STEER_IPTABLES_LEGACY, &now, reason);
	if (err)
		return err;
	if (!steer_rules_empty(&now))
		err = still_there(reason);
	steer_rules_fini(&now);
	return err;
}

/* Is the table that we would load into somebody else's? */
static int refuse_foreign(enum steer_backend backend, char reason[static STEER_REASON_LEN])
{
	struct nftables tables;
	int err = backend == STEER_NFT ? read_kernel(&tables, reason) : 0;

	if (err || backend != STEER_NFT)
		return err;
	if (tables.foreign) {
		snprintf(
			reason, STEER_REASON_LEN,
			"there is a table inet nacld that nacld did not make (its chain \"%.40s\"): "
			"rename it, or delete it (nft delete table inet nacld)",
			tables.foreign_chain);
		err = -EEXIST;
	}
	nftables_fini(&tables);
	return err;
}

int steer_backend_apply(enum steer_backend backend, const struct steer_rules *target, bool *changed,
			char reason[static STEER_REASON_LEN])
{
	struct steer_rules before;
	int err;

	*changed = false;
	if (steer_rules_empty(target))
		return backend == STEER_IPTABLES_LEGACY ? remove_legacy(changed, reason)
							: remove_nftables(backend, changed, reason);
	err = refuse_foreign(backend, reason);
	if (err)
		return err;
	err = steer_backend_read(backend, &before, reason);
	if (err)
		return backend == STEER_IPTABLES_LEGACY
			       ? err
			       : apply_blindly(backend, target, changed, reason);
	for (int i = 0; i < steer_backend_families(backend) && !err; i++) {
		err = change(backend, i, before.text[i], target->text[i] ? target->text[i] : "",
			     changed, reason);
		for (int undo = i; err && undo >= 0; undo--)
			turn_back(backend, undo, before.text[undo], reason);
	}
	steer_rules_fini(&before);
	return err;
}

bool steer_rules_drop_filter(struct steer_rules *rules)
{
	bool dropped = false;

	for (int i = 0; i < 2; i++)
		dropped |= rules->text[i] && iptables_drop_filter(rules->text[i]);
	if (dropped) {
		free(rules->kernel);
		rules->kernel = NULL;
	}
	return dropped;
}

bool steer_rules_empty(const struct steer_rules *rules)
{
	for (int i = 0; i < 2; i++)
		if (rules->text[i] && *rules->text[i])
			return false;
	return !rules->kernel || !*rules->kernel;
}

bool steer_rules_equal(const struct steer_rules *a, const struct steer_rules *b)
{
	if (a->kernel && b->kernel)
		return strcmp(a->kernel, b->kernel) == 0;
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
	free(rules->kernel);
	*rules = (struct steer_rules){0};
}
