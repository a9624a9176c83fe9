# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces that go down and come up. (A base chain deleted by somebody: test_queue.py.)"""

import signal
import socket

from config import open_host
from lib import _ip, wait_until
from services import Nacld, queue_file, queue_host, stopped, udp_server
from wire import inject

from test_failure import datagrams, drain


def errors(nacld):
    return nacld.status()["queues"][0]["errors"]


def test_an_interface_down_and_up_loses_its_own_packets_only(net):
    """Of ten packets that wait five go with their interface, the others get their verdict. When all have gone the
    verdict comes too late, and is counted."""
    client, server, link = net.pair()
    other = net.ns("other")
    second = net.veth(other, server, ("198.51.100.2/24",), ("198.51.100.1/24",))
    nacld = Nacld(server, open_host())
    queue_host(server)
    with udp_server(server, 9000) as receiver:
        stopped(nacld)
        inject(link, client, *datagrams(5))
        wait_until(lambda: queue_file(server)[0]["waiting"] == 5, "five packets wait")
        elsewhere = [packet.copy() for packet in datagrams(5)]
        for packet in elsewhere:
            packet.src, packet.dst = "198.51.100.2", "198.51.100.1"
        inject(second, other, *elsewhere)
        wait_until(lambda: queue_file(server)[0]["waiting"] == 10, "and five of the other interface")
        _ip("link set client down", server)
        wait_until(lambda: queue_file(server)[0]["waiting"] == 5, "the kernel let five go")
        nacld.kill(signal.SIGCONT)
        got = []
        wait_until(lambda: got.extend(drain(receiver)) or len(got) == 5, "the other five come")
        assert nacld.packets("web", "inbound", 100) == 10, "the daemon had read them all"
        assert errors(nacld) == {}, "one verdict settles them all, and found some"

        _ip("link set client up", server)
        stopped(nacld)
        inject(link, client, *datagrams(5))
        wait_until(lambda: queue_file(server)[0]["waiting"] >= 5, "five more wait")
        _ip("link set client down", server)
        wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "the kernel let them go")
        nacld.kill(signal.SIGCONT)
        wait_until(lambda: errors(nacld).get("enoent"), "the late verdict is counted")

        for _ in range(10):
            _ip("link set client up", server)
            _ip("link set client down", server)
        _ip("link set client up", server)
        with client.socket(kind=socket.SOCK_DGRAM) as s:
            s.connect(("192.0.2.1", 9000))

            def comes():
                s.send(b"again")
                return b"again" in drain(receiver)

            wait_until(comes, "packets pass again")
    assert set(errors(nacld)) == {"enoent"} and nacld.running()
    assert queue_file(server)[0]["waiting"] == 0
