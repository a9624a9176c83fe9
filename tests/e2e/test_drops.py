# SPDX-License-Identifier: GPL-2.0-or-later
"""naclctl drops and why: who lost packets, found while it hangs, in whatever noise."""

import contextlib
import json
import os
import random
import socket
import subprocess
import threading
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw

from config import EPHEMERAL, allow, config, deny, host
from lib import REPO, wait_until
from services import NACLCTL, Nacld, curl, naclctl, nginx, steer
from wire import Injector, inject

SCREEN = 24
CLIENT, SERVER = "192.0.2.2", "192.0.2.1"
TIMED_OUT = 28
FORGOTTEN_ACL = host([allow(100, "tcp", ports=80), deny(200, "udp", ports="161")], [allow(100, "tcp", ports=443)])
FORGOTTEN = config(FORGOTTEN_ACL)


@pytest.fixture
def web(net, tmp_path):
    """client - server with nginx; start(conf) gives the daemon on the server, with everything queued."""
    client, server, link = net.pair()
    nginx(server, tmp_path / "www")

    def start(conf, ns=server, prefix=""):
        nacld = Nacld(ns, prefix + conf)
        steer(ns, nacld)
        return nacld

    return client, server, link, start


def drops(nacld, *args, command="drops", status=None):
    done = naclctl(nacld.ns, command, "-s", nacld.socket_path, *args, check=False)
    assert status is None or done.returncode == status, done.stdout + done.stderr
    return done.stdout


def flows(nacld, *args):
    return json.loads(drops(nacld, "-j", *args))["flows"]


def noise(link, client, seconds, stop, rate=1000):
    """SYNs from one address to port after port, `rate` a second. Nobody looks at TCP's checksum."""
    syn = bytes(IP(src="192.0.2.66", dst=SERVER) / TCP(sport=40000, dport=1, flags="S"))
    packets = [syn[:22] + port.to_bytes(2, "big") + syn[24:] for port in range(1000, 1000 + rate * seconds)]
    with Injector(link, client) as wire:
        begin = time.monotonic()
        for sent, packet in enumerate(packets):
            if stop.is_set():
                return
            wire.send(packet)
            late = begin + sent / rate - time.monotonic()
            if late > 0.005:
                time.sleep(late)


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_the_hanging_client_is_on_the_first_screen(web, isolation):
    """1,000 noise flows a second, and one client that gets no answer."""
    client, _, link, start = web
    nacld = start(FORGOTTEN, prefix=f'isolation = "{isolation}";\n')
    stop = threading.Event()
    thread = threading.Thread(target=noise, args=(link, client, 8, stop))
    thread.start()
    try:
        assert curl(client, f"http://{SERVER}/", timeout=1.5, check=False).returncode == TIMED_OUT
        wait_until(lambda: nacld.packets("web", "inbound", "*") >= 3000, "3,000 packets of noise")
        screen = "\n".join(drops(nacld, status=3).splitlines()[:SCREEN])
    finally:
        stop.set()
        thread.join()
    assert f"{CLIENT} asks for tcp 80 of {SERVER}, and the replies are dropped" in screen
    assert "dropped by web, outbound rule *" in screen
    assert "The request is allowed by inbound rule 100" in screen
    assert f'ports = "{EPHEMERAL}"' in screen
    assert screen.index(CLIENT) < screen.index("192.0.2.66")
    # Nothing of it is a sample: every noise packet is in one line or another.
    def sums_agree():
        counted = nacld.packets("web", "inbound", "*")
        return sum(f["packets"] for f in flows(nacld, "-d", "in", "-r", "*")) == counted
    wait_until(sums_agree, "the lines add up to the rule's counter")


def test_the_missing_rule_repairs_it(web):
    client, _, _, start = web
    nacld = start(FORGOTTEN)
    curl(client, f"http://{SERVER}/", timeout=1.2, check=False)
    [flow] = flows(nacld)
    assert flow["reply"] and flow["request_rule"] == 100 and not flow["passes_now"]
    assert (flow["src"], flow["sport"], flow["dst"]) == (SERVER, 80, CLIENT)
    rule = flow["missing"]
    nacld.reload(config(host([allow(100, "tcp", ports=80)],
                             [allow(100, "tcp", ports=443),
                              allow(rule["rule"], rule["protocol"], rule["destination"], rule["ports"])])))
    assert curl(client, f"http://{SERVER}/").returncode == 0
    [flow] = flows(nacld)
    assert flow["passes_now"]
    assert "now it passes" in drops(nacld, status=0)


def test_filters(web):
    client, _, link, start = web
    nacld = start(FORGOTTEN)
    inject(link, client,
           IP(src=CLIENT, dst=SERVER) / TCP(sport=40000, dport=22, flags="S"),
           IP(src="198.51.100.7", dst=SERVER) / UDP(sport=40000, dport=161),
           IP(src="198.51.100.7", dst=SERVER) / ICMP(type=13))
    wait_until(lambda: len(flows(nacld)) == 3, "three flows")

    def found(*args):
        return sorted((f["protocol"], f.get("dport")) for f in flows(nacld, *args))

    assert found("-H", "198.51.100.0/24") == [("icmp", None), ("udp", 161)]
    assert found("-p", "22") == [("tcp", 22)] == found("-P", "tcp") == found("-H", CLIENT)
    assert found("-p", "40000") == [("tcp", 22), ("udp", 161)]
    assert found("-r", "200") == [("udp", 161)] and len(found("-r", "*")) == 2
    assert found("-d", "out") == []
    assert len(found("-S", "1h")) == 3
    time.sleep(2.1)  # what is asked for is less than has passed
    assert found("-S", "1s") == []
    assert "No such drops" in drops(nacld, "-S", "1s", status=0)


def test_malformed_packets_have_their_reason(web):
    client, _, link, start = web
    nacld = start(FORGOTTEN)
    inject(link, client, IP(src="198.51.100.7", dst=SERVER, proto=6) / Raw(bytes(8)))
    [flow] = wait_until(lambda: flows(nacld), "a flow")
    assert flow["reason"] == "tcp-truncated" and flow["rule"] is None and flow["src"] == "198.51.100.7"
    assert "malformed: tcp-truncated" in drops(nacld)


def test_monitor_mode_lists_what_enforcing_would_drop(web, tmp_path):
    """Complete, and as packets that eval takes: each of them is denied by the rule that it says."""
    client, server, link, start = web
    nacld = start(config(FORGOTTEN_ACL, mode="monitor"))
    assert curl(client, f"http://{SERVER}/").returncode == 0
    with Injector(link, client) as wire:
        for port in range(2000, 2300):
            wire.send(IP(src="192.0.2.66", dst=SERVER) / UDP(sport=40000, dport=port))
    wait_until(lambda: nacld.packets("web", "inbound", "*") >= 300, "all came")
    listed = flows(nacld)
    assert all(f["monitor"] for f in listed)
    assert sorted(f["dport"] for f in listed if f["protocol"] == "udp" and f["dst"] == SERVER) == \
        list(range(2000, 2300))
    assert "the replies would be dropped" in drops(nacld, status=3)
    packets = tmp_path / "would-drop.packets"
    packets.write_text(drops(nacld, "--as-packets", status=3))
    done = naclctl(server, "eval", "-f", nacld.conf_path, packets)
    assert len(done.stdout.splitlines()) >= 301
    assert all(line.startswith("deny") for line in done.stdout.splitlines())


def test_what_was_counted_survives_a_reload_that_moves_acls(web):
    """Flows keep the name of their ACL, whatever index it has afterwards."""
    client, _, link, start = web
    nacld = start(FORGOTTEN)
    inject(link, client, IP(src=CLIENT, dst=SERVER) / TCP(sport=40000, dport=22, flags="S"))
    wait_until(lambda: len(flows(nacld)) == 1, "a flow")
    text = FORGOTTEN.replace('network_acls = (', 'network_acls = (\n{ name = "first"; associations = '
                             '( { subnet = "198.51.100.0/24"; } ); inbound = (); outbound = (); },', 1)
    nacld.reload(text)
    inject(link, client, IP(src=CLIENT, dst=SERVER) / TCP(sport=40001, dport=22, flags="S"))
    [flow] = wait_until(lambda: [f for f in flows(nacld) if f["packets"] == 2], "the same flow again")
    assert flow["acl"] == "web"


def from_address(packet, source):
    """An IPv4 packet of UDP without checksum, with another source: scapy takes too long for thousands."""
    packet = bytearray(packet)
    packet[10:12], packet[12:16], packet[26:28] = b"\0\0", source, b"\0\0"
    words = sum(int.from_bytes(packet[n:n + 2], "big") for n in range(0, 20, 2))
    words = (words & 0xFFFF) + (words >> 16)
    packet[10:12] = (~((words & 0xFFFF) + (words >> 16)) & 0xFFFF).to_bytes(2, "big")
    return bytes(packet)


def resident(nacld):
    """Of the daemon's process, in KiB."""
    text = subprocess.run(["grep", "VmRSS", f"/proc/{nacld.status()['pid']}/status"], capture_output=True, text=True,
                          check=True).stdout
    return int(text.split()[1])


def test_a_flood_of_distinct_flows_is_bounded_and_a_quiet_one_is_found(web):
    """16,000 addresses once each, twice the places; one that tries three times among them, by the same rule."""
    client, _, link, start = web
    nacld = start(FORGOTTEN)
    drops(nacld)
    before = resident(nacld)
    draw = random.Random(1)
    plain = bytes(IP(src="198.51.100.1", dst=SERVER) / UDP(sport=40000, dport=7))
    with Injector(link, client) as wire:
        for i in range(16000):
            source = bytes([draw.randrange(1, 224), *draw.randbytes(3)])
            wire.send(from_address(plain, source))
            if i in (9000, 11000, 13000):
                wire.send(IP(src="203.0.113.9", dst=SERVER) / UDP(sport=40000, dport=8443))
    wait_until(lambda: nacld.packets("web", "inbound", "*") >= 12000, "most of it came")
    [victim] = flows(nacld, "-H", "203.0.113.9")
    assert victim["dport"] == 8443 and victim["packets"] + victim["earlier"] >= 3
    listed = flows(nacld)
    assert sum(f["packets"] for f in listed) == nacld.packets("web", "inbound", "*")
    assert len(listed) <= 8192 + 128
    # The tables are there from the start; an answer under way is what may come on top.
    assert resident(nacld) - before < 20 << 10


class Journal:
    """Listens where the journal does: each datagram is lines KEY=value."""

    def __init__(self):
        os.makedirs(os.path.dirname(self.PATH), exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.PATH)
        self.socket.setblocking(False)
        self.entries = []

    PATH = "/run/systemd/journal/socket"

    def read(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = self.socket.recv(65536).decode().splitlines()
                self.entries.append(dict(line.split("=", 1) for line in lines))
        return self.entries

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        os.unlink(self.PATH)


def test_the_journal_has_fields_and_noise_hides_no_reply(web, monkeypatch):
    """2,000 SYNs a second from one address, more than the rings hold; one client hangs."""
    client, _, link, start = web
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    stop = threading.Event()
    with Journal() as journal:
        nacld = start(FORGOTTEN)
        thread = threading.Thread(target=noise, args=(link, client, 8, stop, 2000))
        thread.start()
        try:
            wait_until(lambda: nacld.packets("web", "inbound", "*") >= 1000, "noise")
            curl(client, f"http://{SERVER}/", timeout=1.2, check=False)
            reply = wait_until(lambda: [e for e in journal.read() if e.get("NACL_REPLY") == "1"], "the reply", 15)[0]
            wait_until(lambda: any("NACL_SUPPRESSED" in e for e in journal.read()), "what was suppressed", 15)
        finally:
            stop.set()
            thread.join()
        assert reply["NACL_PEER"] == reply["NACL_DADDR"] == CLIENT and reply["NACL_SADDR"] == SERVER
        assert (reply["NACL_ACL"], reply["NACL_RULE"], reply["NACL_DIRECTION"]) == ("web", "*", "outbound")
        assert reply["NACL_SPORT"] == "80" and reply["NACL_VERDICT"] == "drop" and reply["NACL_PROTOCOL"] == "tcp"
        assert f"naclctl why {CLIENT}" in reply["MESSAGE"] and reply["PRIORITY"] == "6"
        catalog = (REPO / "systemd/nacld.catalog").read_text()
        assert f"-- {reply['MESSAGE_ID']}\n" in catalog
        noisy = [e for e in journal.read() if e.get("NACL_SADDR") == "192.0.2.66" and "NACL_SUPPRESSED" not in e]
        assert 1 <= len(noisy) <= 6, "three lines a period"
        told = [e for e in journal.read() if e.get("NACL_SUPPRESSED")]
        assert any(e["NACL_PEER"] == "192.0.2.66" and int(e["NACL_SUPPRESSED"]) > 100 for e in told)
        assert "dropped" not in nacld.log(), "once, not on stderr too"


def test_follow_says_a_sentence_a_packet(web):
    client, server, link, start = web
    nacld = start(FORGOTTEN)
    follower = server.start("follow", NACLCTL, "drops", "--follow", "-s",
                            nacld.socket_path, "-d", "out", expect=(1, -15))

    def told():  # it may not follow yet
        inject(link, client, IP(src="198.51.100.7", dst=SERVER) / UDP(sport=40000, dport=161))
        curl(client, f"http://{SERVER}/", timeout=0.5, check=False)
        return [text for text in follower.log().splitlines() if text.startswith("dropped")]

    line = wait_until(told, "a sentence")[0]
    assert f"dropped out tcp {SERVER}:80 -> {CLIENT}:" in line and "(web, outbound rule *)" in line
    assert "a reply to an allowed request; missing in outbound of \"web\": { rule = 110;" in line
    assert "198.51.100.7" not in follower.log(), "the filter holds here too"


def test_why_on_the_server_and_on_the_client(web):
    """The same question, the same answer: what the other side is waiting for, and what to add."""
    client, server, link, start = web
    nacld = start(FORGOTTEN)
    curl(client, f"http://{SERVER}/", timeout=1.2, check=False)
    text = drops(nacld, f"{CLIENT}:80", command="why", status=3)
    assert f"{CLIENT} asks for tcp 80 of {SERVER}, and the replies are dropped" in text
    assert 'Missing in outbound of "web":' in text
    assert "dropped nothing of 203.0.113.9" in drops(nacld, "203.0.113.9", command="why", status=0)
    inject(link, client, IP(src="198.51.100.7", dst=SERVER) / TCP(sport=40000, dport=22, flags="S"))
    wait_until(lambda: flows(nacld, "-H", "198.51.100.7"), "its packet came")
    text = drops(nacld, "198.51.100.7", command="why", status=1)
    assert "tcp 22 from 198.51.100.7 is dropped by web, inbound rule *: 1 packet" in text
    assert 'Missing in inbound of "web", if it should pass:' in text
    naclctl(server, "steer", "down")
    nacld.stop()
    mine = start(config(host([], [allow(100, "tcp", ports=80)], name="laptop")), client)
    assert curl(client, f"http://{SERVER}/", timeout=1.2, check=False).returncode == TIMED_OUT
    text = drops(mine, f"{SERVER}:80", command="why", status=3)
    assert f"{CLIENT} asks for tcp 80 of {SERVER}, and the replies are dropped" in text
    assert 'Missing in inbound of "laptop":' in text and f'ports = "{EPHEMERAL}"' in text
