# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU a packet: the consumer is stopped, its queue filled, and the threads' own run time (schedstat, ns)
read before and after it has emptied the queue.

Datagrams to 198.51.100.N leave through OUTPUT (of an edge: POSTROUTING) and queue N, and end in a rule behind it that drops
them, so the journey of a reinjected packet, which runs inside the send of the consumer, is short and equal for all.
"""

import statistics
import sys

from ground import ALLOWED, DENIED, Ground, run, wait_until

EDGE = 29  # the queue of the one that stands at an edge
PATTERNS = {"accept": 0, "drop": 1, "drop 1 in 2": 2, "drop 1 in 10": 10}


def lay(ground):
    ns = ground.ns("cpu")
    ip = lambda *a: run("ip", "-n", ns, *a)
    ip("link", "add", "sink", "type", "veth", "peer", "name", "drain")
    ip("addr", "add", "198.51.100.250/24", "dev", "sink")
    for device in ("sink", "drain"):
        ip("link", "set", device, "up")
    for last in range(1, 30):
        ip("neigh", "add", f"198.51.100.{last}", "lladdr", "02:00:00:00:00:01", "dev", "sink")
        chain = ["-t", "mangle", "-A", "POSTROUTING"] if last == EDGE else ["-A", "OUTPUT"]
        run(*ground.inside(ns, "iptables", "-w", *chain, "-d", f"198.51.100.{last}", "-j", "NFQUEUE", "--queue-num",
                           last))
    run(*ground.inside(ns, "iptables", "-w", "-t", "mangle", "-A", "POSTROUTING", "-p", "udp",
                       "-j", "DROP"))
    # An edge's accepted packet goes on with the next base chain, past that rule.
    for command in ("add table ip last", "add chain ip last last { type filter hook postrouting priority 200; }",
                    "add rule ip last last meta l4proto udp drop"):
        run(*ground.inside(ns, "nft", command))
    return ns


def once(ground, consumer, every, packets, size=18):
    consumer.pause()
    before = ground.table(consumer.ns)[consumer.queue][1]
    run(*ground.inside(consumer.ns, ground.build / "bench/flood", f"198.51.100.{consumer.queue}",
                       packets, DENIED if every == 1 else ALLOWED, every if every > 1 else 0, DENIED,
                       size))
    waiting, lost = ground.table(consumer.ns)[consumer.queue]
    if waiting != packets or lost != before:
        sys.exit(f"bench: {consumer.name}: {waiting} of {packets} packets wait, {lost} lost")
    start = consumer.cpu_ns()
    consumer.resume()
    wait_until(lambda: ground.table(consumer.ns)[consumer.queue][0] == 0, f"{consumer.name} is done")
    return (consumer.cpu_ns() - start) / packets


def summary(rows):
    """Medians, and ratios taken round by round, so that a drift of the machine cancels."""
    return {name: {"ns": statistics.median(row), "min": min(row), "max": max(row),
                   "of_ceiling": statistics.median(a / b for a, b in zip(row, rows["ceiling"])),
                   "usual_over_it": statistics.median(a / b for a, b in zip(rows["usual"], row))}
            for name, row in rows.items()}


def measure(args):
    results = {}
    for pattern, every in PATTERNS.items():
        with Ground(args.build) as ground:
            ns = lay(ground)
            ground.add_loop(ns, 1, "ceiling", every)
            ground.add_loop(ns, 2, "usual", every)
            for i, count in enumerate(args.entries):
                ground.add_nacld(ns, 3 + i, count)
            ground.add_nacld(ns, 3 + len(args.entries), 40, flow_log=True)
            ground.add_nacld(ns, 4 + len(args.entries), 40, isolation="process")
            ground.add_nacld(ns, EDGE, 40, edge="sink")
            rows = {c.name: [] for c in ground.consumers}
            for turn in range(args.rounds + 1):
                for consumer in ground.consumers:
                    figure = once(ground, consumer, every, args.packets)
                    if turn:  # the first round warms up
                        rows[consumer.name].append(figure)
            results[pattern] = summary(rows)
            for consumer in ground.consumers:
                results[pattern][consumer.name]["resident_kib"] = consumer.resident_kib()
    return results


def show(results):
    for pattern, rows in results.items():
        print(f"\nCPU a packet in ns, from a full queue; {pattern}")
        print(f"  {'':20} {'median':>8} {'min':>8} {'max':>8} {'/ceiling':>9} {'usual/it':>9} "
              f"{'resident':>10}")
        for name, r in rows.items():
            print(f"  {name:20} {r['ns']:8.0f} {r['min']:8.0f} {r['max']:8.0f} {r['of_ceiling']:9.3f} "
                  f"{r['usual_over_it']:9.2f} {r['resident_kib']:6} KiB")
