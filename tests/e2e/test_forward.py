# SPDX-License-Identifier: GPL-2.0-or-later
"""Routed traffic: subnet A's outbound list, then subnet B's inbound list; both must allow."""

import socket

import pytest
from scapy.layers.inet import UDP

from config import ANY4, ANY6, EPHEMERAL, allow, config, subnet
from lib import wait_until
from services import Nacld, curl, nginx, queue_forward, steer, udp_server
from wire import Capture

A = {4: "198.51.100.0/24", 6: "2001:db8:a::/64"}
B = {4: "203.0.113.0/24", 6: "2001:db8:b::/64"}
RIGHT = {4: "203.0.113.2", 6: "2001:db8:b::2"}
ANY = {4: ANY4, 6: ANY6}
PORT = 9000


@pytest.fixture(params=[4, 6], ids=["ipv4", "ipv6"])
def family(request):
    return request.param


def two_subnets(family, out_of_a, into_b):
    """UDP to `out_of_a` may leave A, UDP to `into_b` may enter B."""
    any_ = ANY[family]
    return config(subnet(A[family], [], [allow(100, "udp", any_, out_of_a)], "a"),
                  subnet(B[family], [allow(100, "udp", any_, into_b)], [], "b"))


def send(ns, family, count=1):
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with ns.socket(kind, socket.SOCK_DGRAM) as s:
        for _ in range(count):
            s.sendto(b"across", (RIGHT[family], PORT))


def is_ours(packet):
    return UDP in packet and packet[UDP].dport == PORT


def test_both_lists_are_asked_in_order(net, family):
    left, router, right, to_left, to_right = net.routed()
    nacld = Nacld(router, two_subnets(family, PORT, PORT))
    steer(router, nacld)
    with udp_server(right, PORT) as receiver, Capture(right, to_right.interface(right), "in") as wire:
        send(left, family)
        assert receiver.recv(64) == b"across"
        assert nacld.packets("a", "outbound", 100) == nacld.packets("b", "inbound", 100) == 1

        nacld.reload(two_subnets(family, 1, PORT))
        send(left, family)
        nacld.wait_packets("a", "outbound", "*", 1)
        assert nacld.packets("b", "inbound", 100) == 1, "B was asked about what A had denied"
        assert nacld.packets("b", "inbound", "*") == 0

        nacld.reload(two_subnets(family, PORT, 1))
        send(left, family)
        nacld.wait_packets("b", "inbound", "*", 1)
        assert nacld.packets("a", "outbound", 100) == 1
        assert len(wire.packets(is_ours)) == 1, "a denied packet went on"


def test_a_connection_needs_four_rules(net, tmp_path, family):
    """Request: out of A, into B. Reply: out of B, into A. Without the last, the page does not load."""
    left, router, right, *_ = net.routed()
    nginx(right, tmp_path / "www")
    any_ = ANY[family]

    def policy(into_a):
        return config(
            subnet(A[family], into_a, [allow(100, "tcp", any_, 80)], "a"),
            subnet(B[family], [allow(100, "tcp", any_, 80)],
                   [allow(100, "tcp", any_, EPHEMERAL)], "b"))

    nacld = Nacld(router, policy([]))
    steer(router, nacld)
    url = f"http://{RIGHT[family] if family == 4 else '[' + RIGHT[family] + ']'}/"
    assert curl(left, url, timeout=1, check=False).returncode == 28
    assert nacld.packets("b", "outbound", 100) >= 1
    # The server repeats its answer, maybe between two of these questions.
    wait_until(lambda: nacld.packets("a", "inbound", "*") == nacld.packets("b", "outbound", 100) ==
               nacld.total("dropped"), "each answer leaves B and is dropped before A")
    nacld.reload(policy([allow(100, "tcp", any_, EPHEMERAL)]))
    assert curl(left, url).stdout == "hello from nginx\n"


@pytest.mark.parametrize("by", ["steering", "daemon"])
def test_within_one_subnet_nothing_is_filtered(net, family, by):
    """Both sides of the router belong to one ACL's subnet: passed, though its lists allow nothing.

    Steering does not even queue such packets; where a rule by hand does, the daemon passes them.
    """
    left, router, right, *_ = net.routed()
    wide = {4: "192.0.0.0/4", 6: "2001:db8::/32"}[family]
    nacld = Nacld(router, config(subnet(wide, [], [], "all")))
    if by == "steering":
        steer(router, nacld)
    else:
        queue_forward(router)
    with udp_server(right, PORT) as receiver:
        send(left, family)
        assert receiver.recv(64) == b"across"
    if by == "daemon":
        wait_until(lambda: nacld.status()["outcomes"]["within-subnet"] == 1, "counted as such")
    else:
        assert nacld.total("packets") == 0
    assert nacld.packets("all", "outbound", "*") == nacld.packets("all", "inbound", "*") == 0


def test_two_subnets_of_one_acl_are_still_two(net, family):
    """Sharing an ACL does not make two subnets one: crossing an edge is judged."""
    left, router, right, *_ = net.routed()
    nacld = Nacld(router, config(subnet([A[family], B[family]], [],
                                        [allow(100, "udp", ANY[family], PORT)], "shared")))
    steer(router, nacld)
    send(left, family)
    nacld.wait_packets("shared", "inbound", "*", 1)
    assert nacld.packets("shared", "outbound", 100) == 1
