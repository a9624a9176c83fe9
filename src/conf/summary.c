/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A load in one line: what `naclctl check` and `nacld --check` end with.
 */
#include "conf/conf.h"

#include "core/policy.h"

struct conf_size conf_size(const struct policy *policy)
{
	struct conf_size size = {0};

	if (!policy)
		return size;
	size.acls = policy->acl_count;
	for (size_t i = 0; i < policy->acl_count; i++) {
		for (int d = INBOUND; d <= OUTBOUND; d++) {
			const struct acl_list *list = &policy->acls[i].lists[d];

			size.rules += list->count;
			for (size_t n = 0; n < list->count; n++) {
				size_t prefixes;

				rule_prefixes(&list->rules[n], &prefixes);
				size.entries += prefixes;
			}
		}
	}
	return size;
}

/* "100,000 entries": digits in groups of three, the noun in its number. */
static void print_count(size_t count, const char *one, const char *many, FILE *to)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%zu", count);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			fputc(',', to);
		fputc(digits[i], to);
	}
	fprintf(to, " %s", count == 1 ? one : many);
}

void conf_summary_print(const char *file, const struct policy *policy,
			const struct conf_report *report, FILE *to)
{
	struct conf_size size = conf_size(policy);

	fprintf(to, "%s: ", file);
	if (policy) {
		fputs("ok: ", to);
		print_count(size.acls, "ACL", "ACLs", to);
		fputs(", ", to);
		print_count(size.rules, "rule", "rules", to);
		fputs(", ", to);
		print_count(size.entries, "entry", "entries", to);
	} else {
		print_count(report->errors, "error", "errors", to);
	}
	if (report->warnings) {
		fputs(", ", to);
		print_count(report->warnings, "warning", "warnings", to);
	}
	fputc('\n', to);
}
