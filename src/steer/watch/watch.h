/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_WATCH_WATCH_H
#define NACLD_STEER_WATCH_WATCH_H

#include "ctl/steer/cmd.h"

/* `steer watch`: until SIGTERM or SIGINT. Returns an enum naclctl_exit. */
int steer_watch(const struct steer_request *request);

#endif
