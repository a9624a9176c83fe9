/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_WATCH_ROUTE_EVENTS_H
#define NACLD_STEER_WATCH_ROUTE_EVENTS_H

#include <stdbool.h>

struct mnl_socket;

/* A non-blocking socket that hears of routes and links. 0 or -errno. */
int route_events_open(struct mnl_socket **out);

/*
 * Takes in all that waits. True: default routes may have changed, or messages were lost.
 */
bool route_events_drain(struct mnl_socket *nl);

#endif
