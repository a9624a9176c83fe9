# SPDX-License-Identifier: GPL-2.0-or-later
"""isolation = "process": a child without rights filters; the parent gives the verdicts and survives it."""

import errno
import os
import pathlib
import platform
import signal
import subprocess

import pytest
from scapy.layers.inet import IP
from scapy.utils import rdpcap

from config import allow, both, closed_host, config, host, open_host
from keeper import (ABORT, ANSWERS, COUNTERS, EARLY, FAULT, FLOWS, HOSTILE, LOOP, POISON, RING, STACK,
                    KeptNacld)
from lib import BUILD, wait_until
from services import Nacld, drain, naclctl, queue_file, queue_rule, stopped, udp_server
from wire import datagram, inject, numbers

# Numbers of x86-64: write; open, socket, kill, execve, mmap, clone, prctl, connect, getpid, ptrace.
WRITE = 1
FORBIDDEN = [(2, "@/etc/passwd", 0), (41, 2, 1), (62, 1, 0), (59, "@/bin/true", 0, 0), (9, 0, 4096, 1, 34),
             (56, 17), (157, 15, "@name"), (42, 0), (39,), (101, 0)]
PORT = 9000


def children(pid):
    text = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sorted(int(child) for task in text
                  for child in (task / "children").read_text().split()
                  if pathlib.Path(f"/proc/{child}/comm").read_text() == "nacld-filter\n")


def fields(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def one_child(nacld):
    return wait_until(lambda: children(nacld.pid) if len(children(nacld.pid)) == 1 else None,
                      "one filtering process")[0]


def test_a_child_judges_and_has_no_rights(net):
    client, server, link = net.pair()
    nacld = Nacld(server, config(host([allow(100, "udp", ports=PORT)], both(100)), isolation="process"))
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    udp_server(server, PORT + 1)
    inject(link, client, *numbers(5), datagram(b"no", PORT + 1))
    wait_until(lambda: nacld.total("accepted") == 5 and nacld.total("dropped") == 1, "judged")
    assert drain(receiver) == [bytes([i]) for i in range(5)]
    assert nacld.packets("web", "inbound", 100) == 5
    assert nacld.packets("web", "inbound", "*") == 1
    assert nacld.status()["isolation"] == "process"
    wait_until(lambda: "dropped in udp 192.0.2.2:40000 -> 192.0.2.1:9001" in nacld.log(), "its event")

    child = one_child(nacld)
    status = fields(child)
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, (kind, status[kind])
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    kinds = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{child}/fd").iterdir()]
    assert sorted(k.split(":")[0] for k in kinds) == ["anon_inode", "pipe", "pipe", "pipe"], kinds
    assert "nacld-queue" not in pathlib.Path(f"/proc/{child}/maps").read_text(), "the buffers are there"
    assert "nacld-queue" in pathlib.Path(f"/proc/{nacld.pid}/maps").read_text()
    for kind in ("net", "user"):
        assert os.readlink(f"/proc/{child}/ns/{kind}") != os.readlink(f"/proc/{nacld.pid}/ns/{kind}")


def test_a_reload_brings_a_new_child_and_keeps_the_counts(net):
    client, server, link = net.pair()
    rules = [allow(100, "udp", ports=PORT)]
    nacld = Nacld(server, config(host(rules, both(100)), isolation="process", count=2))
    queue_rule(server, "INPUT", "0:1")
    receiver = udp_server(server, PORT)
    before = children(nacld.pid)
    assert len(before) == 2
    inject(link, client, *numbers(3))
    nacld.wait_packets("web", "inbound", 100, 3)
    nacld.reload(config(host(rules + [allow(110, "udp", ports=1)], both(100)), isolation="process",
                        count=2))
    after = children(nacld.pid)
    assert len(after) == 2 and not set(before) & set(after)
    inject(link, client, *numbers(3))
    assert nacld.wait_packets("web", "inbound", 100, 6) == 6
    nacld.reload(config(host([], both(100)), isolation="none", count=2))
    assert children(nacld.pid) == []
    inject(link, client, *numbers(3))
    nacld.wait_packets("web", "inbound", "*", 3)
    assert len(drain(receiver)) == 6


@pytest.mark.parametrize("port", [FAULT, ABORT, STACK])
def test_a_fatal_packet_kills_the_child_and_not_the_daemon(net, port):
    client, server, link = net.pair()
    state = net.tmp / "state"
    state.mkdir()
    nacld = KeptNacld(server, open_host(isolation="process"), state=state, program=POISON)
    queue_rule(server, "INPUT")
    receiver, poisoned = udp_server(server, PORT), udp_server(server, port)
    pid, child = nacld.pid, one_child(nacld)
    packets = numbers(20)
    inject(link, client, *packets[:10], datagram(b"poison", port), *packets[10:])
    wait_until(lambda: nacld.total("accepted") == 20, "the others were judged")
    assert drain(receiver) == [bytes([i]) for i in range(20)]
    assert drain(poisoned) == []
    assert nacld.pid == pid and one_child(nacld) != child
    assert nacld.status()["queues"][0]["poisoned"] == 1
    files = wait_until(lambda: list(state.glob("poison/*")), "it is saved")
    assert len(files) == 1 and wait_until(lambda: files[0].stat().st_size > 40, "as a whole")
    assert bytes(rdpcap(str(files[0]))[0]) == bytes(datagram(b"poison", port))
    assert queue_file(server)[0]["waiting"] == 0


def test_a_child_that_hangs_is_ended(net):
    """The watchdog ends the child with its packet; the daemon need not be restarted."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host(isolation="process"), program=POISON, watchdog_us=1000000)
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    inject(link, client, datagram(b"first"), datagram(b"loop", LOOP), datagram(b"second"))
    wait_until(lambda: nacld.total("accepted") == 2, "the others were judged", 20)
    assert drain(receiver) == [b"first", b"second"]
    assert nacld.status()["queues"][0]["poisoned"] == 1
    assert not nacld.notified("WATCHDOG", "trigger")


def test_two_hangs_in_one_batch_cost_two_packets(net):
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host(isolation="process"), program=POISON, watchdog_us=1000000)
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    stopped(nacld)
    inject(link, client, datagram(b"1"), datagram(b"loop", LOOP), datagram(b"2"), datagram(b"fault", FAULT),
           datagram(b"loop", LOOP), datagram(b"3"))
    wait_until(lambda: queue_file(server)[0]["waiting"] == 6, "they wait")
    nacld.kill(signal.SIGCONT)
    wait_until(lambda: nacld.total("accepted") == 3, "the others were judged", 30)
    assert drain(receiver) == [b"1", b"2", b"3"]
    assert nacld.status()["queues"][0]["poisoned"] == 3
    assert queue_file(server)[0]["waiting"] == 0
    assert not nacld.notified("WATCHDOG", "trigger")


def test_a_reload_gets_past_a_child_that_hangs(net):
    """With no watchdog at all: the reload waits for the batch, and ends the child that holds it up."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host(isolation="process"), program=POISON)
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    inject(link, client, datagram(b"first"), datagram(b"loop", LOOP), datagram(b"second"))
    wait_until(lambda: nacld.total("packets") >= 1 and queue_file(server)[0]["waiting"], "it hangs")
    nacld.reload()
    wait_until(lambda: nacld.total("accepted") == 2, "the others were judged")
    assert drain(receiver) == [b"first", b"second"]
    assert nacld.status()["queues"][0]["poisoned"] == 1


def test_a_killed_child_is_replaced_and_no_packet_blamed(net):
    client, server, link = net.pair()
    nacld = Nacld(server, open_host(isolation="process"))
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    for i in range(5):
        child = one_child(nacld)
        os.kill(child, signal.SIGKILL)
        inject(link, client, datagram(bytes([i])))
        wait_until(lambda: nacld.total("accepted") == i + 1, "judged by the next one")
        assert one_child(nacld) != child
    assert drain(receiver) == [bytes([i]) for i in range(5)]
    assert nacld.status()["queues"][0]["poisoned"] == 0


def test_children_do_not_outlive_the_daemon(net):
    _, server, _ = net.pair()
    nacld = KeptNacld(server, open_host(isolation="process", count=2))
    nacld.expect = (0, -signal.SIGKILL)
    before = children(nacld.pid)
    assert len(before) == 2
    nacld.die()
    wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}/exe").exists() for pid in before), "they end")
    nacld.start()
    nacld.wait_ready()
    before = children(nacld.pid)
    assert nacld.die(signal.SIGTERM) == 0
    wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}/exe").exists() for pid in before), "they end")


def test_a_forbidden_call_ends_the_child(net):
    """What a taken-over judge would try is tried from inside; a call it needs leaves it alive."""
    if platform.machine() != "x86_64":
        pytest.skip("the injector knows the registers of x86-64 only")
    client, server, link = net.pair()
    nacld = Nacld(server, open_host(isolation="process"))
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    child = one_child(nacld)

    def inject_call(*arguments):
        return subprocess.run([BUILD / "e2e" / "inject", str(child), *map(str, arguments)],
                              capture_output=True, text=True, timeout=20)

    allowed = wait_until(lambda: (done := inject_call(WRITE, -1)).returncode == 0 and done, "it sleeps")
    assert int(allowed.stdout) == -errno.EBADF
    for i, call in enumerate(FORBIDDEN):
        assert one_child(nacld) == child
        assert inject_call(*call).returncode != 0, f"{call} came back"
        inject(link, client, datagram(bytes([i])))
        wait_until(lambda: nacld.total("accepted") == i + 1, "judged by the next one")
        assert one_child(nacld) != child, f"{call} was survived"
        child = one_child(nacld)
    assert drain(receiver) == [bytes([i]) for i in range(len(FORBIDDEN))]


def logged_host(net):
    return f'flow_log = {{ file = "{net.tmp}/flow.log"; window = 1; }};\n{open_host(isolation="process")}'


def exactly_one_verdict_each(nacld, count):
    """None waits, and none was given twice: the kernel would not know it any more."""
    wait_until(lambda: queue_file(nacld.ns)[0]["last_id"] == count and
               not queue_file(nacld.ns)[0]["waiting"], f"{count} verdicts")
    assert nacld.status()["queues"][0]["errors"] == {}


@pytest.mark.parametrize("port,refused", [(ANSWERS, True), (RING, True), (FLOWS, False), (COUNTERS, False),
                                          (EARLY, True)])
def test_whatever_a_child_writes_each_packet_has_one_verdict(net, port, refused):
    """A child that was taken over spoils what it shares. The daemon lives, and a reload brings an honest one."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, logged_host(net), program=HOSTILE)
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    pid, sent = nacld.pid, 0
    for _ in range(5):
        inject(link, client, *numbers(20), datagram(b"take over", port), *numbers(20))
        sent += 41
        exactly_one_verdict_each(nacld, sent)
        assert naclctl(server, "show", "-s", nacld.socket_path).stdout
    wait_until(lambda: (net.tmp / "flow.log").exists() and
               (nacld.status()["flow_log"]["windows"] >= 2), "the tables were read")
    count = nacld.status()["queues"][0]["refused"]
    assert (count > 0) == refused
    assert ("REFUSED" in naclctl(server, "show", "-s", nacld.socket_path).stdout) == refused
    nacld.reload()
    drain(receiver)
    inject(link, client, *numbers(20))
    exactly_one_verdict_each(nacld, sent + 20)
    assert drain(receiver) == [bytes([i]) for i in range(20)]
    assert nacld.pid == pid and nacld.status()["queues"][0]["refused"] == count
    assert nacld.stop() == 0


def test_a_malformed_packet_is_counted_across_the_border(net):
    client, server, link = net.pair()
    nacld = Nacld(server, closed_host(isolation="process"))
    queue_rule(server, "INPUT")
    inject(link, client, bytes(IP(src="192.0.2.2", dst="192.0.2.1", proto=6, len=24) / b"abcd"))
    wait_until(lambda: sum(nacld.status()["reasons"].values()) == 1, "its reason")
    assert nacld.total("dropped") == 1
