/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_DAEMON_LAST_GOOD_H
#define NACLD_DAEMON_LAST_GOOD_H

struct policy;

/*
 * Keeps the policy that was last accepted, as canonical text, in last-good.conf of the state folder
 * ($STATE_DIRECTORY, set by systemd). Without one nothing is kept. Replaces the file atomically; a
 * failure is a warning in the log.
 */
void last_good_save(const struct policy *policy);

#endif
