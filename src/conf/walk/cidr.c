/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks as people write them, in rules, associations and sets.
 *
 * What is taken in another form than it was written is told: cleared host bits are a warning that
 * shows the new form, as the API answers with it (AWS API reference, CreateNetworkAclEntry,
 * CidrBlock). A length is required where leaving it out might mean "the network".
 */
#include "conf/walk/cidr.h"

#include <stdio.h>
#include <string.h>

#include "conf/diag.h"
#include "core/addr.h"

static const char *network_hint(const char *text)
{
	const char *dash = strchr(text, '-');
	struct addr addr;

	if (dash && addr_parse(dash + 1 + strspn(dash + 1, " "), &addr))
		return "a range is not taken: write the networks that make it up";
	if (strchr(text, ','))
		return "one network each";
	return "as in \"192.0.2.0/24\" or \"2001:db8::/32\"";
}

static void bad_cidr(struct conf_reader *r, struct conf_place place, const char *text, bool length)
{
	if (text[0] == '@')
		conf_error(r, place, NULL, "a set cannot be used here: \"%.64s\"", text);
	else if (length)
		conf_error(r, place, "the length is 0 to 32 for IPv4, 0 to 128 for IPv6",
			   "\"%.64s\" has no valid prefix length", text);
	else
		conf_error(r, place, network_hint(text), "\"%.64s\" is not an IPv4 or IPv6 network",
			   text);
}

bool conf_parse_cidr(struct conf_reader *r, struct conf_place place, const char *text, bool bare,
		     struct prefix *out)
{
	char buf[PREFIX_STRLEN], hint[CONF_HINT_LEN];
	enum prefix_error error;
	bool host_bits, mapped;

	error = prefix_parse(text, out, &host_bits);
	if (error != PREFIX_OK) {
		bad_cidr(r, place, text, error == PREFIX_BAD_LENGTH);
		return false;
	}
	mapped = prefix_unmap(out);
	prefix_print(out, buf);
	if (!bare && !strchr(text, '/')) {
		snprintf(hint, sizeof(hint), "write %s", buf);
		conf_error(r, place, hint, "\"%.64s\" has no prefix length", text);
		return false;
	}
	snprintf(hint, sizeof(hint), "write %s", buf);
	if (mapped)
		conf_warn(r, place, hint, "\"%.64s\" means IPv4: taken as %s", text, buf);
	if (host_bits && !mapped)
		conf_warn(r, place, hint, "\"%.64s\" has host bits set: taken as %s", text, buf);
	return true;
}
