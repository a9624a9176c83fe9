/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_TEXT_LOG_LINE_H
#define NACLD_TEXT_LOG_LINE_H

#include <stddef.h>

/*
 * A line of the daemon's log, whatever stands before and behind the packet in it,
 *
 *   Nov 27 12:00:00 host nacld[7]: dropped in tcp A:PORT -> B:PORT (web inbound rule *)
 *
 * as the words of a packet line (packet_line.h): "in", "tcp", "A:PORT", "B:PORT". Cuts `text` in
 * place; the words point into it. Returns how many, at most `max`; 0: there is no arrow between two
 * words, so it is no such line.
 */
size_t log_line_words(char *text, char *words[], size_t max);

#endif
