/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting ports: for every address of the peer, and for some.
 *
 * At each address a list allows a set of ports. Their intersection is what all addresses may use,
 * their union what some may; both are lines, and counting a range of a line is exact.
 */
#include "core/space/space.h"
#include "ctl/cover/cover.h"

#include <errno.h>

struct ports {
	struct lines *lines;
	line_ref every;
	line_ref some;
};

static line_ref collect(void *context, const struct space_pair *pair)
{
	struct ports *ports = context;

	if (pair->b == LINE_NO) /* not of the peer */
		return LINE_NO;
	ports->every = line_apply(ports->lines, LINE_AND, ports->every, pair->a);
	ports->some = line_apply(ports->lines, LINE_OR, ports->some, pair->a);
	return LINE_NO;
}

static uint32_t key(const struct cover *cover, uint32_t port)
{
	return ((uint32_t)cover->protocol << KEY_SHIFT) + port;
}

static void fill_row(const struct cover *cover, const struct ports *ports, struct cover_row *row)
{
	row->always = line_count(ports->lines, ports->every, key(cover, row->first),
				 key(cover, row->last));
	row->sometimes = line_count(ports->lines, ports->some, key(cover, row->first),
				    key(cover, row->last));
	for (uint32_t c = 0; c < COVER_COLUMNS; c++) {
		uint32_t first = c * COVER_WIDTH, last = first + COVER_WIDTH - 1;

		first = first < row->first ? row->first : first;
		last = last > row->last ? row->last : last;
		if (first > last)
			continue;
		row->ports[c] = (uint16_t)(last - first + 1);
		row->all_always[c] = (uint16_t)line_count(ports->lines, ports->every,
							  key(cover, first), key(cover, last));
		row->all_some[c] = (uint16_t)line_count(ports->lines, ports->some,
							key(cover, first), key(cover, last));
	}
}

static int count(struct cover *cover, struct ports *ports)
{
	const struct acl_list *list = &cover->acl->lists[cover->direction];
	struct space rules = {0}, allowed = {0}, peer = {0}, nothing = {0};
	int status = space_of_rules(ports->lines, list, &rules);

	if (status == 0)
		status = space_allowed(&rules, list, 0, &allowed);
	if (status == 0)
		status = space_of_prefix(ports->lines, &cover->peer, LINE_YES, &peer);
	if (status == 0)
		status = space_combine(&allowed, &peer, collect, ports, &nothing);
	space_fini(&nothing);
	space_fini(&rules);
	space_fini(&allowed);
	space_fini(&peer);
	return status;
}

int cover_fill(struct cover *cover)
{
	struct ports ports = {lines_new(LINES_MAX_NODES), LINE_YES, LINE_NO};
	int status = ports.lines ? count(cover, &ports) : -ENOMEM;

	cover->rows[0] = (struct cover_row){.name = "allowed", .last = UINT16_MAX};
	for (int i = 0; i < CLIENT_MAIN; i++) {
		const struct client_profile *p = client_main((enum client_main)i);

		cover->rows[1 + i] =
			(struct cover_row){.name = p->name, .first = p->first, .last = p->last};
	}
	for (int i = 0; i < COVER_ROWS && status == 0; i++)
		fill_row(cover, &ports, &cover->rows[i]);
	lines_free(ports.lines);
	return status;
}
