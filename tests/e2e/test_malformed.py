# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile packets: each gets one verdict (drop) and is counted under its own reason.

"too-short", "bad-header-length" and "bad-total-length" cannot reach a hook: the kernel refuses such
frames on the way in, and refuses or repairs such headers on the way out (a header length below 20 only
recent ones). The unit tests hold them. Class by class and hook by hook: test_hostile.py.
"""

import random
import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, PadN)

from config import open_host
from lib import wait_until
from services import Nacld, queue_file, queue_host, queue_rule_packets
from wire import inject, raw_output

CLIENT, SERVER = "192.0.2.2", "192.0.2.1"
CLIENT6, SERVER6 = "2001:db8:1::2", "2001:db8:1::1"


def v4(protocol):
    return IP(src=CLIENT, dst=SERVER, proto=protocol)


def v6(**fields):
    return IPv6(src=CLIENT6, dst=SERVER6, **fields)


def chain(count):
    """`count` destination options headers of 8 bytes."""
    packet = v6()
    for _ in range(count):
        packet = packet / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
    return packet


def empty_option_header(next_header, units=0):
    """A destination options header of 8 + 8 * units bytes of padding."""
    return struct.pack("!BB", next_header, units) + bytes(6 + 8 * units)


FROM_THE_WIRE = {
    "tcp-truncated": [v4(6) / bytes(10), v6(nh=6) / bytes(19)],
    "tcp-bad-offset": [v4(6) / TCP(dataofs=4), v4(6) / TCP(dataofs=15), v6() / TCP(dataofs=0)],
    "udp-truncated": [v4(17) / bytes(4), v6(nh=17) / bytes(7)],
    "udp-bad-length": [v4(17) / UDP(len=7), v4(17) / UDP(len=100), v6() / UDP(len=9)],
    "icmp-truncated": [v4(1) / bytes(7), v6(nh=58) / bytes(3)],
    "bad-extension": [
        v6() / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / UDP(),  # hop-by-hop out of place
        v6(nh=60) / struct.pack("!BB6x", 17, 9)],                   # overruns the packet
    "too-many-extensions": [chain(17) / UDP()],
    "jumbogram": [v6(nh=0, plen=0) / struct.pack("!BBBB4x", 17, 0, 1, 4) / bytes(UDP())],
    "bad-fragment": [
        v6() / IPv6ExtHdrFragment(m=1, nh=17) / bytes(11),               # not a multiple of 8
        v6() / IPv6ExtHdrFragment(m=0, offset=8190, nh=17) / bytes(64)],  # beyond 65,535
    "short-first-fragment": [v6() / IPv6ExtHdrFragment(m=1, nh=6) / bytes(8)],
    "beyond-copy": [v6(nh=60) / empty_option_header(17, 31) / bytes(UDP())],
}

# What only this host's own root can send, through OUTPUT.
FROM_A_RAW_SOCKET = {
    "bad-version": [(b"\x65" + bytes(v4(17) / UDP())[1:], CLIENT),
                    (b"\x40" + bytes(v6() / UDP())[1:], CLIENT6)],
    "truncated": [(bytes(IPv6(src=SERVER6, dst=CLIENT6, nh=17, plen=500) / UDP()), CLIENT6)],
}


def expect_reason(nacld, server, reason, count):
    wait_until(lambda: nacld.reason(reason) == count, f"{count} counted as {reason}")
    status = nacld.status()
    assert status["reasons"] == {reason: count}
    assert nacld.total("dropped") == count, "every one dropped, nothing else"
    wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "nothing is left waiting")


@pytest.mark.parametrize("reason", FROM_THE_WIRE)
def test_from_the_wire(net, reason):
    client, server, link = net.pair()
    nacld = Nacld(server, open_host(fragments="strict"))
    queue_host(server)
    inject(link, client, *FROM_THE_WIRE[reason])
    expect_reason(nacld, server, reason, len(FROM_THE_WIRE[reason]))


@pytest.mark.parametrize("reason", FROM_A_RAW_SOCKET)
def test_from_a_raw_socket(net, reason):
    client, server, link = net.pair()
    nacld = Nacld(server, open_host())
    queue_host(server)
    for data, destination in FROM_A_RAW_SOCKET[reason]:
        raw_output(server, data, destination)
    expect_reason(nacld, server, reason, len(FROM_A_RAW_SOCKET[reason]))


def test_a_good_packet_after_a_bad_one_in_the_same_batch(net):
    """Verdicts are matched to packets: the neighbours of a dropped one still pass."""
    client, server, link = net.pair()
    nacld = Nacld(server, open_host())
    queue_host(server)
    good = v4(1) / ICMP(id=3)
    bad = v4(6) / bytes(10)
    inject(link, client, *[good, bad] * 50)
    wait_until(lambda: nacld.reason("tcp-truncated") == 50, "50 bad ones")
    nacld.wait_packets("web", "outbound", 100, 50)  # an echo reply each
    assert nacld.total("dropped") == 50


def test_mutated_packets_get_one_verdict_each(net):
    """Seeded random damage, a few thousand packets: as many verdicts as packets, nobody harmed."""
    client, server, link = net.pair()
    nacld = Nacld(server, open_host(fragments="strict", length=8192))
    queue_host(server)
    rng = random.Random(20)
    seeds = [bytes(p) for p in (
        v4(17) / UDP(dport=9) / bytes(40), v4(6) / TCP(dport=9), v4(1) / ICMP(), chain(3) / UDP(),
        v6() / IPv6ExtHdrFragment(m=1) / UDP() / bytes(32), v6() / ICMPv6EchoRequest(),
        v6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrFragment() / TCP())]
    packets = []
    for _ in range(3000):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(1, 5)):
            # Past the addresses; IPv4's checksum must hold or the kernel drops it before any hook.
            data[rng.randrange(40 if data[0] >> 4 == 6 else 20, len(data))] = rng.randrange(256)
        if data[0] >> 4 == 6 and rng.random() < 0.2:
            data = data[:rng.randrange(40, len(data) + 1)]
            data[4:6] = (len(data) - 40).to_bytes(2, "big")
        packets.append(data)
    inject(link, client, *packets)
    # A packet behind them all: when it was judged, they were.
    inject(link, client, v4(47) / b"end", v6(nh=47) / b"end")

    def balanced():
        # Both families and both hooks: what was queued against what was answered.
        queued = sum(queue_rule_packets(server, hook, family)
                     for hook in ("INPUT", "OUTPUT") for family in (4, 6))
        return queued >= 2000 and queued == nacld.total("accepted") + nacld.total("dropped")

    wait_until(balanced, "every queued packet was answered", 20)
    assert nacld.total("packets") == nacld.total("accepted") + nacld.total("dropped")
    assert queue_file(server)[0]["waiting"] == 0
    assert nacld.status()["queues"][0]["errors"] == {}
    assert len(nacld.status()["reasons"]) >= 5
