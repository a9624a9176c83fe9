/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_FILE_H
#define NACLD_CONF_FILE_H

#include "conf/reader.h"

/*
 * Reads a file into r->sources: its index there, or -1 after a diagnostic at `place`, the line that
 * names the file.
 */
int conf_file_read(struct conf_reader *r, const char *path, enum conf_source_kind kind,
		   struct conf_place place);

#endif
