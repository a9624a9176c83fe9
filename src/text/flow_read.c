/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading flow logs by the million lines: one pass over a line, fields as they come, and no copies
 * but of what is parsed.
 *
 * What is not known is "-". A line whose status is NODATA or SKIPDATA has "-" in place of a flow.
 * Unknown columns of newer versions are stepped over.
 */
#include "text/flow_read.h"

#include <string.h>

struct field {
	const char *at;
	size_t len;
};

/* The next field at *at; false at the end of the line, or where a comment begins. */
static bool next_field(const char **at, const char *end, struct field *out)
{
	while (*at < end && (**at == ' ' || **at == '\t' || **at == '\r'))
		++*at;
	out->at = *at;
	while (*at < end && **at != ' ' && **at != '\t' && **at != '\r')
		++*at;
	out->len = (size_t)(*at - out->at);
	return out->len > 0 && out->at[0] != '#';
}

static bool is(const struct field *field, const char *text)
{
	return strlen(text) == field->len && memcmp(field->at, text, field->len) == 0;
}

void flow_layout_default(struct flow_layout *out)
{
	out->count = 0;
	for (uint8_t f = FLOW_VERSION; f <= FLOW_LOG_STATUS; f++)
		out->fields[out->count++] = f;
}

static uint8_t field_named(const struct field *field)
{
	uint8_t f = 0;

	while (f < FLOW_FIELDS && !is(field, flow_field_name((enum flow_field)f)))
		f++;
	return f;
}

/* As "${srcaddr}" too: a format as people type it. */
static void strip(struct field *field)
{
	if (field->len > 3 && field->at[0] == '$' && field->at[1] == '{' &&
	    field->at[field->len - 1] == '}') {
		field->at += 2;
		field->len -= 3;
	}
}

bool flow_layout_parse(const char *line, size_t len, struct flow_layout *out)
{
	const char *at = line, *end = line + len;
	struct flow_layout layout = {.count = 0};
	bool src = false, dst = false;
	struct field field;

	while (next_field(&at, end, &field)) {
		if (layout.count == FLOW_COLUMNS_MAX)
			return false;
		strip(&field);
		layout.fields[layout.count] = field_named(&field);
		src |= layout.fields[layout.count] == FLOW_SRCADDR;
		dst |= layout.fields[layout.count++] == FLOW_DSTADDR;
	}
	if (!src || !dst)
		return false;
	*out = layout;
	return true;
}

static bool number(const struct field *field, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (field->len > 19)
		return false;
	for (size_t i = 0; i < field->len; i++) {
		unsigned int digit = (unsigned int)(field->at[i] - '0');

		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return value <= max;
}

static bool address(const struct field *field, struct addr *out)
{
	char text[ADDR_STRLEN];

	if (field->len >= sizeof(text))
		return false;
	memcpy(text, field->at, field->len);
	text[field->len] = '\0';
	return addr_parse(text, out);
}

static bool word(const struct field *field, const char *zero, const char *one, uint8_t *out)
{
	*out = is(field, one);
	return *out || is(field, zero);
}

static bool status(const struct field *field, enum flow_record_status *out)
{
	*out = is(field, "NODATA")     ? FLOW_RECORD_NODATA
	       : is(field, "SKIPDATA") ? FLOW_RECORD_SKIPDATA
				       : FLOW_RECORD_OK;
	return *out != FLOW_RECORD_OK || is(field, "OK");
}

struct reading {
	struct flow_line *out;
	unsigned int ports; /* of protocol, srcport, dstport: how many are there */
};

static bool take_number(struct reading *r, uint8_t which, const struct field *field)
{
	struct flow_record *record = &r->out->record;
	uint64_t value = 0;
	bool ok = number(field,
			 which == FLOW_PROTOCOL                           ? 255
			 : which == FLOW_SRCPORT || which == FLOW_DSTPORT ? UINT16_MAX
									  : INT64_MAX,
			 &value);

	if (which == FLOW_PROTOCOL)
		record->protocol = (uint8_t)value;
	else if (which == FLOW_SRCPORT)
		record->sport = (uint16_t)value;
	else if (which == FLOW_DSTPORT)
		record->dport = (uint16_t)value;
	else if (which == FLOW_PACKETS)
		record->packets = value;
	else
		record->bytes = value;
	r->ports += which == FLOW_PROTOCOL || which == FLOW_SRCPORT || which == FLOW_DSTPORT;
	return ok;
}

/* One field that a flow is read from; false: it is none of its kind. */
static bool take(struct reading *r, uint8_t which, const struct field *field)
{
	struct flow_record *record = &r->out->record;
	uint8_t value = 0;
	bool ok;

	switch (which) {
	case FLOW_SRCADDR:
		return address(field, &record->src);
	case FLOW_DSTADDR:
		return address(field, &record->dst);
	case FLOW_SRCPORT:
	case FLOW_DSTPORT:
	case FLOW_PROTOCOL:
	case FLOW_PACKETS:
	case FLOW_BYTES:
		return take_number(r, which, field);
	case FLOW_ACTION:
		ok = word(field, "REJECT", "ACCEPT", &value);
		record->action = value ? ACTION_ALLOW : ACTION_DENY;
		r->out->has_action = true;
		return ok;
	case FLOW_FLOW_DIRECTION:
		ok = word(field, "ingress", "egress", &value);
		record->direction = value ? OUTBOUND : INBOUND;
		r->out->has_direction = true;
		return ok;
	default:
		return true;
	}
}

static const char *complaint(uint8_t which)
{
	switch (which) {
	case FLOW_SRCADDR:
	case FLOW_DSTADDR:
		return "an address that is none";
	case FLOW_ACTION:
		return "an action other than ACCEPT and REJECT";
	case FLOW_FLOW_DIRECTION:
		return "a direction other than ingress and egress";
	default:
		return "a number that is none, or too large";
	}
}

const char *flow_read(const struct flow_layout *layout, const char *line, size_t len,
		      struct flow_line *out)
{
	const char *at = line, *end = line + len, *wrong = NULL;
	struct reading reading = {.out = out};
	struct field field;
	size_t i = 0;

	memset(out, 0, sizeof(*out));
	for (; next_field(&at, end, &field); i++) {
		uint8_t which = i < layout->count ? layout->fields[i] : FLOW_FIELDS;

		if (i >= layout->count)
			return "more fields than the format has";
		if (which == FLOW_LOG_STATUS) {
			if (!status(&field, &out->record.status))
				return "a status other than OK, NODATA and SKIPDATA";
		} else if (is(&field, "-")) {
			continue;
		} else if (!take(&reading, which, &field) && !wrong) {
			wrong = complaint(which);
		}
	}
	if (i < layout->count)
		return "fewer fields than the format has";
	if (wrong || out->record.status != FLOW_RECORD_OK)
		return wrong;
	out->has_ports = reading.ports == 3;
	if (out->record.src.family == 0 || out->record.dst.family != out->record.src.family)
		return "no two addresses of one family";
	return NULL;
}
