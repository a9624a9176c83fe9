/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_PATHS_H
#define NACLD_COMMON_PATHS_H

/*
 * Where things are on a host, for everything that names a file: hier(7), file-hierarchy(7). What
 * systemd hands over in the environment (systemd.exec(5), "RuntimeDirectory=" and its siblings)
 * is asked for here and nowhere else.
 */
#define PATHS_CONFIG "/etc/nacld/nacld.conf"
#define PATHS_SOCKET "/run/nacld/nacld.sock"

#define PATHS_LOGS     "/var/log/nacld"
#define PATHS_FLOW_LOG PATHS_LOGS "/flow.log"

#define PATHS_STATE     "/var/lib/nacld"
#define PATHS_LAST_GOOD "last-good.conf" /* in the state folder: what ran last */
#define PATHS_TRIAL     "trial.json" /* in the state folder: what was applied and not installed */
#define PATHS_POISON    "poison"     /* in the state folder: packets that were fatal */

#define PATHS_STEERING      "/run/nacld-steering" /* what was loaded into the kernel */
#define PATHS_STEERING_LOCK "/run/nacld-steering.lock"

/* The folder for what outlives the process, or NULL: nothing is kept. */
const char *paths_state_folder(void);

/* The folder for the flow log. Never NULL. */
const char *paths_logs_folder(void);

#endif
