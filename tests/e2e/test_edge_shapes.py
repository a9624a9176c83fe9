# SPDX-License-Identifier: GPL-2.0-or-later
"""Edges among other parts of the network stack: routes that differ by direction, reverse-path filtering, transparent
proxies, tunnels. What is seen twice, at which name, and before which decision of the kernel (nacld(8) says the same).
"""

import socket

import pytest
from scapy.layers.inet import IP, UDP

from config import EPHEMERAL, allow, both, config, edge
from lib import _ip, wait_until
from services import Nacld, curl, drain, nginx, steer, udp_server
from wire import inject

PORT = 9000
IP_TRANSPARENT = 19
NEXT_HOP_FIRST = 2  # "loose" reverse-path filtering; 1 is strict, RFC 3704


@pytest.fixture(params=["nft", "legacy"])
def tool(request):
    return request.param


def cable(a, b, name, a_addr, b_addr):
    """One more veth pair between two namespaces, of the same name at both ends."""
    _ip(f"link add {name} netns {a.name} type veth peer name {name} netns {b.name}")
    for ns, addr in ((a, a_addr), (b, b_addr)):
        _ip(f"addr add {addr} dev {name}", ns)
        _ip(f"link set {name} up", ns)


def two_cables(net):
    """client .2 and server .1 share 192.0.2.0/24 by `one` and 198.51.100.0/24 by `two`."""
    client, server = net.ns("client"), net.ns("server")
    cable(client, server, "one", "192.0.2.2/24", "192.0.2.1/24")
    cable(client, server, "two", "198.51.100.2/24", "198.51.100.1/24")
    for ns in (client, server):
        for name in ("all", "one", "two"):
            ns.sysctl(f"ipv4/conf/{name}/rp_filter", 0)
    return client, server


def test_an_answer_is_judged_where_it_leaves(net, tool):
    """Policy routing: the question comes by one, the answer goes by two, each by the list of its own edge."""
    client, server = two_cables(net)
    _ip("rule add from 192.0.2.1 lookup 7", server)
    _ip("route add default via 198.51.100.2 dev two table 7", server)
    one, two = (lambda inbound, outbound, name=name: edge([name], inbound, outbound, name=name)
                for name in ("one", "two"))
    ask, answer = [allow(100, "udp", ports=PORT)], [allow(100, "udp", ports=EPHEMERAL)]
    nacld = Nacld(server, config(one(ask, []), two([], answer)))
    steer(server, nacld, tool)
    with udp_server(server, PORT, "::ffff:192.0.2.1") as receiver, client.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"asked", ("192.0.2.1", PORT))
        receiver.sendto(b"back", receiver.recvfrom(64)[1])
        assert s.recv(64) == b"back"
        assert nacld.packets("one", "inbound", 100) == nacld.packets("two", "outbound", 100) == 1
        nacld.reload(config(one(ask, answer), two([], [])))
        s.sendto(b"asked", ("192.0.2.1", PORT))
        receiver.sendto(b"back", receiver.recvfrom(64)[1])
        nacld.wait_packets("two", "outbound", "*", 1)
    assert nacld.packets("one", "outbound", 100) == 0


def test_a_mark_routes_what_the_wall_let_in(net, tool):
    """The mark of another program survives the queue, and what it changes is behind the wall."""
    left, router, right, *_ = net.routed()
    router.run(f"iptables-{tool}", "-w", "-t", "mangle", "-A", "PREROUTING", "-p", "udp", "--dport", PORT, "-j",
               "MARK", "--set-mark", 7)
    _ip("rule add fwmark 7 lookup 7", router)
    _ip("route add 192.0.2.80 via 203.0.113.2 dev right table 7", router)
    _ip("addr add 192.0.2.80/32 dev lo", right)
    nacld = Nacld(router, config(edge(["left"], [allow(100, "udp", ports=PORT)], []),
                                 edge(["right"], [], [allow(100, "udp", ports=PORT)], name="other")))
    steer(router, nacld, tool)
    with udp_server(right, PORT) as receiver, left.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"marked", ("192.0.2.80", PORT))
        assert receiver.recv(64) == b"marked"
    assert nacld.packets("wire", "inbound", 100) == nacld.packets("other", "outbound", 100) == 1


def test_reverse_path_filtering_comes_behind_the_wall(net, tool):
    """What the kernel drops for its source's route was allowed before: the counters say so, and nothing is delivered."""
    client, server = two_cables(net)
    nacld = Nacld(server, config(edge(["one", "two"], [allow(100, "udp", ports=PORT)], [])))
    steer(server, nacld, tool)

    def send(source):
        with client.socket(kind=socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"two")
            s.bind((source, 0))
            s.sendto(b"x", ("198.51.100.1", PORT))

    with udp_server(server, PORT) as receiver:
        send("192.0.2.2")  # by two, though the route back is one
        assert receiver.recv(64) == b"x"
        server.sysctl("ipv4/conf/two/rp_filter", 1)
        send("192.0.2.2")
        nacld.wait_packets("wire", "inbound", 100, 2)
        server.sysctl("ipv4/conf/two/rp_filter", NEXT_HOP_FIRST)
        send("192.0.2.2")
        assert receiver.recv(64) == b"x"
        assert nacld.packets("wire", "inbound", 100) == 3 and drain(receiver) == []


@pytest.mark.parametrize("accept_local", [0, 1])
def test_the_hosts_own_address_from_the_wire(net, tool, accept_local):
    """Anybody can send it: it is judged, and only then the kernel asks whether it is a martian."""
    client, server, link = net.pair()
    for key in ("all", "client"):
        server.sysctl(f"ipv4/conf/{key}/rp_filter", 0)
    server.sysctl("ipv4/conf/client/accept_local", accept_local)
    nacld = Nacld(server, config(edge(["client"], [allow(100, "udp", ports=PORT)], [])))
    steer(server, nacld, tool)
    with udp_server(server, PORT) as receiver, udp_server(server, PORT + 1) as closed:
        for port in (PORT, PORT + 1):
            inject(link, client, IP(src="192.0.2.1", dst="192.0.2.1") / UDP(sport=40000, dport=port) / b"own")
        nacld.wait_packets("wire", "inbound", "*", 1)
        assert nacld.packets("wire", "inbound", 100) == 1
        if accept_local:
            assert receiver.recv(64) == b"own"
        assert drain(receiver) == drain(closed) == []


def test_a_transparent_proxy_stands_behind_the_wall(net, tool, tmp_path):
    """TPROXY takes what the wall lets in, with its address and port as on the wire; so are its answers judged."""
    left, router, right, *_ = net.routed()
    nginx(right, tmp_path / "www")
    router.run(f"iptables-{tool}", "-w", "-t", "mangle", "-A", "PREROUTING", "-i", "left", "-p", "tcp", "--dport", 80,
               "-j", "TPROXY", "--on-port", 8081, "--tproxy-mark", 1)
    _ip("rule add fwmark 1 lookup 7", router)
    _ip("route add local default dev lo table 7", router)
    nacld = Nacld(router, config(edge(["left"], [allow(100, "tcp", ports=80)], [allow(100, "tcp", ports=EPHEMERAL)])))
    steer(router, nacld, tool)
    with router.socket() as proxy:
        proxy.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        proxy.bind(("0.0.0.0", 8081))
        proxy.listen()
        with left.socket() as s:
            s.connect(("203.0.113.2", 80))
            accepted, _ = proxy.accept()
            with accepted:
                assert accepted.getsockname() == ("203.0.113.2", 80), "the address that was asked for"
                accepted.sendall(b"by proxy")
            assert s.recv(64) == b"by proxy"
        assert nacld.packets("wire", "inbound", 100) > 0 and nacld.packets("wire", "outbound", 100) > 0
        nacld.reload(config(edge(["left"], [allow(100, "tcp", ports=8081)], [allow(100, "tcp", ports=EPHEMERAL)])))
        assert curl(left, "http://203.0.113.2/", timeout=1, check=False).returncode == 28


def test_a_tunnels_outside_and_inside_are_two_edges(net, tool):
    """The outside crosses the card, what was in it crosses the tunnel's own interface, if that is named."""
    client, server, _ = net.pair()
    for ns, far, near in ((client, "192.0.2.1", "198.51.100.2"), (server, "192.0.2.2", "198.51.100.1")):
        _ip(f"link add tunnel type vxlan id 7 remote {far} dstport 4789", ns)
        _ip(f"addr add {near}/24 dev tunnel", ns)
        _ip("link set tunnel up", ns)
    outside = [allow(100, "udp", ports=4789)]
    nacld = Nacld(server, config(edge(["client"], outside, outside)))
    steer(server, nacld, tool)
    ping = ("ping", "-c1", "-W1", "198.51.100.1")
    assert client.run(*ping, check=False).returncode == 0, "the inside has no list"
    before = nacld.packets("wire", "inbound", 100)
    assert before > 0 and nacld.packets("wire", "inbound", "*") == 0
    nacld.reload(config(edge(["client"], outside, outside), edge(["tunnel"], [], both(100), name="inside")))
    steer(server, nacld, tool)
    assert client.run(*ping, check=False).returncode == 1
    assert nacld.packets("inside", "inbound", "*") == 1, "the inside, by the tunnel's own name"
    wait_until(lambda: nacld.packets("wire", "inbound", 100) > before, "the outside was judged too")
