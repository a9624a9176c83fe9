/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_TRAFFIC_GZ_H
#define NACLD_CTL_TRAFFIC_GZ_H

#include <sys/types.h>
#include <zlib.h>

/* A file, compressed with gzip or not; `-` is stdin. */
struct gz {
	gzFile file;
	int fd;     /* of file, which closes it */
	off_t size; /* as it lies on the disk; 0: not known */
};

/* 0 or -errno. */
int gz_open(const char *name, struct gz *out);

/* How much of it has been read, 0 to 1; below 0: not known. */
double gz_share(const struct gz *gz);

#endif
