/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_NAMESPACES_H
#define NACLD_DAEMON_NAMESPACES_H

#include <sched.h>

/* What a child that filters gets of its own: it asks for these, and the sandbox allows no other. */
#define CONFINE_NAMESPACES (CLONE_NEWUSER | CLONE_NEWNET)

#endif
