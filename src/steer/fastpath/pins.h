/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_FASTPATH_PINS_H
#define NACLD_STEER_FASTPATH_PINS_H

#include "core/fastpath/format.h"
#include "steer/fastpath/fastpath.h"

#define PINS_ROOT "/sys/fs/bpf"

/* How large the maps become for a need. */
void fastpath_sizes(const struct fastpath_need *need, struct fastpath_control *out);

/* The folder for maps of these sizes. 0; or -ENODEV: there is no bpf filesystem. */
int pins_name(const struct fastpath_control *sizes, char folder[static STEER_FASTPATH_LEN]);

/* With those above it. 0 or -errno. */
int pins_make_folder(const char *folder);

/* With all that is pinned in it. 0 or -errno. */
int pins_remove_folder(const char *folder);

#endif
