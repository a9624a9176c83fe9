/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CONF_SYNTAX_EDIT_H
#define NACLD_CONF_SYNTAX_EDIT_H

/*
 * A configuration's text with one thing changed and every other byte as it was: comments, order,
 * blanks. What comes out is not checked: whoever installs it reads it again.
 */

/*
 * The setting `name` of the file itself, not of a group in it, gets the string `value`, written
 * without quotes here. The new text, for the caller to free; NULL: there is no such setting in this
 * text, or, with errno ENOMEM, no memory.
 */
char *conf_edit_setting(const char *text, const char *name, const char *value);

#endif
