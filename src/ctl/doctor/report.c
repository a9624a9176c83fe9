/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the examinations say, collected: each writes its lines here, and none of them knows the
 * doctor that prints them.
 */
#include "ctl/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>

void doctor_say(struct doctor *doctor, const char *check, const char *next, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (next)
		doctor->findings = true;
	json_array_append_new(doctor->lines,
			      json_pack("{s:s, s:b, s:s, s:s?}", "check", check, "ok", next == NULL,
					"message", text, "next", next));
}
