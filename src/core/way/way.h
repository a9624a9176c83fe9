/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_WAY_H
#define NACLD_CORE_WAY_H

#include "core/hook.h"

#define WAY_INTERFACE_LEN 16 /* IFNAMSIZ, NUL included */

/* A packet's way through the host, as people speak of it: not one hook but all the walls on it. */
struct way {
	enum hook hook;              /* INPUT: for the host; OUTPUT: the host's; FORWARD: routed */
	char in[WAY_INTERFACE_LEN];  /* INPUT, FORWARD: where it enters; "": not said */
	char out[WAY_INTERFACE_LEN]; /* OUTPUT, FORWARD: where it leaves; "": not said */
};

#define WAY_STRLEN (sizeof("forward@:") + 2 * (WAY_INTERFACE_LEN - 1))

/* "in", "in@eth0", "out@eth0", "forward", "forward@eth0:eth1". Returns buf. */
const char *way_print(const struct way *way, char buf[static WAY_STRLEN]);

#endif
