# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket under attack, and the packets meanwhile. (One bad client at a time: test_control.py.)"""

import os
import pathlib
import re
import socket
import statistics
import sys
import time

from config import open_host
from faults import sanitized
from services import Nacld, queue_rule, udp_server

from test_faults_descriptors import open_descriptors

CLIENTS_MAX, REQUESTS = 32, 10000
MEMORY_KIB = 32 * 1024  # a sanitizer keeps what is freed: not there


def way(sender, receiver):
    """Seconds that one datagram takes through the queue, of less than a thousand a second."""
    time.sleep(0.001)
    start = time.monotonic()
    sender.send(b"ping")
    assert receiver.recv(16) == b"ping"
    return time.monotonic() - start


def resident_kib(nacld):
    status = pathlib.Path(f"/proc/{nacld.pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1])


def may_be_nobody():
    try:
        os.seteuid(65534)
    except OSError:  # one user only in this user namespace
        return False
    os.seteuid(0)
    return True


def test_ten_thousand_hostile_requests_do_not_touch_the_packets(net):
    client, server, _ = net.pair()
    nacld = Nacld(server, open_host())
    queue_rule(server, "INPUT")
    nobody = may_be_nobody()
    for folder in nacld.socket_path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o111)
    nacld.socket_path.chmod(0o666)
    held, before = open_descriptors(nacld), resident_kib(nacld)
    script = pathlib.Path(__file__).with_name("hostile_clients.py")
    who = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if nobody else ()

    with udp_server(server, 9000) as receiver, client.socket(kind=socket.SOCK_DGRAM) as sender:
        sender.connect(("192.0.2.1", 9000))
        calm = [way(sender, receiver) for _ in range(200)]
        crowd = server.start("hostile", *who, "/usr/bin/python3", "-c", script.read_text(),
                             nacld.socket_path, REQUESTS)
        stormy, most, served = [], 0, 0
        while crowd.running():
            assert len(stormy) < 200000, "no end"
            stormy.append(way(sender, receiver))
            if len(stormy) % 100 == 0:
                most = max(most, len(os.listdir(f"/proc/{nacld.pid}/fd")))
            if nobody and len(stormy) % 200 == 0:
                served += nacld.status()["queues"][0]["packets"] >= len(stormy)
    said = crowd.log()
    assert crowd.wait() == 0, said
    assert f"{REQUESTS} requests" in said
    turned_away = int(re.search(r"1000 connections, (\d+) turned away", said)[1])
    assert turned_away > 1000 // 2, said
    assert most <= held + CLIENTS_MAX + 1, "PROTOCOL_CLIENTS_MAX, and one on its way out"
    assert served or not nobody, "root has places of its own"
    assert sanitized() or resident_kib(nacld) - before < MEMORY_KIB, "a client costs a bounded amount of memory"

    median = [statistics.median(times) for times in (calm, stormy)]
    late = [statistics.quantiles(times, n=100)[98] for times in (calm, stormy)]
    print(f"one way, median {median[0] * 1e6:.0f} us before, {median[1] * 1e6:.0f} us in the attack; "
          f"99 % within {late[0] * 1e6:.0f} us, {late[1] * 1e6:.0f} us", file=sys.stderr)
    assert median[1] < 20 * median[0] + 0.02, "the packets wait for the control socket"
    status = nacld.status()["queues"][0]
    assert status["packets"] == status["accepted"] == len(calm) + len(stormy)
    assert open_descriptors(nacld) == held


def test_descriptors_that_nobody_asked_for_are_closed(net):
    """With a request come as many as fit; two fit where one is expected (CMSG_SPACE counts whole words)."""
    _, server, _ = net.pair()
    nacld = Nacld(server, open_host())
    held = open_descriptors(nacld)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(nacld.socket_path))
        for count in (1, 2, 3, 8):
            for _ in range(20):
                socket.send_fds(client, [b'{"request": "status"}\n'], [client.fileno()] * count)
                answer = b""
                while not answer.endswith(b"\n"):
                    answer += client.recv(65536)
                assert b'"ok":true' in answer
        assert open_descriptors(nacld) <= held + 2, "the connection, and at most what came last"
