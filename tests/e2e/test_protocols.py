# SPDX-License-Identifier: GPL-2.0-or-later
"""One protocol a test: a request that passes, the reply that passes or is dropped on its own."""

import socket
import struct

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.sctp import SCTP, SCTPChunkInit

from config import ANY6, EPHEMERAL, allow, config, deny, host, open_host, subnet
from lib import wait_until
from services import Nacld, dnsmasq, queue_host
from wire import Capture, inject

CLIENT, SERVER = "192.0.2.2", "192.0.2.1"
CLIENT6, SERVER6 = "2001:db8:1::2", "2001:db8:1::1"


def dns_query(ns, server, name="www.example.test", timeout=3.0):
    """Asks a name server for an A record; the address, or None when no answer came."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with ns.socket(family, socket.SOCK_DGRAM, timeout=timeout) as s:
        s.sendto(bytes(DNS(id=7, rd=1, qd=DNSQR(qname=name))), (server, 53))
        try:
            answer = DNS(s.recv(4096))
        except TimeoutError:
            return None
    return str(answer.an[0].rdata) if isinstance(answer.an, list) else str(answer.an.rdata)


def test_dns_answer_needs_an_outbound_rule_for_the_resolver_port(net):
    client, server, link = net.pair()
    dnsmasq(server)
    ask = allow(100, "udp", ports=53)
    nacld = Nacld(server, config(host([ask], [allow(100, "udp", ports=EPHEMERAL)])))
    queue_host(server)
    assert dns_query(client, SERVER) == "192.0.2.80"
    assert nacld.packets("web", "inbound", 100) == 1
    assert nacld.packets("web", "outbound", 100) == 1

    nacld.reload(config(host([ask], [allow(100, "udp", ports=53)])))
    with Capture(client, link.interface(client), "in") as came_back:
        assert dns_query(client, SERVER, timeout=0.5) is None
        wait_until(lambda: nacld.packets("web", "outbound", "*") == 1, "the answer is dropped")
        assert not came_back.packets(lambda p: p.haslayer(DNS))
    assert nacld.packets("web", "inbound", 100) == 2


def test_icmp_type_and_code_are_judged_each_way(net):
    client, server, link = net.pair()
    echo_in = [allow(100, "icmp", icmp=(8, 0))]
    nacld = Nacld(server, config(host(echo_in, [allow(100, "icmp", icmp=(0, -1))])))
    queue_host(server)
    request = IP(src=CLIENT, dst=SERVER) / ICMP(id=1, seq=1) / b"ping"
    with Capture(client, link.interface(client), "in") as came_back:
        inject(link, client, request)
        came_back.wait_for(lambda p: ICMP in p and p[ICMP].type == 0, what="echo reply")
    assert nacld.packets("web", "inbound", 100) == nacld.packets("web", "outbound", 100) == 1

    nacld.reload(config(host(echo_in, [allow(100, "icmp", icmp=(8, 0))])))
    with Capture(client, link.interface(client), "in") as came_back:
        inject(link, client, request)
        nacld.wait_packets("web", "outbound", "*", 1)
        assert not came_back.packets(lambda p: ICMP in p)
    inject(link, client, IP(src=CLIENT, dst=SERVER) / ICMP(type=13))
    nacld.wait_packets("web", "inbound", "*", 1)
    assert nacld.packets("web", "inbound", 100) == 2


def test_icmpv6_is_judged_and_neighbour_discovery_is_exempt(net):
    client, server, link = net.pair()
    server.run("ip", "-6", "neigh", "flush", "all")
    echo_in = [allow(100, "icmpv6", ANY6, icmp=(128, 0))]
    nacld = Nacld(server, config(host(echo_in, [allow(100, "icmpv6", ANY6, icmp=(129, 0))])))
    queue_host(server)
    request = IPv6(src=CLIENT6, dst=SERVER6) / ICMPv6EchoRequest(id=1, seq=1)
    with Capture(client, link.interface(client), "in") as came_back:
        inject(link, client, request)
        came_back.wait_for(lambda p: ICMPv6EchoReply in p, what="echo reply")
    assert nacld.packets("web", "inbound", 100) == nacld.packets("web", "outbound", 100) == 1
    assert nacld.status()["outcomes"]["exempted"] >= 2, "solicitation and advertisement"

    nacld.reload(config(host(echo_in, [allow(100, "icmpv6", ANY6, icmp=(128, 0))])))
    with Capture(client, link.interface(client), "in") as came_back:
        inject(link, client, request)
        wait_until(lambda: nacld.packets("web", "outbound", "*") >= 1, "the reply is dropped")
        assert not came_back.packets(lambda p: ICMPv6EchoReply in p)


def test_neighbour_discovery_with_a_forwarded_hop_limit_is_not_exempt(net):
    """RFC 4861: only hop limit 255 proves that the sender is on the link."""
    client, server, link = net.pair()
    nacld = Nacld(server, config(host([], [])))
    queue_host(server)
    forged = IPv6(src=CLIENT6, dst=SERVER6, hlim=64, nh=58) / struct.pack(
        "!BBHI16s", 135, 0, 0, 0, socket.inet_pton(socket.AF_INET6, SERVER6))
    inject(link, client, forged)
    nacld.wait_packets("web", "inbound", "*", 1)


def test_sctp_is_judged_by_its_number(net):
    """No SCTP stack answers here: the kernel's own "protocol unreachable" proves it got through."""
    client, server, link = net.pair()
    outbound = [allow(100, "icmp", icmp=(3, 2))]
    nacld = Nacld(server, config(host([allow(100, "132")], outbound)))
    queue_host(server)
    init = IP(src=CLIENT, dst=SERVER) / SCTP(sport=5000, dport=3868, tag=0) / SCTPChunkInit()
    with Capture(client, link.interface(client), "in") as came_back:
        inject(link, client, init)
        came_back.wait_for(lambda p: ICMP in p and p[ICMP].code == 2, what="protocol unreachable")
    assert nacld.packets("web", "inbound", 100) == nacld.packets("web", "outbound", 100) == 1

    nacld.reload(config(host([deny(90, "132"), allow(100)], outbound)))
    inject(link, client, init)
    nacld.wait_packets("web", "inbound", 90, 1)
    assert nacld.packets("web", "outbound", 100) == 1, "a denied packet was answered"


def test_an_ipv4_rule_never_lets_ipv6_pass(net):
    client, server, link = net.pair()
    nacld = Nacld(server, config(host([allow(100)], [allow(100)])))
    queue_host(server)
    inject(link, client, IPv6(src=CLIENT6, dst=SERVER6) / ICMPv6EchoRequest())
    nacld.wait_packets("web", "inbound", "*", 1)
    with Capture(client, link.interface(client), "in") as came_back:
        inject(link, client, IP(src=CLIENT, dst=SERVER) / ICMP())
        came_back.wait_for(lambda p: ICMP in p, what="the IPv4 reply")
    assert nacld.packets("web", "inbound", 100) == 1


def test_loopback_is_exempt(net):
    server = net.ns("server")
    nacld = Nacld(server, config(host([], [])))
    queue_host(server)
    with server.socket(kind=socket.SOCK_DGRAM) as receiver, \
            server.socket(kind=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        sender.sendto(b"self", receiver.getsockname())
        assert receiver.recv(16) == b"self"
    assert nacld.status()["outcomes"]["exempted"] >= 1
    assert nacld.total("dropped") == 0


def test_packets_of_no_acl_pass_and_are_counted(net):
    """INPUT and OUTPUT are queued, but the policy protects a subnet only."""
    client, server, link = net.pair()
    nacld = Nacld(server, config(subnet("203.0.113.0/24", [], [], "far")))
    queue_host(server)
    with Capture(client, link.interface(client), "in") as came_back:
        inject(link, client, IP(src=CLIENT, dst=SERVER) / ICMP())
        came_back.wait_for(lambda p: ICMP in p, what="echo reply")
    wait_until(lambda: nacld.status()["outcomes"]["unprotected"] >= 2, "both packets counted")


def test_open_host_config_is_open(net):
    """The helper other tests lean on allows what it says."""
    client, server, link = net.pair()
    dnsmasq(server)
    nacld = Nacld(server, open_host())
    queue_host(server)
    assert dns_query(client, SERVER) == "192.0.2.80"
    assert dns_query(client, SERVER6) == "192.0.2.80"
    assert nacld.total("dropped") == 0
