# SPDX-License-Identifier: GPL-2.0-or-later
"""Queues and receive buffers that overflow: what passes, what is counted, what is said, and when it is not.
(The plain full queue: test_failure.py.)"""

import pathlib
import re
import signal
import socket
import threading
import time

import pytest

from config import closed_host, open_host
from faults import faulty
from lib import wait_until
from services import Nacld, queue_file, queue_rule, stopped, udp_server
from wire import inject

from test_failure import datagrams, drain

LENGTH, SENT = 8, 50
FULL = re.compile(r"^nacld: warning: queue 0 was full: (\d+) packets dropped unfiltered; "
                  r"raise queue\.length \(8 now\) or queue\.count", re.M)
CROWDED = ('queue 0 is nearly full, and what does not fit passes unfiltered (on_failure is "accept"); '
           "raise queue.length (2048 now)")
BUFFER = re.compile(r"^nacld: warning: queue 0: its receive buffer was full: (\d+) packets dropped", re.M)


def overflow(nacld, server, link, sender, count, waiting):
    """The daemon stands still while so many packets come; `waiting` of them are kept."""
    stopped(nacld)
    inject(link, sender, *datagrams(count))
    wait_until(lambda: queue_file(server)[0]["waiting"] >= waiting, f"{waiting} wait")
    nacld.kill(signal.SIGCONT)
    wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "what waited is judged")


def naps(nacld):
    """How often the main thread has gone to sleep."""
    status = pathlib.Path(f"/proc/{nacld.pid}/task/{nacld.pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[1])


def test_a_full_queue_is_told_of_once_in_a_while_and_an_idle_one_wakes_nobody(net):
    """Nobody asks the daemon anything meanwhile, and every packet is accepted: only the overflow is news."""
    client, server, link = net.pair()
    nacld = Nacld(server, open_host(length=LENGTH))
    queue_rule(server, "INPUT")
    overflow(nacld, server, link, client, SENT, LENGTH)
    wait_until(lambda: FULL.findall(nacld.log()) == [str(SENT - LENGTH)], "the log names the queue")
    told = time.monotonic()
    for _ in range(3):
        overflow(nacld, server, link, client, SENT, LENGTH)
    wait_until(lambda: len(FULL.findall(nacld.log())) == 2, "the rest is told later", 20)
    assert time.monotonic() - told > 5, "ten seconds lie between two lines"
    assert sum(map(int, FULL.findall(nacld.log()))) == 4 * (SENT - LENGTH)

    quiet = []

    def sleeps():
        quiet.append(naps(nacld))
        return quiet[-250:] == [quiet[-1]] * 250

    wait_until(sleeps, "with no packets the main thread sleeps on, looks of a second included", 30)
    assert nacld.total("kernel_dropped") == 4 * (SENT - LENGTH)
    assert nacld.total("accepted") == 4 * LENGTH


@pytest.mark.parametrize("on_failure", ["drop", "accept"])
def test_a_full_receive_buffer(net, on_failure):
    """The socket's buffer is full before the queue is (the kernel answers itself with ENOBUFS): the
    overflow is counted and told of, or accepted, to the packet; the daemon goes on."""
    client, server, link = net.pair()
    nacld, _ = faulty(server, closed_host(length=4096, on_failure=on_failure), faults={"small_buffer": 1})
    queue_rule(server, "INPUT")
    packets = [bytes(p) for p in datagrams(1000)]
    with udp_server(server, 9000) as receiver:
        got = []
        done = threading.Event()

        def collect():
            while not done.is_set():
                got.extend(drain(receiver))

        reader = threading.Thread(target=collect)
        reader.start()
        stopped(nacld)
        for at in range(0, 1000, 100):
            inject(link, client, *packets[at:at + 100])
            wait_until(lambda at=at: queue_file(server)[0]["waiting"] + len(got) +
                       queue_file(server)[0]["user_dropped"] == at + 100, "each waits, passes or is lost")
        row = queue_file(server)[0]
        held, lost = row["waiting"], row["user_dropped"]
        assert 0 < held < 1000
        assert (lost, len(got)) == ((1000 - held, 0) if on_failure == "drop" else (0, 1000 - held))
        nacld.kill(signal.SIGCONT)
        nacld.wait_packets("web", "inbound", "*", held)
        if on_failure == "drop":
            wait_until(lambda: BUFFER.findall(nacld.log()) == [str(lost)], "the log says so")
        inject(link, client, *datagrams(10))
        nacld.wait_packets("web", "inbound", "*", held + 10)
        done.set()
        reader.join()
        assert len(got) == (0 if on_failure == "drop" else 1000 - held), "what waited was judged"
    assert nacld.total("user_dropped") == lost and nacld.total("kernel_dropped") == 0


def test_a_queue_that_stays_full_is_told_of_where_the_overflow_passes(net):
    """With on_failure = "accept" the kernel counts nothing: the alarm is the queue's own fill."""
    client, server, _ = net.pair()
    nacld, faults = faulty(server, open_host(length=2048, on_failure="accept"))
    queue_rule(server, "INPUT")
    with udp_server(server, 9000), client.socket(kind=socket.SOCK_DGRAM) as s:
        s.connect(("192.0.2.1", 9000))

        def told():
            for _ in range(2000):
                s.send(b"more")
            return nacld.log().count(CROWDED)

        faults.slow_ms = 300  # 256 packets each time: the rest waits, and the queue stays full
        assert wait_until(told, "the log says so", 30) == 1
        faults.slow_ms = 0
    wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "what waited is judged")
    assert nacld.total("kernel_dropped") == nacld.total("user_dropped") == 0
