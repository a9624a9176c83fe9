# SPDX-License-Identifier: GPL-2.0-or-later
"""The story of the demonstration, with assertions on both ends, the wire and the daemon's counters.

A web server protected by an ACL; the classic mistake is the missing outbound rule for the replies
to the client's ephemeral port.
"""

import json

import pytest
from scapy.layers.inet import TCP

from config import ANY4, ANY6, EPHEMERAL, allow, config, host
from lib import wait_until
from services import ControlError, Nacld, curl, dnsmasq, naclctl, nginx, steer
from test_protocols import dns_query
from wire import Capture

CLIENT = {4: "192.0.2.2", 6: "2001:db8:1::2"}
SERVER = {4: "192.0.2.1", 6: "2001:db8:1::1"}
URL = {4: "http://192.0.2.1/", 6: "http://[2001:db8:1::1]/"}
ANY = {4: ANY4, 6: ANY6}
PAGE = "hello from nginx\n"
TIMED_OUT = 28  # curl's exit status
SYN, SYN_ACK = 0x02, 0x12


@pytest.fixture(params=[4, 6], ids=["ipv4", "ipv6"])
def family(request):
    return request.param


def server_acl(family, outbound_ports):
    """Port 80 in; out whatever the step says."""
    outbound = [allow(100, "tcp", ANY[family], outbound_ports)] if outbound_ports else []
    return config(host([allow(100, "tcp", ANY[family], 80)], outbound))


def client_acl(family, inbound_ports):
    """The protected host is itself a client: web and DNS out; in whatever the step says."""
    out = [allow(100, "tcp", ANY[family], 80), allow(110, "udp", ANY[family], 53)]
    rules = [allow(100, "tcp", ANY[family], inbound_ports),
             allow(110, "udp", ANY[family], inbound_ports)] if inbound_ports else []
    return config(host(rules, out))


def flags(packet, value):
    return TCP in packet and int(packet[TCP].flags) & 0x3F == value


@pytest.fixture
def web(net, tmp_path):
    """client - server with nginx and everything queued; start(conf) gives the daemon."""
    client, server, link = net.pair()
    nginx(server, tmp_path / "www")

    def start(conf, tool="nft"):
        nacld = Nacld(server, conf)
        steer(server, nacld, tool)
        return nacld

    return client, server, link, start


def test_page_loads_with_the_ephemeral_rule(web, family, tool):
    client, server, link, start = web
    nacld = start(server_acl(family, EPHEMERAL), tool)
    with Capture(server, link.interface(server)) as wire:
        assert curl(client, URL[family]).stdout == PAGE
        last = wire.wait_for(lambda p: TCP in p and int(p[TCP].flags) & 1, 2, "FIN both ways")
        assert {p.src for p in last} == {CLIENT[family], SERVER[family]}
        wait_until(lambda: nacld.packets("web", "inbound", 100) ==
                   len(wire.packets(lambda p: TCP in p and p.src == CLIENT[family])),
                   "inbound 100 counts what came in over the wire")
        wait_until(lambda: nacld.packets("web", "outbound", 100) ==
                   len(wire.packets(lambda p: TCP in p and p.src == SERVER[family])),
                   "outbound 100 counts what left over the wire")
    assert nacld.total("dropped") == 0


def test_without_it_the_syn_ack_dies_on_the_way_out(web, family, tool):
    client, server, link, start = web
    nacld = start(server_acl(family, "443"), tool)
    with Capture(server, link.interface(server), "in") as arrived, \
            Capture(client, link.interface(client), "in") as came_back:
        assert curl(client, URL[family], timeout=1.5, check=False).returncode == TIMED_OUT
        syns = arrived.packets(lambda p: flags(p, SYN))
        wait_until(lambda: nacld.packets("web", "inbound", 100) >= 2, "the SYN and its repetition")
        assert len(syns) == nacld.packets("web", "inbound", 100)
        assert not came_back.packets(lambda p: TCP in p), "a SYN-ACK reached the client"
    dropped = nacld.packets("web", "outbound", "*")
    assert dropped >= 2, "SYN-ACK and its repetition"
    assert nacld.packets("web", "outbound", 100) == 0
    assert nacld.packets("web", "inbound", "*") == 0
    assert nacld.total("dropped") == dropped


def test_explain_names_the_missing_rule_and_the_rule_repairs_it(web, family):
    """From the daemon that runs: the reply is dropped (exit 3), by which rule, and what to add."""
    client, server, _, start = web
    nacld = start(server_acl(family, "443"))
    ends = [f"[{a}]:{p}" if family == 6 else f"{a}:{p}"
            for a, p in ((CLIENT[family], 40000), (SERVER[family], 80))]
    done = naclctl(server, "explain", "--json", "-s", nacld.socket_path, "in", "tcp", *ends, check=False)
    assert done.returncode == 3, done.stderr
    story = json.loads(done.stdout)
    assert (story["request"]["verdict"], story["reply"]["verdict"]) == ("allow", "deny")
    assert story["reply"]["steps"] == [
        {"direction": "outbound", "acl": "web", "rule": "*", "action": "deny"}]
    assert story["stateful_reply"] == "allow"
    rule = story["suggestion"]
    assert (rule["ports"], rule["destination"]) == (EPHEMERAL, ANY[family])
    nacld.write(config(host([allow(100, "tcp", ANY[family], 80)],
                            [allow(100, "tcp", ANY[family], 443),
                             allow(rule["rule"], rule["protocol"], rule["destination"], rule["ports"])])))
    naclctl(server, "reload", "-s", nacld.socket_path)
    assert curl(client, URL[family]).stdout == PAGE
    assert nacld.packets("web", "outbound", rule["rule"]) >= 3


def test_live_reload_repairs_it_and_a_second_port_passes_too(web, family):
    client, server, link, start = web
    nacld = start(server_acl(family, "443"))
    assert curl(client, URL[family], timeout=1, check=False).returncode == TIMED_OUT
    before = nacld.packets("web", "inbound", 100)
    assert before >= 1
    nacld.reload(server_acl(family, EPHEMERAL))
    assert nacld.packets("web", "inbound", 100) >= before, "an unchanged rule lost its counter"
    with Capture(server, link.interface(server), "in") as arrived:
        assert curl(client, URL[family]).stdout == PAGE
        assert curl(client, URL[family]).stdout == PAGE
        syns = arrived.wait_for(lambda p: flags(p, SYN), 2, "two connections")
    assert len({p[TCP].sport for p in syns}) == 2


def test_a_narrow_ephemeral_range_is_an_intermittent_outage(web, family):
    client, server, link, start = web
    nacld = start(server_acl(family, "49152-65535"))
    with Capture(client, link.interface(client), "in") as came_back:
        linux = curl(client, URL[family], "--local-port", "40000", timeout=1, check=False)
        assert linux.returncode == TIMED_OUT
        assert nacld.packets("web", "outbound", "*") >= 1
        assert not came_back.packets(lambda p: TCP in p)
    assert curl(client, URL[family], "--local-port", "50000").stdout == PAGE
    assert nacld.packets("web", "outbound", 100) >= 3


def test_the_protected_host_as_a_client_needs_inbound_ephemeral(net, tmp_path, family):
    """The far end serves the web and DNS; the ACL is the client's own."""
    far, protected, link = net.pair("far", "protected")
    nginx(far, tmp_path / "www")
    dnsmasq(far)
    url = URL[family].replace(SERVER[family], CLIENT[family])
    nacld = Nacld(protected, client_acl(family, None))
    steer(protected, nacld)
    with Capture(far, link.interface(far), "out") as answers:
        assert curl(protected, url, timeout=1, check=False).returncode == TIMED_OUT
        assert dns_query(protected, CLIENT[family], timeout=0.5) is None
        answers.wait_for(lambda p: flags(p, SYN_ACK), what="the SYN-ACK did arrive")
        answers.wait_for(lambda p: p.haslayer("DNS"), what="the DNS answer did arrive")
    assert nacld.packets("web", "outbound", 100) >= 1
    assert nacld.packets("web", "outbound", 110) == 1
    assert nacld.packets("web", "inbound", "*") >= 2
    nacld.reload(client_acl(family, "32768-60999"))
    assert curl(protected, url).stdout == PAGE
    assert dns_query(protected, CLIENT[family]) == "192.0.2.80"
    assert nacld.packets("web", "inbound", 110) == 1


def test_a_refused_reload_keeps_the_page_up(web):
    client, server, link, start = web
    nacld = start(server_acl(4, EPHEMERAL))
    with pytest.raises(ControlError):
        nacld.reload("network_acls = ( { nam = ")
    assert curl(client, URL[4]).stdout == PAGE
