/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_LIVE_SESSION_H
#define NACLD_CTL_LIVE_SESSION_H

#include <stdbool.h>

#include "core/packet.h"

/*
 * The packet that the ssh session in which this runs receives next: from its client to this host.
 * False: this is no ssh session, or nobody says so.
 */
bool session_find(struct packet *out);

#endif
