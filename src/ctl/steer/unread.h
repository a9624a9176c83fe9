/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_STEER_UNREAD_H
#define NACLD_CTL_STEER_UNREAD_H

#include <stdbool.h>

#include "steer/plan.h"

/* Is one of the plan's queues without a reader now? Its packets are dropped, or pass (bypass). */
bool unread_queues(const struct steer_plan *plan);

/* Does this process descend from an ssh server's session? Also through sudo, which hides it. */
bool unread_over_ssh(void);

#endif
