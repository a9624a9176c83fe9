# SPDX-License-Identifier: GPL-2.0-or-later
"""`naclctl doctor`: one thing at a time is made wrong, and that is what it says, with what to do."""

import json
import signal

import pytest

from config import allow, both, config, deny, host, open_host, subnet
from lib import wait_until
from services import (NACLCTL, Nacld, naclctl, queue_file, queue_rule, stopped,
                      unprivileged)
from test_steer import IPTABLES, PORT, steer, up
from test_watch import Watch, note_path

CHECKS = ("configuration", "kernel", "steering", "fragments", "watch", "daemon", "queues", "ports")


class Doctor:
    """One examination: its exit status, its lines by check."""

    def __init__(self, ns, *args):
        done = naclctl(ns, "doctor", "--json", *args, check=False)
        assert done.returncode in (0, 1), done.stderr
        self.status, self.answer = done.returncode, json.loads(done.stdout)
        self.lines = self.answer["checks"]
        for line in self.lines:
            assert line["ok"] == (line["next"] is None), line
        assert self.answer["ok"] == (self.status == 0) == all(line["ok"] for line in self.lines)

    def problems(self):
        return {line["check"]: line for line in self.lines if not line["ok"]}

    def only(self, *checks):
        """The problems are these and no others; returns the text of the first."""
        assert sorted(self.problems()) == sorted(checks), json.dumps(self.lines, indent=1)
        line = self.problems()[checks[0]]
        return f"{line['message']} -> {line['next']}"

    def says(self, check):
        return " / ".join(line["message"] for line in self.lines if line["check"] == check)


@pytest.fixture(params=IPTABLES)
def variant(request):
    return request.param


class Healthy:
    """A host where all is well: daemon, steering, watch."""

    def __init__(self, net, text, variant=IPTABLES[0]):
        self.ns = net.ns("lonely")
        self.nacld = Nacld(self.ns, text)
        up(self.ns, text, variant)
        self.watch = Watch(self.ns, text)

    def doctor(self, *args):
        return Doctor(self.ns, "-s", self.nacld.socket_path, *args)


def test_all_is_well(net, variant):
    it = Healthy(net, open_host(count=2), variant)
    doctor = it.doctor()
    assert doctor.status == 0, doctor.lines
    assert tuple(line["check"] for line in doctor.lines) == CHECKS
    assert doctor.answer["config"] == str(it.nacld.conf_path), "the running daemon's file"
    assert variant in doctor.says("kernel")
    assert "queues 0-1, where the kernel sends packets, nothing was lost" in doctor.says("queues")
    text = naclctl(it.ns, "doctor", "-s", it.nacld.socket_path).stdout
    assert text.count("\n") == len(CHECKS) and "PROBLEM" not in text and "\033" not in text
    (net.tmp / "link.conf").symlink_to(it.nacld.conf_path)
    assert it.doctor("-f", net.tmp / "link.conf").status == 0, "the same file by another name"


def test_every_problem_says_what_to_do(net):
    ns = net.ns("lonely")
    path = net.tmp / "bad.conf"
    path.write_text("rubbish")
    done = naclctl(ns, "doctor", "-f", path, "-s", "/nonexistent", check=False)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]
    assert len(lines) == 3 and all("; next: " in line for line in lines), done.stdout
    assert "1 error, the first in line 1" in lines[0]
    assert "nothing is filtered; next: systemctl start nacld" in lines[1]
    assert "nacld is not running" in lines[2]


def test_looking_changes_nothing(net, variant):
    it = Healthy(net, open_host(), variant)
    before = it.ns.run("sh", "-c", "nft list ruleset; ip netns list; ls /run /run/nacld-steering").stdout
    looks = it.watch.children()
    it.doctor()
    assert it.ns.run("sh", "-c", "nft list ruleset; ip netns list; ls /run /run/nacld-steering").stdout == before
    assert it.watch.children() == looks, "the watcher saw nothing of it"
    assert queue_file(it.ns).keys() == {0}


def test_flushed_rules(net, variant):
    it = Healthy(net, open_host(), variant)
    it.ns.run(variant, "-w", "-t", "mangle", "-F")
    it.watch.says("STEERING IS INCOMPLETE")
    text = it.doctor().only("steering")
    assert "not as" in text and "another program has removed or changed" in text
    assert "missing" in text and text.endswith("-> naclctl steer up")
    if variant == "iptables-nft":
        it.ns.run("nft", "flush", "ruleset")
        it.watch.says("STEERING IS GONE")
        text = it.doctor().only("steering")
        assert "no packet reaches nacld, nothing is filtered" in text and "another program" in text
    up(it.ns, open_host(), variant)
    assert it.doctor().status == 0


def test_steering_was_taken_down(net):
    it = Healthy(net, open_host())
    steer(it.ns, "down")
    text = it.doctor().only("steering")
    assert text.startswith("not loaded: no packet reaches nacld") and text.endswith("-> naclctl steer up")


def test_steering_for_another_configuration(net, variant):
    it = Healthy(net, open_host(), variant)
    up(it.ns, open_host() + 'exempt = ["loopback"];\n', variant)
    text = it.doctor().only("steering")
    assert "not as" in text and "missing" in text and "another program" not in text


def test_other_queues(net):
    it = Healthy(net, open_host())
    it.nacld.write(open_host(first=4, count=2))
    up(it.ns, open_host(first=4, count=2), IPTABLES[0])
    doctor = it.doctor()
    assert "was changed since nacld read it -> naclctl reload" in doctor.only("daemon", "packets", "queues")
    assert "steered packets are all dropped" in doctor.says("packets")
    assert "the kernel sends packets to queues 4-5, and nacld reads queue 0" in doctor.says("queues")


@pytest.mark.parametrize("on_failure, fate", [("drop", "all dropped"), ("accept", "pass, unfiltered")])
def test_steering_without_a_daemon(net, on_failure, fate):
    text = open_host(on_failure=on_failure)
    it = Healthy(net, text)
    assert it.nacld.stop() == 0
    doctor = it.doctor("-f", it.nacld.conf_path)
    assert "nacld is not running" in doctor.only("daemon", "packets")
    assert fate in doctor.says("packets")


def test_a_refused_reload(net):
    it = Healthy(net, open_host())
    good = it.nacld.conf_path.read_text()
    it.nacld.write("rubbish")
    assert not it.nacld.ask("reload")["ok"]
    doctor = it.doctor()
    assert "REFUSED" in doctor.says("daemon") and "configuration" in doctor.problems()
    it.nacld.write(good)
    assert "REFUSED" in it.doctor().only("daemon"), "the file is good again, and not loaded"
    it.nacld.reload()
    assert it.doctor().status == 0


def test_an_edit_that_was_not_loaded(net):
    it = Healthy(net, open_host())
    it.nacld.write(config(host(both(100), [*both(100), deny(50)])))
    assert "naclctl reload" in it.doctor().only("daemon")
    it.nacld.reload()
    assert "daemon" not in it.doctor().problems()


def test_another_file_than_the_daemons(net):
    it = Healthy(net, open_host())
    other = net.tmp / "other.conf"
    other.write_text(open_host())
    assert f"not {other}" in it.doctor("-f", other).only("daemon")


def test_lost_packets(net):
    """A daemon that stands still, a queue of two, three packets."""
    client, server, _ = net.pair()
    text = open_host(length=2)
    nacld = Nacld(server, text)
    queue_rule(server, "INPUT", match=("-p", "udp", "--dport", PORT))
    stopped(nacld)
    with client.socket(kind=2) as s:
        for _ in range(5):
            s.sendto(b"x", ("192.0.2.1", PORT))
    wait_until(lambda: queue_file(server)[0]["dropped"] == 3, "three found the queue full")
    nacld.kill(signal.SIGCONT)
    doctor = Doctor(server, "-s", nacld.socket_path)
    assert doctor.problems()["queues"]["next"].startswith("raise queue.length")
    assert "queue 0 was full: 3 packets lost unfiltered" in doctor.says("queues")


def test_nobody_watches(net):
    it = Healthy(net, open_host())
    assert it.watch.process.stop() == 0
    assert it.doctor().only("watch").endswith("-> systemctl start nacld-watch; by hand: naclctl steer watch")
    it.nacld.reload('steering = "guard";\n' + open_host())
    assert 'though the configuration says "guard"' in it.doctor().only("watch")
    it.watch = Watch(it.ns, open_host())
    assert "undone (guard)" in it.doctor().says("watch")


def test_two_backends(net):
    if len(IPTABLES) < 2:
        pytest.skip("only one backend can steer here")
    it = Healthy(net, open_host(), "iptables-legacy")
    rules = json.loads(note_path(it.ns).read_text())["rules"]
    for command, text in zip(("iptables-nft", "ip6tables-nft"), rules):
        it.ns.run(command + "-restore", "--noflush", stdin=text)
    assert "more than one" in it.doctor().only("steering")


@pytest.mark.parametrize("mode, words", [("reassemble", "reassembled by the kernel"),
                                         ("strict", "filtered as they come")])
def test_fragments(net, mode, words):
    it = Healthy(net, open_host(fragments=mode))
    assert words in it.doctor().says("fragments")


def test_no_tools(net, tmp_path):
    """A host without nft and iptables: their folders are hidden behind an empty one."""
    ns = net.ns("lonely")
    path = tmp_path / "good.conf"
    path.write_text(open_host())
    (tmp_path / "empty").mkdir()
    done = ns.run("unshare", "-m", "sh", "-c",
                  f"cp {NACLCTL} {tmp_path}/naclctl && mount --bind {tmp_path}/empty /usr/sbin && "
                  f"{tmp_path}/naclctl doctor --json -f {path}", check=False)
    assert done.returncode == 1, done.stderr
    kernel = next(line for line in json.loads(done.stdout)["checks"] if line["check"] == "kernel")
    assert "cannot be queued" in kernel["message"] and "Debian package nftables" in kernel["message"]
    assert kernel["next"].startswith("install nftables or iptables")


# Ephemeral ports


def ports(net, inbound, outbound, own="32768 60999"):
    ns = net.ns("lonely")
    ns.sysctl("ipv4/ip_local_port_range", own)
    path = net.tmp / "ports.conf"
    path.write_text(config(host(inbound, outbound)))
    doctor = Doctor(ns, "-f", path, "-s", net.tmp / "none.sock")
    return [(line["message"], line["next"]) for line in doctor.lines if line["check"] == "ports"]


SERVES = allow(100, "tcp", ports=443)
ASKS = allow(200, "udp", ports=53)
TO_CLIENTS = allow(110, "tcp", ports="1024-65535")
ANSWERS = allow(210, "udp", ports="32768-60999")


def test_ports_are_covered(net):
    [(message, following)] = ports(net, [SERVES, ANSWERS], [ASKS, TO_CLIENTS])
    assert following is None and "are allowed" in message


def test_answers_to_clients_cannot_leave(net):
    """The classic outage."""
    [(message, following)] = [x for x in ports(net, [SERVES], [ASKS]) if "inbound rule 100" in x[0]]
    assert message.startswith('"web": inbound rule 100 (allow tcp 443 from 0.0.0.0/0): outbound rules drop replies')
    assert following == ('in "web" add to outbound: { rule = 210; action = "allow"; protocol = "tcp"; '
                         'ports = "1024-65535"; destination = "0.0.0.0/0"; }')


def test_answers_cannot_come_back(net):
    """What is suggested opens no more than this host's own ports, to whom it asks."""
    [(message, following)] = ports(net, [], [allow(200, "udp", ports=53, remote="198.51.100.0/24")])
    assert "outbound rule 200" in message and "this host's own ports 32768-60999, the first of them 32768" in message
    assert following == ('in "web" add to inbound: { rule = 100; action = "allow"; protocol = "udp"; '
                         'ports = "32768-60999"; source = "198.51.100.0/24"; }')


def test_the_hosts_own_range_counts(net):
    """The running kernel's, not the default: one port more than the rule covers."""
    assert ports(net, [ANSWERS], [ASKS], "40000 60999")[0][1] is None
    [(message, _)] = ports(net, [ANSWERS], [ASKS], "40000 61000")
    assert "own ports 40000-61000, the first of them 61000" in message


def test_a_hole_in_the_middle(net):
    [(message, _)] = ports(net, [allow(210, "udp", ports="32768-39999"),
                                 allow(211, "udp", ports="40001-60999")], [ASKS])
    assert "the first of them 40000" in message


def test_one_address_is_not_all(net):
    """Answers may go to one client, and the service is for everybody."""
    assert ports(net, [SERVES], [allow(110, "tcp", ports="1024-65535", remote="198.51.100.7/32")])[0][1]
    assert ports(net, [SERVES], [allow(110, "tcp", ports="32768-60999")])[0][1], "Linux's clients are not all"
    assert ports(net, [allow(100, "udp", ports=500)], [allow(110, "udp", ports="1024-65535")])[0][1], "IKE asks from 500"


def test_a_rule_that_never_decides_is_not_accused(net):
    [(message, following)] = ports(net, [deny(90, "tcp", ports=443), SERVES], [])
    assert following is None and "are allowed" in message


def test_an_explicit_deny_is_meant(net):
    assert ports(net, [ANSWERS], [ASKS, deny(100, "tcp", ports="1024-65535")])[0][1] is None


def test_ports_of_both_families(net):
    found = ports(net, [], [allow(200, "udp", "0.0.0.0/0", 53), allow(201, "udp", "::/0", 53)])
    assert [message.split()[3] for message, _ in found] == ["200", "201"]


def test_a_comment_silences_it(net):
    text = config(host([SERVES], []))
    path = net.tmp / "silent.conf"
    path.write_text(text.replace("{ rule = 100;", "# check: replies-dropped\n{ rule = 100;", 1))
    doctor = Doctor(net.ns("lonely"), "-f", path, "-s", net.tmp / "none.sock")
    assert "are allowed" in doctor.says("ports")


def test_routed_subnets_are_looked_at(net):
    ns = net.ns("lonely")
    path = net.tmp / "routed.conf"
    path.write_text(config(subnet("10.0.1.0/24", [SERVES], [], "inner")))
    doctor = Doctor(ns, "-f", path, "-s", net.tmp / "none.sock")
    assert '"inner": inbound rule 100' in doctor.says("ports")


# Usage


def test_it_protects_nothing(net):
    ns = net.ns("lonely")
    path = net.tmp / "idle.conf"
    path.write_text('network_acls = ( { name = "idle"; inbound = ( ); outbound = ( ); } );\n')
    doctor = Doctor(ns, "-f", path, "-s", net.tmp / "none.sock")
    assert "protects nothing" in doctor.problems()["configuration"]["message"]


@pytest.mark.parametrize("args", [("now",), ("--nonsense",), ("-f",)])
def test_wrong_usage(net, args):
    done = naclctl(net.ns("lonely"), "doctor", *args, check=False)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_without_privileges(net):
    done = net.ns("lonely").run(*unprivileged(NACLCTL, "doctor"), check=False)
    assert (done.returncode, done.stdout) == (2, "") and "run it as root" in done.stderr
