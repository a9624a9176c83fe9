/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_INTEROP_NACL_H
#define NACLD_INTEROP_NACL_H

#include "core/policy.h"
#include "interop/arena.h"
#include "interop/document.h"

/*
 * Network ACLs as other tools keep them: the one model that every reader fills and every writer
 * prints. Everything in it lies in its arena.
 */

struct nacl_entry {
	struct rule rule; /* never over a set */
	uint8_t direction;
	const char *origin; /* "acl.json:14", "net.yaml:31 WebInbound"; "" for a policy's own */
	uint32_t line, column;
};

/* What an ACL is tied to. */
struct nacl_subnet {
	const char *id;
	bool known; /* prefix is set */
	struct prefix prefix;
};

struct nacl_acl {
	const char *id;   /* "acl-0123", a logical id, a resource address; "" where there is none */
	const char *name; /* the Name tag, as it was; "" where there is none */
	const char *vpc;  /* or "" */
	struct nacl_entry *entries; /* in the order of the input until nacl_sort */
	size_t entry_count;
	struct nacl_subnet *subnets;
	size_t subnet_count;
	size_t seen;     /* entries in the input, all of them */
	size_t defaults; /* of these, the rules `*` */
	size_t left_out; /* of these, under a condition that does not hold */
	size_t refused;  /* of these, with an error in the notes */
	bool may_repeat; /* an entry may stand twice, the same: it is one */
	bool has_blocks; /* of a reader: some of its entries stand within it */
	uint32_t line;
};

enum nacl_severity {
	NACL_NOTE,    /* worth knowing */
	NACL_WARNING, /* taken, and not what it looks like, or not complete */
	NACL_ERROR,   /* refused */
};

#define NACL_NO_ACL SIZE_MAX

struct nacl_note {
	enum nacl_severity severity;
	size_t acl;            /* the ACL it is about, or NACL_NO_ACL */
	uint32_t line, column; /* 0: the file as a whole */
	const char *message;
	const char *hint; /* or NULL */
};

struct nacl_doc {
	struct arena arena;
	const char *file;   /* as notes and origins name it */
	const char *format; /* what the file was taken for, or "" */
	struct nacl_acl *acls;
	size_t acl_count;
	struct nacl_subnet *subnets; /* CIDRs of subnets by id, from whatever was read */
	size_t subnet_count;
	struct nacl_note *notes;
	size_t note_count;
};

void nacl_doc_fini(struct nacl_doc *doc);

/* Each returns the new object, all zero but for empty texts, or NULL: no memory. */
struct nacl_acl *nacl_add_acl(struct nacl_doc *doc); /* moves earlier ones */
struct nacl_entry *nacl_add_entry(struct nacl_doc *doc, size_t acl);
void nacl_add_subnet(struct nacl_doc *doc, size_t acl, const char *id);

/* The CIDR of a subnet, for every ACL that is tied to it, already or later. */
void nacl_know_subnet(struct nacl_doc *doc, const char *id, const struct prefix *prefix);

/* The same where the model is finished; it takes the place of what was known. */
void nacl_set_subnet(struct nacl_doc *doc, const char *id, const struct prefix *prefix);

/*
 * `at` may be NULL. The message may hold text of strangers: what could control a terminal is
 * escaped. The hint is kept as it is: a literal.
 */
void nacl_note(struct nacl_doc *doc, enum nacl_severity severity, size_t acl, const struct node *at,
	       const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Once everything is read: entries by direction and number, a number twice refused. */
void nacl_finish(struct nacl_doc *doc);

/* The CIDRs that are known, to the subnets of those ids; nacl_finish does it too. */
void nacl_fill_in_subnets(struct nacl_doc *doc);

/*
 * The ACL of that id, or else the only one of that name. acl_count when there is none;
 * *many (may be NULL) tells whether several have the name.
 */
size_t nacl_find(const struct nacl_doc *doc, const char *id_or_name, bool *many);

/*
 * The fields of an entry as a format has them, each a scalar or NULL: what they mean is the same
 * everywhere, and decided in one place.
 */
enum nacl_field {
	NACL_NUMBER,
	NACL_EGRESS,
	NACL_PROTOCOL,
	NACL_ACTION,
	NACL_CIDR,
	NACL_IPV6_CIDR,
	NACL_FROM,
	NACL_TO,
	NACL_TYPE,
	NACL_CODE,
	NACL_FIELDS,
};

struct nacl_fields {
	const struct node *value[NACL_FIELDS];
	const char *const *names; /* what the format calls them, for messages */
	const struct node *at;    /* the entry itself: its place */
	const char *label;        /* what a person calls it: a logical id; NULL: its number */
	bool any_family;          /* NACL_CIDR may be of either */
};

/*
 * Reads an entry into the ACL, by the rules of EC2's NetworkAclEntry: what it ignores is ignored,
 * what it refuses is refused, each with a note. Counts it, whatever becomes of it.
 */
void nacl_read_entry(struct nacl_doc *doc, size_t acl, const struct nacl_fields *fields);

/* An entry that no value can be had for: refused, with this message. */
void nacl_refuse_entry(struct nacl_doc *doc, size_t acl, const struct node *at, const char *hint,
		       const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * Text of strangers in quotes, for a terminal or a comment: control characters, line breaks and
 * what turns the direction of writing are escaped.
 */
const char *nacl_quote(struct arena *arena, const char *text);

/*
 * The text itself where it is short printable ASCII without quotes and backslashes, else as above.
 */
const char *nacl_plain(struct arena *arena, const char *text);

#endif
