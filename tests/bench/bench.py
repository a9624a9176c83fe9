#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a verdict costs: nacld beside loops that judge nothing.

One network namespace of its own. Every consumer (the yardsticks of loops.c, and nacld with several rule
sets) serves a queue of its own; datagrams to 198.51.100.N leave through OUTPUT, queue N, and end in
a rule behind it that drops them. Consumers take turns, round after round, so that a machine whose speed drifts
treats all alike; figures are medians, and the ratios are taken round by round.

CPU a packet: the consumer is stopped, its queue filled, and the thread's own run time (schedstat, ns)
read before and after it has emptied the queue.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ALLOWED, DENIED = 4430, 4431


def run(*argv, **kwargs):
    return subprocess.run([str(a) for a in argv], check=True, text=True, capture_output=True,
                          **kwargs).stdout


def wait_until(condition, what, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"bench: after {timeout} s still not so: {what}")
        time.sleep(0.005)


def rules(count, kind, seed=1):
    """Outbound rules in the config's syntax: `count` entries in front of the two that matter."""
    rng = random.Random(seed)
    lines = []
    for i in range(min(count - 2, 30000)):
        port = rng.choice((22, 25, 53, 80, 443, 3306, 5432, 8080))
        prefix = f"{rng.randrange(1, 190)}.{rng.randrange(256)}.{rng.randrange(256)}.0/24"
        lines.append(f'{{ rule = {i + 1}; action = "{rng.choice(("allow", "deny"))}"; '
                     f'protocol = "tcp"; ports = "{port}"; destination = "{prefix}"; }}')
    if kind == "set":
        lines = ['{ rule = 1; action = "deny"; protocol = "all"; destination = "@blocklist"; }']
    lines.append(f'{{ rule = 32000; action = "allow"; protocol = "udp"; ports = "{ALLOWED}"; '
                 'destination = "198.51.100.0/24"; }')
    lines.append(f'{{ rule = 32001; action = "deny"; protocol = "udp"; ports = "{DENIED}"; '
                 'destination = "198.51.100.0/24"; }')
    return ",\n    ".join(lines)


def config(queue, count, kind):
    sets = ""
    if kind == "set":
        rng = random.Random(2)
        addresses = {f"{rng.randrange(1, 190)}.{rng.randrange(256)}.{rng.randrange(256)}."
                     f"{rng.randrange(256)}" for _ in range(count)}
        sets = ('sets = ( { name = "blocklist"; addresses = [ '
                + ", ".join(f'"{a}"' for a in sorted(addresses)) + " ]; } );\n")
    return (f'mode = "enforce";\nqueue = {{ first = {queue}; count = 1; length = 65536; }};\n'
            f'{sets}network_acls = ( {{ name = "bench"; associations = ( {{ host = true; }} );\n'
            f'  inbound = ( {{ rule = 1; action = "allow"; protocol = "all"; source = "0.0.0.0/0"; }} );\n'
            f'  outbound = (\n    {rules(count, kind)} ); }} );\n')


class Consumer:
    """A program that serves one queue."""

    def __init__(self, bench, name, argv, queue):
        self.bench, self.name, self.queue = bench, name, queue
        self.log = open(bench.tmp / f"{queue}.log", "w+")
        self.popen = subprocess.Popen(bench.inside(*argv), stdout=self.log, stderr=self.log,
                                      stdin=subprocess.DEVNULL)
        wait_until(lambda: bench.table().get(queue), f"{name} serves queue {queue}")

    def cpu_ns(self):
        total = 0
        for task in pathlib.Path(f"/proc/{self.popen.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total

    def resident_kib(self):
        for line in pathlib.Path(f"/proc/{self.popen.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def stop(self):
        self.popen.send_signal(signal.SIGCONT)
        self.popen.terminate()
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Bench:
    def __init__(self, build, packets):
        self.build, self.packets = pathlib.Path(build).resolve(), packets
        self.ns = f"nacld-bench-{os.getpid()}"
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="nacld-bench-"))
        self.consumers = []

    def inside(self, *argv):
        return ["ip", "netns", "exec", self.ns, *[str(a) for a in argv]]

    def __enter__(self):
        run("ip", "netns", "add", self.ns)
        ip = lambda *a: run("ip", "-n", self.ns, *a)
        ip("link", "set", "lo", "up")
        ip("link", "add", "sink", "type", "veth", "peer", "name", "drain")
        ip("addr", "add", "198.51.100.250/24", "dev", "sink")
        for device in ("sink", "drain"):
            ip("link", "set", device, "up")
        for last in range(1, 30):
            ip("neigh", "add", f"198.51.100.{last}", "lladdr", "02:00:00:00:00:01", "dev", "sink")
        run(*self.inside("iptables", "-w", "-t", "mangle", "-A", "POSTROUTING", "-p", "udp", "-j",
                         "DROP"))
        return self

    def __exit__(self, *_):
        for consumer in self.consumers:
            consumer.stop()
        subprocess.run(["ip", "netns", "del", self.ns], check=False)
        subprocess.run(["rm", "-rf", str(self.tmp)], check=False)

    def table(self):
        """{queue: packets waiting}"""
        text = run(*self.inside("cat", "/proc/net/netfilter/nfnetlink_queue"))
        return {int(c[0]): (int(c[2]), int(c[5]) + int(c[6]))
                for c in (line.split() for line in text.splitlines())}

    def steer(self, queue):
        run(*self.inside("iptables", "-w", "-A", "OUTPUT", "-d", f"198.51.100.{queue}",
                         "-j", "NFQUEUE", "--queue-num", queue))

    def add_loop(self, kind, drop, name=None):
        queue = len(self.consumers) + 1
        self.consumers.append(Consumer(self, name or kind, [self.build / "bench/loops", kind,
                                                            queue, drop], queue))
        self.steer(queue)

    def add_nacld(self, name, count, kind="rules"):
        queue = len(self.consumers) + 1
        path = self.tmp / f"{queue}.conf"
        path.write_text(config(queue, count, kind))
        self.consumers.append(Consumer(self, name, [self.build / "nacld", "-f", path, "-s",
                                                    self.tmp / f"{queue}.sock"], queue))
        self.steer(queue)

    def cpu_per_packet(self, consumer, every):
        """ns of CPU for each packet of a queue that was filled while the consumer was stopped."""
        consumer.popen.send_signal(signal.SIGSTOP)
        before = self.table()[consumer.queue][1]
        run(*self.inside(self.build / "bench/flood", f"198.51.100.{consumer.queue}", self.packets,
                         DENIED if every == 1 else ALLOWED, every if every > 1 else 0, DENIED))
        waiting, lost = self.table()[consumer.queue]
        if waiting != self.packets or lost != before:
            sys.exit(f"bench: {consumer.name}: {waiting} of {self.packets} packets wait")
        start = consumer.cpu_ns()
        consumer.popen.send_signal(signal.SIGCONT)
        wait_until(lambda: self.table()[consumer.queue][0] == 0, f"{consumer.name} is done")
        return (consumer.cpu_ns() - start) / self.packets


PATTERNS = {"accept": 0, "drop": 1, "drop 1 in 2": 2, "drop 1 in 10": 10}


def measure(args):
    results = {}
    for pattern, every in PATTERNS.items():
        with Bench(args.build, args.packets) as bench:
            bench.add_loop("ceiling", every)
            bench.add_loop("usual", every)
            for count in args.entries:
                kind = "set" if count > 30000 else "rules"
                bench.add_nacld(f"nacld {count:,}", count, kind)
            rows = {c.name: [] for c in bench.consumers}
            for turn in range(args.rounds + 1):
                for consumer in bench.consumers:
                    figure = bench.cpu_per_packet(consumer, every)
                    if turn:  # the first round warms up
                        rows[consumer.name].append(figure)
            results[pattern] = {
                name: {"ns": statistics.median(row), "min": min(row), "max": max(row),
                       "of_ceiling": statistics.median(a / b for a, b in zip(row, rows["ceiling"])),
                       "usual_over_it": statistics.median(a / b for a, b in
                                                          zip(rows["usual"], row))}
                for name, row in rows.items()}
            for consumer in bench.consumers:
                results[pattern][consumer.name]["resident_kib"] = consumer.resident_kib()
    return results


def show(results):
    for pattern, rows in results.items():
        print(f"\n{pattern}: CPU a packet, from a full queue")
        print(f"  {'':16} {'median':>8} {'min':>8} {'max':>8}  {'/ceiling':>8} {'usual/it':>8} "
              f"{'resident':>9}")
        for name, r in rows.items():
            print(f"  {name:16} {r['ns']:8.0f} {r['min']:8.0f} {r['max']:8.0f}  "
                  f"{r['of_ceiling']:8.3f} {r['usual_over_it']:8.2f} {r['resident_kib']:6} KiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--packets", type=int, default=20000)
    parser.add_argument("--entries", type=int, nargs="+", default=[2, 40, 1000, 10000, 100000])
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    results = measure(args)
    show(results)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
