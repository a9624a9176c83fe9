/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request_answer, with a whole daemon behind it: a policy loaded from a file, a kernel queue, a
 * worker waiting at it (the runner gives the process a network namespace of its own). The first
 * byte says who asks (0: root, g: a member of the group; a reload then really happens), the rest is
 * the line.
 *
 * Claims: there is one answer, on one line, an object that says whether it worked, and why not;
 * only root and the group can change anything.
 */
#include <err.h>
#include <unistd.h>

#include <jansson.h>

#include "common/log.h"
#include "daemon/control/request.h"
#include "fuzz.h"
#include "policy.h"

static struct daemon daemon_state = {.wake = -1, .table_fd = -1};
static char config_path[] = "fuzz-control.XXXXXX";

static void write_config(void)
{
	int fd = mkstemp(config_path);

	CLAIM(fd >= 0);
	CLAIM(write(fd, FUZZ_POLICY, sizeof(FUZZ_POLICY) - 1) == sizeof(FUZZ_POLICY) - 1);
	close(fd);
}

static void finish(void)
{
	unlink(config_path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct conf_report report = {0};

	(void)argc, (void)argv;
	log_set_level(LOG_LEVEL_ERROR);
	write_config();
	atexit(finish);
	daemon_state.config_path = config_path;
	daemon_state.socket_path = "fuzz.sock";
	CLAIM(daemon_load(&daemon_state, &report) == 0);
	conf_report_fini(&report);
	if (daemon_open(&daemon_state) != 0 || daemon_start(&daemon_state) != 0)
		errx(1, "no kernel queue: run by tests/fuzz/run");
	return 0;
}

static void claim_answer(const char *answer, bool may_change, uint64_t reloads)
{
	size_t len = answer ? strlen(answer) : 0;
	json_t *object, *ok;

	CLAIM(len > 1 && strchr(answer, '\n') == answer + len - 1);
	object = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);
	CLAIM(json_is_object(object));
	ok = json_object_get(object, "ok");
	CLAIM(json_is_boolean(ok));
	if (json_is_false(ok))
		CLAIM(json_string_length(json_object_get(object, "error")) > 0);
	else
		CLAIM(json_object_get(object, "status") || json_object_get(object, "config") ||
		      json_object_get(object, "trial") || json_object_get(object, "drops") ||
		      json_object_get(object, "events") ||
		      (may_change && json_object_get(object, "note")));
	CLAIM(may_change || daemon_state.reloads == reloads);
	json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer peer = {.fd = -1, .uid = 12345};
	uint64_t reloads = daemon_state.reloads;
	char *answer, *line;

	if (size < 1)
		return 0;
	if (data[0] == '0')
		peer.uid = 0;
	peer.in_group = data[0] == 'g';
	line = (char *)fuzz_exact(data + 1, size - 1);
	answer = request_answer(line, size - 1, &peer, -1, &daemon_state);
	claim_answer(answer, data[0] == '0' || data[0] == 'g', reloads);
	free(answer);
	free(line);
	return 0;
}
