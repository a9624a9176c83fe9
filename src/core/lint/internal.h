/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_CORE_LINT_INTERNAL_H
#define NACLD_CORE_LINT_INTERNAL_H

/* What the files of core/lint share; nobody else includes this. */
#include "core/lint/lint.h"
#include "core/space/describe.h"

struct lint_acl {
	struct space rules[2];   /* who decides, by direction */
	struct space allowed[2]; /* what passes */
	bool *decides[2];        /* by rule: anywhere at all? */
};

struct lint_run {
	const struct policy *policy;
	const struct client_profile *own; /* of this host's clients */
	struct lines *lines;
	struct lint_acl *acls;
	struct lint *out;
	size_t counts[LINT_IDS];
	int status;
};

/* The ACL in hand. */
struct lint_subject {
	struct lint_run *run;
	uint32_t index;
	const struct acl *acl;
	const struct lint_acl *maps;
	bool host;         /* guards the host, or an edge of it */
	struct addr local; /* an address inside, for packets; family 0: none */
};

static inline enum direction lint_other(enum direction direction)
{
	return direction == INBOUND ? OUTBOUND : INBOUND;
}

static inline uint32_t lint_key(uint8_t protocol, uint32_t l4)
{
	return ((uint32_t)protocol << KEY_SHIFT) + l4;
}

/*
 * A new finding, filled but for the message, or NULL: there are enough of the kind, which is then
 * counted, or no memory. The packet is one that goes the way of `direction`.
 */
struct lint_finding *lint_add(const struct lint_subject *subject, enum lint_id id,
			      enum direction direction, const struct rule *rule,
			      const struct packet *packet);

/* May no more of the kind be added? Then it is counted, and need not be looked into. */
bool lint_is_full(const struct lint_subject *subject, enum lint_id id);

/* "tcp 443 from 0.0.0.0/0", "all from @blocklist". Returns buf. */
const char *lint_rule_print(const struct rule *rule, enum direction direction,
			    char buf[static SPACE_TERM_STRLEN]);

/* Is every address of the range in a network that is not routed in the Internet? */
bool lint_is_private(const struct addr *first, const struct addr *last);

/* Of these addresses one that people recognise, else the last. */
struct addr lint_known_address(const struct addr *first, const struct addr *last);

void lint_rules(const struct lint_subject *subject, enum direction direction);
void lint_twins(const struct lint_subject *subject, enum direction direction);
void lint_replies(const struct lint_subject *subject, enum direction asks);
void lint_exposure(const struct lint_subject *subject, enum direction direction);

#endif
