/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's state as one JSON object, for `naclctl show`. Reads counters while workers write
 * them: each is exact, the set of them is from about the same moment. jansson passes a NULL value
 * through json_object_set_new as a failure, so memory running out leaves a key out and nothing
 * worse.
 */
#include "daemon/control/status.h"

#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/nfqueue_proc.h"
#include "daemon/trial/trial.h"

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

/* No counter of ours gets there, and every reader of JSON has all integers up to it. */
#define COUNT_MAX (INT64_C(1) << 53)

/* A child that was taken over may have written it: any number at all. */
static void put_count(json_t *object, const char *key, uint64_t value)
{
	put(object, key, json_integer(value < COUNT_MAX ? (json_int_t)value : COUNT_MAX));
}

static void put_counter(json_t *object, const struct rule_counter *counter)
{
	put_count(object, "packets", counter->packets);
	put_count(object, "bytes", counter->bytes);
	if (counter->last_hit > 0)
		put_count(object, "last_hit", (uint64_t)counter->last_hit);
	else
		put(object, "last_hit", json_null());
}

static void put_remote(json_t *object, const struct rule *rule)
{
	char text[PREFIX_STRLEN];
	size_t entries;

	rule_prefixes(rule, &entries);
	put(object, "cidr",
	    rule->set ? json_sprintf("@%s", rule->set->name)
		      : json_string(prefix_print(&rule->prefix, text)));
	put_count(object, "entries", entries);
}

static json_t *rule_json(const struct snapshot *snapshot, const struct rule *rule)
{
	struct rule_counter counter = snapshot_counter(snapshot, rule->counter);
	char protocol[PROTOCOL_STRLEN], ports[RULE_PORTS_STRLEN];
	json_t *object = json_object();

	put_count(object, "rule", rule->number);
	put(object, "action", json_string(action_name(rule->action)));
	put(object, "protocol", json_string(protocol_print(rule->protocol, protocol)));
	if (rule_has_ports(rule))
		put(object, "ports", json_string(rule_ports_print(rule, ports)));
	if (rule_has_icmp(rule)) {
		put(object, "type", json_integer(rule->icmp_type));
		put(object, "code", json_integer(rule->icmp_code));
	}
	put_remote(object, rule);
	put_counter(object, &counter);
	return object;
}

static json_t *list_json(const struct snapshot *snapshot, const struct acl_list *list)
{
	struct rule_counter counter = snapshot_counter(snapshot, list->implicit_counter);
	json_t *rules = json_array(), *implicit = json_object();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(rules, rule_json(snapshot, &list->rules[i]));
	put(implicit, "rule", json_string("*"));
	put(implicit, "action", json_string("deny"));
	put(implicit, "protocol", json_string("all"));
	put(implicit, "cidr", json_string("0.0.0.0/0, ::/0"));
	put_count(implicit, "entries", 2);
	put_counter(implicit, &counter);
	json_array_append_new(rules, implicit);
	return rules;
}

static json_t *acls_json(const struct snapshot *snapshot)
{
	const struct policy *policy = snapshot->policy;
	json_t *acls = json_array();

	for (size_t i = 0; i < policy->acl_count; i++) {
		json_t *acl = json_object();

		put(acl, "name", json_string(policy->acls[i].name));
		put(acl, "inbound", list_json(snapshot, &policy->acls[i].lists[INBOUND]));
		put(acl, "outbound", list_json(snapshot, &policy->acls[i].lists[OUTBOUND]));
		json_array_append_new(acls, acl);
	}
	return acls;
}

static json_t *host_json(const struct policy *policy)
{
	json_t *object, *interfaces;

	if (policy->host.acl == POLICY_NO_ACL)
		return json_null();
	object = json_object();
	interfaces = json_array();
	for (size_t i = 0; i < policy->host.interface_count; i++)
		json_array_append_new(interfaces, json_string(policy->host.interfaces[i]));
	put(object, "acl", json_string(policy->acls[policy->host.acl].name));
	put(object, "interfaces", interfaces);
	return object;
}

static void append_edge(json_t *edges, json_t *interface, const char *acl)
{
	json_t *object = json_object();

	put(object, "interface", interface);
	put(object, "acl", json_string(acl));
	json_array_append_new(edges, object);
}

static json_t *edges_json(const struct policy *policy)
{
	const struct edges *edges = &policy->edges;
	json_t *list = json_array();

	for (size_t i = 0; i < edges->count; i++)
		append_edge(list, json_string(edges->items[i].interface),
			    policy->acls[edges->items[i].acl].name);
	if (edges->default_route != POLICY_NO_ACL)
		append_edge(list, json_null(), policy->acls[edges->default_route].name);
	return list;
}

static json_t *subnets_json(const struct policy *policy)
{
	json_t *subnets = json_array();
	char text[PREFIX_STRLEN];

	for (size_t i = 0; i < policy->subnet_count; i++) {
		const struct subnet *subnet = &policy->subnets[i];
		json_t *object = json_object();

		put(object, "subnet", json_string(prefix_print(&subnet->prefix, text)));
		put(object, "acl", json_string(policy->acls[subnet->acl].name));
		json_array_append_new(subnets, object);
	}
	return subnets;
}

static json_t *exempt_json(const struct policy *policy)
{
	json_t *names = json_array();

	for (unsigned int bit = 1; bit && bit <= policy->exempt; bit <<= 1)
		if (policy->exempt & bit)
			json_array_append_new(names, json_string(exempt_name(bit)));
	return names;
}

static json_t *queue_json(const struct daemon *daemon, const struct worker *worker)
{
	const struct filter_counters *counters = worker->filter->counters;
	json_t *object = json_object(), *errors = json_object();
	struct nfqueue_proc kernel;

	put_count(object, "queue", queue_number(worker->queue));
	put_count(object, "packets", counter_read(&counters->packets));
	put_count(object, "accepted", counter_read(&counters->accepted));
	put_count(object, "dropped", counter_read(&counters->dropped));
	put_count(object, "would_drop", counter_read(&counters->would_drop));
	put_count(object, "wakeups", counter_read(&counters->wakeups));
	put_count(object, "poisoned", queue_poisoned(worker->queue));
	put_count(object, "refused", filter_refused(worker->filter));
	put_count(object, "length", daemon->current->policy->queue.length);
	if (nfqueue_proc_read(daemon->table_fd, queue_number(worker->queue), &kernel)) {
		put_count(object, "waiting", kernel.waiting);
		put_count(object, "kernel_dropped", kernel.dropped);
		put_count(object, "user_dropped", kernel.user_dropped);
	} else { /* not readable by this user: unknown is not zero */
		put(object, "waiting", json_null());
		put(object, "kernel_dropped", json_null());
		put(object, "user_dropped", json_null());
	}
	for (int e = 0; e < BATCH_ERRORS; e++)
		if (counter_read(&worker->filter->errors[e]))
			put_count(errors, batch_error_name(e),
				  counter_read(&worker->filter->errors[e]));
	put(object, "errors", errors);
	return object;
}

static json_t *queues_json(const struct daemon *daemon)
{
	json_t *queues = json_array();

	for (unsigned int i = 0; i < daemon->worker_count; i++)
		json_array_append_new(queues, queue_json(daemon, &daemon->workers[i]));
	return queues;
}

static json_t *fast_path_json(const struct daemon *daemon)
{
	const struct fastpath *fastpath = &daemon->fastpath;
	struct rule_counter total = daemon_fast_total(daemon);
	json_t *object;

	if (!daemon->current->policy->fast_path && total.packets == 0)
		return json_null();
	object = json_object();
	put(object, "on", json_boolean(fastpath->on));
	put(object, "why_off", fastpath->why_off ? json_string(fastpath->why_off) : json_null());
	put_count(object, "packets", total.packets);
	put_count(object, "bytes", total.bytes);
	return object;
}

static json_t *outcomes_json(const struct daemon *daemon)
{
	json_t *object = json_object();

	for (int o = 0; o < POLICY_OUTCOMES; o++) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < daemon->worker_count; i++)
			sum += counter_read(&daemon->workers[i].filter->counters->outcomes[o]);
		if (o == POLICY_JUDGED)
			sum += daemon_fast_total(daemon).packets;
		put_count(object, policy_outcome_name(o), sum);
	}
	return object;
}

/* Malformed packets by reason, and what could not be filtered: only what happened. */
static json_t *reasons_json(const struct daemon *daemon)
{
	json_t *object = json_object();

	for (int r = PACKET_OK + 1; r < PACKET_REASONS; r++) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < daemon->worker_count; i++)
			sum += counter_read(&daemon->workers[i].filter->counters->reasons[r]);
		if (sum)
			put_count(object, packet_reason_name(r), sum);
	}
	for (int f = 0; f < FILTER_FAILURES; f++) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < daemon->worker_count; i++)
			sum += counter_read(&daemon->workers[i].filter->counters->failures[f]);
		if (sum)
			put_count(object, filter_failure_name(f), sum);
	}
	return object;
}

static json_t *flow_log_json(const struct daemon *daemon)
{
	const struct flow_log *settings = &daemon->current->policy->flow_log;
	struct flowlog_state state;
	json_t *object;

	if (!daemon_flow_log(daemon, &state))
		return json_null();
	object = json_object();
	put(object, "file", json_string(settings->file));
	put(object, "format", json_string(settings->format));
	put_count(object, "window_s", settings->window_s);
	put_count(object, "flows_max", settings->flows);
	put_count(object, "flows", state.flows);
	put_count(object, "lost_packets", state.lost_packets);
	put_count(object, "windows", state.windows);
	put_count(object, "records", state.writer.records);
	put_count(object, "lost_records", state.writer.lost);
	put(object, "error", state.writer.error[0] ? json_string(state.writer.error) : json_null());
	return object;
}

static json_t *sandbox_json(const struct daemon *daemon)
{
	const struct sandbox *sandbox = &daemon->sandbox;
	json_t *object = json_object();

	put(object, "required",
	    json_boolean(daemon->current->policy->sandbox == POLICY_SANDBOX_REQUIRED));
	put(object, "seccomp", json_boolean(sandbox->seccomp));
	put_count(object, "landlock", (uint64_t)sandbox->landlock);
	return object;
}

/* The process that writes files. */
static json_t *disk_json(const struct disk *disk)
{
	json_t *object = json_object();

	put(object, "running", json_boolean(disk->pid != 0));
	put_count(object, "restarts", disk->restarts);
	put_count(object, "lost_packets", __atomic_load_n(&disk->lost, __ATOMIC_RELAXED));
	return object;
}

static const char *mode_name(const struct policy *policy)
{
	return policy->mode == POLICY_MONITOR ? "monitor" : "enforce";
}

json_t *status_json(const struct daemon *daemon)
{
	const struct policy *policy = daemon->current->policy;
	json_t *status = json_object();
	int64_t now_s = clock_monotonic_ms() / 1000;

	put(status, "version", json_string(NACLD_VERSION));
	put_count(status, "pid", (uint64_t)getpid());
	put(status, "config", json_string(daemon->config_path));
	put(status, "mode", json_string(mode_name(policy)));
	put(status, "on_failure",
	    json_string(policy->on_failure == POLICY_FAIL_ACCEPT ? "accept" : "drop"));
	put(status, "fragments",
	    json_string(policy->fragments == POLICY_STRICT ? "strict" : "reassemble"));
	put(status, "isolation", json_string(policy_isolation_name(policy->isolation)));
	put(status, "exempt", exempt_json(policy));
	put(status, "uptime_s", json_integer(now_s - daemon->started_ms / 1000));
	put(status, "policy_age_s", json_integer(now_s - daemon->current->loaded_s));
	put_count(status, "reloads", daemon->reloads);
	put(status, "last_reload_error",
	    daemon->last_reload_error[0] ? json_string(daemon->last_reload_error) : json_null());
	put(status, "trial", trial_json(daemon));
	put(status, "sandbox", sandbox_json(daemon));
	put(status, "edges", edges_json(policy));
	put(status, "host", host_json(policy));
	put(status, "subnets", subnets_json(policy));
	put(status, "acls", acls_json(daemon->current));
	put(status, "queues", queues_json(daemon));
	put(status, "fast_path", fast_path_json(daemon));
	put(status, "flow_log", flow_log_json(daemon));
	put(status, "disk", disk_json(&daemon->disk));
	put_count(status, "log_lost_lines", log_lost());
	put(status, "outcomes", outcomes_json(daemon));
	put(status, "reasons", reasons_json(daemon));
	return status;
}

void status_line(const struct daemon *daemon, char *buf, size_t len)
{
	const struct policy *policy = daemon->current->policy;
	size_t rules = 0;

	for (size_t i = 0; i < policy->acl_count; i++)
		rules += policy->acls[i].lists[INBOUND].count +
			 policy->acls[i].lists[OUTBOUND].count;
	snprintf(buf, len, "%s%s%s: %zu ACL%s, %zu rules, %u queue%s",
		 policy->mode == POLICY_MONITOR ? "monitoring, dropping nothing" : "enforcing",
		 daemon->trial.phase == TRIAL_RUNNING ? " on trial" : "",
		 daemon->last_reload_error[0] ? " (the last reload was refused)" : "",
		 policy->acl_count, policy->acl_count == 1 ? "" : "s", rules, daemon->worker_count,
		 daemon->worker_count == 1 ? "" : "s");
}
