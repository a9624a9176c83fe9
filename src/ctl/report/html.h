/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CTL_REPORT_HTML_H
#define NACLD_CTL_REPORT_HTML_H

#include <stdio.h>

/*
 * A page that needs nothing but itself: its style is in it, it has no script, and its own policy
 * (CSP) lets a browser ask for nothing else.
 */
void html_begin(FILE *to, const char *title);
void html_end(FILE *to);

/* Text as text, whatever is in it: what markup is made of is escaped, what hides is "?". */
void html_text(FILE *to, const char *text);

/* "<code>TEXT</code>", and "<pre>...</pre>" of what `print` writes. */
void html_code(FILE *to, const char *text);
void html_pre(FILE *to, void (*print)(const void *what, FILE *to), const void *what);

#endif
