/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_APPLY_STORE_H
#define NACLD_CTL_APPLY_STORE_H

#include <stdbool.h>
#include <time.h>

#include "ctl/apply/bundle.h"

#define STORE_VERSIONS 10  /* kept */
#define STORE_ID_LEN   32  /* letters and digits */
#define STORE_TEXT_LEN 160 /* of what is noted of a version */

/*
 * Where a configuration is installed, and the folder beside it, CONFIG.versions, with its last
 * versions: 1, 2, ..., each with every file of it, so that it can be read, checked and compared
 * like any configuration. Only root enters it. A version that is on trial has the name trial-ID.
 * Open: nobody else has it open.
 */
struct store {
	char *config; /* the file itself, whatever links led to it */
	char *folder; /* where it stands */
	char *name;   /* of it there */
	char *versions;
	int lock;
};

/* What is noted of a version. */
struct store_version {
	unsigned int number;
	time_t when;
	char id[STORE_ID_LEN + 1];
	char by[STORE_TEXT_LEN]; /* a user */
	char note[STORE_TEXT_LEN];
};

/*
 * Makes the folder if need be. False after an error, which has
 * been printed. The caller closes it either way.
 */
bool store_open(const char *command, const char *config, struct store *out);

/* The same to look only, without a word: false where there is none. */
bool store_find(const char *config, struct store *out);
void store_close(struct store *store);

/* The versions in order, at most `max`; how many there are of them. */
size_t store_list(const struct store *store, struct store_version *out, size_t max);

/* The configuration of a version, or of a trial; the caller frees it. NULL: no memory. */
char *store_config_of(const struct store *store, unsigned int number);
char *store_config_on_trial(const struct store *store, const char *id);

/* A bundle as trial-ID; others that were left behind go. 0 or -errno. */
int store_stage(const struct store *store, const struct bundle *bundle, const char *id,
		const char *note);
void store_unstage(const struct store *store, const char *id);

/* The trial becomes the newest version, *number; those that are too old go. 0 or -errno. */
int store_adopt(const struct store *store, const char *id, unsigned int *number);

/* Letters and digits only: it is part of a file's name. */
bool store_is_id(const char *id);

#endif
