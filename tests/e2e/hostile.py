# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the tables of hostile packets: what may become of a packet, and how packets are built.

scapy would repair what is wrong on purpose, so every field that matters is given. The checksums of TCP, UDP
and ICMP are wrong: nacld verifies none, and no host answers.
"""

import struct
from typing import Callable, NamedTuple

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw
from scapy.utils import checksum

HOOKS = ("input", "forward", "output")
HOP_BY_HOP, ICMP4, TCP4, UDP4, ROUTING, FRAGMENT, ESP, AH, ICMP6, NO_NEXT, OPTIONS = (
    0, 1, 6, 17, 43, 44, 50, 51, 58, 59, 60)
WRONG = 0xDEAD


class End(NamedTuple):
    """Both ends of a packet, and the identification of its fragments."""
    family: int
    src: str
    dst: str
    ident: int = 1


class Fate(NamedTuple):
    """What becomes of a packet, as the daemon counts it; nothing is counted of one that never came."""
    kind: str
    what: str


class Either(NamedTuple):
    """Kernels differ."""
    newer: Fate
    older: Fate


class Class(NamedTuple):
    """One row. `fates` is by (hook, "strict" or "reassemble"): a Fate for each packet, an Either of two, or a
    list of all."""
    name: str
    family: int
    packets: Callable  # End -> [bytes]
    fates: dict


def rule(what):
    """Judged, and this rule decided: the names are RULES'."""
    return Fate("rule", what)


def reason(what):
    """Dropped by the parser, under this name."""
    return Fate("reason", what)


def unseen(why):
    """The kernel refuses or keeps it before the hook: nothing reaches the queue."""
    return Fate("unseen", why)


def outcome(what):
    """Passed, and no list was asked."""
    return Fate("outcome", what)


class Table:
    """A list of classes, filled by calls that read like rows."""

    def __init__(self):
        self.rows = []

    def add(self, family, name, packets, fate, **own):
        """`fate` holds everywhere but where `own` says otherwise: input=, or input_whole= where the kernel
        puts fragments together, or whole= for that at every hook."""
        fates = {}
        for hook in HOOKS:
            fates[hook, "strict"] = own.get(hook, fate)
            fates[hook, "reassemble"] = own.get(
                f"{hook}_whole", own.get("whole", fates[hook, "strict"]))
        assert own.keys() <= {"whole", *HOOKS, *(f"{hook}_whole" for hook in HOOKS)}, own
        ident = len(self.rows) + 1  # or the kernel would put two classes together
        self.rows.append(Class(
            name, family, lambda e: as_list(packets(e._replace(ident=ident))), fates))

    def v4(self, name, packets, fate, **own):
        self.add(4, name, packets, fate, **own)

    def v6(self, name, packets, fate, **own):
        self.add(6, name, packets, fate, **own)

    def both(self, name, protocol, payload, fate, **own):
        """The same transport over both families; ICMP becomes ICMPv6."""
        self.v4(name, lambda e: ip4(e, protocol, payload), fate, **own)
        over6 = ICMP6 if protocol == ICMP4 else protocol
        self.v6(name, lambda e: ip6(e, over6, payload), fate, **own)


def as_list(packets):
    return [packets] if isinstance(packets, bytes) else list(packets)


class AsFamily(bytes):
    """A packet that goes out as `family`, whatever its first nibble says."""
    family = 0


def as_family(family, data):
    packet = AsFamily(data)
    packet.family = family
    return packet


def ip4(e, proto, payload=b"", **fields):
    return bytes(IP(src=e.src, dst=e.dst, proto=proto, **fields) / Raw(bytes(payload)))


def ip6(e, nh, payload=b"", **fields):
    fields = {"src": e.src, "dst": e.dst, "hlim": 64, **fields}
    return bytes(IPv6(nh=nh, **fields) / Raw(bytes(payload)))


def ip(e, proto, payload=b""):
    return ip4(e, proto, payload) if e.family == 4 else ip6(e, proto, payload)


def ip4_options(e, raw):
    """A UDP packet with these options as they are, whole words of them."""
    assert len(raw) % 4 == 0
    plain = bytes(IP(src=e.src, dst=e.dst, proto=UDP4, len=28 + len(raw), ihl=5 + len(raw) // 4, chksum=0))
    head = bytearray(plain[:20] + raw)
    head[10:12] = struct.pack("!H", checksum(bytes(head)))
    return bytes(head) + udp()


def tcp(dport=443, sport=40000, flags="S", dataofs=5, **fields):
    return bytes(TCP(sport=sport, dport=dport, flags=flags, dataofs=dataofs, chksum=WRONG, **fields))


def udp(dport=53, sport=40000, length=None, payload=b""):
    length = 8 + len(payload) if length is None else length
    return bytes(UDP(sport=sport, dport=dport, len=length, chksum=WRONG)) + payload


def icmp(kind=8, code=0):
    return bytes(ICMP(type=kind, code=code, chksum=WRONG))[:4] + b"\0\1\0\1"


def extension(nh, units=0, first=b""):
    """A header of options or routing, 8 bytes and 8 a unit: `first`, then PadN."""
    out = struct.pack("!BB", nh, units) + first
    room = 8 + 8 * units - len(out)
    while room > 1:
        take = min(room, 257)
        out += struct.pack("!BB", 1, take - 2) + bytes(take - 2)
        room -= take
    return out + bytes(room)


def auth(nh, words=4):
    """An authentication header that says it has `words` + 2 words; it has 6."""
    return struct.pack("!BBHII", nh, words, 0, 1, 1) + bytes(12)


def fragment(e, proto, data, offset=0, more=False, before=b"", reserved=0):
    """One fragment: `data` at `offset`; `before` are IPv6 headers that stand before the fragment header."""
    assert offset % 8 == 0
    if e.family == 4:
        return ip4(e, proto, data, id=e.ident, frag=offset // 8, flags="MF" if more else 0)
    header = struct.pack("!BBHI", proto, 0, offset | reserved | more, e.ident)
    return ip6(e, OPTIONS if before else FRAGMENT, before + header + data)
