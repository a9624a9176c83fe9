# SPDX-License-Identifier: GPL-2.0-or-later
"""Fragments at every hook: what the kernel shows there, and what the rules make of it.

IPv4 INPUT and every OUTPUT show whole packets. IPv6 INPUT and both families' FORWARD show raw
fragments unless steering makes the kernel put them together first.
"""

import socket

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6

from config import ANY4, ANY6, allow, config, host, subnet
from services import Nacld, steer, udp_server
from wire import Capture, inject

PORT = 9000
PAYLOAD = bytes(i % 251 for i in range(3000))
PAIR = {4: ("192.0.2.2", "192.0.2.1"), 6: ("2001:db8:1::2", "2001:db8:1::1")}
ROUTED = {4: ("198.51.100.2", "203.0.113.2"), 6: ("2001:db8:a::2", "2001:db8:b::2")}
NETS = {4: "203.0.113.0/24", 6: "2001:db8:b::/64"}
ANY = {4: ANY4, 6: ANY6}
WHOLE = {4: len(PAYLOAD) + 8 + 20, 6: len(PAYLOAD) + 8 + 40}
BOTH = pytest.mark.parametrize("family", [4, 6], ids=["ipv4", "ipv6"])


def pieces(family, ends, ident=77):
    """The datagram in three fragments."""
    src, dst = ends
    udp = UDP(sport=40000, dport=PORT) / PAYLOAD
    if family == 4:
        parts = fragment(IP(src=src, dst=dst, id=ident) / udp, 1200)
    else:
        parts = fragment6(IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(id=ident) / udp, 1280)
    assert len(parts) == 3
    return parts


def received(server):
    try:
        return server.recv(65536)
    except TimeoutError:
        return None


def udp_rule(family):
    return [allow(100, "udp", ANY[family], PORT)]


@BOTH
def test_input_reassembled_is_one_packet(net, family):
    client, server, link = net.pair()
    with udp_server(server, PORT) as receiver:
        nacld = Nacld(server, config(host(udp_rule(family), []), fragments="reassemble"))
        steer(server, nacld)
        inject(link, client, *pieces(family, PAIR[family]))
        assert received(receiver) == PAYLOAD
    rule = nacld.rule("web", "inbound", 100)
    assert (rule["packets"], rule["bytes"]) == (1, WHOLE[family])
    assert nacld.packets("web", "inbound", "*") == 0


def test_input_ipv4_is_whole_without_help(net):
    client, server, link = net.pair()
    with udp_server(server, PORT) as receiver:
        nacld = Nacld(server, config(host(udp_rule(4), []), fragments="strict"))
        steer(server, nacld)
        inject(link, client, *pieces(4, PAIR[4]))
        assert received(receiver) == PAYLOAD
    assert nacld.packets("web", "inbound", 100) == 1


def test_input_ipv6_strict_judges_each_fragment(net):
    """The port rule covers the first fragment only; a rule that looks at no port covers the rest."""
    client, server, link = net.pair()
    with udp_server(server, PORT) as receiver:
        nacld = Nacld(server, config(host(udp_rule(6), []), fragments="strict"))
        steer(server, nacld)
        inject(link, client, *pieces(6, PAIR[6], 1))
        nacld.wait_packets("web", "inbound", "*", 2)
        assert nacld.packets("web", "inbound", 100) == 1
        receiver.settimeout(0.2)
        assert received(receiver) is None

        no_port = allow(200, "all", "2001:db8:1::2/128")
        nacld.reload(config(host(udp_rule(6) + [no_port], []), fragments="strict"))
        receiver.settimeout(5)
        inject(link, client, *pieces(6, PAIR[6], 2))
        assert received(receiver) == PAYLOAD
    assert nacld.packets("web", "inbound", 200) == 2


@BOTH
def test_output_is_whole(net, family):
    client, server, link = net.pair()
    nacld = Nacld(server, config(host([], udp_rule(family)), fragments="strict"))
    steer(server, nacld)
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with Capture(client, link.interface(client), "in") as wire, \
            server.socket(kind, socket.SOCK_DGRAM) as sender:
        sender.sendto(PAYLOAD, (PAIR[family][0], PORT))
        wire.wait_for(is_fragment, 3, "three fragments on the wire")
    rule = nacld.rule("web", "outbound", 100)
    assert (rule["packets"], rule["bytes"]) == (1, WHOLE[family])


def is_fragment(packet):
    if IP in packet:
        return bool(packet.flags.MF or packet.frag)
    return IPv6ExtHdrFragment in packet


@BOTH
def test_forward_strict_judges_each_fragment(net, family):
    left, router, right, to_left, to_right = net.routed()
    acl = subnet(NETS[family], udp_rule(family), [], "right")
    nacld = Nacld(router, config(acl, fragments="strict"))
    steer(router, nacld)
    with Capture(right, to_right.interface(right), "in") as wire:
        inject(to_left, left, *pieces(family, ROUTED[family]))
        nacld.wait_packets("right", "inbound", "*", 2)
        wire.wait_for(is_fragment, 1, "the first fragment")
        assert len(wire.packets(is_fragment)) == 1
    assert nacld.packets("right", "inbound", 100) == 1


@BOTH
def test_forward_reassembled_is_one_packet(net, family):
    left, router, right, to_left, to_right = net.routed()
    with udp_server(right, PORT) as receiver:
        acl = subnet(NETS[family], udp_rule(family), [], "right")
        nacld = Nacld(router, config(acl, fragments="reassemble"))
        steer(router, nacld)
        inject(to_left, left, *pieces(family, ROUTED[family]))
        assert received(receiver) == PAYLOAD
    rule = nacld.rule("right", "inbound", 100)
    assert (rule["packets"], rule["bytes"]) == (1, WHOLE[family])


def test_an_atomic_fragment_is_a_whole_packet(net):
    """RFC 6946: offset 0 and nothing to come. Even strict rules may look at its port."""
    client, server, link = net.pair()
    src, dst = PAIR[6]
    with udp_server(server, PORT) as receiver:
        nacld = Nacld(server, config(host(udp_rule(6), []), fragments="strict"))
        steer(server, nacld)
        atomic = IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(id=5) / UDP(sport=9, dport=PORT) / b"one"
        inject(link, client, atomic)
        assert received(receiver) == b"one"
    assert nacld.packets("web", "inbound", 100) == 1


@BOTH
def test_a_later_fragment_cannot_pose_as_an_allowed_port(net, family):
    """Its data begins with what looks like a UDP header to the allowed port: it is only data."""
    left, router, right, to_left, to_right = net.routed()
    src, dst = ROUTED[family]
    forged = bytes(UDP(sport=40000, dport=PORT) / bytes(56))
    if family == 4:
        packet = IP(src=src, dst=dst, proto=17, frag=100) / forged
    else:
        packet = IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(nh=17, offset=100) / forged
    nacld = Nacld(router, config(subnet(NETS[family], udp_rule(family), [], "right"),
                                 fragments="strict"))
    steer(router, nacld)
    with Capture(right, to_right.interface(right), "in") as wire:
        inject(to_left, left, packet)
        nacld.wait_packets("right", "inbound", "*", 1)
        assert not wire.packets(is_fragment)
    assert nacld.packets("right", "inbound", 100) == 0
