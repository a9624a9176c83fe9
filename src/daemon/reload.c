/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reload takes every fallible step first: read, validate, allocate, fork the filters. Then it
 * swaps one pointer, waits until each worker has passed, switches the accept filter in the kernel
 * (or has it off), gives the old flow tables to the flow log, copies the counts over and frees the
 * old policy. What a running daemon cannot change (its queues' numbers, folders it may not write)
 * is refused with a reason.
 */
#include "daemon/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "daemon/monitor/watchdog.h"

/* What running queues cannot follow. */
static bool queues_can_follow(const struct policy *old, const struct policy *now,
			      struct reload_result *result)
{
	if (old->queue.first == now->queue.first && old->queue.count == now->queue.count)
		return true;
	snprintf(result->error, sizeof(result->error),
		 "queue.first and queue.count cannot change while running: restart nacld, then "
		 "run naclctl steer up");
	return false;
}

/* Nor can a daemon that has locked itself in. */
static bool log_can_follow(const struct daemon *daemon, const struct policy *now,
			   struct reload_result *result)
{
	const char *file = now->flow_log.file;

	if (!file || sandbox_may_write(&daemon->writing, file))
		return true;
	snprintf(
		result->error, sizeof(result->error),
		"the flow log %.128s is outside what nacld may write since it started: restart nacld",
		file);
	return false;
}

static bool same_subnets(const struct policy *a, const struct policy *b)
{
	if (a->subnet_count != b->subnet_count)
		return false;
	for (size_t i = 0; i < a->subnet_count; i++)
		if (!prefix_equal(&a->subnets[i].prefix, &b->subnets[i].prefix))
			return false;
	return true;
}

static bool same_host(const struct host *a, const struct host *b)
{
	return (a->acl == POLICY_NO_ACL) == (b->acl == POLICY_NO_ACL) &&
	       a->interface_count == b->interface_count &&
	       (a->interface_count == 0 || memcmp(a->interfaces, b->interfaces,
						  a->interface_count * POLICY_INTERFACE_LEN) == 0);
}

static bool same_edges(const struct edges *a, const struct edges *b)
{
	if (a->count != b->count ||
	    (a->default_route == POLICY_NO_ACL) != (b->default_route == POLICY_NO_ACL))
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].interface, b->items[i].interface) != 0)
			return false;
	return true;
}

static bool has_edges(const struct policy *policy)
{
	return policy->edges.only != POLICY_NO_ACL;
}

/* A reload never touches steering; where steering would look different now, say so. */
static void note_steering(const struct policy *old, const struct policy *now,
			  struct reload_result *result)
{
	if (old->on_failure == now->on_failure && old->fragments == now->fragments &&
	    old->exempt == now->exempt && old->fast_path == now->fast_path &&
	    same_host(&old->host, &now->host) && same_subnets(old, now) &&
	    same_edges(&old->edges, &now->edges))
		return;
	snprintf(result->note, sizeof(result->note),
		 "what reaches the queue has changed too (associations, exempt, fragments, "
		 "fast_path or on_failure): run naclctl steer up%s",
		 has_edges(old) && !has_edges(now)
			 ? "; until then on_failure decides on what comes by the former edges"
			 : "");
}

static void configure_queues(struct daemon *daemon, const struct policy *policy)
{
	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		int err = queue_configure(daemon->workers[i].queue, policy->queue.length,
					  policy->on_failure);

		if (err)
			log_warning("queue %u: cannot change its length: %s",
				    queue_number(daemon->workers[i].queue), strerror(-err));
	}
}

static void swap(struct daemon *daemon, struct snapshot *next, struct flow_tables *flows)
{
	struct snapshot *old = daemon->current;

	__atomic_store_n(&daemon->current, next, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		worker_quiescent(&daemon->workers[i]);
	fastpath_switch(&daemon->fastpath, old, next);
	flowlog_replace(&daemon->flowlog, flows);
	snapshot_inherit(old, next);
	daemon_drop(daemon, old);
}

/* The first error in one line: "FILE:LINE: message". The report has them all. */
static void first_error(const struct conf_report *report, const char *path,
			struct reload_result *result)
{
	size_t i = 0;

	while (i < report->count && report->items[i].severity != CONF_ERROR)
		i++;
	if (i == report->count) /* there was none to say it in full */
		snprintf(result->error, sizeof(result->error), "%s: out of memory", path);
	else if (report->items[i].line == 0)
		snprintf(result->error, sizeof(result->error), "%s: %s", report->items[i].file,
			 report->items[i].message);
	else
		snprintf(result->error, sizeof(result->error), "%s:%u: %s", report->items[i].file,
			 report->items[i].line, report->items[i].message);
}

/* A file that has become a pipe or a device could hold the main thread up for ever. */
static bool is_plain_file(const char *path, struct reload_result *result)
{
	struct stat st;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return true; /* what is missing or unreadable is said where it is read */
	snprintf(result->error, sizeof(result->error), "%s is not a plain file", path);
	return false;
}

static const char *prepare_error(int err)
{
	if (err == -E2BIG)
		return "a list is too large to compile";
	return err == -ENOMEM ? "out of memory" : "cannot start a filtering process";
}

static struct policy *read_policy(const struct daemon *daemon, const char *text,
				  struct conf_report *report, struct reload_result *result)
{
	struct policy *policy;

	if (!text && !is_plain_file(daemon->config_path, result))
		return NULL;
	policy = text ? conf_parse("the policy", text, report)
		      : conf_load(daemon->config_path, report);
	if (!policy)
		first_error(report, text ? "the policy" : daemon->config_path, result);
	return policy;
}

/* That the limit has refused it, and not the machine. */
static void blame_limit(const struct memory_bound *bound, struct reload_result *result)
{
	if (bound->left != UINT64_MAX && strstr(result->error, "out of memory"))
		snprintf(result->error, sizeof(result->error),
			 "it needs more memory than the control group of nacld leaves (%llu MiB): "
			 "raise MemoryMax= of its unit, or have fewer rules and addresses",
			 (unsigned long long)(bound->left >> 20));
}

/* Reads and compiles, within the memory there is. NULL: result->error says why. */
static struct snapshot *read_snapshot(struct daemon *daemon, const char *text,
				      struct conf_report *report, struct reload_result *result)
{
	const struct policy *old = daemon->current->policy;
	struct memory_bound bound = memory_bound(&daemon->memory);
	struct policy *policy = read_policy(daemon, text, report, result);
	struct snapshot *next = NULL;
	int err = 0;

	if (policy &&
	    (!queues_can_follow(old, policy, result) || !log_can_follow(daemon, policy, result))) {
		policy_free(policy);
	} else if (policy) {
		note_steering(old, policy, result);
		err = snapshot_new(policy, daemon->current->serial + 1, daemon->worker_count,
				   &next);
	}
	if (err)
		snprintf(result->error, sizeof(result->error), "%s", prepare_error(err));
	memory_unbound(&bound);
	blame_limit(&bound, result);
	return next;
}

/* What else a snapshot needs. 0 or -errno. */
static int complete(struct daemon *daemon, struct reload *out)
{
	int err = daemon_name_acls(daemon, out->next);

	if (err)
		return err;
	links_fill(&daemon->links, out->next);
	err = flowlog_prepare(&daemon->flowlog, out->next->policy, daemon->worker_count,
			      &out->flows);
	if (err)
		return err;
	out->next->flows = out->flows ? out->flows->active : NULL;
	out->next->spare_flows = out->flows ? out->flows->spare : NULL;
	return daemon_isolate(daemon, out->next);
}

bool reload_prepare(struct daemon *daemon, const char *text, struct conf_report *report,
		    struct reload_result *result, struct reload *out)
{
	int err;

	*out = (struct reload){0};
	watchdog_extend(daemon->notify);
	out->next = read_snapshot(daemon, text, report, result);
	watchdog_restore(daemon->notify);
	if (!out->next)
		return false;
	err = complete(daemon, out);
	if (!err)
		return true;
	snprintf(result->error, sizeof(result->error), "%s", prepare_error(err));
	reload_discard(daemon, out);
	return false;
}

void reload_discard(struct daemon *daemon, struct reload *reload)
{
	daemon_drop(daemon, reload->next);
	flow_tables_free(reload->flows);
	*reload = (struct reload){0};
}

bool reload_is_wanted(const struct peer *peer, struct reload_result *result)
{
	if (!peer || !peer_has_gone(peer))
		return true;
	snprintf(result->error, sizeof(result->error), "who asked for it did not wait for the end");
	return false;
}

void reload_swap(struct daemon *daemon, struct reload *reload)
{
	configure_queues(daemon, reload->next->policy);
	swap(daemon, reload->next, reload->flows);
	daemon->reloads++;
	*reload = (struct reload){0};
}

bool reload_policy(struct daemon *daemon, struct conf_report *report, const struct peer *peer,
		   struct reload_result *result)
{
	struct reload reload;
	bool done;

	*result = (struct reload_result){0};
	done = reload_prepare(daemon, NULL, report, result, &reload);
	if (done && !reload_is_wanted(peer, result)) {
		reload_discard(daemon, &reload);
		done = false;
	}
	snprintf(daemon->last_reload_error, sizeof(daemon->last_reload_error), "%s", result->error);
	if (done)
		reload_swap(daemon, &reload);
	return done;
}
