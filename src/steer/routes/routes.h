/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_ROUTES_ROUTES_H
#define NACLD_STEER_ROUTES_ROUTES_H

#include <net/if.h>
#include <stddef.h>

/* The interfaces that default routes name, of both families and every table, sorted by name. */
struct routes {
	char (*names)[IF_NAMESIZE];
	size_t count;
};

/*
 * Asks the kernel (rtnetlink; no privilege is needed). 0 or -errno. The caller calls routes_fini in
 * any case.
 */
int routes_read(struct routes *out);
void routes_fini(struct routes *routes);

/*
 * The text of rules with each line that names STEER_DEFAULT_ROUTE written once for each interface,
 * or where there is none, once as "not lo" in the words of its backend. NULL: no memory; the caller
 * frees it. Pure.
 */
char *routes_expand(const struct routes *routes, const char *template);

#endif
