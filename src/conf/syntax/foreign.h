/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_SYNTAX_FOREIGN_H
#define NACLD_CONF_SYNTAX_FOREIGN_H

/* A text in another language than ours. */
struct conf_foreign {
	const char *what; /* "JSON" */
	const char *hint; /* what to do with it */
};

/*
 * What the text is where its first tokens cannot begin a configuration and are known from
 * elsewhere; NULL otherwise.
 */
const struct conf_foreign *conf_foreign(const char *text);

#endif
