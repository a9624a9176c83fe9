/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share. A target holds claims against what the code under test says of its
 * input; a claim that fails aborts, and libFuzzer keeps the input.
 */
#ifndef NACLD_TESTS_FUZZ_FUZZ_H
#define NACLD_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define CLAIM(condition)                                                                  \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
				#condition);                                              \
			abort();                                                          \
		}                                                                         \
	} while (0)

/* A copy in a heap block of exactly its size: the sanitizer sees any read beyond it. */
static inline uint8_t *fuzz_exact(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	CLAIM(copy || size == 0);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

/* The same as text. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	CLAIM(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* A policy that must be right, with every kind of rule: nested prefixes, sets, all protocols. */
static inline struct policy *fuzz_policy(const char *text)
{
	struct conf_report report = {0};
	struct policy *policy = conf_parse("fuzz.conf", text, &report);

	if (!policy)
		conf_report_print(&report, stderr);
	CLAIM(policy);
	conf_report_fini(&report);
	return policy;
}

#endif
