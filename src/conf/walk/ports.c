/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Destination ports as people write them: one port, one range, or "all".
 *
 * Blanks around a range's dash mean nothing and are taken. Other tools' ranges and lists are told
 * apart from mistakes, so that the hint is what to write and not what a port is.
 */
#include "conf/walk/ports.h"

#include <stdio.h>
#include <string.h>

#include "conf/diag.h"
#include "conf/strange.h"

static void skip_blanks(const char **text)
{
	*text += strspn(*text, " \t");
}

/* Decimal digits only; false also beyond 65535. Moves *text on, blanks included. */
static bool parse_port(const char **text, uint16_t *out)
{
	unsigned int value = 0;
	const char *at = *text;

	for (; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (unsigned int)(*at - '0');
		if (value > UINT16_MAX)
			return false;
	}
	if (at == *text || (**text == '0' && at - *text > 1))
		return false;
	*text = at;
	*out = (uint16_t)value;
	skip_blanks(text);
	return true;
}

/* FIRST and LAST with something between them that some other tool takes for a dash. */
static bool other_range(const char *text, uint16_t *first, uint16_t *last)
{
	const struct conf_strange *dash;

	if (!parse_port(&text, first))
		return false;
	dash = conf_strange_at(text, strlen(text));
	if (dash && dash->kind == STRANGE_DASH)
		text += strlen(dash->utf8);
	else
		text += strspn(text, ":.");
	skip_blanks(&text);
	return parse_port(&text, last) && *text == '\0';
}

static bool refuse(struct conf_reader *r, struct conf_place place, const char *text)
{
	const char *hint = "\"443\", \"1024-65535\" or \"all\"; a port is 0 to 65535";
	uint16_t first, last;
	char buf[CONF_HINT_LEN];

	if (strpbrk(text, ",; ")) {
		hint = "one port or one range per rule: write a rule for each";
	} else if (other_range(text, &first, &last)) {
		snprintf(buf, sizeof(buf), "write \"%u-%u\"", first, last);
		hint = buf;
	}
	conf_error(r, place, hint, "not a port range: \"%.64s\"", text);
	return false;
}

bool conf_parse_ports(struct conf_reader *r, struct conf_place place, const char *text,
		      uint16_t *first, uint16_t *last)
{
	char hint[CONF_HINT_LEN];
	const char *at = text;

	*first = 0;
	*last = UINT16_MAX;
	if (strcmp(text, "all") == 0)
		return true;
	skip_blanks(&at);
	if (!parse_port(&at, first))
		return refuse(r, place, text);
	*last = *first;
	if (*at == '-') {
		at++;
		skip_blanks(&at);
		if (!parse_port(&at, last))
			return refuse(r, place, text);
	}
	if (*at != '\0')
		return refuse(r, place, text);
	if (*first <= *last)
		return true;
	snprintf(hint, sizeof(hint), "write \"%u-%u\"", *last, *first);
	conf_error(r, place, hint, "the port range \"%s\" is reversed", text);
	return false;
}
