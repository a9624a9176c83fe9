# SPDX-License-Identifier: GPL-2.0-or-later
"""`naclctl steer watch`: somebody flushes the rules that bring packets to nacld.

Each way to lose them is tried for real. A kernel without nft's queue statement can hold the nft table all
the same when an `accept` stands in its place: the notifications are the same ones.
"""

import fcntl
import json
import pathlib
import re
import signal
import socket
import struct

import pytest

from config import allow, closed_host, config, host, open_host
from lib import REPO, wait_until
from services import NACLCTL, Nacld, naclctl, udp_server, unprivileged
from test_steer import IPTABLES, PORT, families, ruleset, steer, up

SO_NETNS_COOKIE = 71
FOLDER = pathlib.Path("/run/nacld-steering")


@pytest.fixture(params=["nft", *IPTABLES])
def backend(request):
    return request.param


@pytest.fixture(params=IPTABLES)
def variant(request):
    return request.param


def note_path(ns):
    with ns.socket() as s:
        return FOLDER / f"{struct.unpack('Q', s.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8))[0]}.json"


def load(ns, text, backend):
    """`steer up`; through nft with an accept for each queue, and noted as `up` would."""
    if backend != "nft":
        up(ns, text, backend)
        return
    done = steer(ns, "up", text, "--dry-run", "--backend", "nft", "--json")
    table = json.loads(done.stdout)["rules"]["inet"].replace("queue to 0", "accept")
    ns.run("nft", "-f", "-", stdin=table)
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    part = note_path(ns).with_suffix(".part")
    part.write_text(json.dumps({"backend": "nft", "rules": [table, None]}))
    part.rename(note_path(ns))


class Watch:
    """A running `naclctl steer watch`; what it said, and waiting for it to say more."""

    def __init__(self, ns, text, *args, expect=(0,), env=None, ready="watching the steering|is down"):
        self.ns, self.seen = ns, 0
        self.conf = ns.topology.tmp / f"{ns.label}-watch.conf"
        self.conf.write_text(text)
        self.process = ns.start("watch", NACLCTL, "steer", "watch", "-f", self.conf, *args,
                                expect=expect, env=env)
        if ready:
            self.says(ready)

    def says(self, pattern, timeout=10.0):
        """Waits for a line that matches behind those asked for before; returns it."""
        def line():
            assert self.process.running(), self.process.log()
            lines = self.process.log().splitlines(keepends=True)
            for i in range(self.seen, len(lines)):
                if re.search(pattern, lines[i]) and lines[i].endswith("\n"):
                    self.seen = i + 1
                    return lines[i].rstrip("\n")
            return None

        try:
            return wait_until(line, f"the watcher says {pattern!r}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; it said:\n{self.process.log()}") from None

    def look(self):
        """Has it look at once, and returns when it has: it holds the steering's lock meanwhile."""
        slept = self.sleeps()
        self.process.kill(signal.SIGHUP)
        wait_until(lambda: self.sleeps() > slept, "it looks")
        with open("/run/nacld-steering.lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
        wait_until(lambda: self.stat(3) == "S", "it waits again")

    def stat(self, field):
        text = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        return text.rsplit(")", 1)[1].split()[field - 3]

    def children(self):
        """Page faults of the tools it has run and waited for: grows with every look, else never."""
        return int(self.stat(11))

    def sleeps(self):
        """How often it went to sleep: grows with every wake-up."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])


def whole(ns, text, backend):
    """Is what `load` loaded there again?"""
    if backend != "nft":
        return steer(ns, "show", text, check=False).returncode == 0
    table = json.loads(note_path(ns).read_text())["rules"][0]
    return ns.run("nft", "--stateless", "list", "table", "inet", "nacld", check=False).stdout == table


def losses(backend):
    """Ways to lose the steering: what to run, and what the alarm must speak of."""
    if backend == "nft":
        return [(["nft", "flush", "ruleset"], "GONE"),
                (["nft", "delete", "table", "inet", "nacld"], "GONE"),
                (["nft", "flush", "table", "inet", "nacld"], "INCOMPLETE"),
                (["nft", "delete", "chain", "inet", "nacld", "output"], "INCOMPLETE"),
                (["nft", "insert", "rule", "inet", "nacld", "input", "accept"], "unexpected")]
    ipv4, ipv6 = families(backend)
    ways = [([ipv4, "-w", "-t", "mangle", "-F"], "INCOMPLETE"),
            ([ipv6, "-w", "-t", "mangle", "-F", "INPUT"], "INCOMPLETE.*-I INPUT 1 -j NACLD-IN"),
            ([ipv4, "-w", "-t", "mangle", "-I", "INPUT", "-j", "ACCEPT"], "INCOMPLETE"),
            ([ipv4, "-w", "-t", "mangle", "-D", "INPUT", "-j", "NACLD-IN"], "1 line missing")]
    if backend == "iptables-nft":
        ways += [(["nft", "flush", "ruleset"], "GONE"),
                 (["nft", "delete", "table", "ip6", "mangle"], "INCOMPLETE")]
    return ways


def test_every_loss_is_an_alarm_and_is_put_back(net, backend):
    ns = net.ns("lonely")
    for way, alarm in losses(backend):  # a watcher each: none runs into the pace of the one before
        load(ns, open_host(), backend)
        watch = Watch(ns, open_host(), "--guard")
        ns.run(*way)
        line = watch.says(f"error: STEERING IS .*{alarm}")
        if backend != "iptables-legacy":  # whose kernel part does not tell who it was
            tool = "nft" if way[0] == "nft" else "ip6?tables-nft"
            assert re.search(rf" by {tool} \(pid \d+\)", line), line
        watch.says(f"restored \\({backend}\\)")
        assert whole(ns, open_host(), backend)
        assert watch.process.stop() == 0
        if backend == "nft":
            ns.run("nft", "delete", "table", "inet", "nacld")
        else:
            steer(ns, "down")
            for command in families(backend):
                ns.run(command, "-w", "-t", "mangle", "-F")


def test_without_guard_it_is_an_alarm_only(net, backend):
    ns = net.ns("lonely")
    load(ns, open_host(), backend)
    watch = Watch(ns, open_host())
    ns.run(*losses(backend)[0][0])
    assert "naclctl steer up" in watch.says("STEERING IS")
    before = ruleset(ns)
    watch.look()
    watch.look()
    assert ruleset(ns) == before
    assert watch.process.log().count("STEERING IS") == 1, "told once, not at every look"
    load(ns, open_host(), backend)
    watch.says("complete again")


def test_the_configuration_makes_it_a_guard(net, backend):
    """Read when it matters: the file as it is then, the fallback where it has errors."""
    ns = net.ns("lonely")
    fallback = net.tmp / "fallback.conf"
    fallback.write_text('steering = "guard";\n' + open_host())
    load(ns, open_host(), backend)
    watch = Watch(ns, 'steering = "guard";\n' + open_host(), "--fallback", fallback)
    ns.run(*losses(backend)[0][0])
    watch.says("steering was restored")
    watch.conf.write_text('steering = "watch";\n' + open_host())
    ns.run(*losses(backend)[0][0])
    watch.says("STEERING IS")
    watch.look()
    assert not whole(ns, open_host(), backend)
    watch.conf.write_text("rubbish")
    watch.process.kill(signal.SIGHUP)
    watch.says("steering was restored")
    assert whole(ns, open_host(), backend)


@pytest.mark.parametrize("tool", IPTABLES)
def test_packets_are_judged_again(net, tool):
    client, server, _ = net.pair()
    text = config(host([allow(100, "udp", ports=PORT)], []))
    nacld = Nacld(server, text)
    up(server, text, tool)
    watch = Watch(server, text, "--guard")
    with udp_server(server, PORT + 1) as receiver, client.socket(kind=socket.SOCK_DGRAM) as s:
        for command in families(tool):
            server.run(command, "-w", "-t", "mangle", "-F")
        s.sendto(b"in the gap", ("192.0.2.1", PORT + 1))
        watch.says("steering was restored")
        wait_until(lambda: whole(server, text, tool), "both families are whole")
        before = nacld.packets("web", "inbound", "*")
        s.sendto(b"after it", ("192.0.2.1", PORT + 1))
        nacld.wait_packets("web", "inbound", "*", before + 1)
        receiver.settimeout(0.3)
        got = set()
        try:
            while True:
                got.add(receiver.recv(100))
        except TimeoutError:
            pass
        assert b"after it" not in got


def test_down_is_not_undone(net, variant):
    """By hand, while a guard runs; what comes after it in the same tables is no reason either."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    watch = Watch(ns, open_host(), "--guard")
    steer(ns, "down")
    watch.says("steering is down")
    ns.run(variant, "-w", "-t", "mangle", "-A", "INPUT", "-j", "ACCEPT")
    ns.run("nft", "flush ruleset")
    watch.process.kill(signal.SIGHUP)
    up(ns, open_host(), variant)
    watch.says("watching the steering")
    log = watch.process.log()
    assert "STEERING" not in log and "restored" not in log, log


def test_down_before_the_watcher_starts(net, variant):
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    steer(ns, "down")
    before = ruleset(ns)
    watch = Watch(ns, open_host(), "--guard", ready="steering is down")
    up(ns, open_host(), variant)
    watch.says("watching the steering")
    steer(ns, "down")
    watch.says("steering is down")
    assert ruleset(ns) == before or variant == "iptables-nft"  # whose own chains stay


def test_another_up_is_no_alarm(net, variant):
    """With other rules, and through another backend."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    watch = Watch(ns, open_host(), "--guard")
    up(ns, closed_host(first=4, count=2), variant)
    other = next((b for b in IPTABLES if b != variant), variant)
    up(ns, open_host(first=9), other)
    watch.look()
    assert "STEERING" not in watch.process.log()
    ns.run(families(other)[0], "-w", "-t", "mangle", "-F")
    watch.says(f"restored \\({other}\\)")
    assert steer(ns, "show", open_host(first=9)).returncode == 0


def test_what_is_put_back_is_what_ran(net, variant):
    """Not an edit of the file that nobody has applied."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    watch = Watch(ns, open_host(), "--guard")
    watch.conf.write_text(closed_host(first=77))
    ns.run(variant, "-w", "-t", "mangle", "-F")
    watch.says("steering was restored")
    assert whole(ns, open_host(), variant)


def test_it_is_restored_as_often_as_it_is_removed(net, variant):
    """Packets pass while it is gone: it is never given up. Who removes it is named, once a minute."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    watch = Watch(ns, open_host(), "--guard")
    for _ in range(12):
        ns.run(variant, "-w", "-t", "mangle", "-F", "INPUT")
        watch.says("STEERING IS INCOMPLETE")
        watch.says("steering was restored")
        assert whole(ns, open_host(), variant)
    log = watch.process.log()
    assert log.count("restored each time") == 1
    name = "iptables-nft" if variant == "iptables-nft" else "another program: which"
    assert re.search(rf"removed 5 times within 60 s.* removed by {name}", log), log


def test_a_failed_repair_is_told_and_tried_again(net):
    """ip6tables meets a table that another program holds in a form of its own, until that is gone."""
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-nft")
    watch = Watch(ns, open_host(), "--guard")
    ns.run("nft", "-f", "-", stdin="flush ruleset\nadd table ip6 security\n"
           "add chain ip6 security OUTPUT { type filter hook output priority 7; }\n")
    watch.says("could not be restored: .*ip6tables")
    ns.run("nft", "delete", "table", "ip6", "security")
    watch.says("steering was restored")
    assert whole(ns, open_host(), "iptables-nft")


def test_a_failed_repair_is_tried_again_by_the_clock(net):
    """What was in the way goes without a word: iptables' lock, in a folder that is not there yet."""
    if "iptables-legacy" not in IPTABLES:
        pytest.skip("this kernel has no iptables-legacy")
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-legacy")
    lock = net.tmp / "later" / "lock"
    watch = Watch(ns, open_host(), "--guard", env={"XTABLES_LOCKFILE": str(lock),
                                                   "PATH": "/usr/sbin:/usr/bin"})
    ns.run("iptables-legacy", "-w", "-t", "mangle", "-F", "INPUT")
    watch.says("could not be restored: .*lock")
    lock.parent.mkdir()
    watch.says("steering was restored")
    assert whole(ns, open_host(), "iptables-legacy")


def test_a_repair_that_is_none_is_not_claimed(net):
    """What is loaded does not come out as it went in: reported, tried five times, never called complete."""
    ns = net.ns("lonely")
    load(ns, open_host(), "nft")
    note = json.loads(note_path(ns).read_text())
    note["rules"][0] = note["rules"][0].replace("accept\n", "meta l4proto 6 accept\n", 1)
    note_path(ns).write_text(json.dumps(note))
    watch = Watch(ns, open_host(), "--guard", ready="STEERING IS INCOMPLETE")
    watch.says("is not as it was loaded")
    watch.says("5 times within 60 s", timeout=20)
    log = watch.process.log()
    assert "steering was restored (" not in log and "complete again" not in log


def test_a_half_done_change_is_not_looked_at(net, variant):
    """Whoever changes the steering holds its lock; until then the watcher waits."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    watch = Watch(ns, open_host())
    saved = ns.run(variant + "-save", "-t", "mangle").stdout
    with open("/run/nacld-steering.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before, looks = watch.sleeps(), watch.children()
        ns.run(variant, "-w", "-t", "mangle", "-F")
        watch.process.kill(signal.SIGHUP)
        wait_until(lambda: watch.sleeps() > before + 4, "it waits for the lock")
        assert watch.children() == looks
        ns.run(variant + "-restore", stdin=saved)
    watch.look()
    assert "STEERING" not in watch.process.log()


def test_who_removed_it_is_told_and_not_who_came_after(net):
    """Both within one burst: the alarm names the first, whose transaction took something away."""
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-nft")
    watch = Watch(ns, open_host())
    ns.run("sh", "-c", "nft flush chain ip mangle INPUT; "
                       "iptables-nft -w -t mangle -A FORWARD -p tcp --dport 9 -j ACCEPT")
    assert " by nft (pid " in watch.says("STEERING IS INCOMPLETE")


def test_an_idle_watcher_sleeps(net, backend):
    """With nft it is never woken up, not even by what other programs do in tables of their own names."""
    ns = net.ns("lonely")
    load(ns, open_host(), backend)
    watch = Watch(ns, open_host())
    watch.look()
    if backend == "iptables-legacy":
        before, looks = watch.sleeps(), watch.children()
        wait_until(lambda: watch.sleeps() >= before + 3, "it asks by the clock")
        assert watch.children() == looks, "without running a tool"
        return
    before = watch.sleeps()
    ns.run("nft", "list", "ruleset")
    ns.run("iptables-legacy", "-w", "-t", "mangle", "-A", "INPUT", "-j", "ACCEPT", check=False)
    assert watch.sleeps() == before
    looks = watch.children()
    ns.run("nft", "add table inet other; add chain inet other c { type filter hook input priority 0; }; "
                  "add rule inet other c accept; add set inet other s { type ipv4_addr; }")
    wait_until(lambda: watch.sleeps() > before, "it heard of the foreign table")
    ns.run("nft", "add element inet other s { 192.0.2.7 }")
    assert watch.children() == looks, "no tool was run for it"
    ns.run(*losses(backend)[0][0])
    watch.says("STEERING IS")


def test_legacy_tools_are_heard(net):
    """By their lock file, not by the clock; a program that uses another one is found by the clock."""
    if "iptables-legacy" not in IPTABLES:
        pytest.skip("this kernel has no iptables-legacy")
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-legacy")
    watch = Watch(ns, open_host(), "--guard", "--json", ready="watching")
    ns.run("env", f"XTABLES_LOCKFILE={net.tmp}/another", "iptables-legacy", "-w", "-t", "mangle", "-F", "INPUT")
    watch.says('"event":"restored"')
    trace = ns.start("strace", "strace", "-f", "-e", "trace=getsockopt,poll", "-o", net.tmp / "trace", "-p",
                     watch.process.pid, expect=(0, -signal.SIGTERM, -signal.SIGINT, 130))
    wait_until(lambda: (net.tmp / "trace").exists() and (net.tmp / "trace").stat().st_size, "it is traced")
    ns.run("iptables-legacy", "-w", "-t", "mangle", "-F", "INPUT")
    watch.says('"event":"restored"')
    trace.stop()
    lines = (net.tmp / "trace").read_text().splitlines()
    polls = [line for line in lines if "poll(" in line and "POLLIN" in line.split("=")[-1]]
    assert polls, "a descriptor woke it up, not the clock:\n" + "\n".join(lines[-40:])


def test_a_hangup_finds_a_rule_of_the_same_size(net):
    """What iptables-legacy's summary of a table does not show; read every half a minute, or on SIGHUP."""
    if "iptables-legacy" not in IPTABLES:
        pytest.skip("this kernel has no iptables-legacy")
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-legacy")
    watch = Watch(ns, open_host())
    listing = ns.run("iptables-legacy", "-w", "-t", "mangle", "-S", "NACLD-IN").stdout
    place = [line for line in listing.splitlines() if line.startswith("-A")].index(
        "-A NACLD-IN -j NFQUEUE --queue-num 0") + 1
    ns.run("iptables-legacy", "-w", "-t", "mangle", "-R", "NACLD-IN", place, "-j", "NFQUEUE",
           "--queue-num", "9")
    watch.process.kill(signal.SIGHUP)
    watch.says("STEERING IS INCOMPLETE.*--queue-num 9")


def test_one_watcher_a_namespace(net, variant):
    one, two = net.ns("one"), net.ns("two")
    first = Watch(one, open_host())
    Watch(two, open_host())
    done = naclctl(one, "steer", "watch", check=False)
    assert (done.returncode, done.stderr) == (1, "naclctl steer watch: another one is watching already\n")
    up(two, open_host(), variant)
    up(one, open_host(), variant)
    first.says("watching the steering")


def test_it_tells_the_service_manager(net, variant):
    """READY once it listens, and the journal's own prefix in front of the alarm."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    path = str(net.tmp / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(10)
        watch = Watch(ns, open_host(), env={"NOTIFY_SOCKET": path, "JOURNAL_STREAM": "1:2",
                                            "PATH": "/usr/sbin:/usr/bin"})
        assert manager.recv(100) == b"READY=1"
        assert manager.recv(100) == b"STATUS=complete (%s)" % variant.encode()
        ns.run(variant, "-w", "-t", "mangle", "-F")
        assert watch.says("STEERING").startswith("<3>STEERING IS INCOMPLETE")
        assert manager.recv(100) == b"STATUS=STEERING IS INCOMPLETE"


def test_the_journal_gets_the_alarms_id(net, variant):
    """Through its own socket, and not a second time through stderr."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    ident = re.search(r'ALARM_STEERING_LOST\s+"(\w+)"', (REPO / "src/common/alarm.h").read_text())[1]
    path = pathlib.Path("/run/systemd/journal/socket")
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(path))
        try:
            journal.settimeout(10)
            watch = Watch(ns, open_host(), "--guard", env={"JOURNAL_STREAM": "1:2",
                                                           "PATH": "/usr/sbin:/usr/bin"})
            ns.run(variant, "-w", "-t", "mangle", "-F")
            fields = dict(line.split("=", 1) for line in journal.recv(4096).decode().splitlines())
            watch.says("<4>steering was restored")
        finally:
            path.unlink()
    assert fields.pop("MESSAGE").startswith("STEERING IS INCOMPLETE")
    assert fields == {"PRIORITY": "3", "SYSLOG_IDENTIFIER": "naclctl", "MESSAGE_ID": ident}
    assert "STEERING" not in watch.process.log()


def test_json(net, variant):
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    watch = Watch(ns, open_host(), "--guard", "--json", ready='"event":"watching"')
    ns.run(variant, "-w", "-t", "mangle", "-F")
    alarm = json.loads(watch.says('"event":"changed"'))
    assert alarm["backend"] == variant and alarm["message"].startswith("STEERING IS INCOMPLETE")
    assert alarm["by"].startswith("iptables") or variant == "iptables-legacy"
    assert json.loads(watch.says('"event":"restored"'))["message"].startswith("steering was restored")


def test_its_folder_is_gone(net, variant):
    """Nothing would ever be told again: it ends, so that the service manager starts another."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    watch = Watch(ns, open_host(), "--guard", expect=(1,))
    for file in FOLDER.iterdir():
        file.unlink()
    FOLDER.rmdir()
    assert watch.process.wait() == 1
    assert "was removed" in watch.process.log() and "restored" not in watch.process.log()


@pytest.mark.parametrize("args", [("watch", "--backend", "nft"), ("watch", "--dry-run"),
                                  ("up", "--guard"), ("show", "--guard"), ("watch", "now")])
def test_wrong_usage(net, args):
    done = naclctl(net.ns("lonely"), "steer", *args, check=False)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_without_privileges(net):
    done = net.ns("lonely").run(*unprivileged(NACLCTL, "steer", "watch"), check=False)
    assert done.returncode == 2
    assert done.stderr == "naclctl steer: watch needs CAP_NET_ADMIN; run it as root (sudo)\n"
