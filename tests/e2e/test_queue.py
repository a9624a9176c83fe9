# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon and its queues: start-up refusals, several queues, verdicts that come too late."""

import signal
import subprocess

import pytest
from scapy.layers.inet import ICMP, IP

from config import closed_host, open_host
from lib import wait_until
from services import (NACLD, Nacld, queue_file, queue_host, queue_rule, queue_rule_packets,
                      run_program, stopped, unprivileged)
from wire import Capture, inject

CLIENT, SERVER = "192.0.2.2", "192.0.2.1"
EX_UNAVAILABLE, EX_NOPERM, EX_CONFIG, EX_USAGE = 69, 77, 78, 64


def ping(source=CLIENT):
    return IP(src=source, dst=SERVER) / ICMP(id=1)


def echo_reply(packet):
    return ICMP in packet and packet[ICMP].type == 0


def errors(nacld, name):
    return sum(q["errors"].get(name, 0) for q in nacld.status()["queues"])


def test_two_queues_share_the_work(net, tool):
    client, server, link = net.pair()
    nacld = Nacld(server, closed_host(first=7, count=2))
    queue_rule(server, "INPUT", "7:8", tool=tool)
    assert set(queue_file(server)) == {7, 8}
    sources = [f"192.0.2.{n}" for n in range(10, 74)]
    inject(link, client, *[ping(s) for s in sources])
    nacld.wait_packets("web", "inbound", "*", len(sources))
    queues = {q["queue"]: q["packets"] for q in nacld.status()["queues"]}
    assert set(queues) == {7, 8}
    assert all(queues.values()), f"one queue was idle: {queues}"
    assert sum(queues.values()) == len(sources)


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def test_a_second_daemon_on_the_queue_is_refused(net):
    client, server, link = net.pair()
    first = Nacld(server, open_host())
    queue_host(server)
    second = Nacld(server, open_host(), ready=False, expect=(EX_UNAVAILABLE,))
    assert second.wait() == EX_UNAVAILABLE
    said = lines(second.log())
    assert len(said) == 1, said
    assert "queue 0" in said[0]
    with Capture(client, link.interface(client), "in") as wire:
        inject(link, client, ping())
        wire.wait_for(echo_reply, what="the first daemon still works")
    assert first.running()


def test_without_the_capability_it_says_so(net):
    server = net.ns("server")
    nacld = Nacld(server, open_host(), ready=False, expect=(EX_NOPERM,), prefix=unprivileged())
    assert nacld.wait() == EX_NOPERM
    said = lines(nacld.log())
    assert len(said) == 1, said
    assert "CAP_NET_ADMIN" in said[0]


def test_a_capability_that_does_not_reach_the_namespace_is_told_from_a_taken_queue(net):
    """Root of a new user namespace has every capability, but not over this network namespace."""
    server = net.ns("server")
    nacld = Nacld(server, open_host(), ready=False, expect=(EX_NOPERM,), prefix=("unshare", "-Ur"))
    assert nacld.wait() == EX_NOPERM
    said = lines(nacld.log())
    assert len(said) == 1, said
    assert "CAP_NET_ADMIN" in said[0]


@pytest.mark.parametrize("text", ["network_acls = (\n  { name = 3; } );\n", "mode = \"enforc\";\n"])
def test_a_bad_configuration_is_refused(net, text):
    server = net.ns("server")
    nacld = Nacld(server, text, ready=False, expect=(EX_CONFIG,))
    assert nacld.wait() == EX_CONFIG
    assert f"{nacld.conf_path}:" in nacld.log()
    assert 0 not in queue_file(server), "a queue was opened for a broken file"


def test_check_needs_no_privilege_and_no_queue(tmp_path):
    good, bad = tmp_path / "good.conf", tmp_path / "bad.conf"
    good.write_text(open_host())
    bad.write_text(open_host().replace("inbound", "inbund"))
    assert run_program(*unprivileged(NACLD, "--check", good)).returncode == 0
    done = run_program(*unprivileged(NACLD, "--check", bad))
    assert done.returncode == EX_CONFIG
    assert 'did you mean "inbound"' in done.stdout + done.stderr


def test_a_missing_file_is_refused_and_named(tmp_path):
    done = run_program(NACLD, "-f", tmp_path / "none.conf", "-s", tmp_path / "s")
    assert done.returncode == EX_CONFIG
    assert "none.conf" in done.stderr


def test_an_unknown_option_is_a_usage_error():
    assert run_program(NACLD, "--frobnicate").returncode == EX_USAGE


def test_verdicts_for_packets_that_are_gone(net):
    """Deleting any base chain makes the kernel drop what waits. The late verdicts are errors that
    are counted; the daemon lives and judges on."""
    client, server, link = net.pair()
    nacld = Nacld(server, open_host())
    queue_host(server)
    server.run("nft", "add table inet other; "
               "add chain inet other c { type filter hook input priority 0; }")
    stopped(nacld)
    inject(link, client, *[ping()] * 5)
    wait_until(lambda: queue_file(server)[0]["waiting"] == 5, "five packets wait")
    server.run("nft", "delete table inet other")
    wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "the kernel let them go")
    nacld.kill(signal.SIGCONT)
    wait_until(lambda: errors(nacld, "enoent") >= 1, "ENOENT is counted")
    with Capture(client, link.interface(client), "in") as wire:
        inject(link, client, ping())
        wire.wait_for(echo_reply, what="it still judges")
    assert nacld.running()


@pytest.mark.parametrize("on_failure", ["drop", "accept"])
def test_where_no_edge_is_a_packet_gets_the_failure_verdict(net, tool, on_failure):
    """A rule by hand in PREROUTING, or steering of a configuration that had edges: no list belongs to that hook, and
    what on_failure says is done. One verdict each, none forgotten."""
    client, server, link = net.pair()
    nacld = Nacld(server, open_host(on_failure=on_failure))
    queue_rule(server, "PREROUTING", tool=tool)
    with Capture(client, link.interface(client), "in") as wire:
        inject(link, client, *[ping()] * 20)
        wait_until(lambda: queue_rule_packets(server, "PREROUTING", tool=tool) == 20, "queued")
        wait_until(lambda: nacld.total("accepted") + nacld.total("dropped") == 20, "answered")
        assert queue_file(server)[0]["waiting"] == 0
        if on_failure == "accept":
            wire.wait_for(echo_reply, 20, "the replies")
    assert nacld.total("accepted" if on_failure == "accept" else "dropped") == 20
    assert nacld.reason("other-edge") == 20
    assert nacld.packets("web", "inbound", 100) == 0, "no rule was asked"


def test_malformed_is_dropped_even_where_failure_accepts(net):
    """on_failure is about packets nobody could judge; a malformed one was judged."""
    client, server, link = net.pair()
    nacld = Nacld(server, open_host(on_failure="accept"))
    queue_host(server)
    inject(link, client, IP(src=CLIENT, dst=SERVER, proto=6) / bytes(10))
    wait_until(lambda: nacld.reason("tcp-truncated") == 1, "counted")
    assert nacld.total("dropped") == 1
    assert queue_file(server)[0]["waiting"] == 0


def test_the_kernel_was_asked_for_256_bytes(net):
    server = net.ns("server")
    Nacld(server, open_host())
    assert queue_file(server)[0]["range"] == 256
    assert queue_file(server)[0]["mode"] == 2


def test_version_and_help_are_short_and_succeed():
    for option in ("--help", "--version"):
        done = subprocess.run([NACLD, option], capture_output=True, text=True, timeout=10, check=True)
        assert "nacld" in done.stdout
