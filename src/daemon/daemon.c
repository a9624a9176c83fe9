/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading, opening, starting, stopping: the life of queues and workers. Everything that can be
 * refused comes before the sandbox and before the first thread; what a predecessor left is taken
 * over before a queue of one's own is opened.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include "common/log.h"
#include "daemon/privsep/poison.h"

int daemon_isolate(struct daemon *daemon, struct snapshot *snapshot)
{
	if (snapshot->policy->isolation == POLICY_ISOLATION_NONE)
		return 0;
	if (privsep_image(snapshot) < 0)
		return -ENOMEM;
	snapshot->isolates = calloc(daemon->worker_count, sizeof(struct isolate *));
	if (!snapshot->isolates)
		return -ENOMEM;
	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		int err = privsep_new(&daemon->filters[i], snapshot, &daemon->launcher,
				      &daemon->disk, &snapshot->isolates[i]);

		if (err) {
			log_error("cannot start a filtering process: %s",
				  err == -ENOSYS
					  ? "this kernel has no seccomp filters; isolation = "
					    "\"none\" works without"
					  : strerror(-err));
			return err;
		}
	}
	return 0;
}

void daemon_drop(struct daemon *daemon, struct snapshot *snapshot)
{
	struct isolate **isolates = snapshot ? snapshot->isolates : NULL;

	for (unsigned int i = 0; isolates && i < daemon->worker_count; i++)
		privsep_free(isolates[i]);
	free(isolates);
	snapshot_free(snapshot);
}

int daemon_name_acls(struct daemon *daemon, struct snapshot *snapshot)
{
	snapshot->acl_ids = drop_acls_ids(&daemon->drop_acls, snapshot->policy);
	return snapshot->acl_ids ? 0 : -ENOMEM;
}

static void forget_offered(struct daemon *daemon)
{
	for (int i = 0; i < FASTPATH_FDS; i++)
		daemon->offered[i] = -1;
}

int daemon_load(struct daemon *daemon, struct conf_report *report)
{
	struct policy *policy = trial_first_policy(&daemon->trial, daemon->config_path, report);
	int err;

	daemon->links = (struct links){.source.fd = -1};
	fastpath_init(&daemon->fastpath);
	forget_offered(daemon);
	if (!policy)
		return -EINVAL;
	daemon->worker_count = policy->queue.count;
	err = snapshot_new(policy, 1, daemon->worker_count, &daemon->current);
	if (!err)
		err = daemon_name_acls(daemon, daemon->current);
	if (err)
		return err;
	daemon->counting_s = time(NULL);
	daemon->workers = calloc(daemon->worker_count, sizeof(*daemon->workers));
	daemon->filters = calloc(daemon->worker_count, sizeof(*daemon->filters));
	daemon->recent = calloc(1, sizeof(*daemon->recent));
	if (!daemon->workers || !daemon->filters || !daemon->recent)
		return -ENOMEM;
	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		err = filter_init(&daemon->filters[i], i, daemon->wake);
		if (err)
			return err;
		daemon->filters[i].drops = drop_table_new();
		if (!daemon->filters[i].drops)
			return -ENOMEM;
		daemon->workers[i] = (struct worker){
			.current = &daemon->current,
			.filter = &daemon->filters[i],
			.wakeup = {.armed = 1},
		};
	}
	return 0;
}

/* A predecessor's queue with all that waits in it; false when there is none that works. */
static bool take_over(struct daemon *daemon, uint16_t number, struct queue **out)
{
	const struct policy *policy = daemon->current->policy;
	char error[QUEUE_ERROR_LEN];
	struct queue_fds fds;

	if (!fdstore_claim(&daemon->fdstore, number, &fds))
		return false;
	if (queue_adopt(number, fds, policy->queue.length, policy->on_failure, error, out) == 0)
		return true;
	log_error("%s; the packets waiting there are lost", error);
	fdstore_remove(&daemon->fdstore, number); /* or it stays bound to what the store holds */
	return false;
}

static int open_queues(struct daemon *daemon)
{
	const struct policy *policy = daemon->current->policy;
	unsigned int left = 0;
	char error[QUEUE_ERROR_LEN];

	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		uint16_t number = (uint16_t)(policy->queue.first + i);
		struct queue **queue = &daemon->workers[i].queue;
		int err;

		if (take_over(daemon, number, queue)) {
			poison_reap(&daemon->disk, *queue);
			left++;
			continue;
		}
		err = queue_open(number, policy->queue.length, policy->on_failure, error, queue);
		if (err) {
			log_error("%s", error);
			return err;
		}
	}
	if (left > 0)
		log_info("continuing with %u queue%s of the previous nacld", left,
			 left == 1 ? "" : "s");
	return 0;
}

/* From here on a kill loses nothing: before the first packet is read. */
static void store_queues(struct daemon *daemon)
{
	bool stored = true;

	fdstore_drop_rest(&daemon->fdstore);
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		if (queue_is_new(daemon->workers[i].queue))
			stored &= fdstore_put(&daemon->fdstore, daemon->workers[i].queue);
	if (fdstore_settle(&daemon->fdstore) && stored)
		fdstore_forget_replaced(&daemon->fdstore);
	else
		log_warning("the service manager does not answer: a crash may lose what waits in "
			    "the queues");
}

int daemon_open(struct daemon *daemon)
{
	int err = open_queues(daemon);

	if (err)
		return err;
	store_queues(daemon);
	links_open(&daemon->links, daemon->current);
	return 0;
}

static int start_flow_log(struct daemon *daemon)
{
	struct flow_tables **set = &daemon->flowlog.set;
	int err;

	daemon->flowlog.sink = disk_flow_sink(&daemon->disk);
	err = flowlog_prepare(&daemon->flowlog, daemon->current->policy, daemon->worker_count, set);

	if (err)
		log_error("cannot start the flow log: %s", strerror(-err));
	if (!err && *set) {
		daemon->current->flows = (*set)->active;
		daemon->current->spare_flows = (*set)->spare;
	}
	return err;
}

/* A predecessor's maps: its filter goes on until this switch, then by the policy loaded here. */
static void inherit_fast_path(struct daemon *daemon)
{
	int fds[FASTPATH_FDS], err;

	if (!fdstore_claim_maps(&daemon->fdstore, fds))
		return;
	err = fastpath_adopt(&daemon->fastpath, fds, daemon->current);
	if (!err)
		return;
	log_error("the filter's maps of the previous nacld cannot be used: %s", strerror(-err));
	fdstore_remove_maps(&daemon->fdstore);
}

int daemon_offer_map(struct daemon *daemon, unsigned int map, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), err;

	if (copy < 0)
		return -errno;
	if (daemon->offered[map] >= 0)
		close(daemon->offered[map]);
	daemon->offered[map] = copy;
	for (int i = 0; i < FASTPATH_FDS; i++)
		if (daemon->offered[i] < 0)
			return 0;
	err = fastpath_adopt(&daemon->fastpath, daemon->offered, daemon->current);
	forget_offered(daemon);
	if (!err)
		fdstore_put_maps(&daemon->fdstore, daemon->fastpath.maps.fds);
	return err;
}

struct rule_counter daemon_fast_total(const struct daemon *daemon)
{
	return fastpath_total(&daemon->fastpath, daemon->current);
}

int daemon_start(struct daemon *daemon)
{
	int err = start_flow_log(daemon);

	if (!err)
		err = daemon_isolate(daemon, daemon->current);
	if (err)
		return err;
	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		err = worker_start(&daemon->workers[i]);
		if (err) {
			log_error("cannot start a thread: %s", strerror(-err));
			return err;
		}
	}
	flowlog_begin(&daemon->flowlog);
	inherit_fast_path(daemon);
	return 0;
}

void daemon_stop(struct daemon *daemon)
{
	for (unsigned int i = 0; daemon->workers && i < daemon->worker_count; i++)
		worker_stop(&daemon->workers[i]);
	for (unsigned int i = 0; daemon->workers && i < daemon->worker_count; i++) {
		queue_close(daemon->workers[i].queue);
		daemon->workers[i].queue = NULL;
	}
	flowlog_stop(&daemon->flowlog);
	disk_stop(&daemon->disk);
}

void daemon_abandon(struct daemon *daemon)
{
	for (unsigned int i = 0; daemon->workers && i < daemon->worker_count; i++)
		if (daemon->workers[i].queue)
			fdstore_remove(&daemon->fdstore, queue_number(daemon->workers[i].queue));
	fdstore_drop_rest(&daemon->fdstore);
	fdstore_settle(&daemon->fdstore);
}

bool daemon_flow_log(const struct daemon *daemon, struct flowlog_state *out)
{
	return flowlog_state(&daemon->flowlog, out);
}

void daemon_fini(struct daemon *daemon)
{
	daemon_drop(daemon, daemon->current);
	free(daemon->workers);
	for (unsigned int i = 0; daemon->filters && i < daemon->worker_count; i++) {
		drop_table_free(daemon->filters[i].drops);
		filter_fini(&daemon->filters[i]);
	}
	free(daemon->filters);
	drop_acls_fini(&daemon->drop_acls);
	free(daemon->recent);
	links_close(&daemon->links);
	trial_clear(&daemon->trial);
	fastpath_fini(&daemon->fastpath);
	sandbox_fini(&daemon->sandbox);
	sandbox_fini(&daemon->writing);
}
