/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon of another version, to upgrade to and from: its receive buffers have a layout of their
 * own, so that neither may read what the other left. All else is the daemon as it is.
 */
#include "daemon/path/batch.h"

#undef BATCH_REGION_LAYOUT
#define BATCH_REGION_LAYOUT 1001

#include "daemon/path/batch.c"
