# SPDX-License-Identifier: GPL-2.0-or-later
"""Monitor mode, and what becomes of packets while nobody can judge them."""

import signal
import socket

import pytest
from scapy.layers.inet import IP, UDP

from config import closed_host, open_host
from lib import wait_until
from services import Nacld, curl, drain, nginx, queue_file, steer, stopped, udp_server
from wire import inject

PORT = 9000
LENGTH, SENT = 8, 50
EX_CONFIG = 78


def datagrams(count):
    """They carry their own number, from 0."""
    return [IP(src="192.0.2.2", dst="192.0.2.1") / UDP(sport=40000, dport=PORT) / str(i).encode()
            for i in range(count)]


def all_pass(link, sender, receiver, count=500):
    """So many datagrams go in and come out, a few at a time: the receiver's own buffer is small."""
    for at in range(0, count, 100):
        inject(link, sender, *datagrams(100))
        got = []
        wait_until(lambda: got.extend(drain(receiver)) or len(got) == 100, f"all come out, of {at} on")


def test_monitor_drops_nothing_and_counts_what_it_would(net, tmp_path):
    client, server, _ = net.pair()
    nginx(server, tmp_path / "www")
    nacld = Nacld(server, closed_host(mode="monitor"))
    steer(server, nacld)
    assert curl(client, "http://192.0.2.1/").stdout == "hello from nginx\n"
    wait_until(lambda: nacld.packets("web", "outbound", "*") >= 4, "the answer was judged")
    status = nacld.status()
    assert status["mode"] == "monitor"
    assert nacld.total("dropped") == 0
    would = nacld.packets("web", "inbound", "*") + nacld.packets("web", "outbound", "*")
    wait_until(lambda: nacld.total("would_drop") == would, "every implicit deny is a would-drop")

    nacld.reload(closed_host(mode="enforce"))
    assert curl(client, "http://192.0.2.1/", timeout=1, check=False).returncode == 28
    assert nacld.total("dropped") >= 1
    assert nacld.total("would_drop") == would


@pytest.mark.parametrize("on_failure", ["drop", "accept"])
def test_daemon_absent(net, tmp_path, tool, on_failure):
    """Steering is up and nobody listens: on_failure decides. The daemon comes and its rules hold;
    it goes, and on_failure decides again."""
    client, server, _ = net.pair()
    nginx(server, tmp_path / "www")
    conf = tmp_path / "steer.conf"
    conf.write_text(closed_host(on_failure=on_failure))
    steer(server, conf, tool)

    def loads():
        return curl(client, "http://192.0.2.1/", timeout=0.7, check=False).returncode == 0

    assert loads() == (on_failure == "accept")
    broken = Nacld(server, closed_host(on_failure=on_failure).replace("inbound", "inbund"), ready=False,
                   expect=(EX_CONFIG,))
    assert broken.wait() == EX_CONFIG
    assert loads() == (on_failure == "accept"), "a start that is refused opens and closes nothing"
    nacld = Nacld(server, closed_host(on_failure=on_failure))
    assert nacld.status()["on_failure"] == on_failure
    assert not loads()
    assert nacld.total("dropped") >= 1
    assert nacld.stop() == 0
    assert loads() == (on_failure == "accept")


@pytest.mark.parametrize("on_failure, passed", [("accept", SENT - LENGTH), ("drop", 0)])
def test_a_full_queue(net, on_failure, passed):
    """The daemon stands still; the queue takes LENGTH packets; the rest is the overflow."""
    client, server, link = net.pair()
    with udp_server(server, PORT) as receiver:
        nacld = Nacld(server, closed_host(on_failure=on_failure, length=LENGTH))
        steer(server, nacld)
        stopped(nacld)
        inject(link, client, *datagrams(SENT))
        got = []
        wait_until(lambda: got.extend(drain(receiver)) or len(got) >= passed,
                   f"{passed} of the overflow pass")
        wait_until(lambda: queue_file(server)[0]["waiting"] == LENGTH, "the queue is full")
        assert queue_file(server)[0]["dropped"] == SENT - LENGTH - passed
        nacld.kill(signal.SIGCONT)
        nacld.wait_packets("web", "inbound", "*", LENGTH)
        wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "nothing is left waiting")
        got += drain(receiver)
    assert got == [b"%d" % i for i in range(LENGTH, LENGTH + passed)], "exactly the overflow"
    assert nacld.packets("web", "inbound", "*") == LENGTH
    assert nacld.total("kernel_dropped") == SENT - LENGTH - passed


@pytest.mark.parametrize("first_length", [4096, 64], ids=["from-the-start", "grown-by-a-reload"])
def test_the_receive_buffer_holds_a_full_queue(net, first_length):
    """The queue's length in packets is what it can hold: the socket's buffer must not be the limit."""
    client, server, link = net.pair()
    length = 4096
    nacld = Nacld(server, closed_host(length=first_length))
    steer(server, nacld)
    nacld.reload(closed_host(length=length))
    stopped(nacld)
    packet = bytes(IP(src="192.0.2.2", dst="192.0.2.1") / UDP(dport=PORT) / bytes(1400))
    inject(link, client, *[packet] * length)
    wait_until(lambda: queue_file(server)[0]["waiting"] == length, "the queue is full")
    assert queue_file(server)[0]["user_dropped"] == queue_file(server)[0]["dropped"] == 0
    nacld.kill(signal.SIGCONT)
    assert nacld.wait_packets("web", "inbound", "*", length) == length
    status = nacld.status()["queues"][0]
    assert (status["kernel_dropped"], status["user_dropped"], status["errors"]) == (0, 0, {})
    assert status["wakeups"] < length / 4, "packets are taken and answered in batches"


def test_a_killed_daemon_leaves_nothing_unjudged(net):
    """SIGKILL with packets waiting: they are dropped, never let through (closing is a drop)."""
    client, server, link = net.pair()
    with udp_server(server, PORT) as receiver:
        nacld = Nacld(server, open_host(), expect=(-9,))
        steer(server, nacld)
        stopped(nacld)
        inject(link, client, *datagrams(5))
        wait_until(lambda: queue_file(server)[0]["waiting"] == 5, "five packets wait")
        nacld.kill(signal.SIGKILL)
        nacld.wait()
        wait_until(lambda: 0 not in queue_file(server), "the queue is gone")
        assert drain(receiver) == []
        Nacld(server, open_host())
        with client.socket(kind=socket.SOCK_DGRAM) as s:
            s.sendto(b"after", ("192.0.2.1", PORT))
            receiver.settimeout(5)
            assert receiver.recv(64) == b"after"


def test_stopping_judges_what_it_has_read(net):
    """SIGTERM: the daemon ends with 0 and prints no error."""
    client, server, link = net.pair()
    with udp_server(server, PORT) as receiver:
        nacld = Nacld(server, open_host())
        steer(server, nacld)
        inject(link, client, *datagrams(20))
        got = []
        wait_until(lambda: got.extend(drain(receiver)) or len(got) == 20, "all were judged")
        assert nacld.stop() == 0
    assert "error" not in nacld.log().lower()
