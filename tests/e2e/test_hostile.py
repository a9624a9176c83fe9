# SPDX-License-Identifier: GPL-2.0-or-later
"""Every class of hostile packet at every hook: does the kernel deliver it, and what does the daemon say?

The tables are hostile_classes.py and hostile_fragments.py. A router judges packets to itself (INPUT),
through itself (FORWARD) and from its own raw sockets (OUTPUT); first with a bare queue rule a hook, which
show what the kernel shows there, then with `naclctl steer`, which has fragments put together.

Behind each class goes an ordinary packet. When that one is counted, everything before it was judged: what
is then not counted never reached the queue. For that the packets go from one CPU, whose backlog keeps
their order.
"""

import os
import socket

import pytest

import hostile_classes
import hostile_fragments
from config import ANY4, ANY6, allow, config, deny, host, subnet
from hostile import HOOKS, TCP4, UDP4, Either, End, ip, reason, rule, tcp, udp
from lib import Topology, wait_until
from services import Nacld, queue_file, queue_forward, queue_host, steer
from wire import ETH_P_IP, ETH_P_IPV6, Injector, LargeInjector, raw_output

NOBODY = {4: "198.51.100.66", 6: "2001:db8:a::66"}  # on the left link: what the router sends ends there
ADDRESSES = {  # (here, there): there's addresses
    ("left", "router"): ("198.51.100.1", "2001:db8:a::1"),
    ("router", "left"): ("198.51.100.2", "2001:db8:a::2"),
    ("right", "router"): ("203.0.113.1", "2001:db8:b::1"),
    ("router", "right"): ("203.0.113.2", "2001:db8:b::2"),
}
ENDS = {
    ("input", 4): End(4, "198.51.100.2", "198.51.100.1"),
    ("input", 6): End(6, "2001:db8:a::2", "2001:db8:a::1"),
    ("forward", 4): End(4, "198.51.100.2", "203.0.113.2"),
    ("forward", 6): End(6, "2001:db8:a::2", "2001:db8:b::2"),
    ("output", 4): End(4, "198.51.100.1", NOBODY[4]),
    ("output", 6): End(6, "2001:db8:a::1", NOBODY[6]),
}
LISTS = {"input": ("host", "inbound"), "forward": ("right", "inbound"), "output": ("host", "outbound")}
ETHERTYPE = {4: ETH_P_IP, 6: ETH_P_IPV6}

# The rules by what the tables call them; IPv6's number is the next one. The last takes what no other does,
# so that nothing may end at `*`: what is dropped is dropped by a reason, or by the one rule that denies.
NUMBERS = (0, 1, 4, 33, 41, 43, 44, 47, 50, 51, 58, 59, 60, 89, 132, 135, 136, 139, 140, 253, 255)
RULES = {"end": 90, "tcp 443": 100, "no tcp 23": 110, "udp 53": 120, "echo": 130, "tcp": 140, "udp": 150,
         "icmp": 160, **{f"protocol {n}": 1000 + 2 * n for n in NUMBERS}, "everything else": 32000}
NAMES = {number + step: what for what, number in RULES.items() for step in (0, 1)}
REPLIES = 32700  # outbound: what the router and right answer, which is no row's business
END_PORT = 9
UDP_SEGMENT = 103  # a socket option: linux/udp.h


def rules(family, remote):
    any_icmp, echo = (("icmp", (8, -1)) if family == 4 else ("icmpv6", (128, -1)))
    rows = [("end", allow, "udp", END_PORT, None), ("tcp 443", allow, "tcp", 443, None),
            ("no tcp 23", deny, "tcp", 23, None), ("udp 53", allow, "udp", 53, None),
            ("echo", allow, any_icmp, None, echo), ("tcp", allow, "tcp", "all", None),
            ("udp", allow, "udp", "all", None), ("icmp", allow, any_icmp, None, (-1, -1)),
            ("everything else", allow, "all", None, None)]
    own_icmp = 1 if family == 4 else 58
    rows += [(f"protocol {n}", allow, n, None, (-1, -1) if n == 1 else None)
             for n in NUMBERS if n != own_icmp]
    return [make(RULES[what] + (family == 6), protocol, remote, ports, icmp)
            for what, make, protocol, ports, icmp in rows]


def policy(fragments):
    everyone = rules(4, ANY4) + rules(6, ANY6)
    replies = [allow(REPLIES, "all", ANY4), allow(REPLIES + 1, "all", ANY6)]
    outbound = rules(4, f"{NOBODY[4]}/32") + rules(6, f"{NOBODY[6]}/128") + replies
    return config(host(everyone, outbound, "host"),
                  subnet(["203.0.113.0/24", "2001:db8:b::/64"], everyone, replies, "right"),
                  fragments=fragments)


def neighbour(ns, interface, address, mac):
    """Known for good: nobody asks who has the address while rows are counted."""
    ns.run("ip", "neigh", "replace", address, "lladdr", mac, "dev", interface, "nud", "permanent")


class Ground:
    """The router and its daemon, the same for all rows."""

    def __init__(self, net, fragments):
        left, self.router, right, to_left, to_right = net.routed()
        self.nacld = Nacld(self.router, policy(fragments))
        if fragments == "strict":
            queue_host(self.router)
            queue_forward(self.router)
        else:
            steer(self.router, self.nacld)
        for address in NOBODY.values():
            neighbour(self.router, "left", address, "02:00:00:00:00:66")
        for ns, other, link in ((left, self.router, to_left), (right, self.router, to_right)):
            for here, there in ((ns, other), (other, ns)):
                for address in ADDRESSES[here.label, there.label]:
                    neighbour(here, there.label, address, link.mac(there))
        self.wire, self.large = Injector(to_left, left), LargeInjector(to_left, left)
        self.fragments = fragments
        self.before = self.counted()

    def counted(self):
        """Everything the daemon counts of packets, but the answers to them."""
        status = self.nacld.status()
        seen = {("reason", what): count for what, count in status["reasons"].items()}
        for acl in status["acls"]:
            for direction in ("inbound", "outbound"):
                for entry in acl[direction]:
                    what = NAMES.get(entry["rule"], entry["rule"])
                    if what not in (REPLIES, REPLIES + 1):
                        family = 0 if what == "*" else 4 + 2 * (entry["rule"] % 2)
                        seen["rule", what, acl["name"], direction, family] = entry["packets"]
        return seen | {("outcome", what): status["outcomes"][what] for what in status["outcomes"]
                       if what != "judged"}

    def bytes(self, hook, fate, family):
        """What the rule has counted, 0 for any other fate."""
        if fate.kind != "rule":
            return 0
        return self.nacld.rule(*LISTS[hook], RULES[fate.what] + (family == 6))["bytes"]

    def settled(self):
        """Every packet has one verdict, and the kernel has not complained of any."""
        queue = self.nacld.status()["queues"][0]
        assert queue["packets"] == queue["accepted"] + queue["dropped"]
        assert queue["errors"] == {} and queue_file(self.router)[0]["waiting"] == 0

    def send(self, hook, packets):
        for packet in packets:
            family = getattr(packet, "family", packet[0] >> 4)
            if hook == "output":
                try:
                    raw_output(self.router, packet, NOBODY[family])
                except OSError:  # refused by the socket, or dropped by a rule of the kernel's own
                    pass
            else:
                self.wire.send(packet, ETHERTYPE[family])

    def judged(self, hook, end, send):
        """What was counted for the packets that send() sends; nothing else is on its way."""
        last = ("rule", "end", *LISTS[hook], end.family)
        before = self.before
        send()
        self.send(hook, [ip(end, UDP4, udp(END_PORT))])

        def after_the_end():
            now = self.counted()
            return now[last] > before[last] and now

        now = self.before = wait_until(after_the_end, "the packet behind the class was judged")
        found = {what: count - before.get(what, 0) for what, count in now.items()}
        found[last] -= 1
        return {what: count for what, count in found.items() if count != 0}


@pytest.fixture(scope="module", params=["strict", "reassemble"])
def ground(request, tmp_path_factory):
    topology = Topology(tmp_path_factory.mktemp("hostile"))
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    try:
        made = Ground(topology, request.param)
        yield made
        made.settled()
    finally:
        os.sched_setaffinity(0, cpus)
        topology.close()


def expected(hook, end, count, fates):
    """As the daemon counts it. One fate is every packet's; a list says all there is."""
    if not isinstance(fates, list):
        fates = [fates] * count
    total = {}
    for fate in fates:
        if fate.kind != "unseen":
            where = (*LISTS[hook], end.family) if fate.kind == "rule" else ()
            key = (fate.kind, fate.what, *where)
            total[key] = total.get(key, 0) + 1
    return total


ROWS = [pytest.param(hook, row, id=f"{hook}-ipv{row.family}-{row.name}".replace(" ", "-"))
        for row in hostile_classes.CLASSES + hostile_fragments.CLASSES for hook in HOOKS]


@pytest.mark.parametrize("hook, row", ROWS)
def test_class(ground, hook, row):
    end = ENDS[hook, row.family]
    packets = row.packets(end)
    fates = row.fates[hook, ground.fragments]
    judged = ground.judged(hook, end, lambda: ground.send(hook, packets))
    if isinstance(fates, Either):
        assert judged in [expected(hook, end, len(packets), fate) for fate in fates]
    else:
        assert judged == expected(hook, end, len(packets), fates)


# Large packets: the transport header and how many bytes follow it. The kernel's own TCP builds 65,212.
LARGE = {
    "TCP": (TCP4, tcp(flags="A"), 65212 - 20, rule("tcp 443")),
    "TCP, 65,535 with all headers": (TCP4, tcp(flags="A"), 65535 - 14 - 60, rule("tcp 443")),
    "TCP, all flags": (TCP4, tcp(flags=0x1FF), 30000, rule("tcp 443")),
    "TCP to a denied port": (TCP4, tcp(23, flags="A"), 65212 - 20, rule("no tcp 23")),
    "UDP": (UDP4, udp(length=65212), 65212 - 8, rule("udp 53")),
    "UDP, length beyond": (UDP4, udp(length=30009), 30000, reason("udp-bad-length")),
    "UDP, length 0": (UDP4, udp(length=0), 30000, reason("udp-bad-length")),
}


@pytest.mark.parametrize("hook", ["input", "forward"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", LARGE)
def test_large_packet_from_the_wire(ground, hook, family, name):
    """One packet, however many segments it will be: judged once, by its header, and counted whole."""
    protocol, header, more, fate = LARGE[name]
    end = ENDS[hook, family]
    packet = ip(end, protocol, header + bytes(more))
    before = ground.bytes(hook, fate, family)
    assert ground.judged(hook, end, lambda: ground.large.send_large(
        packet, protocol, len(header))) == expected(hook, end, 1, fate)
    assert ground.bytes(hook, fate, family) - before == (len(packet) if fate.kind == "rule" else 0)


@pytest.mark.parametrize("family", [4, 6])
def test_large_packet_of_this_host(ground, family):
    """A train of segments that the kernel has yet to cut (UDP_SEGMENT)."""
    end, fate = ENDS["output", family], rule("udp 53")
    before = ground.bytes("output", fate, family)

    def send():
        with ground.router.socket(socket.AF_INET6 if family == 6 else socket.AF_INET,
                                  socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1400)
            s.sendto(bytes(65212 - 8), (end.dst, 53))

    assert ground.judged("output", end, send) == expected("output", end, 1, fate)
    assert ground.bytes("output", fate, family) - before == 65212 + (20 if family == 4 else 40)
