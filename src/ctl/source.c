/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where explain and eval take their policy from: a file, which needs neither root nor daemon, or
 * the running daemon, which hands out its policy as canonical text. Either way the judging is done
 * here, by the linear reference: asking never costs the packet path anything.
 */
#include "ctl/source.h"

#include <stdio.h>

#include "ctl/client.h"
#include "conf/conf.h"

static struct policy *from_file(const char *command, const char *file)
{
	struct conf_report report = {0};
	struct policy *policy = conf_load(file, &report);

	if (!policy) {
		conf_report_print(&report, stderr);
		fprintf(stderr, "naclctl %s: %s cannot be used\n", command, file);
	}
	conf_report_fini(&report);
	return policy;
}

static struct policy *from_text(const char *command, const char *text)
{
	struct conf_report report = {0};
	struct policy *policy = conf_parse("the running policy", text, &report);

	if (!policy) {
		conf_report_print(&report, stderr);
		fprintf(stderr, "naclctl %s: nacld's policy cannot be read: %s\n", command,
			"are nacld and naclctl of the same version?");
	}
	conf_report_fini(&report);
	return policy;
}

static struct policy *from_daemon(const char *command, const char *socket_path)
{
	char error[CLIENT_ERROR_LEN];
	struct policy *policy = NULL;
	const char *text, *refusal;
	json_t *answer;

	if (client_request(socket_path, "config", &answer, error) < 0) {
		fprintf(stderr, "naclctl %s: %s\n  -f FILE uses a configuration file instead\n",
			command, error);
		return NULL;
	}
	text = json_string_value(json_object_get(answer, "config"));
	refusal = client_refusal(answer);
	if (refusal || !text)
		fprintf(stderr, "naclctl %s: %s\n", command,
			refusal ? refusal : "nacld's answer has no policy");
	else
		policy = from_text(command, text);
	json_decref(answer);
	return policy;
}

struct policy *source_policy(const char *command, const char *file, const char *socket_path)
{
	return file ? from_file(command, file) : from_daemon(command, socket_path);
}
