/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is loaded, and whether it is what is asked for: one answer for `steer show`, `show` and
 * `doctor`. Every backend is read, since another than the preferred one may hold our rules. The
 * facts are taken from the text of the loaded rules, which are in the form that this program
 * writes.
 */
#include "steer/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "steer/desired.h"
#include "steer/fastpath/fastpath.h"
#include "steer/privilege.h"

static const char *find(const struct steer_rules *rules, const char *what)
{
	for (int i = 0; i < 2; i++) {
		const char *at = rules->text[i] ? strstr(rules->text[i], what) : NULL;

		if (at)
			return at;
	}
	return NULL;
}

bool steer_reassembles(const struct steer_rules *rules)
{
	return find(rules, "reassemble fragments");
}

bool steer_bypasses(const struct steer_rules *rules)
{
	return find(rules, "bypass");
}

bool steer_queues(const struct steer_rules *rules, unsigned int *first, unsigned int *last)
{
	static const char *const words[] = {"--queue-num ", "--queue-balance ", " queue to ",
					    "bypass to "};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = find(rules, words[i]);
		int found = at ? sscanf(at + strlen(words[i]), "%u%*[:-]%u", first, last) : 0;

		if (found == 1)
			*last = *first;
		if (found >= 1)
			return true;
	}
	return false;
}

/*
 * Where the backend's tool cannot print what is loaded: if the kernel says that nothing has changed
 * since `steer up`, it is what that noted.
 */
static bool take_noted(enum steer_backend backend, struct steer_rules *out)
{
	struct steer_desired desired;
	struct steer_rules kernel = {0};
	char ignored[STEER_REASON_LEN];
	bool same = false;

	if (steer_desired_load(&desired))
		return false;
	if (desired.backend == backend && desired.rules.kernel &&
	    steer_backend_kernel(backend, &kernel.kernel, ignored) == 0)
		same = steer_rules_equal(&kernel, &desired.rules);
	steer_rules_fini(&kernel);
	if (same) {
		*out = desired.rules;
		desired.rules = (struct steer_rules){0};
	}
	steer_desired_fini(&desired);
	return same;
}

static void read_all(struct steer_status *survey)
{
	for (int i = 0; i < STEER_BACKENDS; i++) {
		enum steer_backend backend = (enum steer_backend)i;
		struct steer_rules *loaded = &survey->loaded[i];
		char reason[STEER_REASON_LEN];

		if (steer_backend_read(backend, loaded, reason) && !take_noted(backend, loaded)) {
			memcpy(survey->reasons[i], reason, sizeof(reason));
			survey->unknown++;
		}
		if (steer_rules_empty(loaded))
			continue;
		if (survey->count++ == 0)
			survey->backend = backend;
	}
}

/* What should be loaded; with iptables-legacy either table for outbound packets will do. */
static int compare(struct steer_status *survey, const struct steer_plan *plan)
{
	static const char *const tables[] = {"mangle", "security"};
	const struct steer_rules *have = &survey->loaded[survey->backend];
	struct steer_plan full = *plan;
	const struct fastpath_need need = {plan->fast_words, plan->fast_counters};

	if (!plan->fast || survey->backend != STEER_IPTABLES_NFT ||
	    !fastpath_find(&need, full.fast_folder))
		full.fast_folder[0] = '\0';

	for (int i = 0; i < 2; i++) {
		steer_rules_fini(&survey->wanted);
		if (steer_backend_render(survey->backend, &full, tables[i], &survey->wanted))
			return -ENOMEM;
		survey->equal = steer_rules_equal(have, &survey->wanted);
		if (survey->equal && (i == 1 || survey->backend == STEER_IPTABLES_LEGACY))
			break;
	}
	return 0;
}

int steer_status(const struct steer_plan *plan, enum steer_backend otherwise,
		 struct steer_status *out)
{
	*out = (struct steer_status){.backend = otherwise};
	read_all(out);
	if (!plan || compare(out, plan) == 0)
		return 0;
	steer_status_fini(out);
	return -ENOMEM;
}

const char *steer_status_unknown(const struct steer_status *survey, enum steer_backend *backend)
{
	for (int i = 0; i < STEER_BACKENDS; i++) {
		if (survey->reasons[i][0]) {
			*backend = (enum steer_backend)i;
			return survey->reasons[i];
		}
	}
	return NULL;
}

void steer_status_fini(struct steer_status *survey)
{
	for (int i = 0; i < STEER_BACKENDS; i++)
		steer_rules_fini(&survey->loaded[i]);
	steer_rules_fini(&survey->wanted);
}

/* The plan of a file that may be anything: an answer, no report. */
static bool quiet_plan(const char *file, struct steer_plan *out)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(file, &report);
	const char *bad_interface;
	bool built = policy && steer_plan_build(policy, out, &bad_interface) == 0;

	conf_report_fini(&report);
	policy_free(policy);
	return built;
}

enum steer_state steer_look(const char *file, enum steer_backend *backend)
{
	enum steer_state state = STEER_UNKNOWN;
	struct steer_status survey;
	struct steer_plan plan = {0};

	if (!steer_may_administer() || !quiet_plan(file, &plan))
		return STEER_UNKNOWN;
	if (steer_status(&plan, STEER_NFT, &survey) == 0) {
		*backend = survey.backend;
		if (survey.unknown)
			state = STEER_UNKNOWN;
		else if (survey.count == 0)
			state = STEER_IS_DOWN;
		else
			state = survey.count == 1 && survey.equal ? STEER_IS_UP : STEER_DIFFERS;
		steer_status_fini(&survey);
	}
	steer_plan_fini(&plan);
	return state;
}
