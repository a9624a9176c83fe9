# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything at once for a while, and nothing that grows. `make soak MINUTES=` is the long version.

"Nothing grows": the daemon holds as many blocks of memory and as many descriptors at the end as at the beginning,
with the same policy. And in a long run, of what is resident, the least of the last third, which is what remains
between two reloads, is not above the second's by more than GROWTH_KIB: an allocator settles, late and in pages.
"""

import os
import pathlib
import random
import re
import signal
import socket
import sys
import threading
import time

from scapy.layers.inet import IP

from config import allow, config, deny, host
from faults import faulty
from services import queue_rule, udp_server
from wire import inject

from test_failure import drain
from test_faults_descriptors import open_descriptors
from test_faults_log import TO
from test_faults_memory import blocks
from test_flowlog import logged

SECONDS = int(os.environ.get("NACLD_SOAK_SECONDS", "20"))
GROWTH_KIB, LONG = 64, 180
RATE, PORT = 2000, 9000
SAMPLE_S = 0.1


def memory_kib(nacld):
    """Resident, without the pages of files, which come and go with what else the machine does."""
    status = pathlib.Path(f"/proc/{nacld.pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)[1])


def policies(net):
    """Two that follow each other, one larger than the other, and one that is refused."""
    few = [allow(100, "udp", ports=PORT), deny(110, "udp", ports=PORT + 1)]
    many = few + [allow(n, "tcp", ports=n, remote=f"198.51.100.{n % 256}/32") for n in range(200, 600)]
    texts = [logged(net, config(host(rules, []), count=2, length=4096), window=1) for rules in (few, many)]
    return [texts[0], texts[1], texts[0].replace("inbound", "inbund")]


def holds(nacld, faults, texts):
    """Blocks of memory and descriptors, with the first policy, after the second."""
    for text in (texts[1], texts[0]):
        nacld.reload(text)
    return blocks(nacld, faults), open_descriptors(nacld)


class Hand(threading.Thread):
    """Calls `work` until the end, with a pause; remembers what went wrong."""

    def __init__(self, end, pause, work):
        super().__init__()
        self.end, self.pause, self.work, self.turns, self.error = end, pause, work, 0, None
        self.start()

    def run(self):
        try:
            while time.monotonic() < self.end:
                self.work(self.turns)
                self.turns += 1
                time.sleep(self.pause)
        except Exception as error:  # told by finish()
            self.error = error

    def finish(self):
        self.join()
        if self.error:
            raise self.error
        return self.turns


def test_nothing_grows(net):
    client, server, link = net.pair()
    texts, path = policies(net), net.tmp / "flow.log"
    nacld, faults = faulty(server, texts[0], prefix=(*TO, net.tmp / "log"))
    queue_rule(server, "INPUT", "0:1")
    before, rnd = holds(nacld, faults, texts), random.Random(4)
    malformed = bytes(IP(src="192.0.2.2", dst="192.0.2.1", proto=6) / bytes(10))
    samples, sent = [], 0

    def change(turn):
        nacld.write(texts[turn % 3])
        if turn % 2:
            nacld.kill(signal.SIGHUP)
        else:
            nacld.ask("reload")

    def ask(turn):
        nacld.ask(("status", "config", "nonsense")[turn % 3])
        with nacld.connect() as s:
            s.sendall(rnd.randbytes(rnd.randrange(1, 5000)))

    def rotate(_):
        path.rename(path.with_suffix(".old"))
        nacld.kill(signal.SIGUSR1)

    start = time.monotonic()
    end = start + SECONDS
    with udp_server(server, PORT) as receiver, client.socket(kind=socket.SOCK_DGRAM) as s:
        hands = [Hand(end, 0.1, change), Hand(end, 0.02, ask), Hand(end, 2.5, rotate),
                 Hand(end, SAMPLE_S, lambda _: samples.append(memory_kib(nacld))),
                 Hand(end, 0.01, lambda _: drain(receiver))]
        while (now := time.monotonic()) < end:
            while sent < (now - start) * RATE:
                s.sendto(b"load", ("192.0.2.1", PORT + sent % 3))
                sent += 1
            if sent % 50 == 0:
                inject(link, client, malformed)
                sent += 1
            time.sleep(0.005)
        reloads, requests, _, _, _ = [hand.finish() for hand in hands]
    status = nacld.status()
    print(f"{SECONDS} s: {sent} packets, {status['reloads']} of {reloads} reloads done, {requests} requests "
          f"and as many hostile ones", file=sys.stderr)

    after = holds(nacld, faults, texts)
    part = len(samples) // 12
    least = [min(samples[i * part:(i + 1) * part]) for i in range(12)]
    print(f"own memory, least of each twelfth: {', '.join(map(str, least))} KiB; most {max(samples)} KiB; "
          f"blocks and descriptors {before} before, {after} after", file=sys.stderr)
    assert after == before
    assert SECONDS < LONG or min(least[8:]) - min(least[4:8]) <= GROWTH_KIB, "memory grows"
    assert status["reloads"] > SECONDS and requests > SECONDS
    assert sum(q["packets"] for q in status["queues"]) == sent, "every packet is judged"
    assert all(q["errors"] == {} and q["kernel_dropped"] == q["user_dropped"] == 0 for q in status["queues"])
    log = status["flow_log"]
    assert log["lost_records"] == log["lost_packets"] == 0 and log["error"] is None
