/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that name "the interfaces of default routes", made into rules that the kernel takes. Pure.
 */
#include "steer/routes/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steer/plan.h"

/* How a backend names an interface, and how every interface but lo. */
static const struct {
	const char *name;
	const char *not_lo;
} words[] = {
	{" \"" STEER_DEFAULT_ROUTE "\"", " != \"lo\""}, /* nft: iifname, oifname */
	{"-i " STEER_DEFAULT_ROUTE, "! -i lo"},
	{"-o " STEER_DEFAULT_ROUTE, "! -o lo"},
};

static void copy_with(const char *line, size_t len, const char *at, size_t at_len,
		      const char *instead, FILE *to)
{
	fwrite(line, 1, (size_t)(at - line), to);
	fputs(instead, to);
	fwrite(at + at_len, 1, len - (size_t)(at - line) - at_len, to);
}

static void expand_line(const struct routes *routes, const char *line, size_t len, FILE *to)
{
	const char *token = memmem(line, len, STEER_DEFAULT_ROUTE, strlen(STEER_DEFAULT_ROUTE));

	if (!token) {
		fwrite(line, 1, len, to);
		return;
	}
	for (size_t i = 0; i < routes->count; i++)
		copy_with(line, len, token, strlen(STEER_DEFAULT_ROUTE), routes->names[i], to);
	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]) && routes->count == 0; w++) {
		const char *at = memmem(line, len, words[w].name, strlen(words[w].name));

		if (at)
			copy_with(line, len, at, strlen(words[w].name), words[w].not_lo, to);
	}
}

char *routes_expand(const struct routes *routes, const char *template)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	while (*template) {
		size_t len = strcspn(template, "\n");

		len += template[len] == '\n';
		expand_line(routes, template, len, to);
		template += len;
	}
	if (fclose(to)) {
		free(text);
		return NULL;
	}
	return text;
}
