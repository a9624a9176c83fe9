/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_WATCH_WATCH_H
#define NACLD_STEER_WATCH_WATCH_H

#include <stdbool.h>

/* What `steer watch` goes by. */
struct steer_watch_options {
	const char *file;     /* the configuration, which says whether to restore */
	const char *fallback; /* where `file` has errors; or NULL */
	bool restore;         /* put the rules back, whatever the configuration says */
	bool json;            /* events as objects, one a line */
};

/* Stays until SIGTERM or SIGINT: 0. Or -errno, and it was said on stderr why. */
int steer_watch(const struct steer_watch_options *options);

#endif
