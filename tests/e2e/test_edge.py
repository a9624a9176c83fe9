# SPDX-License-Identifier: GPL-2.0-or-later
"""edge = [...]: the wall stands on the wire, whoever a packet is for and whatever NAT makes of it."""

import ctypes
import json
import os
import platform
import re
import socket
import struct

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, PadN, fragment6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from config import ANY6, EPHEMERAL, allow, both, config, deny, edge, host, subnet
from lib import _ip, wait_until
from services import (NACLCTL, Nacld, curl, drain, iperf3, iperf3_server, naclctl, nginx, steer, udp_server)
from wire import inject

PORT = 9000
TOOLS = ("nft", "legacy")
ANSWERS = [allow(100, "tcp", ports=EPHEMERAL), allow(101, "tcp", ANY6, EPHEMERAL)]


@pytest.fixture(params=TOOLS)
def tool(request):
    return request.param


def iptables(ns, tool, *args, six=False):
    return ns.run(f"ip{'6' if six else ''}tables-{tool}", "-w", *args)


def publish(router, tool, port=8080, to="203.0.113.2:80", by="left"):
    """What every container engine does for -p 8080:80."""
    iptables(router, tool, "-t", "nat", "-A", "PREROUTING", "-i", by, "-p", "tcp", "--dport", port,
             "-j", "DNAT", "--to-destination", to)


def published(net, tool, tmp_path, inbound, outbound=ANSWERS):
    left, router, right, *_ = net.routed()
    nginx(right, tmp_path / "www")
    publish(router, tool)
    nacld = Nacld(router, config(edge(["left"], inbound, outbound)))
    steer(router, nacld, tool)
    return left, router, nacld


# NAT is behind the wall


def test_a_published_port_is_known_by_the_number_on_the_wire(net, tool, tmp_path):
    left, _, nacld = published(net, tool, tmp_path, [allow(100, "tcp", ports=8080)])
    assert curl(left, "http://198.51.100.1:8080/").stdout == "hello from nginx\n"
    assert nacld.packets("wire", "inbound", 100) > 0


def test_the_port_behind_it_is_of_no_use(net, tool, tmp_path):
    left, router, nacld = published(net, tool, tmp_path, [allow(100, "tcp", ports=80)])
    assert curl(left, "http://198.51.100.1:8080/", timeout=1, check=False).returncode == 28
    assert nacld.packets("wire", "inbound", "*") > 0
    wait_until(lambda: "dropped in@left tcp 198.51.100.2:" in nacld.log(), "the drop was told")
    assert "-> 198.51.100.1:8080 (wire inbound rule *)" in nacld.log()
    table = router.read("/proc/net/nf_conntrack") if _has_table(router) else ""
    assert "dport=8080" not in table, "a denied packet made an entry of connection tracking"


def _has_table(ns):
    try:
        return ns.read("/proc/net/nf_conntrack") is not None
    except OSError:
        return False


def test_a_redirected_port_is_known_by_its_first_number(net, tool, tmp_path):
    client, server, _ = net.pair()
    nginx(server, tmp_path / "www", ports=(8080,))
    iptables(server, tool, "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", 80, "-j",
             "REDIRECT", "--to-ports", 8080)
    nacld = Nacld(server, config(edge(["client"], [allow(100, "tcp", ports=80),
                                                   deny(110, "tcp", ports=8080)], ANSWERS)))
    steer(server, nacld, tool)
    assert curl(client, "http://192.0.2.1/").stdout == "hello from nginx\n"
    assert curl(client, "http://192.0.2.1:8080/", timeout=1, check=False).returncode == 28
    assert nacld.packets("wire", "inbound", 110) > 0


def test_masqueraded_traffic_leaves_by_the_outbound_list(net, tool, tmp_path):
    """A container behind the host asks the world: judged as it leaves, its answer as it comes."""
    left, router, right, *_ = net.routed()
    nginx(left, tmp_path / "www")
    _ip("route del default", left)
    iptables(router, tool, "-t", "nat", "-A", "POSTROUTING", "-o", "left", "-j", "MASQUERADE")
    rules = config(edge(["left"], [allow(100, "tcp", ports=EPHEMERAL)], [allow(100, "tcp", ports=80)]))
    nacld = Nacld(router, rules)
    steer(router, nacld, tool)
    assert curl(right, "http://198.51.100.2/").stdout == "hello from nginx\n"
    assert nacld.packets("wire", "outbound", 100) > 0 and nacld.packets("wire", "inbound", 100) > 0
    nacld.reload(rules.replace('ports = "80"', 'ports = "443"'))
    assert curl(right, "http://198.51.100.2/", timeout=1, check=False).returncode == 28
    assert nacld.packets("wire", "outbound", "*") > 0


def test_routed_traffic_is_judged_without_a_subnet(net, tool):
    left, router, right, *_ = net.routed()
    nacld = Nacld(router, config(edge(["left"], [allow(100, "udp", ports=PORT)], [])))
    steer(router, nacld, tool)
    with udp_server(right, PORT) as receiver, left.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"denied", ("203.0.113.2", PORT + 1))
        s.sendto(b"allowed", ("203.0.113.2", PORT))
        assert receiver.recv(64) == b"allowed"
    assert nacld.packets("wire", "inbound", "*") == 1


# Several walls


def test_between_two_edges_both_are_asked(net, tool):
    left, router, right, *_ = net.routed()
    rules = config(edge(["left"], [allow(100, "udp", ports=PORT)], [], name="a"),
                   edge(["right"], [], [allow(100, "udp", ports=PORT)], name="b"))
    nacld = Nacld(router, rules)
    steer(router, nacld, tool)
    with udp_server(right, PORT) as receiver, left.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"across", ("203.0.113.2", PORT))
        assert receiver.recv(64) == b"across"
        assert nacld.packets("a", "inbound", 100) == nacld.packets("b", "outbound", 100) == 1
        nacld.reload(config(edge(["left"], [allow(100, "udp", ports=PORT)], [], name="a"),
                            edge(["right"], [], [], name="b")))
        s.sendto(b"across", ("203.0.113.2", PORT))
        nacld.wait_packets("b", "outbound", "*", 1)
        assert nacld.packets("a", "inbound", 100) == 2
    wait_until(lambda: "dropped out@right udp" in nacld.log(), "the drop was told with its interface")


def test_edges_with_different_acls_follow_their_names(net, tool):
    """The daemon knows a packet's interface by its index; the names may change hands meanwhile."""
    left, router, right, *_ = net.routed()
    nacld = Nacld(router, config(edge(["left"], [allow(100, "udp", ports=PORT)], [], name="a"),
                                 edge(["other"], [], [], name="b")))
    steer(router, nacld, tool)
    with udp_server(right, PORT) as receiver, left.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"one", ("203.0.113.2", PORT))
        assert receiver.recv(64) == b"one"
        _ip("link set left down", router)
        _ip("link set left name other", router)
        _ip("link set other up", router)

        def dropped_by_b():
            s.sendto(b"two", ("203.0.113.2", PORT))
            return nacld.packets("b", "inbound", "*")

        wait_until(dropped_by_b, "the interface that is called other now has the ACL of that name")
        assert drain(receiver) == []


def test_an_edge_and_a_subnet_behind_it(net, tool):
    """The edge sees the published port, the subnet the port behind: both must allow."""
    left, router, right, *_ = net.routed()
    publish(router, tool, to="203.0.113.2:9000")
    wire = edge(["left"], [allow(100, "tcp", ports=8080)], ANSWERS)
    rules = config(wire, subnet("203.0.113.0/24", [allow(100, "tcp", ports=9000)], ANSWERS, "inner"))
    nacld = Nacld(router, rules)
    steer(router, nacld, tool)
    with right.socket() as listener:
        listener.bind(("203.0.113.2", 9000))
        listener.listen()
        with left.socket() as s:
            s.connect(("198.51.100.1", 8080))
        assert nacld.packets("wire", "inbound", 100) > 0 and nacld.packets("inner", "inbound", 100) > 0


def test_an_edge_and_the_host(net, tool):
    client, server, _ = net.pair()
    nacld = Nacld(server, config(edge(["client"], [allow(100, "udp", ports="all")], []),
                                 host([allow(100, "udp", ports=PORT)], [], name="inner")))
    steer(server, nacld, tool)
    with udp_server(server, PORT) as receiver, client.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"x", ("192.0.2.1", PORT + 1))
        s.sendto(b"both", ("192.0.2.1", PORT))
        assert receiver.recv(64) == b"both"
    assert nacld.packets("wire", "inbound", 100) == 2
    assert nacld.packets("inner", "inbound", "*") == 1 and nacld.packets("inner", "inbound", 100) == 1


# Default routes


def edge_rules(ns, tool):
    """The interfaces that steering's edge rules name: {"left"}, or {"!lo"}."""
    text = ns.run(f"iptables-{tool}-save").stdout
    found = re.findall(r"-A NACLD-PRE (! )?-i (\S+) -j NFQUEUE", text)
    leaving = re.findall(r"-A NACLD-POST (! )?-o (\S+) -j NFQUEUE", text)
    if found != leaving:
        return None  # between two tables of a change
    return {("!" if negated else "") + name for negated, name in found}


def test_the_default_route_names_the_edge(net, tool):
    """Closed on every side until there is one; then only there, within a second of each change."""
    left, router, right, *_ = net.routed()
    nacld = Nacld(router, config(edge("default-route", [], [])))
    up = steer(router, nacld, tool)
    assert edge_rules(router, tool) == {"!lo"}, up.stdout
    with udp_server(right, PORT) as receiver, left.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"closed", ("203.0.113.2", PORT))
        nacld.wait_packets("wire", "inbound", "*", 1)

        watch = router.start("watch", NACLCTL, "steer", "watch", "-f", nacld.conf_path, expect=(0, -15))
        wait_until(lambda: "watching" in watch.log(), "the watch has begun")
        _ip("route add default via 203.0.113.2 dev right", router)
        wait_until(lambda: edge_rules(router, tool) == {"right"}, "the default route is the edge", 1.0)
        _ip("-6 route add default via 2001:db8:a::2 dev left metric 7", router)
        wait_until(lambda: edge_rules(router, tool) == {"left", "right"}, "so is IPv6's", 1.0)
        _ip("-6 route del default dev left", router)
        wait_until(lambda: edge_rules(router, tool) == {"right"}, "it went", 1.0)
        assert naclctl(router, "steer", "show", "-f", nacld.conf_path).returncode == 0
        _ip("link set right down", router)
        wait_until(lambda: edge_rules(router, tool) == {"!lo"}, "no default route: closed again", 1.0)
        assert drain(receiver) == []
    assert "STEERING" not in watch.log(), "what the watch did itself is no alarm"


def test_the_watch_does_not_follow_over_anothers_change(net):
    """Rules that somebody took out stay out when a route comes, unless the watch may repair."""
    _, router, *_ = net.routed()
    nacld = Nacld(router, config(edge("default-route", [], [])))
    steer(router, nacld)
    watch = router.start("watch", NACLCTL, "steer", "watch", "-f", nacld.conf_path, expect=(0, -15))
    wait_until(lambda: "watching" in watch.log(), "the watch has begun")
    router.run("iptables-nft", "-w", "-t", "raw", "-F")
    wait_until(lambda: "STEERING" in watch.log(), "the alarm")
    _ip("route add default via 203.0.113.2 dev right", router)
    wait_until(lambda: "they are the edge now" in watch.log(), "the route was seen")
    assert edge_rules_of(router) == set()
    naclctl(router, "steer", "up", "-f", nacld.conf_path, "--backend", "iptables-nft")
    assert edge_rules(router, "nft") == {"right"}


def edge_rules_of(ns):
    text = ns.run("iptables-nft-save", "-t", "raw").stdout
    return set(re.findall(r"-A NACLD-PRE .*-j NFQUEUE", text))


# What only looks like an arrival


def multicast(ns, interface, address, group="224.0.0.251"):
    s = ns.socket(kind=socket.SOCK_DGRAM, timeout=2.0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 5353))
    member = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton(address))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    return s


def multicast6(ns, interface, group="ff02::fb"):
    s = ns.socket(socket.AF_INET6, socket.SOCK_DGRAM, timeout=2.0)
    with ns.inside():
        index = socket.if_nametoindex(interface)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("::", 5353))
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                 socket.inet_pton(socket.AF_INET6, group) + struct.pack("I", index))
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    return s


def test_a_hosts_own_multicast_comes_back_unjudged(net, tool):
    """A local mDNS listener hears this host; what claims to be this host on the wire is judged."""
    client, server, link = net.pair()
    nacld = Nacld(server, config(edge(["client"], [], both(100))))
    steer(server, nacld, tool)
    with multicast(server, "client", "192.0.2.1") as s, multicast6(server, "client") as t:
        s.sendto(b"own", ("224.0.0.251", 5353))
        assert s.recv(64) == b"own"
        t.sendto(b"own6", ("ff02::fb", 5353))
        assert t.recv(64) == b"own6"
        before = nacld.packets("wire", "inbound", "*")
        spoof(client, link, IP(src="192.0.2.1", dst="224.0.0.251", ttl=1), "01:00:5e:00:00:fb")
        spoof(client, link, IPv6(src="2001:db8:1::1", dst="ff02::fb", hlim=1), "33:33:00:00:00:fb")
        nacld.wait_packets("wire", "inbound", "*", before + 2)


def spoof(sender, link, layer, mac):
    """What claims to be the other end's own multicast, from the wire."""
    frame = Ether(src=link.mac(sender), dst=mac) / layer / UDP(sport=5353, dport=5353) / b"spoofed"
    with sender.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((link.interface(sender), 0))
        s.send(bytes(frame))


def test_a_dhcp_client_is_exempt_and_routed_packets_of_its_ports_are_not(net, tool):
    left, router, right, *_ = net.routed()
    nacld = Nacld(router, config(edge(["left"], [], [])))
    steer(router, nacld, tool)
    with udp_server(router, 68) as client, udp_server(right, 68) as inner, \
            left.socket(kind=socket.SOCK_DGRAM) as s:
        s.bind(("198.51.100.2", 67))
        s.sendto(b"for the host", ("198.51.100.1", 68))
        assert client.recv(64) == b"for the host"
        s.sendto(b"through it", ("203.0.113.2", 68))
        nacld.wait_packets("wire", "inbound", "*", 1)
        assert drain(inner) == []


# The packet path


@pytest.mark.parametrize("mode", ["reassemble", "strict"])
def test_fragments(net, tool, mode):
    """Put together before they are judged, or judged by what they show: the later ones have no port."""
    client, server, link = net.pair()
    nacld = Nacld(server, config(edge(["client"], both(100, "udp", PORT), []), fragments=mode))
    steer(server, nacld, tool)
    data = bytes(range(256)) * 12
    v4 = fragment(IP(src="192.0.2.2", dst="192.0.2.1") / UDP(sport=40000, dport=PORT) / data, 1000)
    v6 = fragment6(IPv6(src="2001:db8:1::2", dst="2001:db8:1::1") / IPv6ExtHdrFragment(id=7)
                   / UDP(sport=40000, dport=PORT) / data, 1000)
    with udp_server(server, PORT) as receiver:
        for packet in (*v4, *v6):
            inject(link, client, packet)
        if mode == "reassemble":
            assert receiver.recv(65535) == data and receiver.recv(65535) == data
            assert nacld.packets("wire", "inbound", 100) == nacld.packets("wire", "inbound", 101) == 1
        else:
            nacld.wait_packets("wire", "inbound", "*", len(v4) - 1 + len(v6) - 1)
            assert drain(receiver) == []


def test_what_looks_like_dhcps_ports_in_a_later_fragment_is_judged(net, tool):
    """With "strict" nothing has put them together at an edge, and a rule for ports could read them in the data."""
    client, server, link = net.pair()
    nacld = Nacld(server, config(edge(["client"], [], []), fragments="strict"))
    steer(server, nacld, tool)
    assert naclctl(server, "steer", "show", "-f", nacld.conf_path).returncode == 0
    ports = struct.pack("!HH", 67, 68)
    inject(link, client, IP(src="192.0.2.2", dst="192.0.2.1", proto=17, frag=125, id=9) / Raw(ports + bytes(1200)),
           IPv6(src="2001:db8:1::2", dst="2001:db8:1::1") / IPv6ExtHdrFragment(id=7, offset=125, nh=17)
           / Raw(struct.pack("!HH", 547, 546) + bytes(1200)))
    nacld.wait_packets("wire", "inbound", "*", 2)
    with udp_server(server, 68) as dhcp, client.socket(kind=socket.SOCK_DGRAM) as s:
        s.bind(("192.0.2.2", 67))
        s.sendto(b"lease", ("192.0.2.1", 68))
        assert dhcp.recv(64) == b"lease", "a whole one is exempt as ever"


@pytest.mark.parametrize("mode, delivered", [("reassemble", 0), ("strict", 1)])
def test_fragments_behind_a_destination_options_header(net, mode, delivered):
    """The kernel's reassembly loses them after the verdict (seen on 6.18), whatever asks for it: nacld(8) says so.

    Red here: this kernel does better, and the manual may say which does not.
    """
    client, server, link = net.pair()
    nacld = Nacld(server, config(edge(["client"], [allow(100, "all", ANY6)], []), fragments=mode))
    steer(server, nacld)
    whole = bytes(IPv6(src="2001:db8:1::2", dst="2001:db8:1::1") / UDP(sport=40000, dport=PORT) / bytes(2000))[40:]
    outer = IPv6(src="2001:db8:1::2", dst="2001:db8:1::1") / IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])
    with udp_server(server, PORT) as receiver:
        for offset, data in ((0, whole[:1200]), (150, whole[1200:])):
            inject(link, client, outer / IPv6ExtHdrFragment(id=7, offset=offset, m=int(offset == 0), nh=17) / Raw(data))
        nacld.wait_packets("wire", "inbound", 100, 1 if mode == "reassemble" else 2)
        assert nacld.packets("wire", "inbound", "*") == 0
        receiver.settimeout(0.5 if delivered == 0 else 5)
        if delivered:
            assert len(receiver.recv(65535)) == 2000
        else:
            with pytest.raises(TimeoutError):
                receiver.recv(65535)


def test_large_packets_pass_whole(net, tool):
    """GSO, and where the kernel does it BIG TCP (over 64 KiB), both families, in and out."""
    client, server, link = net.pair()
    for ns in (client, server):
        for kind in ("gso_max_size", "gro_max_size", "gso_ipv4_max_size", "gro_ipv4_max_size"):
            ns.run("ip", "link", "set", "dev", link.interface(ns), kind, "180000", check=False)
    nacld = Nacld(server, config(edge(["client"], both(100, "tcp", "all"), both(100, "tcp", "all")),
                                 length=4096))
    steer(server, nacld, tool)
    iperf3_server(server)
    for address in ("192.0.2.1", "2001:db8:1::1"):
        for reverse in ([], ["-R"]):
            report = iperf3(client, "-c", address, "-n", "40M", *reverse)
            assert report["end"]["sum_received"]["bytes"] > 30_000_000
    rule = nacld.rule("wire", "inbound", 100)
    assert rule["bytes"] / rule["packets"] > 3000, "segments were not kept together"
    assert nacld.status()["reasons"] == {}


@pytest.mark.parametrize("on_failure", ["accept", "drop"])
def test_nobody_listens(net, tool, on_failure):
    client, server, _ = net.pair()
    path = server.topology.tmp / "edge.conf"
    path.write_text(config(edge(["client"], [], []), on_failure=on_failure))
    steer(server, path, tool)
    with udp_server(server, PORT) as receiver, client.socket(kind=socket.SOCK_DGRAM) as s:
        receiver.settimeout(0.3 if on_failure == "drop" else 5)
        s.sendto(b"x", ("192.0.2.1", PORT))
        if on_failure == "accept":
            assert receiver.recv(64) == b"x"
        else:
            with pytest.raises(TimeoutError):
                receiver.recv(64)


def test_a_bridge_is_the_edge_of_its_ports(net, tool):
    """Packets of a port have the bridge's name; a port's own name is never seen."""
    client, server, link = net.pair()
    _ip("link add br0 type bridge", server)
    _ip("link set br0 up", server)
    _ip("addr flush dev client", server)
    _ip("link set client master br0", server)
    _ip("addr add 192.0.2.1/24 dev br0", server)
    nacld = Nacld(server, config(edge(["br0", "client"], [deny(100, "icmp", icmp=(8, -1)), allow(110)],
                                      both(100))))
    steer(server, nacld, tool)
    wait_until(lambda: client.run("ping", "-c1", "-W1", "192.0.2.1", check=False).returncode
               and nacld.packets("wire", "inbound", 100), "a ping that br0's list denies")
    text = server.run(f"iptables-{tool}", "-w", "-t", "raw", "-nvxL", "NACLD-PRE").stdout
    by_port = [line.split() for line in text.splitlines() if "NFQUEUE" in line and " client " in line]
    assert by_port and all(int(row[0]) == 0 for row in by_port)


# What the rules cannot see


def unseen(ns, text):
    """What `steer up` notes and doctor tells: {sentence: what to do, or None}, the same in both."""
    path = ns.topology.tmp / "unseen.conf"
    path.write_text(text)
    notes = json.loads(naclctl(ns, "steer", "up", "--json", "-f", path, "--backend", "iptables-nft").stdout)["notes"]
    done = naclctl(ns, "doctor", "--json", "-f", path, check=False)
    lines = {line["message"]: line["next"] for line in json.loads(done.stdout)["checks"]
             if line["check"] == "unseen"}
    for message, following in lines.items():
        assert message + (f"; next: {following}" if following else "") in notes
    return lines


def sentence(lines, part):
    found = [line for line in lines if part in line]
    assert len(found) == 1, f"{part}: {lines}"
    return found[0]


def test_an_interface_that_is_not_one_is_told(net):
    """Not there, another one's port, only an alternative name: nothing would be filtered."""
    ns = net.ns("lonely")
    for line in ("add br0 type bridge", "add port type veth peer name other", "set port master br0",
                 "property add dev other altname second"):
        _ip(f"link {line}", ns)
    ns.sysctl("bridge/bridge-nf-call-iptables", 1)
    lines = unseen(ns, config(edge(["port", "second", "Client", "br0"], [], [])))
    assert lines[sentence(lines, "what passes from port to port of br0 crosses that edge too")] is None
    assert lines[sentence(lines, 'interface "port" is a port of br0')] == 'write "br0" in its place'
    assert lines[sentence(lines, '"second" is only an alternative name of other')].startswith('write "other"')
    assert lines[sentence(lines, 'no interface "Client" now')]
    assert len(lines) == 4


def test_nat_before_a_hosts_rules_is_told(net, tool):
    ns = net.ns("lonely")
    publish(ns, tool, by="eth0")
    told = unseen(ns, config(host([], [])))
    assert "--dport 8080 -j DNAT --to-destination 203.0.113.2:80" in sentence(told, "NAT comes before")
    assert not unseen(ns, config(edge("default-route", [], []))), "at an edge it makes no difference"


def test_bridge_netfilter_is_told(net):
    """One switch of another program decides whether rules see bridged packets, and doctor says so."""
    one, router, two = net.ns("one"), net.ns("router"), net.ns("two")
    net.veth(one, router, ("192.0.2.2/24",))
    net.veth(two, router, ("192.0.2.130/24",))
    for line in ("add br0 type bridge", "set br0 up", "set one master br0", "set two master br0"):
        _ip(f"link {line}", router)
    text = config(subnet("192.0.2.128/25", [], [], "half"))
    switch = "bridge/bridge-nf-call-iptables"
    for key in (switch, "bridge/bridge-nf-call-ip6tables"):
        router.sysctl(key, 0)
    nacld = Nacld(router, text)
    assert not unseen(router, text)
    wait_until(lambda: one.run("ping", "-c1", "-W1", "192.0.2.130", check=False).returncode == 0,
               "bridged packets are not seen")
    assert nacld.total("packets") == 0
    router.sysctl(switch, 1)
    assert "bridged packets are filtered by subnet" in sentence(unseen(router, text), "bridge netfilter is on")
    assert one.run("ping", "-c1", "-W1", "192.0.2.130", check=False).returncode == 1
    assert nacld.packets("half", "inbound", "*") == 1


BPF_PROG_LOAD, BPF_LINK_CREATE, SYS_BPF = 5, 28, {"x86_64": 321, "aarch64": 280}.get(platform.machine())
XDP = (6, 37, 2)  # program type, place, "pass"
TCX_EGRESS = (3, 47, 0xffffffff)  # "next"


def attach(ns, interface, kind):
    """A BPF program that lets everything pass, at the interface as long as the descriptor is open; or None."""
    program_type, place, result = kind
    code = ctypes.create_string_buffer(struct.pack("<BBhIBBhI", 0xb7, 0, 0, result, 0x95, 0, 0, 0))
    license_ = ctypes.create_string_buffer(b"GPL")

    def bpf(command, attr):
        attr = ctypes.create_string_buffer(attr, 128)
        return ctypes.CDLL(None, use_errno=True).syscall(SYS_BPF, command, attr, 128)

    with ns.inside():
        program = bpf(BPF_PROG_LOAD, struct.pack("=IIQQ", program_type, 2, ctypes.addressof(code),
                                                 ctypes.addressof(license_)))
        link = bpf(BPF_LINK_CREATE, struct.pack("=IIII", program, socket.if_nametoindex(interface), place, 0))
    if program >= 0:
        os.close(program)
    return link if link >= 0 else None


@pytest.mark.parametrize("kind, told", [(XDP, "an XDP program at interface"), (TCX_EGRESS, "traffic control at interface")],
                         ids=["xdp", "tcx"])
def test_programs_at_an_interface_are_told(net, kind, told):
    client, server, _ = net.pair()
    text = config(edge(["client"], [], []))
    assert not unseen(server, text)
    link = attach(server, "client", kind)
    if link is None:
        pytest.skip("this kernel takes no such BPF program (tcx: from 6.6 on)")
    try:
        assert 'interface "client"' in sentence(unseen(server, text), told)
    finally:
        os.close(link)
    assert not unseen(server, text)


@pytest.mark.parametrize("qdisc, way", [("ingress", "ingress"), ("clsact", "ingress"), ("clsact", "egress")])
def test_filters_of_traffic_control_are_told(net, qdisc, way):
    client, server, _ = net.pair()
    text = config(edge(["client"], [], []))
    server.run("tc", "qdisc", "add", "dev", "client", qdisc)
    assert not unseen(server, text), "without a filter it takes nothing"
    server.run("tc", "filter", "add", "dev", "client", way, "protocol", "all", "u32", "match", "u32", "0", "0",
               "classid", "1:1")
    assert "traffic control at interface" in sentence(unseen(server, text), "what it redirects, changes or drops")


# What people ask


def test_the_exported_rules_stand_on_the_wire_too(net, tmp_path):
    """The same without a daemon: published port, multicast of its own, DHCP's ports."""
    left, router, right, *_ = net.routed()
    nginx(right, tmp_path / "www")
    publish(router, "nft")
    conf = tmp_path / "edge.conf"

    def load(*inbound):
        conf.write_text(config(edge(["left"], list(inbound), both(100))))
        router.run("nft", "-f", "-", stdin=naclctl(router, "export", "nft", "-f", conf).stdout)

    load(allow(100, "tcp", ports=8080))
    assert curl(left, "http://198.51.100.1:8080/").stdout == "hello from nginx\n"
    with multicast(router, "left", "198.51.100.1") as s:
        s.sendto(b"own", ("224.0.0.251", 5353))
        assert s.recv(64) == b"own"
    load(allow(100, "tcp", ports=80))
    assert curl(left, "http://198.51.100.1:8080/", timeout=1, check=False).returncode == 28
    with udp_server(right, 68) as inner, left.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"through it", ("203.0.113.2", 68))
        s.sendto(b"through it", ("203.0.113.2", 68))
        wait_until(lambda: re.search(r'packets [2-9]\d* bytes \d+ drop comment "wire inbound \*"',
                                     router.run("nft", "list", "table", "inet", "nacld_export").stdout),
                   "the exported list dropped them")
        assert drain(inner) == []


def test_show_names_the_edges(net):
    ns = net.ns("lonely")
    nacld = Nacld(ns, config(edge(["eth0"], [], [], name="a"), edge("default-route", [], [], name="b")))
    assert nacld.status()["edges"] == [{"interface": "eth0", "acl": "a"}, {"interface": None, "acl": "b"}]
    shown = naclctl(ns, "show", "-s", nacld.socket_path).stdout
    assert re.search(r"edges +eth0: a\n +default-route: b\n", shown)


def test_explain_and_eval_by_interface(net, tmp_path):
    conf = tmp_path / "edges.conf"
    conf.write_text(config(edge(["eth0"], [allow(100, "tcp", ports=8080)], ANSWERS, name="a"),
                           edge("default-route", [], [], name="b")))
    ns = net.ns("lonely")
    asked = naclctl(ns, "explain", "--json", "-f", conf, "in@eth0", "tcp", "192.0.2.9:4000", "192.0.2.1:8080")
    assert json.loads(asked.stdout)["request"]["steps"][0]["acl"] == "a"
    unnamed = naclctl(ns, "explain", "-f", conf, "in", "tcp", "192.0.2.9:4000", "192.0.2.1:80", check=False)
    assert unnamed.returncode == 2 and "name the interface" in unnamed.stderr
    packets = tmp_path / "packets"
    packets.write_text("in@eth0 tcp 192.0.2.9:4000 192.0.2.1:8080 => allow a 100\n"
                       "in@ppp0 tcp 192.0.2.9:4000 192.0.2.1:8080 => deny b *\n"
                       "forward@eth0:ppp0 tcp 192.0.2.9:4000 192.0.2.1:8080 => deny a 100 b *\n"
                       "out@lo tcp 192.0.2.9:4000 192.0.2.1:8080 => allow exempt loopback\n")
    done = naclctl(ns, "eval", "-f", conf, packets, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_reload_without_edges_opens_nothing(net, tool):
    """The kernel rules still bring what comes by the former edge: it gets on_failure, until steer up, and is told."""
    client, server, _ = net.pair()
    nacld = Nacld(server, config(edge(["client"], both(100), both(100))))
    steer(server, nacld, tool)
    ping = ("ping", "-c1", "-W1", "192.0.2.1")
    client.run(*ping)
    answer = nacld.reload(config(host(both(100), both(100))))
    assert "until then on_failure decides on what comes by the former edges" in answer["note"]
    assert client.run(*ping, check=False).returncode == 1
    assert nacld.reason("other-edge") > 0
    steer(server, nacld, tool)
    client.run(*ping)


NATIVE = """table inet own {
 chain pre { type nat hook prerouting priority dstnat; iifname "left" tcp dport { 8080, 8081 } dnat ip to 203.0.113.2:80; }
}
"""


@pytest.mark.parametrize("by", ["nft", "legacy", "native"])
def test_explain_says_what_nat_makes_of_it(net, by):
    """For a published port at an edge: what stands behind; for the host's rules: that they never see it so."""
    ns = net.ns("lonely")
    if by == "native":
        ns.run("nft", "-f", "-", stdin=NATIVE)
    else:
        publish(ns, by)
    conf = ns.topology.tmp / "nat.conf"
    packet = ("tcp", "192.0.2.9:4000", "192.0.2.1:8080")

    def explained(direction, *options):
        return naclctl(ns, "explain", "-f", conf, *options, direction, *packet, check=False).stdout

    conf.write_text(config(edge(["left"], [allow(100, "tcp", ports=8080)], ANSWERS)))
    tool = {"native": "nft", "nft": "iptables-nft", "legacy": "iptables-legacy"}[by]
    nat = json.loads(explained("in@left", "--json"))["nat"]
    assert (nat["tool"], nat["certain"], nat["address"], nat["port"]) == (tool, True, "203.0.113.2", 80)
    assert ("chain pre, handle" if by == "native" else "--dport 8080 -j DNAT") in nat["rule"]
    assert json.loads(explained("in@right", "--json"))["nat"] is None
    assert f"NAT on this host then makes it 203.0.113.2:80 ({tool}: " in explained("in@left")
    assert "come before it: they are about the wire" in explained("in@left")
    assert "NAT on this host then may make it" in explained("in"), "the interface is not known"
    conf.write_text(config(host([allow(100, "tcp", ports=8080)], ANSWERS)))
    assert "see that in place of what was asked here" in explained("in@left")
