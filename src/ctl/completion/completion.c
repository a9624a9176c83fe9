/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What shells complete. A script for each shell is made from the tables of the commands, so that no
 * option can be missing in one.
 *
 * Names of ACLs come from the daemon, and go into the command line of a shell that may be root's:
 * only those of plain letters are offered, and no script lets its shell expand them.
 */
#include "ctl/completion/completion.h"

#include <string.h>

#include "ctl/client.h"

static bool is_plain(const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._-";

	return name && *name && *name != '-' && name[strspn(name, plain)] == '\0';
}

/* Nothing where there is no daemon, or none that answers. */
static void print_acls(const char *socket_path, FILE *to)
{
	char error[CLIENT_ERROR_LEN];
	json_t *answer, *acl;
	size_t i;

	if (client_request(socket_path, "status", &answer, error) < 0)
		return;
	json_array_foreach(json_object_get(json_object_get(answer, "status"), "acls"), i, acl)
	{
		const char *name = json_string_value(json_object_get(acl, "name"));

		if (is_plain(name))
			fprintf(to, "%s\n", name);
	}
	json_decref(answer);
}

bool completion_print(const char *what, const char *socket_path,
		      const struct command *const commands[], size_t count, FILE *to)
{
	static const struct {
		const char *name;
		void (*print)(const struct command *const commands[], size_t count, FILE *to);
	} shells[] = {
		{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(what, shells[i].name) == 0) {
			shells[i].print(commands, count, to);
			return true;
		}
	if (strcmp(what, "acls") != 0)
		return false;
	print_acls(socket_path, to);
	return true;
}
