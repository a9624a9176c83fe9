/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_DOCUMENT_INTERNAL_H
#define NACLD_INTEROP_DOCUMENT_INTERNAL_H

/* What the files of the document reader share; nobody else includes this. */
#include "interop/document.h"

int document_parse_json(struct document *doc, struct document_error *error);
int document_parse_yaml(struct document *doc, struct document_error *error);

/* A new node, counted; NULL: no memory or too many (then *error says so). */
struct node *document_node(struct document *doc, enum node_kind kind, uint32_t line,
			   uint32_t column, struct document_error *error);

/* The line and column of a byte of the text. O(offset). */
void document_locate(const struct document *doc, size_t offset, uint32_t *line, uint32_t *column);

/* Fills *error. Returns -EINVAL. */
int document_fail(struct document_error *error, uint32_t line, uint32_t column, const char *hint,
		  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A map that is complete: sorts its members. Refuses a key that stands twice. */
int document_close_map(struct document *doc, struct node *map, struct document_error *error);

#endif
