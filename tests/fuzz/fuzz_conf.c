/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_parse, on any text. Claims: a policy comes without errors, and no policy with at least one,
 * so that nothing is refused in silence; what is accepted compiles; its canonical text gives an
 * equal policy, rule by rule, and is its own canonical text. Files that the text names are looked
 * for in the runner's empty folder.
 */
#include "fuzz.h"

static char *print(const struct policy *policy)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	CLAIM(stream);
	conf_print(policy, stream);
	CLAIM(fclose(stream) == 0);
	return text;
}

/* The report itself is printed too: its lines and columns come from the text. */
static void claim_report(const struct policy *policy, struct conf_report *report)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	CLAIM(stream);
	CLAIM(policy ? report->errors == 0 : report->errors > 0);
	CLAIM(report->count <= CONF_DIAGNOSTICS_MAX);
	CLAIM(report->count + report->dropped == report->errors + report->warnings);
	conf_report_print(report, stream);
	conf_summary_print("fuzz.conf", policy, report, stream);
	CLAIM(fclose(stream) == 0 && len > 0);
	free(text);
	conf_report_fini(report);
}

static struct policy *parse(const char *text)
{
	struct conf_report report = {0};
	struct policy *policy = conf_parse("fuzz.conf", text, &report);

	claim_report(policy, &report);
	return policy;
}

static void claim_equal(const struct policy *a, const struct policy *b)
{
	CLAIM(a->mode == b->mode && a->on_failure == b->on_failure && a->exempt == b->exempt);
	CLAIM(a->fragments == b->fragments && a->steering == b->steering);
	CLAIM(a->host.acl == b->host.acl);
	CLAIM(a->subnet_count == b->subnet_count && a->acl_count == b->acl_count);
	CLAIM(a->queue.first == b->queue.first && a->queue.count == b->queue.count);
	for (size_t i = 0; i < a->acl_count * 2; i++) {
		const struct acl_list *la = &a->acls[i / 2].lists[i % 2];
		const struct acl_list *lb = &b->acls[i / 2].lists[i % 2];

		CLAIM(la->count == lb->count);
		for (size_t r = 0; r < la->count; r++)
			CLAIM(rule_same(&la->rules[r], &lb->rules[r]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *first, *second;
	struct policy *policy = parse(text), *again;

	if (policy) {
		CLAIM(policy_compile(policy) == 0);
		first = print(policy);
		again = parse(first);
		CLAIM(again);
		second = print(again);
		CLAIM(strcmp(first, second) == 0);
		claim_equal(policy, again);
		CLAIM(conf_size(policy).entries == conf_size(again).entries);
		free(first);
		free(second);
		policy_free(again);
	}
	policy_free(policy);
	free(text);
	return 0;
}
