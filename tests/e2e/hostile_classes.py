# SPDX-License-Identifier: GPL-2.0-or-later
"""Hostile headers by class, and what must become of each at every hook (hostile.py has the words)."""

import struct

from hostile import (AH, ESP, HOP_BY_HOP, ICMP4, ICMP6, NO_NEXT, OPTIONS, ROUTING, TCP4, UDP4, WRONG,
                     Either, End, Table, as_family, auth, extension, icmp, ip4, ip4_options, ip6, outcome, reason, rule,
                     tcp, udp, unseen)

T = Table()
CLASSES = T.rows

# The transport header: cut, wrong, nonsense. An ICMPv6 header that is cut never reaches the queue under
# steering: the kernel's own match for neighbour discovery drops it.
BY_MATCH = unseen("icmp6_match() drops what it cannot read")
BY_STEERING = unseen("steering passes it by the queue")
T.both("TCP, nothing of it", TCP4, b"", reason("tcp-truncated"))
T.both("TCP, one byte", TCP4, b"\x9c", reason("tcp-truncated"))
T.both("TCP, ports only", TCP4, tcp()[:4], reason("tcp-truncated"))
T.both("TCP, 19 bytes", TCP4, tcp()[:19], reason("tcp-truncated"))
T.both("TCP offset 0", TCP4, tcp(dataofs=0), reason("tcp-bad-offset"))
T.both("TCP offset 4", TCP4, tcp(dataofs=4), reason("tcp-bad-offset"))
T.both("TCP offset 6, options cut", TCP4, tcp(dataofs=6), reason("tcp-bad-offset"))
T.both("TCP offset 15, options cut", TCP4, tcp(dataofs=15), reason("tcp-bad-offset"))
T.both("TCP offset 15, nonsense options", TCP4, tcp(dataofs=15) + b"\xfd\0" * 20, rule("tcp 443"))
for name, flags in (("no flags", 0), ("all flags", 0x1FF), ("SYN and FIN", "SF"), ("SYN and RST", "SR"),
                    ("FIN alone", "F"), ("FIN, PSH and URG", "FPU")):
    T.both(f"TCP, {name}", TCP4, tcp(flags=flags), rule("tcp 443"))
T.both("TCP, reserved bits", TCP4, tcp(reserved=7), rule("tcp 443"))
T.both("TCP, all flags, to a denied port", TCP4, tcp(23, flags=0x1FF), rule("no tcp 23"))
T.both("TCP to port 0", TCP4, tcp(0), rule("tcp"))
T.both("TCP from port 0", TCP4, tcp(sport=0), rule("tcp 443"))
T.both("UDP, nothing of it", UDP4, b"", reason("udp-truncated"))
T.both("UDP, ports only", UDP4, udp()[:4], reason("udp-truncated"))
T.both("UDP, 7 bytes", UDP4, udp()[:7], reason("udp-truncated"))
T.both("UDP length 0", UDP4, udp(length=0), reason("udp-bad-length"))
T.both("UDP length 7", UDP4, udp(length=7), reason("udp-bad-length"))
T.both("UDP length beyond the packet", UDP4, udp(length=9), reason("udp-bad-length"))
T.both("UDP length 65,535", UDP4, udp(length=65535), reason("udp-bad-length"))
T.both("UDP length short of the packet", UDP4, udp(length=8) + bytes(64), rule("udp 53"))
T.both("UDP to port 0", UDP4, udp(0), rule("udp"))
T.both("UDP from and to port 0", UDP4, udp(0, 0), rule("udp"))
for count in (0, 3, 7):
    T.v4(f"ICMP, {count} bytes", lambda e, n=count: ip4(e, ICMP4, icmp()[:n]), reason("icmp-truncated"))
for count in (0, 3):
    T.v6(f"ICMPv6, {count} bytes", lambda e, n=count: ip6(e, ICMP6, icmp()[:n]), reason("icmp-truncated"),
         input_whole=BY_MATCH, output_whole=BY_MATCH)
T.v6("ICMPv6, type and code only", lambda e: ip6(e, ICMP6, icmp(255)[:4]), rule("icmp"),
     input_whole=BY_MATCH, output_whole=BY_MATCH)
T.both("ICMP of an unknown type", ICMP4, icmp(255, 255), rule("icmp"))
T.v4("ICMP redirect, packet inside cut", lambda e: ip4(e, ICMP4, icmp(5) + b"\x45"), rule("icmp"))
T.v6("ICMP over IPv6", lambda e: ip6(e, ICMP4, icmp()), rule("protocol 1"))
T.v4("ICMPv6 over IPv4", lambda e: ip4(e, ICMP6, icmp(128)), rule("protocol 58"))
T.v6("neighbour solicitation, hop limit 255", lambda e: ip6(e, ICMP6, icmp(135), hlim=255),
     outcome("exempted"), forward=rule("icmp"), input_whole=BY_STEERING, output_whole=BY_STEERING)
T.v6("neighbour solicitation, hop limit 254", lambda e: ip6(e, ICMP6, icmp(135), hlim=254), rule("icmp"))

# Other protocols: the number is all that is known, and all that a rule can look at.
INNER4 = ip4(End(4, "192.0.2.7", "192.0.2.8"), TCP4, tcp(22))
INNER6 = ip6(End(6, "2001:db8::7", "2001:db8::8"), TCP4, tcp(22))
T.both("IPIP", 4, INNER4, rule("protocol 4"))
T.both("IPIP, nothing inside", 4, b"", rule("protocol 4"))
T.both("6in4 and 6in6", 41, INNER6, rule("protocol 41"))
T.both("6in4, inner header cut", 41, INNER6[:39], rule("protocol 41"))
T.both("GRE", 47, struct.pack("!HH", 0, 0x0800) + INNER4, rule("protocol 47"))
T.both("GRE, nothing of it", 47, b"", rule("protocol 47"))
T.both("ESP", ESP, bytes(16), rule("protocol 50"))
T.both("ESP, nothing of it", ESP, b"", rule("protocol 50"))
T.both("SCTP, 3 bytes", 132, bytes(3), rule("protocol 132"))
T.both("DCCP", 33, bytes(16), rule("protocol 33"))
T.both("UDP-Lite to port 53", 136, udp(), rule("protocol 136"))
T.both("OSPF", 89, bytes(24), rule("protocol 89"))
T.both("protocol 253", 253, tcp(), rule("protocol 253"))
T.both("protocol 255", 255, tcp(), rule("protocol 255"))
T.both("a protocol that no rule names", 97, b"\x30\0", rule("everything else"))
T.v4("protocol 0", lambda e: ip4(e, 0, extension(TCP4) + tcp()), rule("protocol 0"))
T.v4("AH over IPv4 is a protocol", lambda e: ip4(e, AH, auth(TCP4) + tcp()), rule("protocol 51"))
T.v4("IPv6 options over IPv4", lambda e: ip4(e, OPTIONS, extension(TCP4) + tcp()), rule("protocol 60"))
T.v6("mobility", lambda e: ip6(e, 135, extension(NO_NEXT)), rule("protocol 135"))
T.v6("HIP", lambda e: ip6(e, 139, extension(NO_NEXT, 4)), rule("protocol 139"))
T.v6("shim6", lambda e: ip6(e, 140, extension(TCP4) + tcp()), rule("protocol 140"))

# IPv4's own header. On the way out root's raw socket may say what it likes: the kernel writes the total
# length and the checksum itself, and looks at nothing else.
IN4 = {"input": unseen("ip_rcv() refuses it"), "forward": unseen("ip_rcv() refuses it")}
ROUTE4 = {"input": unseen("no route from there"), "forward": unseen("no route from there")}
NO_TIME4 = unseen("ip_forward() answers that its time is up")
OUT4 = unseen("the raw socket refuses it: EINVAL")
SHORT4 = Either(newer=OUT4, older=reason("bad-header-length"))
T.v4("TTL 0", lambda e: ip4(e, UDP4, udp(), ttl=0), rule("udp 53"), forward=NO_TIME4)
T.v4("TTL 1", lambda e: ip4(e, UDP4, udp(), ttl=1), rule("udp 53"), forward=NO_TIME4)
for name, raw in (("unknown option", b"\x9e\4\0\0"),
                  ("several unknown options", b"\x5e\3\0\xde\5\1\2\3"),
                  ("40 bytes of no operation", b"\1" * 40),
                  ("garbage behind the options", b"\0\xff\xff\xff"),
                  ("record route", b"\7\7\4" + bytes(5)), ("router alert", b"\x94\4\0\0")):
    T.v4(name, lambda e, o=raw: ip4_options(e, o), rule("udp 53"))
for name, raw in (("option of length 0", b"\x9e\0\0\0"), ("option overruns the header", b"\x9e\x28\0\0"),
                  ("loose source route", b"\x83\7\4\xc0\0\2\7\0")):
    T.v4(name, lambda e, o=raw: ip4_options(e, o), rule("udp 53"), **IN4)
T.v4("reserved flag", lambda e: ip4(e, UDP4, udp(), flags="evil"), rule("udp 53"))
T.v4("every bit of the service field", lambda e: ip4(e, UDP4, udp(), tos=255), rule("udp 53"))
T.v4("header length 0", lambda e: ip4(e, UDP4, udp(), ihl=0), SHORT4, **IN4)
T.v4("header length 4", lambda e: ip4(e, UDP4, udp(), ihl=4), SHORT4, **IN4)
T.v4("header length beyond the packet", lambda e: ip4(e, UDP4, ihl=15), OUT4, **IN4)
T.v4("total length 0", lambda e: ip4(e, UDP4, udp(), len=0), rule("udp 53"), **IN4)
T.v4("total length 19", lambda e: ip4(e, UDP4, udp(), len=19), rule("udp 53"), **IN4)
T.v4("total length beyond the frame", lambda e: ip4(e, UDP4, udp(), len=29), rule("udp 53"), **IN4)
T.v4("total length short of the frame", lambda e: ip4(e, UDP4, udp()) + b"behind", rule("udp 53"))
T.v4("wrong header checksum", lambda e: ip4(e, UDP4, udp(), chksum=WRONG), rule("udp 53"), **IN4)
for version in (0, 5, 6, 15):
    T.v4(f"version {version}", lambda e, v=version: as_family(4, ip4(e, UDP4, udp(), version=v)),
         reason("bad-version"), **IN4)
T.v4("an IPv6 packet in the IPv4 family", lambda e: as_family(4, ip6(
    End(6, "2001:db8::1", "2001:db8::2"), NO_NEXT)), Either(OUT4, reason("bad-version")), **IN4)
for source in ("127.0.0.1", "224.0.0.1", "255.255.255.255"):
    T.v4(f"from {source}", lambda e, s=source: ip4(e._replace(src=s), UDP4, udp()), rule("udp 53"), **ROUTE4)
T.v4("from its own destination", lambda e: ip4(e._replace(src=e.dst), TCP4, tcp()), rule("tcp 443"),
     input=ROUTE4["input"], forward=outcome("within-subnet"), forward_whole=BY_STEERING)

# IPv6's own header. A raw socket's packet goes out byte for byte.
IN6 = {"input": unseen("ipv6_rcv() refuses it"), "forward": unseen("ipv6_rcv() refuses it")}
NO_TIME6 = unseen("ip6_forward() answers that its time is up")
JUMBO = b"\xc2\4\0\0\0\x1c"
T.v6("hop limit 0", lambda e: ip6(e, UDP4, udp(), hlim=0), rule("udp 53"), forward=NO_TIME6)
T.v6("hop limit 1", lambda e: ip6(e, UDP4, udp(), hlim=1), rule("udp 53"), forward=NO_TIME6)
T.v6("every bit of class and label", lambda e: ip6(e, UDP4, udp(), tc=255, fl=0xFFFFF), rule("udp 53"))
T.v6("payload length 0, TCP", lambda e: ip6(e, TCP4, tcp(), plen=0), reason("tcp-truncated"))
T.v6("payload length 0, UDP", lambda e: ip6(e, UDP4, udp(), plen=0), reason("udp-truncated"))
T.v6("payload length 0, no next header", lambda e: ip6(e, NO_NEXT), rule("protocol 59"))
T.v6("payload length 0, hop-by-hop", lambda e: ip6(e, HOP_BY_HOP, extension(TCP4) + tcp(), plen=0),
     reason("jumbogram"))
T.v6("payload length 0, jumbo option", lambda e: ip6(
    e, HOP_BY_HOP, extension(TCP4, 0, JUMBO) + tcp(), plen=0), reason("jumbogram"), **IN6)
T.v6("payload length 0, options", lambda e: ip6(e, OPTIONS, extension(TCP4) + tcp(), plen=0),
     reason("bad-extension"))
T.v6("payload length beyond the frame", lambda e: ip6(e, UDP4, udp(), plen=9), reason("truncated"), **IN6)
T.v6("payload length short of the frame", lambda e: ip6(e, UDP4, udp()) + b"behind", rule("udp 53"))
for version in (0, 4, 7, 15):
    T.v6(f"version {version}", lambda e, v=version: as_family(6, ip6(e, UDP4, udp(), version=v)),
         reason("bad-version"), **IN6)
T.v6("an IPv4 packet in the IPv6 family", lambda e: as_family(6, ip4(
    End(4, "192.0.2.1", "192.0.2.2"), UDP4, udp(payload=bytes(20)))), reason("bad-version"), **IN6)
for source in ("ff02::1", "::1"):
    T.v6(f"from {source}", lambda e, s=source: ip6(e._replace(src=s), UDP4, udp()), rule("udp 53"), **IN6)

# Extension headers. The kernel reads hop-by-hop options before any hook, the others behind INPUT.
TO_DISCARD, TO_SKIP = b"\x5e\4\0\0\0\0", b"\x1e\4\0\0\0\0"
TYPE0, TYPE4, TYPE253 = b"\0\1" + bytes(20), b"\4\xff\xff" + bytes(19), b"\xfd\1\0\0\0\0"


def chain(name, first, headers, fate, **own):
    """One IPv6 packet: `headers` are everything behind the fixed one."""
    T.v6(name, lambda e: ip6(e, first, headers), fate, **own)


chain("no next header, bytes behind", NO_NEXT, tcp(), rule("protocol 59"))
chain("no next header behind options", OPTIONS, extension(NO_NEXT) + tcp(), rule("protocol 59"))
chain("hop-by-hop", HOP_BY_HOP, extension(TCP4) + tcp(), rule("tcp 443"))
chain("hop-by-hop twice", HOP_BY_HOP, extension(HOP_BY_HOP) + extension(TCP4) + tcp(),
      reason("bad-extension"))
chain("hop-by-hop late", OPTIONS, extension(HOP_BY_HOP) + extension(TCP4) + tcp(), reason("bad-extension"))
chain("hop-by-hop overruns", HOP_BY_HOP, b"\6\t" + extension(TCP4)[2:], reason("bad-extension"), **IN6)
chain("hop-by-hop, an option to discard", HOP_BY_HOP, extension(TCP4, 0, TO_DISCARD) + tcp(),
      rule("tcp 443"), **IN6)
chain("hop-by-hop, an option to skip", HOP_BY_HOP, extension(TCP4, 0, TO_SKIP) + tcp(), rule("tcp 443"))
chain("options, one to discard", OPTIONS, extension(TCP4, 0, TO_DISCARD) + tcp(), rule("tcp 443"))
chain("options, nothing of them", OPTIONS, b"", reason("bad-extension"))
chain("options, 7 bytes", OPTIONS, extension(TCP4)[:7], reason("bad-extension"))
chain("options overrun", OPTIONS, b"\6\t" + extension(TCP4)[2:] + tcp(), reason("bad-extension"))
chain("62 options, 560 bytes", OPTIONS, bytes([TCP4, 69]) + (b"\x1e\7" + bytes(7)) * 62 + tcp(),
      reason("beyond-copy"))
chain("options to the end of the copy", OPTIONS, extension(TCP4, 23) + tcp(), rule("tcp 443"))
chain("options past the end of the copy", OPTIONS, extension(TCP4, 24) + tcp(), reason("beyond-copy"))
chain("16 headers", OPTIONS, extension(OPTIONS) * 15 + extension(TCP4) + tcp(), rule("tcp 443"))
chain("17 headers", OPTIONS, extension(OPTIONS) * 16 + extension(TCP4) + tcp(), reason("too-many-extensions"))
chain("routing type 0", ROUTING, extension(TCP4, 2, TYPE0) + tcp(), rule("tcp 443"))
chain("routing type 4, segments beyond it", ROUTING, extension(TCP4, 2, TYPE4) + tcp(), rule("tcp 443"))
chain("routing of an unknown type", ROUTING, extension(TCP4, 0, TYPE253) + tcp(), rule("tcp 443"))
chain("routing overruns", ROUTING, b"\6\xff" + extension(TCP4)[2:] + tcp(), reason("bad-extension"))
chain("AH", AH, auth(TCP4) + tcp(), rule("tcp 443"))
chain("AH overruns", AH, auth(TCP4, 255) + tcp(), reason("bad-extension"))
chain("AH of length 0, TCP cut", AH, b"\6\0" + bytes(6) + tcp()[:19], reason("tcp-truncated"))
chain("ESP behind options", OPTIONS, extension(ESP) + tcp(), rule("protocol 50"))
chain("TCP cut behind options", OPTIONS, extension(TCP4) + tcp()[:19], reason("tcp-truncated"))
chain("every header in turn", HOP_BY_HOP,
      extension(ROUTING) + extension(OPTIONS) + extension(AH) + auth(UDP4) + udp(), rule("udp 53"))
