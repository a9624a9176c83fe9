/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_COMPLETION_COMPLETION_H
#define NACLD_CTL_COMPLETION_COMPLETION_H

#include "common/options/options.h"

/*
 * naclctl completion bash|zsh|fish: a script for that shell, from the tables of the commands, as
 * `make` builds it. naclctl completion acls [SOCKET]: the running daemon's ACLs, a name a line, for
 * these scripts. False: no such word.
 */
bool completion_print(const char *what, const char *socket_path,
		      const struct command *const commands[], size_t count, FILE *to);

void completion_bash(const struct command *const commands[], size_t count, FILE *to);
void completion_zsh(const struct command *const commands[], size_t count, FILE *to);
void completion_fish(const struct command *const commands[], size_t count, FILE *to);

#endif
