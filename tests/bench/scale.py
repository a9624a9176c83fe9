# SPDX-License-Identifier: GPL-2.0-or-later
"""One queue or two: two TCP flows through a host's INPUT and OUTPUT; two queues by --queue-balance.

--queue-balance chooses by a hash of the addresses that differs from boot to boot: two addresses that fall into
different queues are looked for first. The same daemon serves all its queues all the time.
And what it does when nothing happens: context switches of each thread, and resident memory.
"""

import json
import re
import statistics
import subprocess
import sys
import time

from ground import Ground, run, wait_until
from traffic import tools_env

STEERING = {"one queue": ("--queue-num", "1"), "two queues": ("--queue-balance", "2:3")}
PORTS = (5201, 5202)


def lay(ground):
    server, client = ground.ns("server"), ground.ns("client")
    run("ip", "-n", server, "link", "add", "net", "type", "veth", "peer", "name", "net", "netns", client)
    run("ip", "-n", client, "addr", "add", "192.0.2.1/24", "dev", "net")
    for last in range(10, 26):
        run("ip", "-n", server, "addr", "add", f"192.0.2.{last}/24", "dev", "net")
    for ns in (server, client):
        run("ip", "-n", ns, "link", "set", "net", "up")
    return server, client


def steer(ground, ns, how):
    for hook in ("INPUT", "OUTPUT"):
        run(*ground.inside(ns, "iptables", "-w", "-F", hook))
        run(*ground.inside(ns, "iptables", "-w", "-A", hook, "-o" if hook == "OUTPUT" else "-i", "net",
                           "-j", "NFQUEUE", *STEERING[how]))


def last_ids(ground, ns):
    text = run(*ground.inside(ns, "cat", "/proc/net/netfilter/nfnetlink_queue"))
    return {int(c[0]): int(c[7]) for c in (line.split() for line in text.splitlines())}


def split_addresses(ground, server, client):
    """An address of the server whose packets fall into queue 2, and one whose fall into queue 3."""
    found = {}
    for last in range(10, 26):
        before = last_ids(ground, server)
        run(*ground.inside(client, ground.build / "bench/flood", f"192.0.2.{last}", 1, 9, 0, 9))
        wait_until(lambda: last_ids(ground, server) != before, "a datagram falls into a queue")
        after = last_ids(ground, server)
        queue = max(after, key=lambda q: after[q] - before[q])
        found.setdefault(queue, f"192.0.2.{last}")
        if len(found) == 2:
            return list(found.values())
    sys.exit("bench: sixteen addresses all fall into one queue")


def two_flows(ground, server, client, addresses, seconds):
    env, flows = tools_env(), []
    for port in PORTS:
        ground.others.append(subprocess.Popen(ground.inside(server, "iperf3", "-s", "-1", "-p", port), env=env,
                                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    wait_until(lambda: all(f":{port} " in run(*ground.inside(server, "ss", "-tlnH")) for port in PORTS),
               "iperf3 listens")
    for port, address in zip(PORTS, addresses):
        flows.append(subprocess.Popen(ground.inside(client, "iperf3", "-c", address, "-p", port, "-t", seconds, "-J"), env=env, stdout=subprocess.PIPE,
                                      text=True))
    return sum(json.loads(flow.communicate(timeout=seconds + 30)[0])["end"]["sum_received"]["bits_per_second"]
               for flow in flows) / 1e6


def switches(consumer):
    return {task.name: sum(map(int, re.findall(r"ctxt_switches:\s*(\d+)", (task / "status").read_text())))
            for task in consumer.tasks()}


def idle(consumer, seconds):
    """Context switches of each thread in `seconds` without traffic; no watchdog is asked for here."""
    before = switches(consumer)
    time.sleep(seconds)
    return [count - before[task] for task, count in switches(consumer).items()]


def measure(args):
    with Ground(args.build) as ground:
        server, client = lay(ground)
        ground.add_nacld(server, 1, 40, queues=3)
        steer(ground, server, "two queues")
        addresses = split_addresses(ground, server, client)
        rows = {how: [] for how in STEERING}
        for turn in range(args.rounds + 1):
            for how, row in rows.items():
                steer(ground, server, how)
                figure = two_flows(ground, server, client, addresses, args.seconds)
                if turn:
                    row.append(figure)
        return {"tcp": {how: statistics.median(row) for how, row in rows.items()},
                "two_of_one": statistics.median(b / a for a, b in zip(*rows.values()))}


def rest(args):
    """A daemon with two queues that has nothing to do: its resident memory, and what wakes it."""
    with Ground(args.build) as ground:
        ns = ground.ns("rest")
        consumers = {count: ground.add_nacld(ns, 1 + 2 * i, count, queues=2)
                     for i, count in enumerate((40, 100000))}
        time.sleep(1)
        return {"seconds": 5, "switches": idle(consumers[40], 5),
                "resident_kib": {count: consumer.resident_kib() for count, consumer in consumers.items()}}


def show(results):
    print("\nTwo TCP flows through 40 rules, Mbit/s together: " +
          ", ".join(f"{how} {figure:.0f}" for how, figure in results["tcp"].items()) +
          f"; two/one {results['two_of_one']:.2f}")


def show_rest(results):
    print(f"\nAt rest, two queues. Context switches of each thread in {results['seconds']} s: "
          f"{' '.join(map(str, results['switches']))}. Resident: " +
          ", ".join(f"{int(count):,} entries {kib} KiB" for count, kib in results["resident_kib"].items()))
