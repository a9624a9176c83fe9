/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NACLD_COMMON_PROTOCOL_H
#define NACLD_COMMON_PROTOCOL_H

/*
 * The control socket's contract: a unix stream socket; JSON lines. A client sends one object on one
 * line and gets one object on one line back; it may then send the next.
 *
 *   {"request": "status"}   -> {"ok": true, "status": {...}}     see "Status" below
 *   {"request": "config"}   -> {"ok": true, "config": "..."}     the running policy, canonical text
 *   {"request": "drops"}    -> {"ok": true, "drops": {...}}      see "Drops" below
 *   {"request": "events", "after": N} -> {"ok": true, "events": {"next", "missed", "lost", "list"}}
 *                              the packets dropped since: each a DROP of its own. "after" is the
 *                              "next" of the last answer; without it: from now on. "missed" were
 *                              too many to keep, "lost" (since the start) to be told at all
 *   {"request": "reload"}   -> {"ok": true, "warnings": "...", "note": "..."}
 *                              for those who may change things; `note` is what to do by hand, or ""
 *   {"request": "trial"}    -> {"ok": true, "config_path": path, "trial": TRIAL}
 *   {"request": "apply", "id": ID, "confirm_s": N}, and with it (SCM_RIGHTS) a sealed memfd that holds
 *                              canonical text -> as reload. It runs for N seconds (0: it counts as
 *                              confirmed); one at a time. ID: up to 32 letters and digits
 *   {"request": "confirm", "id": ID}   -> as reload. It stays; its files are to be installed now
 *   {"request": "installed", "id": ID} -> as reload. They are: nothing is to be remembered
 *   {"request": "undo"}     -> as reload. The policy before runs again
 *   {"request": "fast-path", "map": N}, and with it (SCM_RIGHTS) a map of the accept filter: 0
 *                              control, 1 words, 2 counters, in three requests; root's alone.
 *                              -> {"ok": true, "on": true|false, "note": "why it is off"}
 *   anything else           -> {"ok": false, "error": "..."}
 *
 * A reload, and apply, die with their client: one that closes its connection has changed nothing. A
 * reload is refused during a trial, and between confirm and installed.
 *
 * A refused reload is {"ok": false, "error": "...", "report": "file:line: error: ..."}; the old
 * policy stays. May change things, by the peer credentials: root, the daemon's own user,
 * the members of the group nacld. Reading requests are for whoever may open the socket: these,
 * unless it is opened to others.
 *
 * Status:
 *   {"version", "pid", "config" (path), "mode": "enforce"|"monitor", "on_failure": "drop"|"accept",
 *    "fragments": "reassemble"|"strict", "exempt": [names], "uptime_s", "policy_age_s", "reloads",
 *    "last_reload_error": text or null, "trial": TRIAL,
 *    "sandbox": {"required": true|false, "seccomp": true|false,
 *                "landlock": version of the kernel's interface, 0 without},
 *    "edges": [{"interface": name, or null for those of default routes, "acl": name}],
 *    "host": null or {"acl": name, "interfaces": [names]},
 *    "subnets": [{"subnet": CIDR, "acl": name}],
 *    "acls": [{"name", "inbound": [RULE, ...], "outbound": [RULE, ...]}],
 *    "queues": [{"queue": N, "length" (packets it holds), "packets", "accepted", "dropped", "would_drop", "wakeups", "waiting",
 *                "kernel_dropped", "user_dropped", "errors": {name: count}}],
 *    "fast_path": null or {"on": true|false, "why_off": text or null, "packets", "bytes"}: accepted
 *                by the filter in the kernel; the rules' counters and "judged" include these, the
 *                queues do not
 *    "flow_log": null or {"file", "format", "window_s", "flows_max" (of one queue's table),
 *                "flows" (held now), "lost_packets" (of flows that found the table full), "windows"
 *                (given to the writer), "records" (lines written), "lost_records" (the file could
 *                not take), "error": the file's present one or null},
 *    "log_lost_lines": of the daemon's own log: stderr did not accept them,
 *    "outcomes": {"judged", "exempted", "within-subnet", "unprotected"},
 *    "reasons": {reason: count, ...}}       only those that are not 0
 *   TRIAL: {"phase": "none"|"trial"|"confirmed" (and not installed)|"undone", "id", "by": user,
 *           "left_ms": of a trial, "reason": why it was undone, "kept": true where a restart knows}
 *   RULE: {"rule": N or "*", "action", "protocol", "ports" or "type" and "code", "cidr": CIDR or
 *          "@set", "entries" (prefixes), "packets", "bytes", "last_hit": seconds since the epoch or
 *          null}
 *
 * Drops:
 *   {"now", "since": seconds since the epoch; "since" is when counting began, "places" (flows that
 *    the queues' tables hold), "memory_bytes" (that they take), "omitted" (lines left out here),
 *    "flows": [DROP, ...]}
 *   DROP: {"fold": "flow" | "ports" (several of one remote address) | "peers" (several of one rule)
 *          | "rules", "packets", "bytes", "flows" (folded; a flow counts each time that it was),
 *          "earlier" (about so many packets before, in a folded line), "first", "last": seconds
 *          since the epoch, "monitor": it passed, "acl", "rule": N, "*" or null, "reason": where
 *          the packet was malformed, "direction", "hook" (as nft spells it), "interface" (at an
 *          edge), and of the last packet "protocol", "length", "src", "dst", "sport" and "dport" or
 *          "type" and "code", "tcp_flags", "fragment"}
 */
#define PROTOCOL_GROUP "nacld" /* owns the socket; its members may change things */

#define PROTOCOL_REQUEST_MAX   4096  /* bytes in a request line, newline included */
#define PROTOCOL_CLIENTS_MAX   32    /* open connections; one more gets an error and is closed */
#define PROTOCOL_CLIENTS_OWN   4     /* of these, kept for those who may change things */
#define PROTOCOL_CONFIRM_MAX_S 86400 /* a trial is over by the next day */
#define PROTOCOL_ANSWERS_MAX \
	(64U << 20) /* bytes that all clients have not read yet; one is allowed */
#define PROTOCOL_RELOAD_MS \
	25000 /* how long naclctl waits for a reload; when it goes, so does that */
#define PROTOCOL_TIMEOUT_MS 5000 /* a client that neither sends nor reads this long is closed */

/* Exit statuses of naclctl. */
enum naclctl_exit {
	NACLCTL_OK = 0,
	NACLCTL_NO = 1,            /* findings, would be dropped, refused */
	NACLCTL_USAGE = 2,         /* usage, or a file that cannot be used */
	NACLCTL_REPLY_DROPPED = 3, /* explain: the request passes, its reply does not */
	NACLCTL_WENT_BACK = 4,     /* apply: not confirmed, the policy before runs again */
};

#endif
