/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the verbs of `naclctl steer` say in the same way: remarks, and rules as text and as JSON.
 */
#include "ctl/steer/output.h"

#include <stdarg.h>
#include <stdio.h>

void steer_note(struct steer_request *request, const char *format, ...)
{
	char text[STEER_REASON_LEN + 128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(request->notes, json_string(text));
	if (!request->json)
		fprintf(stderr, "%s\n", text);
}

static const char *family_heading(enum steer_backend backend, int family)
{
	if (backend == STEER_NFT)
		return "inet";
	return family == 0 ? "ipv4" : "ipv6";
}

void steer_print_rules(enum steer_backend backend, const struct steer_rules *rules)
{
	for (int i = 0; i < 2; i++)
		if (rules->text[i] && *rules->text[i])
			printf("\n# %s, %s\n%s", steer_backend_name(backend),
			       family_heading(backend, i), rules->text[i]);
}

json_t *steer_json_rules(enum steer_backend backend, const struct steer_rules *rules)
{
	json_t *object = json_object();

	for (int i = 0; i < 2; i++)
		if (rules->text[i])
			json_object_set_new(object, family_heading(backend, i),
					    json_string(rules->text[i]));
	return object;
}
