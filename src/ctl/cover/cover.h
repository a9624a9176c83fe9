/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_COVER_COVER_H
#define NACLD_CTL_COVER_COVER_H

#include <stdio.h>

#include "core/clients.h"
#include "core/policy.h"

/* The ports of one list, protocol and set of remote addresses. */
#define COVER_COLUMNS 64
#define COVER_WIDTH   1024 /* ports a column */
#define COVER_ROWS    (1 + CLIENT_MAIN)

struct cover_row {
	const char *name;
	uint16_t first; /* the ports it is about */
	uint16_t last;
	uint32_t always;                    /* of these, allowed for every address */
	uint32_t sometimes;                 /* allowed for some address */
	uint16_t ports[COVER_COLUMNS];      /* by column: of its ports */
	uint16_t all_always[COVER_COLUMNS]; /* allowed for every address */
	uint16_t all_some[COVER_COLUMNS];   /* for some */
};

struct cover {
	const struct acl *acl;
	enum direction direction;
	uint8_t protocol;
	struct prefix peer;
	struct cover_row rows[COVER_ROWS]; /* all ports, then client_main()'s profiles */
};

/* Fills the rows; acl, direction, protocol and peer are set. 0, -ENOMEM or -E2BIG. */
int cover_fill(struct cover *cover);

void cover_print(const struct cover *cover, FILE *to);
void cover_svg(const struct cover *covers, size_t count, FILE *to);

#endif
