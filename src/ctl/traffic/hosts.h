/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_TRAFFIC_HOSTS_H
#define NACLD_CTL_TRAFFIC_HOSTS_H

#include "common/options/options.h"
#include "core/hook.h"
#include "core/packet.h"

/* Which addresses are this host's: --host. */
struct hosts {
	struct addr at[OPTION_LIST_MAX];
	size_t count;
};

/* The first that is no address, or NULL: all are. */
const char *hosts_read(const struct option_list *list, struct hosts *out);

/* INPUT or OUTPUT; false: neither end is one of them. */
bool hosts_hook(const struct hosts *hosts, const struct packet *packet, enum hook *out);

#endif
