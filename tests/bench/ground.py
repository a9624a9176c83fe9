# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground the bench stands on: namespaces of its own, consumers of queues, configurations."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ALLOWED, DENIED = 4430, 4431


def run(*argv, **kwargs):
    return subprocess.run([str(a) for a in argv], check=True, text=True, capture_output=True,
                          **kwargs).stdout


def wait_until(condition, what, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"bench: after {timeout} s still not so: {what}")
        time.sleep(0.002)


def _address(rng):
    return f"{rng.randrange(1, 190)}.{rng.randrange(256)}.{rng.randrange(256)}"


def _list(count, key, last):
    """Rules of one direction: `count` in all, the ones that match at the end."""
    rng = random.Random(1)
    lines = []
    for i in range(max(0, min(count, 30000) - len(last))):
        lines.append(f'{{ rule = {i + 1}; action = "{rng.choice(("allow", "deny"))}"; protocol = "tcp"; '
                     f'ports = "{rng.choice((22, 25, 53, 80, 443, 3306, 5432))}"; '
                     f'{key} = "{_address(rng)}.0/24"; }}')
    if count > 30000:
        lines = [f'{{ rule = 1; action = "deny"; protocol = "all"; {key} = "@blocklist"; }}']
    lines += [f'{{ rule = {32000 + i}; action = "{action}"; protocol = "{protocol}"; ports = "{ports}"; '
              f'{key} = "0.0.0.0/0"; }}' for i, (action, protocol, ports) in enumerate(last)]
    return ",\n    ".join(lines)


def config(queue, count, flow_log=None, queues=1, isolation="none", stands="host = true"):
    """A host ACL (or what `stands` says) with `count` entries a direction that lets the bench's own traffic through.

    Beyond 30,000 the entries are the addresses of a set: rule numbers end at 32,766.
    """
    rng = random.Random(2)
    sets = ""
    if count > 30000:
        addresses = sorted({f"{_address(rng)}.{rng.randrange(256)}" for _ in range(count)})
        sets = 'sets = ( { name = "blocklist"; addresses = [ %s ]; } );\n' % ", ".join(
            f'"{a}"' for a in addresses)
    last = (("allow", "udp", ALLOWED), ("deny", "udp", DENIED), ("allow", "udp", "all"),
            ("allow", "tcp", "all"))
    log = f'flow_log = {{ file = "{flow_log}"; }};\n' if flow_log else ""
    return (f'isolation = "{isolation}";\n'
            f'queue = {{ first = {queue}; count = {queues}; length = 65536; }};\n{log}{sets}'
            f'network_acls = ( {{ name = "bench"; associations = ( {{ {stands}; }} );\n'
            f'  inbound = (\n    {_list(count, "source", last)} );\n'
            f'  outbound = (\n    {_list(count, "destination", last)} ); }} );\n')


class Consumer:
    """A program that serves one queue in one namespace. With queue None: nobody, the bare path."""

    def __init__(self, ground, ns, name, argv, queue):
        self.ground, self.ns, self.name, self.queue = ground, ns, name, queue
        self.popen = None
        if queue is None:
            return
        log = open(ground.tmp / f"{queue}.log", "w", encoding="utf-8")
        self.popen = subprocess.Popen(ground.inside(ns, *argv), stdout=log, stderr=log,
                                      stdin=subprocess.DEVNULL)
        wait_until(lambda: queue in ground.table(ns) or self.popen.poll() is not None,
                   f"{name} serves queue {queue}")
        if self.popen.poll() is not None:
            sys.exit(f"bench: {name} ended: " + (ground.tmp / f"{queue}.log").read_text())

    def cpu_ns(self):
        total = 0
        for task in self.tasks() + self.judges():
            total += int((task / "schedstat").read_text().split()[0])
        return total

    def resident_kib(self):
        for line in pathlib.Path(f"/proc/{self.popen.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def tasks(self):
        return list(pathlib.Path(f"/proc/{self.popen.pid}/task").iterdir())

    def judges(self):
        """The threads of the processes that judge for it."""
        children = [child for task in self.tasks() for child in (task / "children").read_text().split()]
        return [t for child in children for t in pathlib.Path(f"/proc/{child}/task").iterdir()]

    def threads(self):
        """Every thread's number, its judges' too; nobody's for the bare path."""
        return [int(task.name) for task in self.tasks() + self.judges()] if self.popen else []

    def pause(self):
        """Stopped, every thread of it: a signal sent is not yet a thread at rest."""
        self.popen.send_signal(signal.SIGSTOP)
        wait_until(lambda: all(") T " in (task / "stat").read_text() for task in self.tasks()),
                   f"{self.name} is stopped")

    def resume(self):
        self.popen.send_signal(signal.SIGCONT)

    def stop(self):
        if not self.popen:
            return
        self.popen.send_signal(signal.SIGCONT)
        self.popen.terminate()
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Ground:
    """Network namespaces and everything that runs in them; gone when the block is left."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="nacld-bench-"))
        self.consumers, self.spaces, self.others = [], [], []

    def ns(self, label):
        name = f"nacld-bench-{os.getpid()}-{label}"
        run("ip", "netns", "add", name)
        self.spaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def inside(self, ns, *argv):
        return ["ip", "netns", "exec", ns, *[str(a) for a in argv]]

    def start(self, ns, *argv):
        popen = subprocess.Popen(self.inside(ns, *argv), stdout=subprocess.PIPE, text=True,
                                 stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.others.append(popen)
        return popen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for consumer in self.consumers:
            consumer.stop()
        for popen in self.others:
            popen.kill()
            popen.wait()
        for name in self.spaces:
            subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["rm", "-rf", str(self.tmp)], check=False)

    def table(self, ns):
        """{queue: (waiting, lost)}"""
        text = run(*self.inside(ns, "cat", "/proc/net/netfilter/nfnetlink_queue"))
        return {int(c[0]): (int(c[2]), int(c[5]) + int(c[6]))
                for c in (line.split() for line in text.splitlines())}

    def add(self, ns, name, queue, argv):
        self.consumers.append(Consumer(self, ns, name, argv, queue))
        return self.consumers[-1]

    def add_loop(self, ns, queue, kind, drop=0):
        return self.add(ns, kind, queue, [self.build / "bench/loops", kind, queue, drop])

    def add_nacld(self, ns, queue, count, flow_log=False, queues=1, isolation="none", edge=None):
        path = self.tmp / f"{queue}.conf"
        log = self.tmp / f"{queue}.flow" if flow_log else None
        path.write_text(config(queue, count, log, queues, isolation,
                               f'edge = [ "{edge}" ]' if edge else "host = true"))
        more = (" + flow log" if flow_log else "") + (" isolated" if isolation == "process" else "") + (
            " at an edge" if edge else "")
        return self.add(ns, f"nacld {count:,}{more}", queue,
                        [self.build / "nacld", "-f", path, "-s", self.tmp / f"{queue}.sock"])
