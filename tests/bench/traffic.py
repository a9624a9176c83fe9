# SPDX-License-Identifier: GPL-2.0-or-later
"""What traffic feels: TCP throughput and round trips through the INPUT and OUTPUT queues of one host,
and what arrives under a flood. The same two namespaces for every consumer, taken in turns.
"""

import contextlib
import json
import os
import statistics
import subprocess

from ground import ALLOWED, Ground, run, wait_until

PORT = 5201


def lay(ground):
    server, client = ground.ns("server"), ground.ns("client")
    run("ip", "-n", server, "link", "add", "net", "type", "veth", "peer", "name", "net", "netns", client)
    for ns, address in ((server, "192.0.2.1/24"), (client, "192.0.2.2/24")):
        run("ip", "-n", ns, "addr", "add", address, "dev", "net")
        run("ip", "-n", ns, "link", "set", "net", "up")
    return server, client


IN_KERNEL = "in-kernel 40"


def in_kernel_rules(hook):
    """Forty rules of which the last lets the traffic pass, for iptables-restore: what the kernel does itself."""
    end = "-s" if hook == "INPUT" else "-d"
    rules = [f"-A {hook} {end} 198.51.{i}.0/24 -p tcp --dport 443 -j DROP" for i in range(39)]
    return "\n".join(["*filter", *rules, f"-A {hook} -j ACCEPT", "COMMIT", ""])


def steer(ground, ns, consumer):
    for hook in ("INPUT", "OUTPUT"):
        run(*ground.inside(ns, "iptables", "-w", "-F", hook))
        if consumer.name == IN_KERNEL:
            run(*ground.inside(ns, "iptables-restore", "-w", "-n"), input=in_kernel_rules(hook))
        if consumer.queue is not None:
            run(*ground.inside(ns, "iptables", "-w", "-A", hook, "-o" if hook == "OUTPUT" else "-i",
                               "net", "-j", "NFQUEUE", "--queue-num", consumer.queue))


def tools_env():
    here = os.path.abspath("build/tools/usr")
    return os.environ | {"PATH": f"{here}/bin:" + os.environ["PATH"],
                         "LD_LIBRARY_PATH": f"{here}/lib/x86_64-linux-gnu"}


def throughput(ground, server, client, seconds):
    env = tools_env()
    listener = subprocess.Popen(ground.inside(server, "iperf3", "-s", "-1", "-p", PORT), env=env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ground.others.append(listener)
    wait_until(lambda: f":{PORT} " in run(*ground.inside(server, "ss", "-tlnH")), "iperf3 listens")
    text = run(*ground.inside(client, "iperf3", "-c", "192.0.2.1", "-p", PORT, "-t", seconds, "-J"), env=env,
               timeout=seconds + 30)
    listener.wait(10)
    return json.loads(text)["end"]["sum_received"]["bits_per_second"] / 1e6


def round_trip(ground, client, count):
    return [int(n) / 1000 for n in run(*ground.inside(client, ground.build / "bench/pingpong", "client",
                                                      "192.0.2.1", ALLOWED, count)).split()]


@contextlib.contextmanager
def on_one_core(pids):
    """Where the scheduler puts three threads decides a round trip more than the loop does; here it has no choice."""
    all_cores = os.sched_getaffinity(0)
    for pid in (0, *pids):
        os.sched_setaffinity(pid, {min(all_cores)})
    try:
        yield
    finally:
        for pid in (0, *pids):
            os.sched_setaffinity(pid, all_cores)


def received(ns):
    text = run("ip", "netns", "exec", ns, "cat", "/proc/net/snmp")
    names, values = [line.split() for line in text.splitlines() if line.startswith("Udp:")]
    row = dict(zip(names[1:], map(int, values[1:])))
    return row["InDatagrams"] + row["RcvbufErrors"] + row["NoPorts"]


def flood(ground, server, client, packets):
    """Datagrams a second that got through the queue while as many as possible were sent."""
    before = received(server)
    timed = subprocess.run(ground.inside(client, "bash", "-c",
                                         f"TIMEFORMAT=%R; time {ground.build}/bench/flood 192.0.2.1 "
                                         f"{packets} 4432 0 0"), check=True, text=True,
                           capture_output=True)
    return (received(server) - before) / float(timed.stderr.split()[-1])


def measure(args):
    with Ground(args.build) as ground:
        server, client = lay(ground)
        ground.add(server, "bare", None, None)
        ground.add(server, IN_KERNEL, None, None)
        for i, kind in enumerate(("usual", "gso", "ceiling")):
            ground.add_loop(server, 1 + i, kind)
        ground.add_nacld(server, 4, 40)
        ground.add_nacld(server, 6, 40, isolation="process")
        answerer = ground.start(server, ground.build / "bench/pingpong", "server", ALLOWED)
        answerer.stdout.readline()
        rows = {c.name: {"tcp": [], "p50": [], "p99": [], "p50_one_core": [], "flood": []} for c in ground.consumers}
        for _ in range(args.rounds):
            for consumer in ground.consumers:
                steer(ground, server, consumer)
                row = rows[consumer.name]
                # Where the scheduler puts the three threads decides more than the loop does: asked several times.
                trips = [round_trip(ground, client, args.round_trips) for _ in range(5)]
                row["p50"].append(statistics.median(p50 for p50, _ in trips))
                row["p99"].append(statistics.median(p99 for _, p99 in trips))
                with on_one_core([answerer.pid, *consumer.threads()]):
                    trips = [round_trip(ground, client, args.round_trips) for _ in range(3)]
                row["p50_one_core"].append(statistics.median(p50 for p50, _ in trips))
                row["tcp"].append(throughput(ground, server, client, args.seconds))
                row["flood"].append(flood(ground, server, client, args.packets * 10))
    return {name: {key: statistics.median(values) for key, values in row.items()} |
            {"tcp_of_bare": statistics.median(a / b for a, b in zip(row["tcp"], rows["bare"]["tcp"])),
             "tcp_over_usual": statistics.median(a / b for a, b in zip(row["tcp"], rows["usual"]["tcp"])),
             "p50_of_usual": statistics.median(a / b for a, b in zip(row["p50"], rows["usual"]["p50"])),
             "p50_one_core_of_usual": statistics.median(
                 a / b for a, b in zip(row["p50_one_core"], rows["usual"]["p50_one_core"]))}
            for name, row in rows.items()}


def show(results):
    print("\nTraffic through one host's INPUT and OUTPUT")
    print(f"  {'':12} {'TCP Mbit/s':>10} {'/bare':>6} {'/usual':>7} {'p50 us':>7} {'/usual':>7} {'p99 us':>7} "
          f"{'one core':>8} {'/usual':>7} {'flood pkt/s':>12}")
    for name, r in results.items():
        print(f"  {name:12} {r['tcp']:10.0f} {r['tcp_of_bare']:6.2f} {r['tcp_over_usual']:7.1f} {r['p50']:7.1f} "
              f"{r['p50_of_usual']:7.2f} {r['p99']:7.1f} "
              f"{r['p50_one_core']:8.1f} {r['p50_one_core_of_usual']:7.2f} {r['flood']:12.0f}")
