/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_PRIVILEGE_H
#define NACLD_STEER_PRIVILEGE_H

#include <stdbool.h>

/* May this process read and change the kernel's rules? (CAP_NET_ADMIN) */
bool steer_may_administer(void);

#endif
