/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * naclctl import: network ACLs from AWS and from what describes them, as a nacld.conf on stdout.
 * Nothing is printed there unless all of it could be taken; what was assumed, left out or is wider
 * than it looks goes to stderr.
 */
#include "ctl/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/import/import.h"
#include "ctl/input.h"

struct options {
	const char *file;
	const char *from;
	const char *acl;
	const char *subnets_file;
	struct option_list edges, subnets, parameters, conditions;
	bool all, host, json;
};

/* NAME=VALUE of the command line, apart. */
struct settings {
	struct nacl_setting items[OPTION_LIST_MAX];
	size_t count;
	char *texts[OPTION_LIST_MAX];
};

static void settings_fini(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		free(settings->texts[i]);
}

/* 0, or an error that was printed. */
static int settings_read(struct settings *to, const struct option_list *from, const char *example)
{
	for (size_t i = 0; i < from->count; i++) {
		const char *equals = strchr(from->items[i], '=');
		char *text;

		if (!equals || equals == from->items[i]) {
			options_refuse(&command_import, "\"%s\" is no %s", from->items[i], example);
			return -EINVAL;
		}
		text = strdup(from->items[i]);
		if (!text)
			return -ENOMEM;
		text[equals - from->items[i]] = '\0';
		to->texts[to->count] = text;
		to->items[to->count++] = (struct nacl_setting){
			.name = text, .value = text + (equals - from->items[i]) + 1};
	}
	return 0;
}

static int refuse_condition(const struct settings *conditions)
{
	for (size_t i = 0; i < conditions->count; i++) {
		const char *value = conditions->items[i].value;

		if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
			continue;
		options_refuse(&command_import, "a condition is true or false, not \"%s\"", value);
		return -EINVAL;
	}
	return 0;
}

/* --subnet: an id that nothing is tied to is a slip. */
static int know_subnets(const struct settings *subnets, struct nacl_doc *doc)
{
	for (size_t i = 0; i < subnets->count; i++) {
		const struct nacl_setting *s = &subnets->items[i];
		struct prefix prefix;
		bool used = false;

		if (!strchr(s->value, '/') || prefix_parse(s->value, &prefix, NULL) != PREFIX_OK) {
			options_refuse(&command_import, "\"%s\" is no network", s->value);
			return -EINVAL;
		}
		for (size_t a = 0; a < doc->acl_count; a++)
			for (size_t n = 0; n < doc->acls[a].subnet_count; n++)
				used |= strcmp(doc->acls[a].subnets[n].id, s->name) == 0;
		if (!used) {
			options_refuse(&command_import,
				       "no network ACL in the file is tied to subnet \"%s\"",
				       s->name);
			return -EINVAL;
		}
		nacl_set_subnet(doc, s->name, &prefix);
	}
	return 0;
}

/* 0, or an error that was printed. */
static int read_subnets_file(const char *file, struct nacl_doc *doc)
{
	size_t len = 0;
	char *text;
	int status;

	if (!file)
		return 0;
	text = input_read("import", file, &len);
	if (!text)
		return -EIO;
	status = nacl_import_subnets(file, text, len, doc);
	free(text);
	return status;
}

/* Associations that are missing are told like anything else. */
static void note_ties(const struct options *options, struct import_result *result)
{
	if (options->host || options->edges.count)
		return;
	for (size_t i = 0; i < result->chosen_count; i++) {
		size_t index = result->chosen[i];
		const struct nacl_acl *acl = &result->doc.acls[index];
		struct node at = {.line = acl->line, .column = 1};

		if (acl->subnet_count == 0)
			nacl_note(&result->doc, NACL_WARNING, index, &at,
				  "--host, --edge INTERFACE, or an association of your own",
				  "it is tied to no subnet, and protects nothing like that");
		for (size_t s = 0; s < acl->subnet_count; s++)
			if (!acl->subnets[s].known)
				nacl_note(&result->doc, NACL_WARNING, index, &at,
					  "--subnet ID=CIDR, or --subnets FILE, --host, --edge "
					  "INTERFACE",
					  "the CIDR of %s is not known: fill it in",
					  nacl_plain(&result->doc.arena, acl->subnets[s].id));
	}
}

static int worst_note(const struct import_result *result)
{
	int worst = NACLCTL_OK;

	for (size_t i = 0; i < result->doc.note_count; i++) {
		const struct nacl_note *note = &result->doc.notes[i];

		if (!import_concerns(result, note))
			continue;
		if (note->severity == NACL_ERROR)
			return NACLCTL_USAGE;
		if (note->severity == NACL_WARNING)
			worst = NACLCTL_NO;
	}
	return worst;
}

static int write_text(const struct options *options, struct import_result *result)
{
	const struct nacl_ties ties = {.host = options->host,
				       .edges = options->edges.items,
				       .edge_count = options->edges.count};
	char *text = NULL;
	size_t len;
	FILE *memory = open_memstream(&text, &len);

	if (!memory)
		return -ENOMEM;
	result->missing =
		nacl_write_conf(&result->doc, result->chosen, result->chosen_count, &ties, memory);
	if (fclose(memory) != 0) {
		free(text);
		return -ENOMEM;
	}
	result->text = arena_text(&result->doc.arena, text, len);
	free(text);
	return result->doc.arena.failed ? -ENOMEM : 0;
}

/* From a model to a result; 0, or -errno: then it has been said why. */
static int finish(const struct options *options, const struct settings *subnets,
		  struct import_result *result)
{
	int status = read_subnets_file(options->subnets_file, &result->doc);

	if (status == 0)
		status = know_subnets(subnets, &result->doc);
	if (status == 0)
		status = import_choose(options->acl, options->all, result);
	if (status == 0 && result->chosen_count > 1 && (options->host || options->edges.count)) {
		options_refuse(&command_import, "several network ACLs cannot all protect the "
						"host or the same interface");
		status = -EINVAL;
	}
	if (status < 0)
		return status;
	note_ties(options, result);
	result->status = worst_note(result);
	return result->status == NACLCTL_USAGE ? 0 : write_text(options, result);
}

static int import_source(const struct options *options, struct nacl_source *source,
			 const struct settings *subnets)
{
	struct import_result result = {.status = NACLCTL_USAGE};
	char *text = input_read("import", options->file, &source->len);
	int status;

	if (!text)
		return NACLCTL_USAGE;
	source->text = text;
	status = nacl_import(source, &result.doc);
	if (status == 0)
		status = finish(options, subnets, &result);
	if (status == -ENOMEM)
		fputs("naclctl import: out of memory\n", stderr);
	if (status == 0 && options->json) {
		import_print_json(&result);
	} else if (status == 0) {
		import_report(&result);
		fputs(result.text ? result.text : "", stdout);
	}
	nacl_doc_fini(&result.doc);
	free(text);
	return status < 0 ? NACLCTL_USAGE : result.status;
}

/* NACL_FORMATS: none of that name. */
static enum nacl_format format_of(const char *name)
{
	int format = NACL_AUTO;

	for (format = NACL_AUTO; name && format < NACL_FORMATS; format++)
		if (strcmp(nacl_format_name((enum nacl_format)format), name) == 0)
			break;
	return (enum nacl_format)format;
}

static int import(const struct options *options)
{
	struct settings subnets = {0}, parameters = {0}, conditions = {0};
	struct nacl_source source = {.file = strcmp(options->file, "-") ? options->file : "stdin",
				     .format = format_of(options->from),
				     .parameters = parameters.items,
				     .conditions = conditions.items};
	int status = settings_read(&subnets, &options->subnets, "ID=CIDR");

	if (status == 0)
		status = settings_read(&parameters, &options->parameters, "NAME=VALUE");
	if (status == 0)
		status =
			settings_read(&conditions, &options->conditions, "NAME=true or NAME=false");
	if (status == 0)
		status = refuse_condition(&conditions);
	source.parameter_count = parameters.count;
	source.condition_count = conditions.count;
	status = status == 0 ? import_source(options, &source, &subnets) : NACLCTL_USAGE;
	settings_fini(&subnets);
	settings_fini(&parameters);
	settings_fini(&conditions);
	return status;
}

static int import_main(int argc, char **argv)
{
	struct options options = {.file = "-"};
	int status = options_parse(&command_import, argc, argv, &options);

	if (status >= 0)
		return status;
	if (optind < argc)
		options.file = argv[optind];
	if (options.from && format_of(options.from) == NACL_FORMATS)
		return options_refuse(&command_import, "no format \"%s\"", options.from);
	if (options.host && options.edges.count)
		return options_refuse(&command_import, "--host or --edge, not both");
	for (size_t i = 0; i < options.edges.count; i++)
		if (!policy_interface_is_plain(options.edges.items[i]))
			return options_refuse(&command_import, "\"%s\" is no interface",
					      options.edges.items[i]);
	return import(&options);
}

static const struct option_entry options[] = {
	{'t', "from", "FORMAT", "aws, cloudformation, terraform or ansible; found out unless given",
	 offsetof(struct options, from), "aws cloudformation terraform ansible"},
	{'a', "acl", "ACL", "the one of that id or Name, where there are several",
	 offsetof(struct options, acl), NULL},
	{'A', "all", NULL, "every one of them", offsetof(struct options, all), NULL},
	{'H', "host", NULL, "it protects this host, not subnets", offsetof(struct options, host),
	 NULL},
	{'e', "edge", "IFACE...", "it stands at this interface, not at subnets",
	 offsetof(struct options, edges), NULL},
	{'s', "subnet", "ID=CIDR...", "the CIDR of a subnet it is tied to",
	 offsetof(struct options, subnets), NULL},
	{'S', "subnets", "FILE", "the same from aws ec2 describe-subnets",
	 offsetof(struct options, subnets_file), OPTIONS_FILES},
	{'p', "parameter", "NAME=VALUE...", "a template's parameter, a Terraform variable",
	 offsetof(struct options, parameters), NULL},
	{'c', "condition", "NAME=BOOL...", "whether a template's condition holds: true, false",
	 offsetof(struct options, conditions), NULL},
	COMMAND_JSON(struct options, json),
	{0},
};

const struct command command_import = {
	.program = "naclctl",
	.name = "import",
	.summary = "a network ACL from AWS, CloudFormation, Terraform or Ansible",
	.synopsis = "[OPTION ...] [FILE]",
	.about =
		"Prints the network ACL in FILE (stdin unless given, or -) as a configuration. FILE\n"
		"is the JSON or YAML of aws ec2 describe-network-acls or an SDK, a CloudFormation\n"
		"template (CDK, SAM), terraform show -json or .tf.json, an Ansible play.\n",
	.after = "Exit status: 0 imported, 1 imported with warnings, 2 refused, or usage.\n",
	.options = options,
	.operands = {OPTIONS_FILES, ""},
	.operands_max = 1,
	.usage_status = NACLCTL_USAGE,
	.run = import_main,
};
