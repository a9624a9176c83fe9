/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_METRICS_METRICS_H
#define NACLD_CTL_METRICS_METRICS_H

#include <stdio.h>

#include "ctl/drops/lost.h"

/*
 * A daemon's state as Prometheus reads it (https://prometheus.io/docs/instrumenting/
 * exposition_formats). `status` NULL: no daemon answers, which is a metric too. `drops` is
 * diagnosed; NULL: not known. No label has an address or a port, so that what is thrown at a host
 * makes no time series.
 */
void metrics_print(const json_t *status, const struct lost_list *drops, FILE *to);

#endif
