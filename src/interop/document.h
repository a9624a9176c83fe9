/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_DOCUMENT_H
#define NACLD_INTEROP_DOCUMENT_H

#include <stdint.h>

#include "interop/arena.h"

/*
 * JSON or YAML as a tree in which every value knows where it stands. Values stay the text they
 * were: what a reader of a format takes for a number is decided where it is used, and told with its
 * place.
 *
 * Limits, for files that mean harm: DOCUMENT_BYTES_MAX, DOCUMENT_VALUES_MAX, DOCUMENT_DEPTH_MAX.
 * Also refused: a key twice in one map, text that is no UTF-8, numbers beyond 64 bits (JSON), and
 * in YAML aliases and merge keys (AWS CloudFormation has neither, and they can multiply).
 */
#define DOCUMENT_BYTES_MAX  ((size_t)32 * 1024 * 1024)
#define DOCUMENT_VALUES_MAX 400000
#define DOCUMENT_DEPTH_MAX  100

enum node_kind {
	NODE_NULL,
	NODE_BOOL,   /* text is as written: "true", in YAML also "True" */
	NODE_NUMBER, /* text is as written: "443", "-1", "10.5" */
	NODE_STRING,
	NODE_LIST,
	NODE_MAP,
};

struct node {
	const char *key;  /* in a map, else NULL */
	const char *text; /* scalars; "" for null and for lists and maps */
	struct node *first, *next;
	struct node **sorted; /* a map's members by key */
	size_t count;         /* members or elements */
	uint32_t line;        /* from 1 */
	uint32_t column;      /* from 1, in characters */
	uint8_t kind;         /* enum node_kind */
	bool plain;           /* a YAML string without quotes */
};

struct document {
	struct arena *arena;
	const char *text; /* borrowed */
	size_t len;
	struct node *first; /* documents in a row: JSON values, or YAML separated by --- */
	struct node **last;
	size_t values;
};

struct document_error {
	uint32_t line;
	uint32_t column;
	char message[256];
	const char *hint; /* or NULL */
};

/*
 * Reads the whole text, which must outlive *doc; everything else lies in the arena. JSON when it
 * begins with { or [, else YAML: a tag of its own makes a map of its value (!Ref X is {"!Ref": X}).
 * 0, -EINVAL with *error filled, or -ENOMEM. O(n log n).
 */
int document_parse(const char *text, size_t len, struct arena *arena, struct document *doc,
		   struct document_error *error);

/* The member of that key; NULL: none, or no map. O(log members). */
const struct node *node_get(const struct node *map, const char *key);

/* The text of a string, number or bool, else NULL (also for NULL). */
const char *node_text(const struct node *node);

/* Absent, null or "": what formats write for "not set". */
bool node_is_empty(const struct node *node);

bool node_is(const struct node *node, enum node_kind kind);

/* "a map", "a list", "null", ...: for messages. */
const char *node_kind_name(const struct node *node);

#endif
