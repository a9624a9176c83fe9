/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_STEER_DESIRED_H
#define NACLD_STEER_DESIRED_H

#include "steer/backend.h"

/*
 * What should be in the kernel of this network namespace: what the last `steer up` loaded, until
 * `steer down`. Kept beside the lock of steer_lock, and changed only by who holds it.
 */
struct steer_desired {
	enum steer_backend backend;
	struct steer_rules rules;
	struct steer_rules template; /* what rules were expanded from; see steer_backend_expand */
};

/* Each 0 or -errno. */
int steer_desired_save(enum steer_backend backend, const struct steer_rules *rules,
		       const struct steer_rules *template);
int steer_desired_clear(void); /* none there: 0 */

/*
 * 0: the caller calls steer_desired_fini. -ENOENT: nothing should be loaded. Else it is not known.
 */
int steer_desired_load(struct steer_desired *out);
void steer_desired_fini(struct steer_desired *desired);

/* An inotify descriptor that is readable after a save or a clear, or -errno. Non-blocking. */
int steer_desired_listen(void);

/* Empties the descriptor. */
void steer_desired_drain(int fd);

/* One watcher a network namespace. A descriptor to keep while it watches; -EBUSY: there is one. */
int steer_watch_claim(void);

/* Is the descriptor's file still there? If not, neither is the folder, and no more events come. */
bool steer_watch_holds(int claim);

/* Is the claim held? */
bool steer_watch_claimed(void);

#endif
