# SPDX-License-Identifier: GPL-2.0-or-later
"""No memory: packets need none, and a reload that does not get all of it changes nothing."""

import contextlib
import os
import pathlib
import resource
import signal
import tempfile

import pytest
from scapy.layers.inet import IP, UDP

from config import allow, config, deny, host, open_host
from faults import faulty, skip_under_a_sanitizer
from lib import wait_until
from services import ControlError, Nacld, queue_file, queue_rule
from wire import inject

from test_flowlog import logged

CLIENT, SERVER = "192.0.2.2", "192.0.2.1"


def blocks(nacld, faults):
    """Blocks held once the daemon rests."""
    held = []

    def settled():
        held.append(faults.live)
        return held[-30:] == [held[-1]] * 30

    nacld.status()
    wait_until(settled, "the daemon rests")
    return held[-1]


def packets():
    """One that is allowed, one denied, one malformed, all of new flows."""
    for port in range(1000, 1200):
        yield from (IP(src=CLIENT, dst=SERVER) / UDP(sport=port, dport=dport) for dport in (53, 54))
        yield IP(src=CLIENT, dst=SERVER, proto=6) / bytes(10)


def test_packets_are_judged_where_no_memory_is_to_be_had(net):
    """Every allocation of the process fails meanwhile, and none is even tried: verdicts, counters, the flow
    table, the log's lines about drops."""
    client, server, link = net.pair()
    rules = [allow(100, "udp", ports=53), deny(110, "udp", ports=54)]
    nacld, faults = faulty(server, logged(net, config(host(rules, []), count=2)))
    queue_rule(server, "INPUT", "0:1")
    given = [bytes(p) for p in packets()]
    assert nacld.total("packets") == 0
    blocks(nacld, faults)
    faults.fail_all = faults.fail_at = 1
    before = faults.allocations
    inject(link, client, *given)
    wait_until(lambda: sum(q["last_id"] for q in queue_file(server).values()) == len(given) and
               not any(q["waiting"] for q in queue_file(server).values()), "every packet has its verdict")
    wait_until(lambda: nacld.log().count("nacld: dropped in udp") >= 1, "and drops are told of")
    assert faults.allocations == before and faults.failed == 0
    faults.fail_at = 0
    status = nacld.status()
    assert nacld.total("accepted") == 200 and nacld.total("dropped") == 400
    assert status["reasons"] == {"tcp-truncated": 200}
    assert status["flow_log"]["flows"] == 400 and status["flow_log"]["lost_packets"] == 0


def rich(tmp, port):
    """Every kind of setting, and things to warn of, in two files and a set's."""
    (tmp / "set.txt").write_text("".join(f"198.51.100.{i}\n" for i in range(40)) + "2001:db8:5::/48\n")
    (tmp / "more.conf").write_text('account = "123456789010"; format = "${srcaddr} ${action}";\n')
    return f"""mode = "enforce"; exempt = ["loopback", "dhcp"];
queue = {{ first = 0; count = 1; length = 1024; on_failure = "drop"; }};
flow_log = {{ file = "{tmp}/flow.log"; window = 600; flows = 64;
@include "more.conf"
}};
sets = ( {{ name = "bad"; file = "{tmp}/set.txt"; }}, {{ name = "idle"; addresses = ["192.0.2.77"]; }} );
network_acls = (
  {{ name = "web"; associations = ( {{ host = true; interfaces = ["client", "eth9"]; }} );
    inbound = ( {{ rule = 90; action = "deny"; protocol = "all"; source = "@bad"; }},
                {{ rule = 100; action = "allow"; protocol = "tcp"; ports = "{port}"; source = "0.0.0.0/0"; }},
                {{ rule = 110; action = "allow"; protocol = "icmp"; type = 8; code = -1; source = "10.1.2.3/8"; }} );
    outbound = ( {{ rule = 100; action = "allow"; protocol = "tcp"; ports = "1024-65535";
                   destination = "0.0.0.0/0"; }} ); }},
  {{ name = "net"; associations = ( {{ subnet = "203.0.113.0/24"; }}, {{ subnet = "2001:db8:9::/64"; }} );
    inbound = ( {{ rule = 1; action = "allow"; protocol = "udp"; ports = 53; source = "::/0"; }} );
    outbound = (); }} );
"""


def answer_of(nacld):
    """What a reload was answered; None: nothing, for want of memory."""
    try:
        return nacld.ask("reload")
    except (ValueError, ConnectionError):
        return None


def each_allocation_fails(nacld, faults):
    """Yields after each reload of which the first, then the second, ... allocation had failed."""
    for number in range(1, 10000):
        failed = faults.failed
        faults.fail_at = number
        answer = answer_of(nacld)
        faults.fail_at = 0
        if faults.failed == failed:
            assert number > 100, "hardly an allocation was seen"
            return
        yield number, answer
    raise AssertionError("a reload without an end")


def test_a_reload_survives_that_any_one_allocation_fails(net):
    """One after another. The old policy stays or the new one is whole; what is refused is said; nothing
    leaks."""
    nacld, faults = faulty(net.ns("server"), rich(net.tmp, 443),
                           prefix=("env", f"STATE_DIRECTORY={net.tmp}"))
    old = nacld.ask("config")["config"]
    nacld.reload(rich(net.tmp, 444))
    new = nacld.ask("config")["config"]
    nacld.reload(rich(net.tmp, 443))
    assert old == nacld.ask("config")["config"] and old.replace("443", "444") == new
    held, refused = blocks(nacld, faults), 0
    nacld.write(rich(net.tmp, 444))
    reloads = nacld.status()["reloads"]
    for number, answer in each_allocation_fails(nacld, faults):
        status, running = nacld.status(), nacld.ask("config")["config"]
        done = status["reloads"] - reloads
        assert done in (0, 1) and running == (new if done else old), f"allocation {number}"
        if answer:
            assert answer["ok"] == bool(done), f"allocation {number}: {answer}"
        if answer and not answer["ok"]:
            refused += 1
            assert "memory" in answer["error"] or "not a JSON object" in answer["error"], (number, answer)
        if done:
            nacld.reload(rich(net.tmp, 443))
            nacld.write(rich(net.tmp, 444))
            reloads += 2
    assert refused > 100, "hardly a reload was refused"
    nacld.reload(rich(net.tmp, 443))
    assert blocks(nacld, faults) == held, "blocks of memory were lost"


def test_a_refusal_survives_that_any_one_allocation_fails(net):
    """The same while a broken file is told of: refused every time, and the status says so."""
    nacld, faults = faulty(net.ns("server"), rich(net.tmp, 443))
    old = nacld.ask("config")["config"]
    nacld.write(rich(net.tmp, 443).replace("outbound", "outbund") + "nonsense = 1;\n")
    assert not nacld.ask("reload")["ok"]
    held = blocks(nacld, faults)
    for number, answer in each_allocation_fails(nacld, faults):
        assert not (answer and answer["ok"]), f"allocation {number}"
        status = nacld.status()
        assert status["reloads"] == 0 and status["last_reload_error"], f"allocation {number}"
    assert nacld.ask("config")["config"] == old
    assert blocks(nacld, faults) == held, "blocks of memory were lost"


def address_space(nacld):
    """Bytes mapped now."""
    with open(f"/proc/{nacld.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


@pytest.mark.parametrize("room_mib", [1, 4, 16, 24])
def test_a_reload_that_the_process_has_no_room_for_is_refused(net, room_mib):
    """A limit of the kernel's, not an injected fault: it covers libconfig too, which does not survive a
    failed allocation (it is not called where the memory it can take is not there)."""
    skip_under_a_sanitizer()
    nacld = Nacld(net.ns("server"), open_host())
    many = [allow(n, "tcp", ports=n, remote=f"198.51.{n % 256}.0/24") for n in range(1, 15001)]
    resource.prlimit(nacld.pid, resource.RLIMIT_AS, (address_space(nacld) + room_mib * 2**20,
                                                     resource.RLIM_INFINITY))
    with pytest.raises(ControlError, match="memory"):
        nacld.reload(config(host(many, [])))
    assert "memory" in nacld.status()["last_reload_error"]
    resource.prlimit(nacld.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    nacld.reload()
    assert len(nacld.status()["acls"][0]["inbound"]) == 15001


@contextlib.contextmanager
def memory_group():
    """A control group of the test's own with a limit of memory, of either version; its folder."""
    own = dict(line.split(":", 2)[1:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines())
    old = "memory" in own
    root = pathlib.Path("/sys/fs/cgroup/memory" if old else "/sys/fs/cgroup")
    try:
        group = pathlib.Path(tempfile.mkdtemp(prefix="nacld-e2e-", dir=root / own["memory" if old else ""].lstrip("/")))
    except OSError:
        pytest.skip("no control group of memory is to be had here")
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if old else ("memory.max", "memory.current")
    try:
        if not (group / names[0]).exists():
            pytest.skip("no control group of memory is to be had here")
        # A command in a namespace has a /sys of its own, which begins empty.
        mount = ("mount -t tmpfs none /sys/fs/cgroup; mkdir /sys/fs/cgroup/memory; "
                 "mount -t cgroup -o memory none /sys/fs/cgroup/memory" if old else
                 "mount -t cgroup2 none /sys/fs/cgroup")
        enter = ("sh", "-ec", f'{mount}; echo $$ >{group}/cgroup.procs; exec "$@"', "sh")
        yield (enter, *(group / name for name in names))
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        wait_until(lambda: not (group / "cgroup.procs").read_text(), "all have left the group")
        group.rmdir()


def test_a_reload_that_its_control_group_has_no_room_for_is_refused(net):
    """The kernel would not refuse it: it would end the daemon, at this reload and at each start after it."""
    skip_under_a_sanitizer()
    with memory_group() as (enter, limit, usage):
        nacld = Nacld(net.ns("server"), open_host(isolation="none"), prefix=enter)
        prefixes = net.tmp / "many.txt"
        prefixes.write_text("".join(f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}\n" for n in range(400000)))
        large = config(host([allow(100, "tcp", "@many", 443)], []), isolation="none") + (
            f'sets = ( {{ name = "many"; file = "{prefixes}"; }} );\n')
        nacld.write(large)
        limit.write_text(str(int(usage.read_text()) + 16 * 2**20))
        with pytest.raises(ControlError, match="control group of nacld leaves .*MemoryMax"):
            nacld.reload()
        assert nacld.running() and nacld.status()["reloads"] == 0
        limit.write_text(str(int(usage.read_text()) + 512 * 2**20))
        nacld.reload()
        assert nacld.rule("web", "inbound", 100)["entries"] == 400000
        assert nacld.stop() == 0


def resident_mib(nacld):
    line = next(line for line in pathlib.Path(f"/proc/{nacld.pid}/status").read_text().splitlines()
                if line.startswith("VmRSS:"))
    return int(line.split()[1]) // 1024


def test_readers_that_do_not_read_take_a_bounded_share(net):
    """Each would be given a configuration of ten megabytes; when they are gone it is answered again."""
    skip_under_a_sanitizer()
    prefixes = net.tmp / "many.txt"
    prefixes.write_text("".join(f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}\n" for n in range(500000)))
    nacld = Nacld(net.ns("server"), config(host([allow(100, "tcp", "@many", 443)], []), isolation="none") +
                  f'sets = ( {{ name = "many"; file = "{prefixes}"; }} );\n')
    size = len(nacld.ask("config")["config"])
    assert size > 8 * 2**20, size
    before, answers, readers = resident_mib(nacld), [], []
    with contextlib.ExitStack() as stack:
        for _ in range(128 * 2**20 // size + 3):
            reader = stack.enter_context(nacld.connect(60))
            reader.sendall(b'{"request": "config"}\n')
            readers.append(reader)
            answers.append(reader.recv(60))
            for earlier in readers:  # a little now and then is enough to stay
                earlier.recv(2**18)
        refused = [a for a in answers if b"too much to read" in a]
        assert 3 <= len(refused) <= 4, answers
        assert resident_mib(nacld) - before < 128 + 4 * size // 2**20 + 32
    wait_until(lambda: len(nacld.ask("config").get("config", "")) == size, "it answers again")
