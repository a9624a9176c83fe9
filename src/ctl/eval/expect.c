/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expectations: "=> allow", "=> deny 120", "=> deny *".
 *
 * An expectation that cannot come true by its very form is an error and not a mismatch: a typing
 * mistake must not look like a finding about the rules.
 */
#include "ctl/eval/expect.h"

#include <stdio.h>
#include <string.h>

#include "core/decimal.h"
#include "text/packet_line.h"

/* "*", 1..32766, or the word of an answer without a rule. */
static bool is_decider(const char *word)
{
	static const char *const others[] = {"*", "exempt", "within-subnet", "unprotected"};
	unsigned int number;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(word, others[i]) == 0)
			return true;
	for (unsigned int bit = 1; exempt_name(bit); bit <<= 1)
		if (strcmp(word, exempt_name(bit)) == 0)
			return true;
	return decimal_parse(word, RULE_NUMBER_MAX, &number) && number >= RULE_NUMBER_MIN;
}

bool expect_parse(char *const words[], size_t count, struct expectation *out, char *error)
{
	size_t len = 0;

	if (count == 0 || (strcmp(words[0], "allow") != 0 && strcmp(words[0], "deny") != 0)) {
		snprintf(error, PACKETLINE_ERROR_LEN, "after => comes allow or deny%s%.40s%s",
			 count ? ", not \"" : "", count ? words[0] : "", count ? "\"" : "");
		return false;
	}
	if (count == 2 && !is_decider(words[1])) {
		snprintf(
			error, PACKETLINE_ERROR_LEN,
			"\"%.40s\": after the verdict comes a rule number, or * for the implicit rule",
			words[1]);
		return false;
	}
	for (size_t i = 0; i < count && len < sizeof(out->text); i++)
		len += (size_t)snprintf(out->text + len, sizeof(out->text) - len, "%s%s",
					i > 0 ? " " : "", words[i]);
	if (len < sizeof(out->text))
		return true;
	snprintf(error, PACKETLINE_ERROR_LEN, "the expectation is too long");
	return false;
}

bool expect_holds(const struct expectation *expectation, const char *answer)
{
	const char *rest = strchr(expectation->text, ' ');
	size_t verdict_len = rest ? (size_t)(rest - expectation->text) : strlen(expectation->text);
	const char *last = strrchr(answer, ' ');

	if (verdict_len == 0)
		return true;
	if (strncmp(answer, expectation->text, verdict_len) != 0)
		return false;
	if (!rest || strcmp(answer, expectation->text) == 0)
		return true;
	if (strcmp(rest, " exempt") == 0)
		return strncmp(answer, "allow exempt ", 13) == 0;
	return last && strcmp(last, rest) == 0;
}
