/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model as a nacld.conf. Every text that came from outside is written through nacl_quote or
 * made into a name first: a tag with a line break in it must not become a line of the
 * configuration.
 */
#include "interop/import.h"

#include <string.h>

#define NAME_MAX_LEN 63

struct writer {
	struct nacl_doc *doc;
	const size_t *acls;
	size_t count;
	const struct nacl_ties *ties;
	FILE *to;
	size_t missing;
};

/* Letters, digits, "_.-"; whatever else there was is one '-'. */
static void make_name(char out[static NAME_MAX_LEN + 1], const char *text)
{
	size_t len = 0;

	for (; *text && len < NAME_MAX_LEN - 4; text++) {
		bool good =
			strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-",
			       *text) != NULL;

		if (good)
			out[len++] = *text;
		else if (len > 0 && out[len - 1] != '-')
			out[len++] = '-';
	}
	while (len > 0 && out[len - 1] == '-')
		len--;
	out[len] = '\0';
}

static void base_name(const struct nacl_acl *acl, char out[static NAME_MAX_LEN + 1])
{
	make_name(out, acl->name);
	if (out[0] == '\0')
		make_name(out, acl->id);
	if (out[0] == '\0')
		strcpy(out, "imported");
}

/*
 * The name in the configuration: of those that would be the same, all but the first get a number.
 */
static void name_of(const struct writer *w, size_t position, char out[static NAME_MAX_LEN + 1])
{
	char other[NAME_MAX_LEN + 1];
	size_t twins = 0;

	base_name(&w->doc->acls[w->acls[position]], out);
	for (size_t i = 0; i < position; i++) {
		base_name(&w->doc->acls[w->acls[i]], other);
		twins += strcmp(out, other) == 0;
	}
	if (twins > 0)
		snprintf(out + strlen(out), 5, "-%zu", twins % 998 + 1);
}

static void write_head(const struct writer *w)
{
	fprintf(w->to, "# Network ACLs from %s (%s), by naclctl import.\n", w->doc->file,
		w->doc->format);
}

static void write_about(const struct writer *w, const struct nacl_acl *acl)
{
	struct arena *arena = &w->doc->arena;

	fprintf(w->to, "  # %s", acl->id[0] ? nacl_plain(arena, acl->id) : "an ACL without an id");
	if (acl->name[0])
		fprintf(w->to, ", name %s", nacl_quote(arena, acl->name));
	if (acl->vpc[0])
		fprintf(w->to, ", in %s", nacl_plain(arena, acl->vpc));
	for (size_t i = 0; i < acl->subnet_count; i++)
		fprintf(w->to, "%s%s",
			i ? ", " : "; subnets: ", nacl_plain(arena, acl->subnets[i].id));
	fprintf(w->to, ". %s:%u\n", w->doc->file, acl->line);
}

static void write_subnets(struct writer *w, const struct nacl_acl *acl)
{
	char buf[PREFIX_STRLEN];

	fputs("    associations = (", w->to);
	for (size_t i = 0; i < acl->subnet_count; i++) {
		const struct nacl_subnet *s = &acl->subnets[i];
		const char *id = nacl_plain(&w->doc->arena, s->id);

		fputs(i ? ",\n" : "\n", w->to);
		if (s->known) {
			fprintf(w->to, "      # %s\n      { subnet = \"%s\"; }", id,
				prefix_print(&s->prefix, buf));
			continue;
		}
		w->missing++;
		fprintf(w->to,
			"      # FILL IN the CIDR of %s\n      { subnet = \"FILL-IN-%zu\"; }", id,
			w->missing);
	}
	fputs(acl->subnet_count ? "\n    );\n" : " );\n", w->to);
}

static void write_associations(struct writer *w, const struct nacl_acl *acl)
{
	if (w->ties->host) {
		fputs("    associations = ( { host = true; } );\n", w->to);
	} else if (w->ties->edge_count) {
		fputs("    associations = ( { edge = [", w->to);
		for (size_t i = 0; i < w->ties->edge_count; i++)
			fprintf(w->to, "%s\"%s\"", i ? ", " : "", w->ties->edges[i]);
		fputs("]; } );\n", w->to);
	} else {
		write_subnets(w, acl);
	}
}

/* The rule's comment, which explain shows. */
static void write_origin(const struct writer *w, const char *origin)
{
	fputs(" comment = \"", w->to);
	for (; *origin; origin++) {
		if (*origin == '"' || *origin == '\\')
			fputc('\\', w->to);
		fputc(*origin, w->to);
	}
	fputs("\"; }", w->to);
}

static void write_entry(const struct writer *w, const struct nacl_entry *entry)
{
	const struct rule *rule = &entry->rule;
	char buf[PREFIX_STRLEN], ports[RULE_PORTS_STRLEN];
	const char *protocol = protocol_name(rule->protocol);

	fprintf(w->to, "      { rule = %u; action = \"%s\"; ", rule->number,
		action_name(rule->action));
	if (protocol)
		fprintf(w->to, "protocol = \"%s\"; ", protocol);
	else
		fprintf(w->to, "protocol = %d; ", rule->protocol);
	if (rule_has_icmp(rule))
		fprintf(w->to, "type = %d; code = %d; ", rule->icmp_type, rule->icmp_code);
	if (rule_has_ports(rule))
		fprintf(w->to, "ports = \"%s\"; ", rule_ports_print(rule, ports));
	fprintf(w->to, "%s = \"%s\";", entry->direction == INBOUND ? "source" : "destination",
		prefix_print(&rule->prefix, buf));
	write_origin(w, entry->origin);
}

static void write_list(const struct writer *w, const struct nacl_acl *acl, enum direction direction)
{
	bool any = false;

	fprintf(w->to, "    %s = (", direction_name(direction));
	for (size_t i = 0; i < acl->entry_count; i++) {
		const struct nacl_entry *entry = &acl->entries[i];

		if (entry->direction != direction)
			continue;
		fputs(any ? ",\n" : "\n", w->to);
		write_entry(w, entry);
		any = true;
	}
	fputs(any ? "\n    );\n" : " );\n", w->to);
}

size_t nacl_write_conf(struct nacl_doc *doc, const size_t *acls, size_t count,
		       const struct nacl_ties *ties, FILE *to)
{
	struct writer w = {.doc = doc, .acls = acls, .count = count, .ties = ties, .to = to};
	char name[NAME_MAX_LEN + 1];

	write_head(&w);
	fputs("network_acls = (\n", to);
	for (size_t i = 0; i < count; i++) {
		const struct nacl_acl *acl = &doc->acls[acls[i]];

		name_of(&w, i, name);
		write_about(&w, acl);
		fprintf(to, "  { name = \"%s\";\n", name);
		write_associations(&w, acl);
		write_list(&w, acl, INBOUND);
		write_list(&w, acl, OUTBOUND);
		fprintf(to, "  }%s\n", i + 1 < count ? "," : "");
	}
	fputs(");\n", to);
	return w.missing;
}
