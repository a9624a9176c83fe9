# SPDX-License-Identifier: GPL-2.0-or-later
"""The exported ruleset against the daemon: the same packets through both, every verdict compared.

First nacld judges, steered as a user would; then `naclctl export nft` is loaded and nacld is gone.
Behind either stands the same witness, an nft table of the test's own that writes down who passed and
then drops everything, so that no answer disturbs the counters. A packet is known by its IPv4
identification (and fragment offset) or its IPv6 flow label.
"""

import collections
import contextlib
import itertools
import json
import random
import re
import socket
import subprocess

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.packet import Raw

from config import ANY4, ANY6, allow, closed_host, config, deny, host, open_host, subnet
from lib import REPO, wait_until
from services import NACLCTL, Nacld, naclctl, queue_file, steer
from wire import inject, raw_output

CLIENT, SERVER = "192.0.2.2", "192.0.2.1"
CLIENT6, SERVER6 = "2001:db8:1::2", "2001:db8:1::1"

WITNESS = """table inet witness {
	set seen4 { typeof ip id . ip frag-off; size 65535; flags dynamic; }
	set seen6 { typeof ip6 flowlabel; size 65535; flags dynamic; }
	set came4 { typeof ip id . ip frag-off; size 65535; flags dynamic; }
	set came6 { typeof ip6 flowlabel; size 65535; flags dynamic; }
	chain arrived {
		type filter hook prerouting priority raw; policy accept;
		meta nfproto ipv4 add @came4 { ip id . ip frag-off }
		meta nfproto ipv6 add @came6 { ip6 flowlabel }
	}
	chain passed {
		type filter hook HOOK priority 320; policy accept;
		meta nfproto ipv4 add @seen4 { ip id . ip frag-off }
		meta nfproto ipv6 add @seen6 { ip6 flowlabel }
		drop
	}
}
"""


class Witness:
    """Who arrived, and who passed the hook, after everybody else of it."""

    def __init__(self, ns, hook):
        self.ns = ns
        ns.run("nft", "-f", "-", stdin=WITNESS.replace("HOOK", hook))

    def _set(self, name):
        listing = json.loads(self.ns.run("nft", "-j", "list", "set", "inet", "witness", name).stdout)
        listed = next(o["set"] for o in listing["nftables"] if "set" in o).get("elem", [])
        return {(name[-1], *e["concat"]) if isinstance(e, dict) else (name[-1], e) for e in listed}

    def passed(self):
        return self._set("seen4") | self._set("seen6")

    def arrived(self):
        return self._set("came4") | self._set("came6")

    def remove(self):
        self.ns.run("nft", "delete", "table", "inet", "witness")


def exported_counters(ns):
    """{(acl, direction, number or "*"): [packets, bytes]} as the kernel counts; only what is not 0."""
    found = collections.defaultdict(lambda: [0, 0])
    text = ns.run("nft", "list", "table", "inet", "nacld_export").stdout
    # A rule reads "counter ... drop comment", a map's element "counter ... comment".
    for packets, size, comment in re.findall(
            r'counter packets (\d+) bytes (\d+)(?: \w+)? comment "([^"]*)"', text):
        words = re.sub(": would drop$", "", comment).split()
        if len(words) == 3 and words[1] in ("inbound", "outbound"):
            entry = found[words[0], words[1], words[2]]
            entry[0] += int(packets)
            entry[1] += int(size)
    return {key: value for key, value in found.items() if value[0]}


def daemon_counters(nacld):
    return {(acl["name"], direction, str(rule["rule"])): [rule["packets"], rule["bytes"]]
            for acl in nacld.status()["acls"] for direction in ("inbound", "outbound")
            for rule in acl[direction] if rule["packets"]}


def queued(ns):
    """How many packets steering has handed over, and None while some still wait."""
    if any(row["waiting"] for row in queue_file(ns).values()):
        return None
    saved = "".join(ns.run(f"{tool}-nft-save", "-c").stdout for tool in ("iptables", "ip6tables"))
    return sum(int(n) for n in re.findall(r"^\[(\d+):\d+\].*-j NFQUEUE", saved, re.M))


def through_nacld(ns, conf, hook, send):
    nacld = Nacld(ns, conf)
    steer(ns, nacld)
    witness = Witness(ns, hook)
    send()

    def settled():
        status = nacld.status()
        return queued(ns) == sum(q["accepted"] + q["dropped"] for q in status["queues"])

    wait_until(settled, "every queued packet has its verdict")
    came, seen, counters = witness.arrived(), witness.passed(), daemon_counters(nacld)
    exported = ns.run(NACLCTL, "export", "nft", "--socket", nacld.socket_path).stdout
    witness.remove()
    naclctl(ns, "steer", "down")
    assert nacld.stop() == 0
    assert nacld.conf_path.read_text() == conf
    assert exported == naclctl(ns, "export", "nft", "-f", nacld.conf_path).stdout
    return came, seen, counters, exported


def through_kernel(ns, exported, hook, send):
    ns.run("nft", "-f", "-", stdin=exported)
    witness = Witness(ns, hook)
    send()
    came, seen, counters = witness.arrived(), witness.passed(), exported_counters(ns)
    witness.remove()
    ns.run("nft", "delete", "table", "inet", "nacld_export")
    return came, seen, counters


def compare(ns, conf, hook, packets, send):
    """Both ways, with equal outcome; for each packet whether it passed, and the rules that counted."""
    came, seen, counters, exported = through_nacld(ns, conf, hook, send)
    came_too, seen_too, counters_too = through_kernel(ns, exported, hook, send)
    sent = {marks(packet) for packet in packets}
    known = [{key for key in keys if key[:2] in sent} for keys in (came, came_too, seen, seen_too)]
    assert known[0] == known[1]
    assert known[2] == known[3], (f"only nacld: {known[2] - known[3]}; "
                                  f"only the kernel: {known[3] - known[2]}")
    assert counters == counters_too
    passed = {key[:2] for key in known[2]}
    return [marks(packet) in passed for packet in packets], counters


class Names:
    """Gives every packet its own identification, or flow label where it has none."""

    def __init__(self):
        self.next = itertools.count(1)

    def __call__(self, packet):
        number = next(self.next)
        if packet.version == 4:
            packet.id = number
        else:
            packet.fl = packet.fl or number
        return packet


def marks(packet):
    return ("4", packet.id) if packet.version == 4 else ("6", packet.fl)


# Random policies and packets, from few values so that they meet.

NETS = ["203.0.113.0/24", "203.0.113.0/25", "203.0.113.128/25", "203.0.113.9/32", "203.0.112.0/23",
        "198.51.100.0/24", "192.0.2.0/24", "128.0.0.0/1", ANY4, ANY4, ANY4]
NETS6 = ["2001:db8:a::/48", "2001:db8:a::/49", "2001:db8:b::/48", "2001:db8:a::9/128",
         "2001:db8::/32", ANY6, ANY6]
SETS = """sets = (
  { name = "4-mixed.set"; addresses = ["203.0.113.7", "203.0.113.8/30", "203.0.113.9", "198.51.100.64/26",
                                       "2001:db8:a::8/125", "2001:db8:b::/64"]; },
  { name = "six"; addresses = ["2001:db8:a::9"]; } );
"""
REMOTES = ["203.0.113.1", "203.0.113.7", "203.0.113.9", "203.0.113.127", "203.0.113.128", "203.0.112.255",
           "203.0.113.254", "198.51.100.64", "198.51.100.128", "192.0.2.2"]
REMOTES6 = ["2001:db8:a::1", "2001:db8:a::7", "2001:db8:a::9", "2001:db8:a:8000::1", "2001:db8:b::1",
            "2001:db8:b:1::1", "2001:db8:ffff::1", "2001:db8:1::2"]
PORTS = [0, 1, 22, 23, 79, 80, 81, 442, 443, 1023, 1024, 5000, 65534, 65535]
RANGES = ["0", "1", "22", "80", "443", "65535", "0-79", "80-443", "22-80", "1024-65535", "1024-65534",
          "443-5000", "all", "all"]
TYPES = [0, 1, 2, 3, 8, 11, 128, 129, 255]
CODES = [0, 1, 4, 255]
OTHERS = [2, 4, 41, 47, 50, 89, 132, 136, 255]


def random_rule(rng, number):
    v6 = rng.random() < 0.4
    remote = rng.choice(NETS6 if v6 else NETS)
    if rng.random() < 0.12:
        remote = rng.choice(["@4-mixed.set", "@six"])
    protocol = rng.choice(["tcp", "tcp", "tcp", "udp", "udp", "all", "icmp", "icmpv6",
                           str(rng.choice(OTHERS))])
    make = rng.choice([allow, allow, deny])
    if protocol in ("tcp", "udp"):
        return make(number, protocol, remote, ports=rng.choice(RANGES))
    if protocol == "icmp" or (protocol == "icmpv6" and (v6 or remote.startswith("@"))):
        kind = rng.choice([-1, *TYPES])
        return make(number, protocol, remote, icmp=(kind, -1 if kind == -1 else rng.choice([-1, *CODES])))
    return make(number, protocol, remote)


def random_list(rng):
    numbers = sorted(rng.sample(range(1, 32767), rng.randrange(3, 30)))
    return [random_rule(rng, number) for number in numbers]


def random_payload(rng, v6):
    kind = rng.choice(["tcp", "tcp", "udp", "udp", "icmp", "other", "foreign"])
    if kind == "tcp":
        return 6, TCP(sport=rng.choice(PORTS), dport=rng.choice(PORTS), flags=rng.choice(["S", "SA", "R", "F"]))
    if kind == "udp":
        return 17, UDP(sport=rng.choice(PORTS), dport=rng.choice(PORTS)) / (b"x" * rng.randrange(40))
    if kind == "other":
        return rng.choice(OTHERS), Raw(bytes(rng.randrange(256) for _ in range(24)))
    echo = bytes([rng.choice(TYPES), rng.choice(CODES)]) + bytes(6)
    own = 58 if v6 else 1
    return (own if kind == "icmp" else 59 - own), Raw(echo)


def random_packet(rng, name, src, dst):
    protocol, payload = random_payload(rng, ":" in src)
    if ":" not in src:
        return name(IP(src=src, dst=dst, proto=protocol) / payload)
    chain = [IPv6ExtHdrHopByHop()] if rng.random() < 0.1 else []
    chain += [IPv6ExtHdrDestOpt()] * rng.choice([0, 0, 0, 1, 2])
    packet = IPv6(src=src, dst=dst)
    for header in chain:
        packet = packet / header.copy()
    packet.lastlayer().nh = protocol
    return name(IPv6(bytes(packet / Raw(bytes(payload)))))


def loosen(ns):
    """Lets addresses come from anywhere; no redirects."""
    interfaces = [i for i in ns.run("ls", "/sys/class/net").stdout.split() if i != "lo"]
    for interface in ["all", *interfaces]:
        ns.sysctl(f"ipv4/conf/{interface}/rp_filter", 0)
        ns.sysctl(f"ipv4/conf/{interface}/send_redirects", 0)


def pair_of_everywhere(net):
    """A client that is the way to every address the tests make up."""
    client, server, link = net.pair()
    server.run("ip", "route", "add", "default", "dev", link.interface(server))
    server.run("ip", "-6", "route", "add", "default", "dev", link.interface(server))
    loosen(server)
    return client, server, link


def local_of(remote):
    return SERVER6 if ":" in remote else SERVER


def send_out(server, packets):
    for packet in packets:
        with contextlib.suppress(PermissionError):  # so the kernel's own rules tell a sender
            raw_output(server, packet, packet.dst)


def host_both_ways(net, conf, seed, count=300):
    """Random traffic in and out: who passed in, who passed out, and what the rules counted."""
    client, server, link = pair_of_everywhere(net)
    rng, name = random.Random(seed), Names()
    remotes = [rng.choice(REMOTES + REMOTES6) for _ in range(count)]
    inward = [random_packet(rng, name, remote, local_of(remote)) for remote in remotes]
    outward = [random_packet(rng, name, local_of(remote), remote) for remote in remotes]
    into, counted_in = compare(server, conf, "input", inward, lambda: inject(link, client, *inward))
    out, counted_out = compare(server, conf, "postrouting", outward, lambda: send_out(server, outward))
    return into, out, {**counted_in, **counted_out}


@pytest.mark.parametrize("seed", range(1, 7))
def test_random_policies_of_a_host(net, seed):
    rng = random.Random(seed)
    conf = SETS + config(host(random_list(rng), random_list(rng)), length=4096)
    into, out, counters = host_both_ways(net, conf, seed)
    assert any(into) and not all(into) and any(out) and not all(out)
    assert len(counters) > 4


@pytest.mark.parametrize("example", sorted(p.stem for p in (REPO / "conf" / "examples").glob("*.conf")))
def test_the_examples(net, example):
    conf = subprocess.run([NACLCTL, "check", "--print", REPO / "conf" / "examples" / f"{example}.conf"],
                          capture_output=True, text=True, timeout=20, check=True).stdout
    into, out, counters = host_both_ways(net, conf, 7, 150)
    if "host = true" in conf:
        assert not all(into) and not all(out) and counters
    else:
        assert all(into) and all(out) and not counters  # it guards what is routed


FAR = {4: ["198.51.100.9", "198.51.100.200", "203.0.113.9", "203.0.113.127", "203.0.113.128", "192.0.2.77"],
       6: ["2001:db8:a::9", "2001:db8:a:8000::1", "2001:db8:b::1", "2001:db8:b:1::1", "2001:db8:c::1"]}


def fragments(rng, name, src, dst):
    """One packet in two or three pieces. Each IPv6 piece has a flow label of its own."""
    protocol, payload = random_payload(rng, ":" in src)
    data = bytes(payload) + bytes(24)
    cuts = [0, *sorted(rng.sample(range(24, len(data) - 1, 8), 1 + (len(data) > 40))), len(data)]
    number = next(name.next)
    pieces = []
    for start, end in zip(cuts, cuts[1:]):
        more = int(end < len(data))
        if ":" in src:
            pieces.append(name(IPv6(src=src, dst=dst) / IPv6ExtHdrFragment(
                nh=protocol, offset=start // 8, m=more, id=number) / data[start:end]))
        else:
            pieces.append(IP(src=src, dst=dst, proto=protocol, id=number, frag=start // 8,
                             flags="MF" if more else 0) / data[start:end])
    return pieces


@pytest.mark.parametrize("how", ["reassemble", "strict"])
@pytest.mark.parametrize("seed", range(1, 4))
def test_random_policies_of_a_router(net, seed, how):
    """Two ACLs, four subnets, a world that no ACL guards; whole packets and fragments."""
    rng, name = random.Random(seed * 100), Names()
    conf = SETS + config(
        subnet(["198.51.100.0/24", "2001:db8:a::/48"], random_list(rng), random_list(rng), "left-1.a"),
        subnet(["203.0.113.0/25", "203.0.113.128/25", "2001:db8:b::/48"], random_list(rng),
               random_list(rng), "4right"), length=4096, fragments=how)
    left, router, _, to_left, _ = net.routed()
    loosen(router)
    for command in ("route add 192.0.2.0/24 via 203.0.113.2", "-6 route add 2001:db8:b::/48 via 2001:db8:b::2",
                    "-6 route add 2001:db8:a::/48 via 2001:db8:a::2",
                    "-6 route add 2001:db8:c::/48 via 2001:db8:b::2"):
        router.run("ip", *command.split())
    packets = []
    for _ in range(300):
        family = rng.choice([4, 4, 6])
        src, dst = rng.choice(FAR[family]), rng.choice(FAR[family])
        packets += [random_packet(rng, name, src, dst)] if rng.random() < 0.8 else fragments(rng, name, src, dst)
    passed, counters = compare(router, conf, "forward", packets, lambda: inject(to_left, left, *packets))
    assert any(passed) and not all(passed)
    assert {acl for acl, _, _ in counters} == {"left-1.a", "4right"}
    assert len({key[:2] for key in counters}) == 4, "both lists of both"


def test_a_host_guarded_on_one_interface_only(net):
    client, server, link = net.pair()
    other = net.ns("other")
    unguarded = net.veth(other, server, ["198.51.100.2/24"], ["198.51.100.1/24"])
    loosen(server)
    conf = config(host([allow(100, "udp", ports=53)], [], interfaces=[link.interface(server), "eth7"]))
    name = Names()
    first = [name(IP(src=CLIENT, dst=SERVER) / UDP(dport=port)) for port in (53, 54)]
    second = [name(IP(src="198.51.100.2", dst="198.51.100.1") / UDP(dport=port)) for port in (53, 54)]

    def send():
        inject(link, client, *first)
        inject(unguarded, other, *second)

    passed, counters = compare(server, conf, "input", first + second, send)
    assert passed == [True, False, True, True]
    assert {key: value[0] for key, value in counters.items()} == {
        ("web", "inbound", "100"): 1, ("web", "inbound", "*"): 1}
    answers = [name(IP(src=SERVER, dst=CLIENT) / UDP()), name(IP(src="198.51.100.1", dst="198.51.100.2") / UDP())]
    passed, _ = compare(server, conf, "postrouting", answers, lambda: send_out(server, answers))
    assert passed == [False, True]


def test_monitor_mode_drops_nothing_and_counts_the_same(net):
    client, server, link = pair_of_everywhere(net)
    rng, name = random.Random(5), Names()
    conf = SETS + config(host(random_list(rng), random_list(rng)), mode="monitor")
    packets = [random_packet(rng, name, remote, local_of(remote)) for remote in REMOTES + REMOTES6]
    passed, counters = compare(server, conf, "input", packets, lambda: inject(link, client, *packets))
    assert all(passed) and counters["web", "inbound", "*"][0] > 3


def neighbour(hop_limit, kind=135):
    return IPv6(src=CLIENT6, dst=SERVER6, hlim=hop_limit, nh=58) / bytes([kind, 0, 0, 0, *bytes(20)])


def dhcp(packet, sport, dport):
    return packet / UDP(sport=sport, dport=dport) / bytes(8)


@pytest.mark.parametrize("exempt", ['["loopback", "neighbour-discovery", "dhcp"]', "[]"])
def test_the_exempt_list(net, exempt):
    """What is exempt passes a list that denies everything, and what only looks like it does not."""
    client, server, link = pair_of_everywhere(net)
    conf = f"exempt = {exempt};\n" + config(host([], []), fragments="strict")
    name = Names()
    v4, v6 = IP(src=CLIENT, dst=SERVER), IPv6(src=CLIENT6, dst=SERVER6)
    back4, back6 = IP(src=SERVER, dst=CLIENT), IPv6(src=SERVER6, dst=CLIENT6)
    yes = [neighbour(255), neighbour(255, 133), neighbour(255, 136), dhcp(v4, 67, 68), dhcp(v6, 547, 546),
           dhcp(v4, 40000, 68), dhcp(v6, 40000, 546)]
    # Of an IPv6 fragment without ports old kernels take the fixed header's first four bytes for them.
    no = [neighbour(254), neighbour(255, 132), neighbour(255, 137), dhcp(v4, 68, 67), dhcp(v6, 546, 547),
          dhcp(v4, 547, 546), dhcp(v6, 67, 68),
          IPv6(src=CLIENT6, dst=SERVER6, fl=546) / IPv6ExtHdrFragment(nh=17, offset=3, m=0) /
          (bytes([0, 0, 2, 34]) + bytes(20)),
          IPv6(src=CLIENT6, dst=SERVER6, hlim=255) / IPv6ExtHdrFragment(nh=58, offset=3, m=0) / (b"\x87" + bytes(23))]
    packets = [name(packet) for packet in yes + no]
    passed, _ = compare(server, conf, "input", packets, lambda: inject(link, client, *packets))
    assert passed == [exempt != "[]"] * len(yes) + [False] * len(no)
    yes, no = [dhcp(back4, 68, 67), dhcp(back6, 546, 547)], [
        dhcp(back4, 67, 68), dhcp(back6, 547, 546), dhcp(back4, 40000, 67), dhcp(back6, 40000, 547)]
    packets = [name(packet) for packet in yes + no]
    passed, _ = compare(server, conf, "postrouting", packets, lambda: send_out(server, packets))
    assert passed == [exempt != "[]"] * len(yes) + [False] * len(no)


def test_a_raw_fragment_is_no_dhcp(net):
    """A later fragment's data may look like the ports of an exempt packet."""
    client, server, link = net.pair()
    (net.tmp / "closed.conf").write_text(closed_host(fragments="strict"))
    exported = naclctl(server, "export", "nft", "-f", net.tmp / "closed.conf").stdout
    name, ports = Names(), bytes(UDP(sport=68, dport=67) / bytes(8))
    packets = [name(IP(src=SERVER, dst=CLIENT, proto=17, frag=offset) / ports) for offset in (0, 3)]
    _, seen, _ = through_kernel(server, exported, "postrouting", lambda: send_out(server, packets))
    assert seen == {("4", 1, 0)}


def test_loopback_is_exempt(net):
    server = net.ns("server")
    (net.tmp / "closed.conf").write_text(closed_host())
    server.run("nft", "-f", "-", stdin=naclctl(server, "export", "nft", "-f", net.tmp / "closed.conf").stdout)
    with server.socket(kind=socket.SOCK_DGRAM) as receiver, server.socket(kind=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        sender.sendto(b"self", receiver.getsockname())
        assert receiver.recv(16) == b"self"


def ext(next_header, units, length=8):
    return bytes([next_header, units, *bytes(length - 2)])


V4, V6 = IP(src=CLIENT, dst=SERVER), IPv6(src=CLIENT6, dst=SERVER6)
MALFORMED_BOTH_WAYS = [
    V4 / TCP(dataofs=4), V6 / TCP(dataofs=0), IP(src=CLIENT, dst=SERVER, proto=6) / bytes(19),
    IP(src=CLIENT, dst=SERVER, proto=6) / (bytes(12) + b"\x50" + bytes(6)),
    IPv6(src=CLIENT6, dst=SERVER6, nh=6) / bytes(10), IP(src=CLIENT, dst=SERVER, proto=17) / bytes(7),
    V4 / UDP(len=7), V6 / UDP(len=0), IP(src=CLIENT, dst=SERVER, proto=1) / bytes(7),
    IPv6(src=CLIENT6, dst=SERVER6, nh=58) / bytes(3), IPv6(src=CLIENT6, dst=SERVER6, nh=60) / ext(17, 9),
    IPv6(src=CLIENT6, dst=SERVER6, nh=60) / b"\x11",
    V6 / IPv6ExtHdrFragment(m=1, nh=6) / bytes(16)]
MALFORMED_FOR_NACLD_ONLY = [
    V4 / TCP(dataofs=15), V4 / UDP(len=100), V6 / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / UDP(),
    V6 / IPv6ExtHdrFragment(m=1, nh=17) / bytes([0, 9, 0, 9, 0, 20, 0, 0, 0, 0, 0]),
    IPv6(src=CLIENT6, dst=SERVER6, nh=60) / ext(17, 31, 256) / bytes(UDP())]


def test_malformed_packets_differ_as_the_header_says(net):
    """An open host: only what is malformed is dropped. nacld sees more of it, and names it."""
    client, server, link = net.pair()
    name = Names()
    both = [name(packet.copy()) for packet in MALFORMED_BOTH_WAYS]
    only = [name(packet.copy()) for packet in MALFORMED_FOR_NACLD_ONLY]
    good = [name(V4 / TCP()), name(V6 / UDP()), name(V4 / ICMP()), name(IP(src=CLIENT, dst=SERVER, proto=58) / b"x"),
            name(IPv6(src=CLIENT6, dst=SERVER6, nh=1) / b"x"), name(IPv6(src=CLIENT6, dst=SERVER6, nh=59))]
    packets = both + only + good

    def outcome(keys):
        passed = {key[:2] for key in keys}
        return [marks(packet) in passed for packet in packets]

    _, seen, _, exported = through_nacld(server, open_host(fragments="strict"), "input",
                                         lambda: inject(link, client, *packets))
    assert outcome(seen) == [False] * len(both + only) + [True] * len(good)
    _, seen, _ = through_kernel(server, exported, "input", lambda: inject(link, client, *packets))
    assert outcome(seen) == [False] * len(both) + [True] * len(only + good)


def test_behind_an_authentication_header(net):
    """nacld reads the TCP behind it. The kernel does not, and drops unless a rule asks for no protocol."""
    client, server, link = net.pair()
    hidden = IPv6(src=CLIENT6, dst=SERVER6, nh=51) / (bytes([6, 1]) + bytes(10)) / bytes(TCP(dport=443))
    allow_all, allow_tcp = allow(100, "all", ANY6), allow(50, "tcp", ANY6, ports=443)
    for rules, nacld_passes, kernel_passes in (([allow_all], True, True), ([allow_tcp, allow_all], True, False),
                                               ([deny(50, "tcp", ANY6, ports=443), allow_all], False, False),
                                               ([allow(10, "all", ANY6), allow_tcp], True, True)):
        packet = Names()(hidden.copy())
        _, seen, _, exported = through_nacld(server, config(host(rules, [])), "input",
                                             lambda p=packet: inject(link, client, p))
        assert (("6", 1) in seen) == nacld_passes
        _, seen, _ = through_kernel(server, exported, "input", lambda p=packet: inject(link, client, p))
        assert (("6", 1) in seen) == kernel_passes


def test_both_kinds_of_table_stand_side_by_side(net):
    """Moving over: the export never touches steering, nor steering the export."""
    server = net.ns("server")
    nacld = Nacld(server, closed_host())
    steer(server, nacld)
    before = server.run("iptables-nft-save").stdout
    exported = naclctl(server, "export", "nft", "-f", nacld.conf_path).stdout
    server.run("nft", "-f", "-", stdin=exported)
    server.run("nft", "-f", "-", stdin=exported)
    lines = [line for line in before.splitlines() if not line.startswith("#")]
    assert [x for x in server.run("iptables-nft-save").stdout.splitlines() if not x.startswith("#")] == lines
    naclctl(server, "steer", "down")
    assert "table inet nacld_export" in server.run("nft", "list", "tables").stdout
    assert "table inet nacld " not in exported + " "
