/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an ACL stands in front of: interfaces on the wire, the host, subnets.
 *
 * Whatever is protected has exactly one ACL, and a second is told with the place of the first.
 * Names of interfaces are taken as they are: iptables would read a final "+" as a wildcard, nft a
 * final "*", either tool a leading "-" or a quote as something else, and none of them knows
 * alternative names. So what is accepted here can always be steered.
 */
#include "conf/walk/association.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/reader.h"
#include "conf/walk/cidr.h"
#include "conf/walk/schema.h"
#include "core/policy.h"

#define DEFAULT_ROUTE "default-route"

static const struct conf_key association_keys[] = {
	{"edge", NULL}, {"host", NULL}, {"interfaces", NULL}, {"subnet", NULL}, {NULL, NULL},
};

static bool good_interface(const char *name)
{
	return policy_interface_is_plain(name) && strlen(name) < POLICY_INTERFACE_LEN &&
	       !strchr(name, '@');
}

static void bad_interface(struct conf_reader *r, const config_setting_t *element, const char *name)
{
	size_t len = strlen(name);
	const char *hint = "1 to 15 letters, digits, \"_.-\", a letter or digit first";

	if (strchr(name, '@'))
		hint = "leave out the \"@\" and what follows: that is how `ip link` shows a peer";
	else if (len > 0 && strchr("+*", name[len - 1]))
		hint = "there are no wildcards: name each interface";
	else if (len >= POLICY_INTERFACE_LEN)
		hint = "a name has at most 15 characters; an alternative name (altname) will not do";
	conf_error(r, conf_string_place(element), hint, "\"%.64s\" is not an interface name", name);
}

/* The array of names of that key, not empty; or NULL after a diagnostic, or where there is none. */
static const config_setting_t *get_names(struct conf_reader *r, const config_setting_t *group,
					 const char *key, const char *instead)
{
	const config_setting_t *list;

	if (conf_get_strings(r, group, key, &list) != CONF_OK)
		return NULL;
	if (config_setting_length(list) == 0) {
		conf_error(r, conf_place(list), instead, "no interface is named");
		return NULL;
	}
	return list;
}

static bool has_interface(const struct host *host, const char *name)
{
	for (size_t i = 0; i < host->interface_count; i++)
		if (strcmp(host->interfaces[i], name) == 0)
			return true;
	return false;
}

static void read_interfaces(struct conf_reader *r, const config_setting_t *group)
{
	const config_setting_t *list =
		get_names(r, group, "interfaces", "for every interface, leave out \"interfaces\"");
	int length = list ? config_setting_length(list) : 0;

	for (int i = 0; i < length; i++) {
		const config_setting_t *e = config_setting_get_elem(list, (unsigned int)i);
		const char *name = config_setting_get_string(e);

		if (!good_interface(name))
			bad_interface(r, e, name);
		else if (has_interface(&r->policy->host, name))
			conf_error(r, conf_string_place(e), "keep one of them",
				   "interface \"%s\" is named twice", name);
		else if (policy_add_host_interface(r->policy, name) < 0)
			conf_out_of_memory(r);
	}
}

static void read_host(struct conf_reader *r, const config_setting_t *group, uint32_t acl)
{
	const config_setting_t *s = config_setting_get_member(group, "host");
	char where[CONF_HINT_LEN];

	if (config_setting_type(s) != CONFIG_TYPE_BOOL || !config_setting_get_bool(s)) {
		conf_error(r, conf_place(s), "write host = true; or leave out the association",
			   "\"host\" can only be true");
		return;
	}
	if (r->host) {
		conf_error(r, conf_place(group), "the host has exactly one ACL",
			   "the host already has an ACL, in %s",
			   conf_refer(r, conf_place(group), conf_place(r->host), where));
		return;
	}
	r->host = group;
	r->policy->host.acl = acl;
	read_interfaces(r, group);
}

static void read_subnet(struct conf_reader *r, const config_setting_t *group, uint32_t acl)
{
	const config_setting_t *s = config_setting_get_member(group, "subnet"), **subnets;
	struct prefix prefix;
	const char *text;

	if (conf_get_string(r, group, "subnet", &text) != CONF_OK ||
	    !conf_parse_cidr(r, conf_place(s), text, false, &prefix))
		return;
	if (prefix.len == 0) {
		conf_error(r, conf_place(s), "to protect this host, write { host = true; }",
			   "a subnet of length 0 has no outside: nothing would be filtered");
		return;
	}
	subnets = reallocarray(r->subnets, r->policy->subnet_count + 1, sizeof(*subnets));
	if (!subnets) {
		conf_out_of_memory(r);
		return;
	}
	r->subnets = subnets;
	subnets[r->policy->subnet_count] = group;
	if (policy_add_subnet(r->policy, &prefix, acl) < 0)
		conf_out_of_memory(r);
}

/* Says so where the interface has an ACL. */
static bool is_taken(struct conf_reader *r, const config_setting_t *element, const char *name,
		     const config_setting_t *group)
{
	char where[CONF_HINT_LEN];

	for (size_t i = 0; i < r->policy->edges.count; i++) {
		if (strcmp(r->policy->edges.items[i].interface, name) != 0)
			continue;
		if (r->edges[i] == group)
			conf_error(r, conf_string_place(element), "keep one of them",
				   "interface \"%s\" is named twice", name);
		else
			conf_error(
				r, conf_string_place(element), "an interface has exactly one ACL",
				"edge \"%s\" already has an ACL, in %s", name,
				conf_refer(r, conf_place(group), conf_place(r->edges[i]), where));
		return true;
	}
	return false;
}

static void read_edge(struct conf_reader *r, const config_setting_t *element,
		      const config_setting_t *group, uint32_t acl)
{
	const char *name = config_setting_get_string(element);
	const config_setting_t **edges;

	if (strcmp(name, DEFAULT_ROUTE) == 0) {
		conf_error(r, conf_string_place(element),
			   "write { edge = \"" DEFAULT_ROUTE "\"; }, a group of its own",
			   "\"" DEFAULT_ROUTE "\" is not an interface name");
		return;
	}
	if (strcmp(name, "lo") == 0) {
		conf_error(r, conf_string_place(element), "leave it out",
			   "loopback is never an edge: its packets are on no wire");
		return;
	}
	if (!good_interface(name)) {
		bad_interface(r, element, name);
		return;
	}
	if (is_taken(r, element, name, group))
		return;
	edges = reallocarray(r->edges, r->policy->edges.count + 1, sizeof(*edges));
	if (!edges) {
		conf_out_of_memory(r);
		return;
	}
	r->edges = edges;
	edges[r->policy->edges.count] = group;
	if (policy_add_edge(r->policy, name, acl) < 0)
		conf_out_of_memory(r);
}

static void read_default_route(struct conf_reader *r, const config_setting_t *group, uint32_t acl)
{
	const config_setting_t *s = config_setting_get_member(group, "edge");
	const char *text = config_setting_get_string(s);
	char where[CONF_HINT_LEN];

	if (strcmp(text, DEFAULT_ROUTE) != 0) {
		snprintf(where, sizeof(where), "write edge = [ \"%.64s\" ];", text);
		conf_error(r, conf_place(s), where,
			   "\"edge\" is an array [ ] of interfaces, or \"" DEFAULT_ROUTE "\"");
		return;
	}
	if (r->default_route) {
		conf_error(r, conf_place(group), "an interface has exactly one ACL",
			   "the default route already has an ACL, in %s",
			   conf_refer(r, conf_place(group), conf_place(r->default_route), where));
		return;
	}
	r->default_route = group;
	r->policy->edges.default_route = acl;
}

static void read_edges(struct conf_reader *r, const config_setting_t *group, uint32_t acl)
{
	const config_setting_t *s = config_setting_get_member(group, "edge"), *list;
	int length;

	if (config_setting_type(s) == CONFIG_TYPE_STRING) {
		read_default_route(r, group, acl);
		return;
	}
	list = get_names(r, group, "edge",
			 "write edge = [ \"eth0\" ]; or edge = \"" DEFAULT_ROUTE "\";");
	length = list ? config_setting_length(list) : 0;
	for (int i = 0; i < length; i++)
		read_edge(r, config_setting_get_elem(list, (unsigned int)i), group, acl);
}

static void read_association(struct conf_reader *r, const config_setting_t *group, uint32_t acl)
{
	bool edge, host, subnet, interfaces;

	if (!conf_is_group(r, group, "an association"))
		return;
	conf_check_keys(r, group, "an association", association_keys);
	edge = config_setting_get_member(group, "edge");
	host = config_setting_get_member(group, "host");
	subnet = config_setting_get_member(group, "subnet");
	interfaces = config_setting_get_member(group, "interfaces");
	if (edge + host + subnet != 1)
		conf_error(r, conf_place(group),
			   "{ edge = [ \"eth0\" ]; }, { host = true; } or { subnet = "
			   "\"192.0.2.0/24\"; }, a group for each",
			   "an association is %s of: edge, host, subnet",
			   edge + host + subnet == 0 ? "one" : "only one");
	else if (!host && interfaces)
		conf_error(r, conf_place(config_setting_get_member(group, "interfaces")),
			   edge ? "an edge names its own: leave them out"
				: "a subnet is known by its addresses: leave them out",
			   "only the host can be limited to interfaces");
	else if (edge)
		read_edges(r, group, acl);
	else if (host)
		read_host(r, group, acl);
	else
		read_subnet(r, group, acl);
}

void conf_read_associations(struct conf_reader *r, const config_setting_t *acl_group, uint32_t acl)
{
	const config_setting_t *list;
	enum conf_found found = conf_get_list(r, acl_group, "associations", &list);
	int length = found == CONF_OK ? config_setting_length(list) : 0;

	for (int i = 0; i < length; i++)
		read_association(r, config_setting_get_elem(list, (unsigned int)i), acl);
}

/* A protected subnet, and the number of its association in the file. */
struct placed {
	struct prefix prefix;
	size_t index;
};

static int compare_placed(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = prefix_order(&x->prefix, &y->prefix);

	return order ? order : x->index < y->index ? -1 : 1;
}

/* Two ACLs cannot protect the same addresses: a packet crosses one edge, not two. */
static void overlap(struct conf_reader *r, const struct placed *x, const struct placed *y)
{
	const struct placed *first = x->index < y->index ? x : y, *second = first == x ? y : x;
	struct conf_place place = conf_place(r->subnets[second->index]);
	char a[PREFIX_STRLEN], b[PREFIX_STRLEN], where[CONF_HINT_LEN];

	conf_refer(r, place, conf_place(r->subnets[first->index]), where);
	if (prefix_equal(&x->prefix, &y->prefix))
		conf_error(r, place, "a subnet has exactly one ACL",
			   "subnet %s already has an ACL, in %s", prefix_print(&second->prefix, a),
			   where);
	else
		conf_error(r, place, "make them disjoint", "subnet %s overlaps %s in %s",
			   prefix_print(&second->prefix, a), prefix_print(&first->prefix, b),
			   where);
}

void conf_check_subnets(struct conf_reader *r)
{
	size_t count = r->policy->subnet_count, outer = 0;
	struct placed *sorted = calloc(count + 1, sizeof(*sorted));

	if (!sorted) {
		conf_out_of_memory(r);
		return;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct placed){.prefix = r->policy->subnets[i].prefix, .index = i};
	qsort(sorted, count, sizeof(*sorted), compare_placed);
	for (size_t i = 1; i < count; i++) {
		if (prefix_covers(&sorted[outer].prefix, &sorted[i].prefix))
			overlap(r, &sorted[outer], &sorted[i]);
		else
			outer = i;
	}
	free(sorted);
}
