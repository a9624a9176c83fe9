"""naclctl replay: captures of our own making in every form, judged packet by packet as `naclctl eval` judges them."""
import collections
import gzip
import ipaddress
import json
import struct

from evaluator import line, random_packet, rng_for
from lib import naclctl, scratch
from policies import config, random_entries

LOCAL = {4: "192.0.2.1", 6: "2001:db8::1"}
IP = {4: 0x0800, 6: 0x86DD}


def transport(p):
    if p["protocol"] == 6:
        return struct.pack("!HHIIBBHHH", p["sport"], p["dport"], 1, 0, 0x50, 2, 1024, 0, 0)
    if p["protocol"] == 17:
        return struct.pack("!HHHH", p["sport"], p["dport"], 8, 0)
    if p["type"] is not None:
        return struct.pack("!BBHHH", p["type"], p["code"], 0, 1, 1)
    return b"\0" * 24


def packet(p):
    """An IP packet of an evaluator's packet."""
    body = transport(p)
    if p["src"].version == 4:
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, p["protocol"], 0, p["src"].packed, p["dst"].packed)
        total = sum(struct.unpack("!10H", head))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return head[:10] + struct.pack("!H", 0xFFFF - total) + head[12:] + body
    return struct.pack("!IHBB16s16s", 6 << 28, len(body), p["protocol"], 64, p["src"].packed, p["dst"].packed) + body


def ethernet(data, version, tags=b""):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + tags + struct.pack("!H", IP[version]) + data


def nflog(data, version, out):
    tlvs = struct.pack("<HHHBB", 8, 1, IP[version], 3 if out else 1, 0) + struct.pack("<HH", 4 + len(data), 9) + data
    return struct.pack("!BBH", 2 if version == 4 else 10, 0, 1) + tlvs


# LINKTYPE_: how a frame of it is made, from the packet, its version and whether it leaves.
LINKS = {
    "ethernet": (1, lambda d, v, out: ethernet(d, v)),
    "vlan": (1, lambda d, v, out: ethernet(d, v, struct.pack("!HH", 0x8100, 7))),
    "qinq": (1, lambda d, v, out: ethernet(d, v, struct.pack("!HHHH", 0x88A8, 3, 0x8100, 7))),
    "null": (0, lambda d, v, out: struct.pack("<I", 2 if v == 4 else 10) + d),
    "loop": (108, lambda d, v, out: struct.pack("!I", 2 if v == 4 else 24) + d),
    "raw": (101, lambda d, v, out: d),
    "sll": (113, lambda d, v, out: struct.pack("!HHH8sH", 4 if out else 0, 1, 6, b"", IP[v]) + d),
    "sll2": (276, lambda d, v, out: struct.pack("!HHIHBB8s", IP[v], 0, 1, 1, 4 if out else 0, 6, b"") + d),
    "nflog": (239, nflog),
}


def pcap(frames, link, snaplen=65535, order="<"):
    text = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link)
    for frame in frames:
        text += struct.pack(order + "IIII", 1, 0, min(len(frame), snaplen), len(frame)) + frame[:snaplen]
    return text


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(frames, link):
    text = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", link, 0, 65535))
    return text + b"".join(block(6, struct.pack("<IIIII", 0, 0, 1, len(f), len(f)) + f) for f in frames)


def replay(text, capture, *args, stdin=False):
    with scratch() as folder:
        (folder / "nacld.conf").write_text(text)
        (folder / "in.pcap").write_bytes(capture)
        return naclctl("replay", "-j", "-f", str(folder / "nacld.conf"), *args, "-" if stdin else str(folder / "in.pcap"),
                       stdin=capture if stdin else b"")


HOSTS = ["--host", LOCAL[4], "--host", LOCAL[6]]


def capture_of(rng, entries, count=150):
    """Packets of this host, ICMP with a type only where it is on the wire."""
    found = [random_packet(entries, rng) for _ in range(count)]
    return [p for p in found if not p["src"].is_multicast and p["protocol"] not in (0, 43, 44, 51, 58, 60, 135, 139, 140, 253, 254)
            or (p["protocol"] == 58 and p["src"].version == 6 and p["type"] not in range(133, 137))]


def told(done):
    """How many packets each rule decides, by direction."""
    found = collections.Counter()

    def note(flow):
        rule = str(flow["steps"][0]["rule"]) if flow["steps"] else None
        found[flow["packet"].split()[0], flow["verdict"], rule] += flow["packets"]
        if "reply" in flow:
            note(flow["reply"])
    for flow in json.loads(done.out)["flows"]:
        note(flow)
    return found


def expected(text, packets):
    with scratch() as folder:
        (folder / "nacld.conf").write_text(text)
        done = naclctl("eval", "-j", "-f", str(folder / "nacld.conf"), "-", stdin="\n".join(map(line, packets)) + "\n")
    answers = [json.loads(a) for a in done.out.splitlines()]
    assert len(answers) == len(packets), done
    return collections.Counter((p["hook"], a["verdict"], str(a["steps"][0]["rule"]) if a["steps"] else None)
                               for p, a in zip(packets, answers))


def test_every_link_type():
    rng = rng_for("replay")
    entries = random_entries(rng, 20)
    text = "exempt = [];\n" + config([("web", entries)]).replace("associations = ( )", "associations = ( { host = true; } )")
    packets = capture_of(rng, entries)
    want = expected(text, packets)
    assert len(packets) > 80 and len(want) > 8
    for name, (link, frame) in LINKS.items():
        frames = [frame(packet(p), p["src"].version, p["hook"] == "out") for p in packets]
        hosts = [] if name in ("sll", "sll2", "nflog") else HOSTS  # these say which way
        for form in (pcap(frames, link), pcapng(frames, link)):
            done = replay(text, form, *hosts)
            assert done.status == 1, (name, done)
            answer = json.loads(done.out)
            assert answer["packets"] == len(packets) == answer["frames"] and answer["whole"], (name, answer["not_judged"])
            assert told(done) == want, (name, told(done) - want, want - told(done))
    again = replay(text, pcap([packet(p) for p in packets], 101, order=">"), *HOSTS)
    assert told(again) == want, "another byte order"
    for capture, how in ((gzip.compress(pcap([packet(p) for p in packets], 101)), False), (pcap([packet(p) for p in packets], 101), True)):
        assert told(replay(text, capture, *HOSTS, stdin=how)) == want


WEB = """exempt = [];
network_acls = ( { name = "web"; associations = ( { host = true; } );
  inbound = ( { rule = 100; action = "allow"; protocol = "tcp"; ports = "443"; source = "0.0.0.0/0"; } );
  outbound = ( { rule = 100; action = "allow"; protocol = "tcp"; ports = "443"; destination = "0.0.0.0/0"; } ); } );
"""


def tcp(hook, remote, sport, dport):
    local = ipaddress.ip_address(LOCAL[4])
    remote = ipaddress.ip_address(remote)
    src, dst = (remote, local) if hook == "in" else (local, remote)
    return packet({"protocol": 6, "src": src, "dst": dst, "sport": sport, "dport": dport, "type": None})


def test_a_reply_that_is_dropped_and_one_that_would_pass():
    frames = [ethernet(f, 4) for f in [tcp("in", "203.0.113.9", 40000, 443)] * 3 + [tcp("out", "203.0.113.9", 443, 40000)] * 2]
    done = replay(WEB, pcap(frames, 1), *HOSTS)
    assert done.status == 1, done
    flow, = json.loads(done.out)["flows"]
    assert flow["packets"] == 3 and flow["verdict"] == "allow" and flow["reply"]["verdict"] == "deny" and flow["reply"]["packets"] == 2
    with scratch() as folder:
        (folder / "new.conf").write_text(WEB.replace('ports = "443"; destination', 'ports = "1024-65535"; destination'))
        (folder / "old.conf").write_text(WEB)
        (folder / "in.pcap").write_bytes(pcap(frames, 1))
        changed = naclctl("replay", "-f", "old.conf", "--against", "new.conf", *HOSTS, "in.pcap", cwd=folder)
        same = naclctl("replay", "-f", "old.conf", "--against", "old.conf", *HOSTS, "in.pcap", cwd=folder)
        passes = naclctl("replay", "-f", "new.conf", *HOSTS, "in.pcap", cwd=folder)
    assert changed.status == 1 and "0 flows would then be dropped, 1 let through; 2 packets" in changed.out, changed
    assert "reply  out tcp 192.0.2.1:443 -> 203.0.113.9:40000  2  deny web *, then allow web 100" in changed.out
    assert same.status == 0 and passes.status == 0 and "0 flows dropped" in passes.out, (same, passes)


def test_what_is_not_judged_is_counted():
    whole = ethernet(tcp("in", "203.0.113.9", 40000, 443), 4)
    fragment = bytearray(tcp("in", "203.0.113.9", 40000, 443))
    fragment[6:8] = b"\x00\x08"
    arp = b"\xff" * 6 + b"\2\0\0\0\0\2" + b"\x08\x06" + b"\0" * 28
    other = ethernet(packet({"protocol": 6, "src": ipaddress.ip_address("198.51.100.1"), "dst": ipaddress.ip_address("198.51.100.2"),
                             "sport": 1, "dport": 2, "type": None}), 4)
    bad = bytearray(whole)
    bad[14] = 0x43
    frames = [whole, ethernet(bytes(fragment), 4), arp, other, bytes(bad)]
    rest = json.loads(replay(WEB, pcap(frames, 1), *HOSTS).out)["not_judged"]
    assert rest == {"not_ip": 1, "cut": 0, "later_fragments": 1, "elsewhere": 1, "too_many": 0,
                    "malformed": {"bad-header-length": 1}}, rest
    for snap, cut in ((13, 1), (20, 1), (34, 1), (40, 1), (54, 0), (60, 0)):
        answer = json.loads(replay(WEB, pcap([whole + b"\0" * 100], 1, snap), *HOSTS).out)
        assert answer["not_judged"]["cut"] == cut and answer["packets"] == 1 - cut, (snap, answer)


def test_what_is_no_capture():
    whole = pcap([ethernet(tcp("in", "203.0.113.9", 40000, 443), 4)] * 2, 1)
    for capture, words, judged in ((b"no capture at all, but text", "unknown file format", None), (b"", "trunc", None),
                                   (pcap([], 105), "link type", None), (whole[:-10], "trunc", 1)):
        done = replay(WEB, capture, *HOSTS)
        assert done.status == 2 and words in done.err, (capture[:30], done)
        if judged:
            answer = json.loads(done.out)
            assert answer["packets"] == judged and answer["whole"] is False, answer
    lost = replay(WEB, whole)
    assert lost.status == 0 and "which addresses are this host's" in lost.err, lost
    assert naclctl("replay", "-f", "x").status == 2 and naclctl("replay", "--host", "x", "y").status == 2
