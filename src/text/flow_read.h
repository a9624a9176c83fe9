/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TEXT_FLOW_READ_H
#define NACLD_TEXT_FLOW_READ_H

#include <stddef.h>

#include "core/flow_format.h"
#include "text/flow_record.h"

/*
 * Lines of flow logs, nacld's own and those that AWS exports (AWS VPC user guide, "Flow log
 * records"): fields separated by blanks, in the order of version 2 or of a header line.
 */
#define FLOW_COLUMNS_MAX 64

struct flow_layout {
	uint8_t fields[FLOW_COLUMNS_MAX]; /* enum flow_field; FLOW_FIELDS: one not known here */
	size_t count;
};

/* What a line without a header before it has: the 14 fields of version 2. */
void flow_layout_default(struct flow_layout *out);

/* Is the line a header, with at least srcaddr and dstaddr? Then *out is its layout. */
bool flow_layout_parse(const char *line, size_t len, struct flow_layout *out);

/* A line, read. */
struct flow_line {
	struct flow_record record; /* account and acl are NULL */
	bool has_action;           /* some formats leave these out */
	bool has_direction;
	bool has_ports; /* protocol and both ports are there */
};

/*
 * Reads a line, without its newline, of that layout. NULL, or what is wrong with it, a few words.
 * Where the status is not FLOW_RECORD_OK only that is in *out. Text behind " #" is a comment, as in
 * AWS's examples.
 */
const char *flow_read(const struct flow_layout *layout, const char *line, size_t len,
		      struct flow_line *out);

#endif
