# SPDX-License-Identifier: GPL-2.0-or-later
"""The ground itself: if a capture, an injection or the clean-up lied, every other test would."""

import subprocess

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

from lib import Topology, wait_until
from services import curl, nginx, queue_host, queue_rule_packets
from wire import Capture, inject


def namespaces():
    return subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout


def test_pair_talks_and_capture_sees_both_directions(net, tmp_path):
    client, server, link = net.pair()
    nginx(server, tmp_path / "www", ports=(80,))
    with Capture(client, link.interface(client)) as capture:
        assert curl(client, "http://192.0.2.1/").stdout == "hello from nginx\n"
        assert curl(client, "http://[2001:db8:1::1]/").stdout == "hello from nginx\n"
        capture.wait_for(lambda p: p.src == "192.0.2.1", what="an answer")
        capture.wait_for(lambda p: p.src == "2001:db8:1::2", what="a request over IPv6")


def test_injected_packet_enters_the_other_end(net):
    client, server, link = net.pair()
    with Capture(client, link.interface(client), "in") as capture:
        inject(link, client, IP(src="192.0.2.2", dst="192.0.2.1") / ICMP() / b"ping")
        capture.wait_for(lambda p: ICMP in p and p[ICMP].type == 0, what="the echo reply")


def test_queue_rules_take_every_packet(net, tool):
    client, server, link = net.pair()
    queue_host(server, tool)
    with Capture(client, link.interface(client), "in") as capture:
        inject(link, client, IP(src="192.0.2.2", dst="192.0.2.1") / ICMP() / b"ping")
        inject(link, client, IPv6(src="2001:db8:1::2", dst="2001:db8:1::1") / ICMPv6EchoRequest())
        wait_until(lambda: queue_rule_packets(server, "INPUT", tool=tool) == 1, "IPv4 was queued")
        wait_until(lambda: queue_rule_packets(server, "INPUT", 6, tool) == 1, "IPv6 was queued")
    assert not capture.packets(lambda p: p.src in ("192.0.2.1", "2001:db8:1::1"))


def test_close_removes_everything_and_reports_a_crash(tmp_path):
    net = Topology(tmp_path)
    ns = net.ns("lonely")
    ns.start("crasher", "sh", "-c", "kill -SEGV $$").wait()
    assert ns.name in namespaces()
    with pytest.raises(AssertionError, match="crasher: exit status -11"):
        net.close()
    assert ns.name not in namespaces()


def test_close_reports_a_sanitizer(tmp_path):
    net = Topology(tmp_path)
    ns = net.ns("lonely")
    ns.start("leaker", "echo", "ERROR: LeakSanitizer: detected memory leaks").wait()
    with pytest.raises(AssertionError, match="leaker: a sanitizer reported"):
        net.close()
