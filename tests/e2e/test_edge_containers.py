# SPDX-License-Identifier: GPL-2.0-or-later
"""An edge before the kernel rules of container engines: the list is about the wire, whoever translates behind it.

netavark, podman's, is the real program. Docker's, kube-proxy's and libvirt's rules are reduced by hand to what these
install for one published port or one guest network (Docker 28 and kube-proxy in iptables mode by their documentation,
libvirt likewise). A container is a namespace at a bridge of the host.
"""

import json

import pytest

from config import EPHEMERAL, allow, config, edge
from lib import TOOLS, _ip
from services import Nacld, curl, naclctl, nginx, steer

CONTAINER, GATEWAY, PUBLISHED = "10.88.0.2", "10.88.0.1", 8080

DOCKER = """*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.88.0.0/16 ! -o cbr0 -j MASQUERADE
-A DOCKER ! -i cbr0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.88.0.2:80
COMMIT
*raw
-A PREROUTING -d 10.88.0.2/32 ! -i cbr0 -j DROP
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-FORWARD - [0:0]
-A FORWARD -j DOCKER-FORWARD
-A DOCKER-FORWARD -o cbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -o cbr0 -j DOCKER
-A DOCKER-FORWARD -i cbr0 -j ACCEPT
-A DOCKER -d 10.88.0.2/32 ! -i cbr0 -o cbr0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i cbr0 -o cbr0 -j DROP
COMMIT
"""

KUBE_PROXY = """*nat
:KUBE-EXT - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A POSTROUTING -s 10.88.0.0/16 ! -d 10.88.0.0/16 -j MASQUERADE
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-NODEPORTS -p tcp -m tcp --dport 8080 -j KUBE-EXT
-A KUBE-EXT -j KUBE-MARK-MASQ
-A KUBE-EXT -j KUBE-SVC
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-SVC -m statistic --mode random --probability 1.0 -j KUBE-SEP
-A KUBE-SEP -p tcp -m tcp -j DNAT --to-destination 10.88.0.2:80
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE
COMMIT
"""

LIBVIRT = """*nat
:LIBVIRT_PRT - [0:0]
-A POSTROUTING -j LIBVIRT_PRT
-A LIBVIRT_PRT -s 10.88.0.0/16 -d 224.0.0.0/24 -j RETURN
-A LIBVIRT_PRT -s 10.88.0.0/16 ! -d 10.88.0.0/16 -p tcp -j MASQUERADE --to-ports 1024-65535
-A LIBVIRT_PRT -s 10.88.0.0/16 ! -d 10.88.0.0/16 -j MASQUERADE
COMMIT
*filter
:LIBVIRT_FWI - [0:0]
:LIBVIRT_FWO - [0:0]
-A FORWARD -j LIBVIRT_FWI
-A FORWARD -j LIBVIRT_FWO
-A LIBVIRT_FWI -d 10.88.0.0/16 -o cbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A LIBVIRT_FWI -o cbr0 -j REJECT
-A LIBVIRT_FWO -s 10.88.0.0/16 -i cbr0 -j ACCEPT
COMMIT
"""


def engine(net, rules):
    """client 192.0.2.2  -  server 192.0.2.1, 10.88.0.1  -  container 10.88.0.2 at the bridge cbr0."""
    client, server, _ = net.pair()
    container = net.ns("ctr")
    net.veth(container, server, (f"{CONTAINER}/16",))
    for line in ("link add cbr0 type bridge", f"addr add {GATEWAY}/16 dev cbr0", "link set cbr0 up",
                 "link set ctr master cbr0"):
        _ip(line, server)
    _ip(f"route add default via {GATEWAY}", container)
    server.sysctl("ipv4/ip_forward", 1)
    server.run("iptables-nft-restore", "--noflush", stdin=rules)
    return client, server, container


def wall(inbound, outbound):
    return config(edge(["client"], [allow(100 + i, "tcp", ports=p) for i, p in enumerate(inbound)],
                       [allow(100 + i, "tcp", ports=p) for i, p in enumerate(outbound)]))


@pytest.mark.parametrize("rules", [DOCKER, KUBE_PROXY], ids=["docker", "kube-proxy"])
def test_a_published_port(net, tmp_path, rules):
    """Reached by the number on the wire, before and after the engine has put its rules anew."""
    client, server, container = engine(net, rules)
    nginx(container, tmp_path / "www")
    url = f"http://192.0.2.1:{PUBLISHED}/"
    nacld = Nacld(server, wall([PUBLISHED], [EPHEMERAL]))
    steer(server, nacld)
    assert curl(client, url).stdout == "hello from nginx\n"
    for table in ("nat", "filter"):
        server.run("iptables-nft", "-w", "-t", table, "-F")
    server.run("iptables-nft-restore", "--noflush", stdin=rules)
    assert curl(client, url).stdout == "hello from nginx\n"
    nacld.reload(wall([80], [EPHEMERAL]))
    assert curl(client, url, timeout=1, check=False).returncode == 28
    assert nacld.packets("wire", "inbound", "*") > 0


@pytest.mark.parametrize("rules", [DOCKER, KUBE_PROXY, LIBVIRT], ids=["docker", "kube-proxy", "libvirt"])
def test_a_guest_asks_the_world(net, tmp_path, rules):
    client, server, container = engine(net, rules)
    nginx(client, tmp_path / "www")
    nacld = Nacld(server, wall([EPHEMERAL], [80]))
    steer(server, nacld)
    assert curl(container, "http://192.0.2.2/").stdout == "hello from nginx\n"
    nacld.reload(wall([EPHEMERAL], [443]))
    assert curl(container, "http://192.0.2.2/", timeout=1, check=False).returncode == 28
    assert nacld.packets("wire", "outbound", "*") > 0


def test_containers_among_themselves_cross_no_edge(net):
    """Nor does what the host itself says to them."""
    _, server, container = engine(net, DOCKER)
    other = net.ns("other")
    net.veth(other, server, ("10.88.0.3/16",))
    _ip("link set other master cbr0", server)
    nacld = Nacld(server, config(edge(["client"], [], [])))
    steer(server, nacld)
    assert other.run("ping", "-c1", "-W5", CONTAINER).returncode == 0
    assert server.run("ping", "-c1", "-W5", CONTAINER).returncode == 0
    assert nacld.total("packets") == 0


def test_a_userland_proxy(net, tmp_path):
    """A program of the host listens at the published port: the wall does not know the difference."""
    client, server, _ = net.pair()
    nginx(server, tmp_path / "www", ports=(PUBLISHED,))
    nacld = Nacld(server, wall([PUBLISHED], [EPHEMERAL]))
    steer(server, nacld)
    assert curl(client, f"http://192.0.2.1:{PUBLISHED}/").stdout == "hello from nginx\n"


class Netavark:
    """podman's network program (netavark(1)), for one container with one published port."""

    def __init__(self, host, container):
        self.host, self.container = host, container
        network = {"name": "podman", "id": "2" * 64, "driver": "bridge", "network_interface": "cbr0", "options": {},
                   "subnets": [{"subnet": "10.88.0.0/16", "gateway": GATEWAY}], "ipv6_enabled": False,
                   "internal": False, "dns_enabled": False, "ipam_options": {"driver": "host-local"}}
        port = {"container_port": 80, "host_ip": "", "host_port": PUBLISHED, "protocol": "tcp", "range": 1}
        self.options = json.dumps({
            "container_id": "c0ffee", "container_name": "web", "port_mappings": [port],
            "networks": {"podman": {"interface_name": "eth0", "static_ips": [CONTAINER]}},
            "network_info": {"podman": network}})

    def __call__(self, verb):
        self.host.run(TOOLS / "usr/lib/podman/netavark", "--config", self.host.topology.tmp, verb,
                      self.container.path, stdin=self.options)


def test_the_real_netavark(net, tmp_path):
    """Before and after the container's network is torn down and set up again; what explain finds in its rules."""
    client, server, _ = net.pair()
    container = net.ns("ctr")
    server.sysctl("ipv4/ip_forward", 1)
    nginx(container, tmp_path / "www")
    nacld = Nacld(server, wall([PUBLISHED], [EPHEMERAL]))
    steer(server, nacld)
    netavark = Netavark(server, container)
    netavark("setup")
    url = f"http://192.0.2.1:{PUBLISHED}/"
    assert curl(client, url).stdout == "hello from nginx\n"
    asked = naclctl(server, "explain", "--json", "-f", nacld.conf_path, "in@client", "tcp", "192.0.2.2:40000",
                    f"192.0.2.1:{PUBLISHED}")
    nat = json.loads(asked.stdout)["nat"]
    assert (nat["address"], nat["port"], nat["certain"]) == (CONTAINER, 80, True), nat
    netavark("teardown")
    netavark("setup")
    assert curl(client, url).stdout == "hello from nginx\n"
    nacld.reload(wall([80], [EPHEMERAL]))
    assert curl(client, url, timeout=1, check=False).returncode == 28
    assert nacld.packets("wire", "inbound", "*") > 0
    nginx(client, tmp_path / "world", page="hello from outside\n")
    nacld.reload(wall([EPHEMERAL], [80]))
    assert curl(container, "http://192.0.2.2/").stdout == "hello from outside\n"
    nacld.reload(wall([EPHEMERAL], [443]))
    assert curl(container, "http://192.0.2.2/", timeout=1, check=False).returncode == 28
