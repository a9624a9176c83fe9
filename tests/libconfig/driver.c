/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads each file named on the command line and prints what became of it: the canonical text, and
 * the report. Built once for each libconfig; tests/libconfig/run compares what they say.
 */
#include <stdlib.h>

#include "conf/conf.h"
#include "core/policy.h"

int main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		struct conf_report report;
		struct policy *policy = conf_load(argv[i], &report);

		printf("==== %s\n", argv[i]);
		if (policy)
			conf_print(policy, stdout);
		conf_report_print(&report, stdout);
		conf_report_fini(&report);
		policy_free(policy);
		fflush(stdout);
	}
	return 0;
}

/*
 * What later Debians' archives ask of their C library and this one's has not: the C23 forms, which
 * differ in that base 2 takes "0b" (and base 0, which nothing here passes). A C library that has them calls
 * them by strtol's own name.
 */
#if !__GLIBC_PREREQ(2, 38)
long __isoc23_strtol(const char *text, char **end, int base);
long __isoc23_strtol(const char *text, char **end, int base)
{
	return strtol(text, end, base);
}

long long __isoc23_strtoll(const char *text, char **end, int base);
long long __isoc23_strtoll(const char *text, char **end, int base)
{
	return strtoll(text, end, base);
}
#endif
