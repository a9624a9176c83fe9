/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that people hand to `check` because they hold network ACLs or firewall rules, though not
 * ours: AWS's JSON, CloudFormation, Terraform, rulesets of nft and iptables.
 *
 * A configuration begins with a name and "=" or ":", or with an include. So two to four tokens tell
 * the others, and nothing that could be ours is ever taken for them.
 */
#include "conf/syntax/foreign.h"

#include <string.h>
#include <strings.h>

#include "conf/syntax/lexer.h"

#define IMPORT                                                                               \
	"`naclctl import` turns network ACLs of AWS, CloudFormation, Terraform and Ansible " \
	"into a configuration"
#define RULES "nacld has lists of its own: nacld.conf(5) shows them"

static const struct conf_foreign json = {"JSON", IMPORT};
static const struct conf_foreign yaml = {"YAML", IMPORT};
static const struct conf_foreign hcl = {"Terraform", IMPORT};
static const struct conf_foreign nft = {"an nft ruleset", RULES};
static const struct conf_foreign iptables = {"iptables-save's output", RULES};

static bool is_word(const struct conf_token *token, const char *const words[])
{
	for (; *words; words++)
		if (token->kind == TOKEN_NAME && token->len == strlen(*words) &&
		    strncasecmp(token->text, *words, token->len) == 0)
			return true;
	return false;
}

/* name: value, name: value, without anything between; or a name and a list that begins with "-". */
static bool is_yaml(const struct conf_token t[static 4])
{
	static const char *const words[] = {"AWSTemplateFormatVersion", NULL};

	if (t[0].kind == TOKEN_GARBAGE && strncmp(t[0].text, "---", 3) == 0)
		return true;
	if (is_word(&t[0], words))
		return true;
	if (t[0].kind != TOKEN_NAME || t[1].kind != TOKEN_EQUALS || t[1].text[0] != ':')
		return false;
	return t[2].line > t[1].line &&
	       ((t[2].kind == TOKEN_NAME && t[3].kind == TOKEN_EQUALS) || t[2].text[0] == '-');
}

static bool is_hcl(const struct conf_token t[static 4])
{
	static const char *const words[] = {"resource", "terraform", "provider", "data",
					    "variable", "module",    "locals",   "output",
					    "moved",    NULL};

	return is_word(&t[0], words) &&
	       (t[1].kind == TOKEN_STRING || (t[1].kind == TOKEN_OPEN && t[1].text[0] == '{'));
}

static bool is_nft(const struct conf_token t[static 4])
{
	static const char *const words[] = {"table", "flush", "add", "delete", "destroy", NULL};

	return is_word(&t[0], words) && t[1].kind == TOKEN_NAME;
}

const struct conf_foreign *conf_foreign(const char *text)
{
	static const char *const tables[] = {"*filter", "*nat",      "*mangle",
					     "*raw",    "*security", NULL};
	struct conf_lexer lexer = {.at = text, .start = text, .line = 1};
	struct conf_token t[4];

	for (int i = 0; i < 4; i++)
		if (!conf_token_next(&lexer, &t[i]) || t[i].error)
			t[i] = (struct conf_token){.kind = TOKEN_SEPARATOR, .text = ""};
	if (t[0].kind == TOKEN_OPEN)
		return &json;
	if (is_yaml(t))
		return &yaml;
	if (is_hcl(t))
		return &hcl;
	if (is_nft(t))
		return &nft;
	return is_word(&t[0], tables) && t[1].kind != TOKEN_SEPARATOR ? &iptables : NULL;
}
