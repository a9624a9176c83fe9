# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile fragments by class. The same bytes meet very different fates, by hook and by steering:

- raw ("strict"): FORWARD of both families, IPv6 INPUT, and what root's raw socket sends. Each is judged
  by what it shows; a later one shows no port, so that only rules that look at none can match.
- whole: IPv4 INPUT always, and everything where steering has the kernel put fragments together. It keeps
  what never becomes complete, and lets go of what overlaps. But some IPv6 fragments that it cannot use
  it hands on as they are: the daemon meets raw ones there too.
"""

from hostile import (AH, ESP, FRAGMENT, HOP_BY_HOP, ICMP4, NO_NEXT, OPTIONS, ROUTING, TCP4, UDP4, Table,
                     extension, fragment, icmp, ip4, ip6, reason, rule, tcp, udp, unseen)

T = Table()
CLASSES = T.rows
KEPT = unseen("the kernel waits for the rest of it")
GONE = unseen("the kernel's reassembly refuses it")
TOO_SHORT, ODD = [reason("short-first-fragment")], [reason("bad-fragment")]  # handed on as they are


def both(name, packets, raw, whole, whole6=None):
    """A train of fragments of both families: what becomes of it raw, and where it is put together."""
    T.v4(name, packets, raw, input=whole, whole=whole)
    T.v6(name, packets, raw, whole=whole6 or whole)


def cut(e, proto, data, *places):
    """The data cut at these places, as fragments in order."""
    ends = (0, *places, len(data))
    return [fragment(e, proto, data[a:b], a, b < len(data)) for a, b in zip(ends, ends[1:])]


LONG = udp(payload=bytes(64))
SEGMENT = tcp() + bytes(60)

both("in two", lambda e: cut(e, UDP4, LONG, 32), [rule("udp 53"), rule("udp")], [rule("udp 53")])
both("in two, the last first", lambda e: cut(e, UDP4, LONG, 32)[::-1], [rule("udp"), rule("udp 53")],
     [rule("udp 53")])
both("the first twice", lambda e: cut(e, UDP4, LONG, 32)[:1] + cut(e, UDP4, LONG, 32),
     [rule("udp 53"), rule("udp 53"), rule("udp")], [rule("udp 53")])
both("nine of 8 bytes", lambda e: cut(e, UDP4, LONG, *range(8, 72, 8)), [rule("udp 53")] + [rule("udp")] * 8,
     [rule("udp 53")])
both("first: 8 bytes of TCP", lambda e: cut(e, TCP4, SEGMENT, 8),
     [reason("short-first-fragment"), reason("bad-fragment")], [rule("tcp 443")], TOO_SHORT)
both("first: 16 bytes of TCP", lambda e: cut(e, TCP4, SEGMENT, 16),
     [reason("short-first-fragment"), rule("tcp")], [rule("tcp 443")], TOO_SHORT)
both("first: TCP options cut", lambda e: cut(e, TCP4, tcp(dataofs=15) + bytes(40), 32),
     [reason("short-first-fragment"), rule("tcp")], [rule("tcp 443")])
both("first: TCP offset 4", lambda e: cut(e, TCP4, tcp(dataofs=4) + bytes(20), 24),
     [reason("tcp-bad-offset"), rule("tcp")], [reason("tcp-bad-offset")])
both("whole: TCP offset beyond", lambda e: cut(e, TCP4, tcp(dataofs=15) + bytes(8), 24),
     [reason("short-first-fragment"), rule("tcp")], [reason("tcp-bad-offset")])
both("whole: UDP length beyond", lambda e: cut(e, UDP4, udp(length=1000, payload=bytes(64)), 32),
     [rule("udp 53"), rule("udp")], [reason("udp-bad-length")])
both("first: UDP length 7", lambda e: cut(e, UDP4, udp(length=7, payload=bytes(64)), 32),
     [reason("udp-bad-length"), rule("udp")], [reason("udp-bad-length")])
both("first alone", lambda e: cut(e, UDP4, LONG, 32)[:1], [rule("udp 53")], KEPT)
both("offset 1, UDP", lambda e: fragment(e, UDP4, udp(payload=bytes(8)), 8), [rule("udp")], KEPT)
both("offset 1, TCP", lambda e: fragment(e, TCP4, tcp() + bytes(4), 8), [reason("bad-fragment")], KEPT)
both("later, posing as TCP 443", lambda e: fragment(e, TCP4, tcp(), 800), [rule("tcp")], KEPT)
both("later, posing as UDP 53", lambda e: fragment(e, UDP4, udp(payload=bytes(8)), 800, True),
     [rule("udp")], KEPT)
both("last, ends at 65,535 less the header", lambda e: fragment(
    e, UDP4, bytes(8), 65504), [rule("udp")], KEPT)
both("beyond 65,535", lambda e: fragment(e, UDP4, bytes(64), 65528), [reason("bad-fragment")], GONE)
both("beyond 65,535, more to come", lambda e: fragment(e, UDP4, bytes(64), 65520, True),
     [reason("bad-fragment")], GONE)
both("not in units of 8", lambda e: fragment(e, UDP4, udp() + b"odd", 0, True),
     [reason("bad-fragment")], GONE, ODD)
both("empty, later", lambda e: fragment(e, UDP4, b"", 64), [reason("bad-fragment")], GONE)
both("empty, first", lambda e: fragment(e, UDP4, b"", 0, True), [reason("bad-fragment")], GONE, ODD)
both("overlapping by 8", lambda e: [fragment(e, UDP4, LONG[:40], 0, True),
                                    fragment(e, UDP4, LONG[32:], 32)],
     [rule("udp 53"), rule("udp")], GONE)
both("a header laid over the first", lambda e: [fragment(e, TCP4, tcp() + bytes(4), 0, True),
                                                fragment(e, TCP4, tcp(23) + bytes(12), 0, True),
                                                fragment(e, TCP4, bytes(8), 32)],
     [rule("tcp 443"), rule("no tcp 23"), rule("tcp")], GONE)
both("one inside another", lambda e: [fragment(e, UDP4, LONG[:64], 0, True),
                                      fragment(e, UDP4, b"X" * 16, 16, True),
                                      fragment(e, UDP4, LONG[64:], 64)],
     [rule("udp 53"), rule("udp"), rule("udp")], [rule("udp 53")])
both("two ends", lambda e: [fragment(e, UDP4, LONG[:32], 0, True),
                            fragment(e, UDP4, LONG[32:64], 32),
                            fragment(e, UDP4, LONG[64:], 64)],
     [rule("udp 53"), rule("udp"), rule("udp")], [reason("udp-bad-length")])
both("ESP in two", lambda e: cut(e, ESP, bytes(64), 32), rule("protocol 50"), [rule("protocol 50")])
T.v4("ping in two", lambda e: cut(e, ICMP4, icmp() + bytes(40), 24), [rule("echo"), rule("icmp")],
     input=[rule("echo")], whole=[rule("echo")])
T.v4("do not fragment, in two", lambda e: [
    ip4(e, UDP4, LONG[:32], id=e.ident, flags="MF+DF"),
    ip4(e, UDP4, LONG[32:], id=e.ident, frag=4, flags="DF")],
    [rule("udp 53"), rule("udp")], input=[rule("udp 53")], whole=[rule("udp 53")])
T.v4("AH in two", lambda e: cut(e, AH, bytes(64), 32), rule("protocol 51"), input=[rule("protocol 51")],
     whole=[rule("protocol 51")])

UNWRAPPED = rule("tcp 443")  # reassembly takes the fragment header away: what is left is in order

# IPv6 alone: extension headers around the fragment header and inside the fragments.
for number, name in ((HOP_BY_HOP, "hop-by-hop"), (ROUTING, "routing"), (FRAGMENT, "a fragment header"),
                     (AH, "AH"), (OPTIONS, "options")):
    T.v6(f"later, names {name}", lambda e, n=number: fragment(e, n, tcp() + bytes(4), 64),
         [reason("unknown-transport")], whole=KEPT)
T.v6("options inside, in two", lambda e: cut(e, OPTIONS, extension(TCP4) + tcp() + bytes(36), 32),
     [rule("tcp 443"), reason("unknown-transport")], whole=[rule("tcp 443")])
T.v6("first: options cut", lambda e: cut(e, OPTIONS, extension(TCP4, 3) + tcp() + bytes(12), 16),
     [reason("short-first-fragment"), reason("unknown-transport")], whole=TOO_SHORT)
T.v6("first: options end it", lambda e: cut(e, OPTIONS, extension(TCP4) + tcp() + bytes(4), 8),
     [reason("short-first-fragment"), reason("unknown-transport")], whole=TOO_SHORT)
T.v6("the last says UDP, the first TCP", lambda e: [fragment(e, TCP4, SEGMENT[:32], 0, True),
                                                    fragment(e, UDP4, SEGMENT[32:], 32)],
     [rule("tcp 443"), rule("udp")], whole=[rule("tcp 443")])
T.v6("behind options", lambda e: [fragment(e, UDP4, part, at, more, extension(FRAGMENT))
                                  for part, at, more in ((LONG[:32], 0, True), (LONG[32:], 32, False))],
     [rule("udp 53"), rule("udp")], whole=[rule("udp 53")])
T.v6("in a fragment", lambda e: fragment(e, FRAGMENT, fragment(e, UDP4, LONG, 0, True)[40:], 0, True),
     [reason("bad-extension")], whole=KEPT)
T.v6("atomic", lambda e: fragment(e, TCP4, tcp()), rule("tcp 443"))
T.v6("atomic, reserved bits", lambda e: fragment(e, TCP4, tcp(), reserved=6), rule("tcp 443"))
T.v6("atomic, TCP cut", lambda e: fragment(e, TCP4, tcp()[:19]), reason("tcp-truncated"))
T.v6("atomic, nothing in it", lambda e: fragment(e, NO_NEXT, b""), rule("protocol 59"), whole=GONE)
T.v6("atomic, hop-by-hop inside", lambda e: fragment(e, HOP_BY_HOP, extension(TCP4) + tcp()),
     reason("bad-extension"), whole=UNWRAPPED)
T.v6("atomic twice", lambda e: fragment(e, FRAGMENT, fragment(e, TCP4, tcp())[40:]),
     reason("bad-extension"), whole=UNWRAPPED)
T.v6("fragment header cut", lambda e: ip6(e, FRAGMENT, b"\x06\0\0\0\0\0\0"), reason("bad-extension"))
