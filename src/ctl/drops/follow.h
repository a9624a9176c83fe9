/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_DROPS_FOLLOW_H
#define NACLD_CTL_DROPS_FOLLOW_H

#include "ctl/drops/select.h"

/*
 * A sentence for each packet that is dropped from now on, or an object a line, until the daemon or
 * whoever reads it goes. An enum naclctl_exit.
 */
int drops_follow(const char *socket_path, const struct selection *selection, bool json);

#endif
