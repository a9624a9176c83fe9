# SPDX-License-Identifier: GPL-2.0-or-later
"""The fast path: what is certainly allowed is accepted in the kernel, and everything else as ever.

The commands that load it run in this process's mount namespace, since `ip netns exec` mounts another /sys, in which
there is no bpf filesystem.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest

from config import ANY6, allow, both, config, deny, edge, host, subnet
from keeper import KeptNacld
from lib import wait_until
from services import NACLCTL, Nacld, udp_server

SO_RCVBUFFORCE = 33
PINS = pathlib.Path("/sys/fs/bpf")


def pins():
    """All that is there but what the kernel itself puts into a new bpf filesystem."""
    return sorted(str(p) for p in PINS.rglob("*") if p.suffix != ".debug")


@pytest.fixture(autouse=True)
def bpffs():
    """A bpf filesystem of this run's own, in the mount namespace of the run."""
    done = subprocess.run(["mount", "-t", "bpf", "bpf", PINS], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        pytest.skip(f"no bpf filesystem: {done.stderr.strip()}")
    yield
    left = pins()
    subprocess.run(["umount", PINS], check=True, timeout=20)
    assert not left, left


def fast(*acls, **settings):
    return "fast_path = true;\n" + config(*acls, isolation="process", **settings)


def run(ns, *argv, check=True):
    """A command in the network namespace, with this process's /sys."""
    with ns.inside():
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=30, check=False)
    if check:
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done


def steer(ns, nacld, verb="up", *args, check=True):
    argv = [] if verb == "down" else ["-f", nacld.conf_path]
    return run(ns, NACLCTL, "steer", verb, *argv, "-s", nacld.socket_path, *args, check=check)


@pytest.fixture
def up(net):
    """Steered, and down again before the namespaces go."""
    def load(ns, nacld, *args):
        net.on_close.append(lambda: run(ns, NACLCTL, "steer", "down"))
        done = steer(ns, nacld, "up", *args)
        if "cannot be loaded" in done.stderr:
            pytest.skip(done.stderr)
        return done
    return load


def fast_packets(nacld):
    return (nacld.status()["fast_path"] or {"packets": 0})["packets"]


def exchange(client, server, port, family=socket.AF_INET, count=20):
    """Datagrams to a port; how many arrive."""
    address = "192.0.2.1" if family == socket.AF_INET else "2001:db8:1::1"
    receiver, sender = udp_server(server, port), client.socket(family, socket.SOCK_DGRAM)
    receiver.settimeout(0.4)
    got = 0
    for _ in range(count):
        sender.sendto(b"x", (address, port))
    try:
        while got < count:
            receiver.recv(16)
            got += 1
    except TimeoutError:
        pass
    receiver.close()
    sender.close()
    return got


def test_what_is_allowed_never_reaches_the_queue_and_is_counted_as_ever(net, up):
    client, server, _ = net.pair()
    rules = [allow(100, "udp", ports=7000), allow(101, "udp", remote=ANY6, ports=7000), deny(110, "udp", ports=7001)]
    nacld = Nacld(server, fast(host(rules, both(100))))
    assert "goes through the queue" not in up(server, nacld).stderr
    before, start = nacld.total("packets"), int(time.time())
    assert exchange(client, server, 7000) == 20
    assert exchange(client, server, 7000, socket.AF_INET6) == 20
    assert nacld.total("packets") == before
    status = nacld.status()
    assert status["fast_path"]["on"] and status["fast_path"]["packets"] == 40
    assert status["fast_path"]["bytes"] == 20 * 29 + 20 * 49
    assert status["outcomes"]["judged"] >= 40
    for number, size in ((100, 29), (101, 49)):
        rule = nacld.rule("web", "inbound", number)
        assert (rule["packets"], rule["bytes"]) == (20, 20 * size)
        assert start - 2 <= rule["last_hit"] <= int(time.time()) + 1
    assert exchange(client, server, 7001) == 0  # denied: by the daemon, which says so
    assert nacld.packets("web", "inbound", 110) == 20
    assert nacld.total("packets") == before + 20
    shown = run(server, NACLCTL, "show", "-s", nacld.socket_path).stdout
    assert "40 packets" in shown and "were accepted in the kernel" in shown, shown


def test_each_wall_has_it(net, up):
    """An edge in and out, routed from one subnet to another: every rule that decides counts each packet once."""
    left, router, right, _, _ = net.routed()
    rules = both(100, "udp", ports="all")
    conf = fast(edge(["left", "right"], rules, rules), subnet("198.51.100.0/24", rules, rules, "l"),
                subnet("203.0.113.0/24", rules, rules, "r"))
    nacld = Nacld(router, conf)
    up(router, nacld)
    receiver, sender = udp_server(right, 7000), left.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.settimeout(5.0)
    for _ in range(10):
        sender.sendto(b"x", ("203.0.113.2", 7000))
        receiver.recv(16)
    for acl, direction in (("wire", "inbound"), ("wire", "outbound"), ("l", "outbound"), ("r", "inbound")):
        assert nacld.packets(acl, direction, 100) == 10, (acl, direction)
    assert fast_packets(nacld) == 30  # met three times; in FORWARD two lists are asked in one
    receiver.close()
    sender.close()


def test_a_reload_counts_on_and_closes_at_once(net, up):
    client, server, _ = net.pair()
    keep = allow(100, "udp", ports=7000)
    nacld = Nacld(server, fast(host([keep, allow(110, "udp", ports=7001)], both(100))))
    up(server, nacld)
    assert exchange(client, server, 7000) == 20 and exchange(client, server, 7001) == 20
    for turn in range(2):  # both halves are written twice
        nacld.reload(fast(host([keep, deny(110, "udp", ports=7001)], both(100))))
        assert exchange(client, server, 7001, count=5) == 0
        assert nacld.packets("web", "inbound", 110) == 5
        nacld.reload(fast(host([keep, allow(110, "udp", ports=7001)], both(100))))
        assert exchange(client, server, 7001, count=5) == 5
        assert nacld.packets("web", "inbound", 110) == 5
        assert nacld.packets("web", "inbound", 100) == 20
        assert fast_packets(nacld) == 40 + 5 * (turn + 1)
    nacld.reload(config(host([keep], both(100)), isolation="process"))  # fast_path is false
    before = nacld.total("packets")
    assert exchange(client, server, 7000) == 20
    assert nacld.total("packets") == before + 20
    assert nacld.packets("web", "inbound", 100) == 40


def test_reloads_under_load_lose_nothing_and_mix_nothing(net, up):
    """As in test_reload: two policies that agree about every packet sent, and no mixture of which does."""
    client, server, _ = net.pair()
    span, same = "7001-7002", allow(120, "udp", ports=9000)
    texts = [fast(host(rules, both(100)), length=4096) for rules in (
        [allow(100, "udp", ports=7001), deny(110, "udp", ports=span), same],
        [deny(100, "udp", ports=7002), allow(110, "udp", ports=span), same])]
    nacld = Nacld(server, texts[0])
    up(server, nacld)
    receivers = {port: udp_server(server, port) for port in (7001, 7002, 9000)}
    for receiver in receivers.values():
        receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    done, sent = threading.Event(), [0]
    sender = client.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send():
        while not done.is_set():
            for port in receivers:
                sender.sendto(b"%d" % sent[0], ("192.0.2.1", port))
            sent[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        for turn in range(100):
            nacld.reload(texts[turn % 2])
    finally:
        done.set()
        thread.join()
    got = {}
    for port, receiver in receivers.items():
        receiver.settimeout(0.5)
        got[port] = []
        try:
            while True:
                got[port].append(int(receiver.recv(16)))
        except TimeoutError:
            receiver.close()
    assert sent[0] > 500
    assert got[9000] == list(range(sent[0])) and got[7001] == list(range(sent[0])) and not got[7002]
    assert fast_packets(nacld) > sent[0]
    sender.close()


def test_a_dead_daemon_is_not_a_frozen_policy(net, up):
    """Killed: the filter goes on by the last policy, for ten seconds and no more; then on_failure decides."""
    client, server, _ = net.pair()
    nacld = Nacld(server, fast(host([allow(100, "udp", ports=7000)], both(100))), expect=(-signal.SIGKILL,))
    up(server, nacld)
    assert exchange(client, server, 7000) == 20
    nacld.kill(signal.SIGKILL)
    nacld.wait()
    killed = time.monotonic()
    assert exchange(client, server, 7000) == 20
    wait_until(lambda: exchange(client, server, 7000, count=1) == 0, "the filter's time is over", timeout=20)
    assert time.monotonic() - killed < 13


def test_a_successor_takes_the_filter_over(net, up):
    client, server, _ = net.pair()
    text = fast(host([allow(100, "udp", ports=7000)], both(100)))
    nacld = KeptNacld(server, text)
    up(server, nacld)
    assert exchange(client, server, 7000) == 20
    for turn in range(4):
        nacld.die()
        assert exchange(client, server, 7000) == 20  # by the dead one's tables
        allowed = turn % 2 == 1
        nacld.write(fast(host([(allow if allowed else deny)(100, "udp", ports=7000)], both(100))))
        nacld.revive()
        wait_until(lambda: nacld.status()["fast_path"]["on"], "the successor uses the filter")
        assert exchange(client, server, 7000, count=5) == (5 if allowed else 0)
        if allowed:
            continue
        nacld.reload(text)


def test_nothing_stays_after_down(net, up):
    _, server, _ = net.pair()
    nacld = Nacld(server, fast(host(both(100), both(100))))
    up(server, nacld)
    assert list(PINS.glob("nacld/*/*/in4"))
    assert "object-pinned" in run(server, "iptables-nft-save").stdout
    steer(server, nacld, "show")  # as the file says
    steer(server, nacld, "down")
    assert not pins()
    assert "object-pinned" not in run(server, "iptables-nft-save").stdout
    up(server, nacld)
    nacld.write(config(host(both(100), both(100)), isolation="process"))
    steer(server, nacld)  # without it again
    assert not pins()


def test_a_lost_pin_costs_speed_and_nothing_else(net, up):
    """Another program flushes the rules, and the pins are gone too: the guard restores what can be restored."""
    client, server, _ = net.pair()
    nacld = Nacld(server, "steering = \"guard\";\n" + fast(host([allow(100, "udp", ports=7000)], both(100))))
    up(server, nacld)
    with server.inside():
        watch = server.start("watch", NACLCTL, "steer", "watch", "-f", nacld.conf_path, expect=(0, -15))
    wait_until(lambda: "watching" in watch.log(), "the watch has begun")
    for pin in PINS.glob("nacld/*/*/*"):
        pin.unlink()
    run(server, "iptables-nft", "-t", "filter", "-A", "INPUT", "-j", "ACCEPT")  # others are not in the way
    run(server, "iptables-nft", "-t", "mangle", "-F")
    run(server, "ip6tables-nft", "-t", "mangle", "-F")
    wait_until(lambda: "restored without the fast path" in watch.log(), "the queue has it all")
    wait_until(lambda: "NFQUEUE" in run(server, "iptables-nft-save", "-t", "mangle").stdout, "packets are queued")
    before = nacld.total("packets")
    assert exchange(client, server, 7000) == 20
    assert nacld.total("packets") == before + 20


@pytest.mark.parametrize("why", ["flow log", "legacy"])
def test_where_it_cannot_be_the_queue_has_it_all_and_that_is_said(net, up, why):
    client, server, _ = net.pair()
    text = fast(host([allow(100, "udp", ports=7000)], both(100)))
    args = ["--backend", "iptables-legacy"] if why == "legacy" else []
    if why == "flow log":
        text = f'flow_log = {{ file = "{net.tmp}/flow.log"; }};\n' + text
    nacld = Nacld(server, text)
    done = up(server, nacld, *args)
    assert "every packet goes through the queue" in done.stderr
    status = nacld.status()["fast_path"]
    assert not status["on"] and status["why_off"]
    assert exchange(client, server, 7000) == 20
    assert nacld.total("packets") >= 20 and fast_packets(nacld) == 0


def test_the_child_that_reads_packets_cannot_reach_the_tables(net, up):
    _, server, _ = net.pair()
    nacld = Nacld(server, fast(host(both(100), both(100))))
    up(server, nacld)
    daemon = pathlib.Path("/proc", str(nacld.status()["pid"]))
    assert "bpf-map" in (daemon / "maps").read_text()
    children = [int(p) for task in daemon.glob("task/*/children") for p in task.read_text().split()]
    nacld.reload()
    children += [int(p) for task in daemon.glob("task/*/children") for p in task.read_text().split()]
    assert children
    looked = 0
    for child in set(children):
        try:
            maps = pathlib.Path(f"/proc/{child}/maps").read_text()
            fds = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{child}/fd").iterdir()]
        except FileNotFoundError:
            continue
        looked += 1
        assert "bpf" not in maps and not any("bpf" in fd for fd in fds), (child, maps, fds)
    assert looked


def test_only_root_hands_maps_over(net):
    _, server, _ = net.pair()
    nacld = Nacld(server, fast(host(both(100), both(100))))
    answer = nacld.ask("fast-path")
    assert not answer["ok"] and "three maps" in answer["error"]
    with nacld.connect() as s, open("/dev/zero", "r+b", buffering=0) as zero:  # no maps at all
        for number in range(4):
            socket.send_fds(s, [b'{"request": "fast-path", "map": %d}\n' % number], [zero.fileno()])
            answer = json.loads(s.recv(4096))
            assert answer["ok"] == (number < 2)
    fds = len(os.listdir(f"/proc/{nacld.status()['pid']}/fd"))
    with nacld.connect() as s:
        files = [os.open("/dev/null", os.O_RDWR) for _ in range(20)]
        socket.send_fds(s, [b'{"request": "status"}\n'], files)
        assert s.recv(10)
        for fd in files:
            os.close(fd)
    wait_until(lambda: len(os.listdir(f"/proc/{nacld.status()['pid']}/fd")) <= fds, "no descriptor stays")
