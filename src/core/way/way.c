/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/way/way.h"

#include <stdio.h>

const char *way_print(const struct way *way, char buf[static WAY_STRLEN])
{
	const char *name = hook_name(way->hook);

	if (way->hook == HOOK_FORWARD && (way->in[0] || way->out[0]))
		snprintf(buf, WAY_STRLEN, "%s@%s:%s", name, way->in, way->out);
	else if (way->in[0] || way->out[0])
		snprintf(buf, WAY_STRLEN, "%s@%s", name, way->in[0] ? way->in : way->out);
	else
		snprintf(buf, WAY_STRLEN, "%s", name);
	return buf;
}
