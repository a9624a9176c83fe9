# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reload costs: how long it takes, and what the traffic notices of it.

Datagrams at a steady pace go through an OUTPUT queue; the kernel stamps each at the device behind it, and the
gaps between the stamps are compared between turns with reloads of 100,000 entries and turns without.
"""

import json
import socket
import statistics
import time

from ground import ALLOWED, Ground, run

INTERVAL_NS = 50_000
WINDOW = 0.4  # seconds; short, so that what else the machine does is in few of them
TURNS = 5  # a round
NAMES = ("p50", "p99", "p99.9", "max")


def lay(ground):
    sender, receiver = ground.ns("sender"), ground.ns("receiver")
    run("ip", "-n", sender, "link", "add", "net", "type", "veth", "peer", "name", "net", "netns", receiver)
    for ns, address in ((sender, "192.0.2.1/24"), (receiver, "192.0.2.2/24")):
        run("ip", "-n", ns, "addr", "add", address, "dev", "net")
        run("ip", "-n", ns, "link", "set", "net", "up")
    run(*ground.inside(sender, "iptables", "-w", "-A", "OUTPUT", "-p", "udp", "-j", "NFQUEUE",
                       "--queue-num", "1"))
    return sender, receiver


def reload(path):
    """Asks over the control socket; ms until the answer."""
    start = time.monotonic()
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(path))
        control.sendall(b'{"request": "reload"}\n')
        answer = json.loads(control.makefile().readline())
    if not answer["ok"]:
        raise SystemExit(f"bench: reload refused: {answer}")
    return (time.monotonic() - start) * 1000


def once(ground, sender, receiver, path):
    """{"gap": distribution, "way": distribution} in us over WINDOW seconds, how many datagrams were lost, and
    how long the reload took that fell into them (path None: none)."""
    count = int(WINDOW * 1e9 / INTERVAL_NS)
    listener = ground.start(receiver, ground.build / "bench/gaps", "receive", ALLOWED, count)
    listener.stdout.readline()
    load = ground.start(sender, ground.build / "bench/gaps", "send", "192.0.2.2", ALLOWED, count, INTERVAL_NS)
    time.sleep(WINDOW / 5)
    took = reload(path) if path else None
    received, *distributions = [list(map(int, listener.stdout.readline().split())) for _ in range(3)]
    for popen in (load, listener):
        popen.wait()
        ground.others.remove(popen)
    return {what: dict(zip(NAMES, (ns / 1000 for ns in distribution)))
            for what, distribution in zip(("gap", "way"), distributions)}, count - received[0], took


def summary(turns):
    """Of the turns' distributions: medians, and the worst of all."""
    return {key: statistics.median(turn[key] for turn in turns) for key in NAMES} | {
        "worst": max(turn["max"] for turn in turns)}


def measure(args):
    with Ground(args.build) as ground:
        sender, receiver = lay(ground)
        start = time.monotonic()
        ground.add_nacld(sender, 1, 100000)
        started_ms = (time.monotonic() - start) * 1000
        rows, times, lost = {"without": [], "with a reload": []}, [], 0
        for turn in range(args.rounds * TURNS + 1):
            for name, path in (("without", None), ("with a reload", ground.tmp / "1.sock")):
                row, missing, took = once(ground, sender, receiver, path)
                lost += missing
                if turn:
                    rows[name].append(row)
                    times += [took] if took else []
    return {"reload_ms": {"median": statistics.median(times), "max": max(times)}, "start_ms": started_ms,
            "lost": lost} | {
                what: {name: summary([turn[what] for turn in turns]) for name, turns in rows.items()} |
                {"max_beyond": statistics.median(b[what]["max"] - a[what]["max"] for a, b in zip(*rows.values()))}
                for what in ("gap", "way")}


def show(results):
    print(f"\nReload of 100,000 entries: {results['reload_ms']['median']:.0f} ms (at most "
          f"{results['reload_ms']['max']:.0f}); start with them: {results['start_ms']:.0f} ms; "
          f"{results['lost']} packets lost")
    for what, text in (("gap", "Gaps between verdicts"), ("way", "From the sender through the queue")):
        print(f"{text}, in us, a packet every {INTERVAL_NS // 1000} us; medians over the turns")
        print(f"  {'':14}" + "".join(f"{name:>9}" for name in (*NAMES, "worst")))
        for name in ("without", "with a reload"):
            row = results[what][name]
            print(f"  {name:14}" + "".join(f"{row[key]:9.0f}" for key in (*NAMES, "worst")))
        print(f"  longest with a reload beyond the longest without, turn by turn: "
              f"{results[what]['max_beyond']:.0f} us")
