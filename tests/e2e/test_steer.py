# SPDX-License-Identifier: GPL-2.0-or-later
"""`naclctl steer`: what it puts into the kernel, in what order, and that it takes all of it out again.

Where a packet went is read from the counters of the loaded rules: they count what was queued, also
while nobody listens. Every backend that works on this kernel is tested; which, says the header.
"""

import fcntl
import json
import pathlib
import re
import socket
import subprocess

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6EchoRequest, IPv6,
                                IPv6ExtHdrFragment, fragment6)

from config import allow, closed_host, config, host, open_host, subnet
from lib import REPO, wait_until
from services import NACLCTL, Nacld, naclctl, queue_file, stopped, udp_server, unprivileged
from wire import Capture, inject

PORT = 9000
# In naclctl's order: the one that the host's own `iptables` is comes last.
VARIANTS = tuple(sorted(("iptables-nft", "iptables-legacy"), key=lambda variant: variant.removeprefix(
    "iptables-") in pathlib.Path("/usr/sbin/iptables").resolve().name))
HOOKS = (("mangle", "INPUT"), ("mangle", "FORWARD"), ("security", "OUTPUT"))


def _works(backend):
    """Really loads a queue rule, in a network namespace that is gone afterwards, and reads it back.

    (In a user namespace some kernels let iptables-legacy load rules, but not list its tables.)
    """
    command = 'nft --check "add table inet p; add chain inet p c; add rule inet p c queue num 0"'
    if backend != "nft":
        command = f"{backend} -w -t mangle -A INPUT -j NFQUEUE && {backend}-save"
    return subprocess.run(["unshare", "-n", "sh", "-c", command], capture_output=True,
                          check=False).returncode == 0


BACKENDS = [b for b in ("nft", *VARIANTS) if _works(b)]
IPTABLES = [b for b in BACKENDS if b in VARIANTS]
needs_two = pytest.mark.skipif(len(IPTABLES) < 2, reason=f"only {BACKENDS} can steer here")
assert BACKENDS, "this kernel can hand packets to a queue in no way at all"


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture(params=IPTABLES)
def variant(request):
    return request.param


def steer(ns, verb, text=None, *args, check=True, env=None):
    """One naclctl steer, with the configuration `text`."""
    if text is not None:
        path = ns.topology.tmp / f"{ns.label}-steer.conf"
        path.write_text(text)
        args = ("-f", path, *args)
    return ns.run(NACLCTL, "steer", verb, *args, check=check, env=env)


def up(ns, text, backend):
    return steer(ns, "up", text, "--backend", backend)


def up_quiet(ns, text, backend):
    """The same where packets are counted: multicast reports, sent when the kernel likes, stay out."""
    ns.run("nft", "add table inet quiet; flush table inet quiet; " + "".join(
        f"add chain inet quiet {hook} {{ type filter hook {hook} priority raw; }}; "
        f"add rule inet quiet {hook} icmpv6 type {{ 130-132, 143 }} drop; "
        for hook in ("input", "output")))
    return up(ns, text, backend)


def families(variant):
    return variant, variant.replace("ip", "ip6", 1)


def touch_chains(ns, commands=None):
    """The kernel's own chains stay after `down`; let them exist before, so that texts can be equal."""
    for command in commands or [c for v in IPTABLES for c in families(v)]:
        for table, chain in HOOKS:
            for verb in ("-A", "-D"):
                ns.run(command, "-w", "-t", table, verb, chain, "-j", "ACCEPT")


def ruleset(ns):
    """Every rule of every kind in the namespace, without counters and dates."""
    text = ns.run("nft", "--stateless", "list", "ruleset").stdout
    for variant in IPTABLES:
        for command in families(variant):
            text += ns.run(command + "-save").stdout
    text = "\n".join(line for line in text.splitlines() if not line.startswith("# "))
    return re.sub(r"\[\d+:\d+\]|packets \d+ bytes \d+", "", text)


def queued(ns, backend, chain, family=4):
    """How many packets the queue rules of a chain ("IN", "FWD", "OUT") have counted."""
    if backend == "nft":
        name = {"IN": "input", "FWD": "forward", "OUT": "output"}[chain]
        listing = ns.run("nft", "list", "chain", "inet", "nacld", name).stdout
        return sum(int(n) for n in re.findall(r"counter packets (\d+) bytes \d+ queue", listing))
    table = "security" if chain == "OUT" else "mangle"
    command = families(backend)[family == 6]
    listing = ns.run(command, "-w", "-t", table, "-nvxL", f"NACLD-{chain}").stdout
    return sum(int(line.split()[0]) for line in listing.splitlines() if "NFQUEUE" in line)


def wait_queued(ns, backend, chain, count, family=4):
    wait_until(lambda: queued(ns, backend, chain, family) >= count, f"{chain} queued {count}")
    assert queued(ns, backend, chain, family) == count


def udp(src="192.0.2.2", dst="192.0.2.1", sport=40000, dport=PORT, data=b"x"):
    layer = IPv6 if ":" in src else IP
    return layer(src=src, dst=dst) / UDP(sport=sport, dport=dport) / data


def arrives(receiver, timeout=2.0):
    receiver.settimeout(timeout)
    try:
        return receiver.recv(65535)
    except TimeoutError:
        return None


# What is loaded, and what is left


def test_up_twice_changes_nothing(net, backend):
    ns = net.ns("lonely")
    first = up(ns, open_host(), backend)
    assert f"steering is up ({backend}): queue 0" in first.stdout
    before = ruleset(ns)
    again = up(ns, open_host(), backend)
    assert "nothing to change" in again.stdout
    assert ruleset(ns) == before
    steer(ns, "show", open_host())


# How Debian's firewalld, ufw and shorewall empty what iptables shows, with the host's own iptables.
FLUSH = """for tool in iptables ip6tables; do for table in raw mangle nat filter security; do
    printf '*%s\\n-F\\n-X\\nCOMMIT\\n' $table | $tool-restore -w --noflush; $tool -w -t $table -F; done; done"""


@needs_two
@pytest.mark.parametrize("host", VARIANTS)
def test_it_stands_where_the_hosts_iptables_does_not_reach(net, host):
    """Whichever variant `iptables` is on this host (in a view of its own of /etc/alternatives)."""
    ns = net.ns("lonely")
    path = net.tmp / "host.conf"
    path.write_text(open_host())
    tools = " ".join(f"{family}{end}" for family in ("iptables", "ip6tables") for end in ("", "-save", "-restore"))
    variant = host.removeprefix("iptables-")
    view = (f"mount -t tmpfs none /etc/alternatives; for tool in {tools}; do case $tool in *tables) end=;; "
            f"*) end=-${{tool#*-}};; esac; ln -s /usr/sbin/${{tool%%-*}}-{variant}$end /etc/alternatives/$tool; done\n")
    script = f"{view}set -e\n{NACLCTL} steer up --yes --json -f {path}\n{FLUSH}\n{NACLCTL} steer show -f {path} >&2"
    done = ns.run("unshare", "-m", "sh", "-c", script)
    other = next(b for b in VARIANTS if b != host)
    assert json.loads(done.stdout)["backend"] == ("nft" if "nft" in BACKENDS else other), done.stderr


def test_down_leaves_nothing_behind(net, backend):
    ns = net.ns("lonely")
    touch_chains(ns)
    before = ruleset(ns)
    text = config(host([], [], interfaces=["lonely0"]),
                  subnet(["10.0.1.0/24", "2001:db8:1::/48"], [], [], "inner"), count=4)
    up(ns, text, backend)
    assert ruleset(ns) != before
    assert "steering is down" in steer(ns, "down").stdout
    assert ruleset(ns) == before
    assert "nothing was loaded" in steer(ns, "down").stdout
    assert ruleset(ns) == before


def test_foreign_rules_are_untouched(net, variant):
    """Before ours, behind ours, in the same chains; one whose comment speaks of our chain."""
    ns = net.ns("lonely")
    touch_chains(ns)
    comment = ["-m", "comment", "--comment", "before it was -j NACLD-IN"]
    for command in families(variant):
        ns.run(command, "-w", "-t", "mangle", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j",
               "MARK", "--set-mark", "1")
        ns.run(command, "-w", "-t", "mangle", "-A", "INPUT", *comment, "-j", "RETURN")
        ns.run(command, "-w", "-t", "security", "-A", "OUTPUT", "-j", "ACCEPT")
        ns.run(command, "-w", "-t", "mangle", "-N", "MINE")
    ns.run("nft", "add table inet nacldish; add chain inet nacldish input "
                  "{ type filter hook input priority mangle - 10; }; "
                  "add rule inet nacldish input tcp dport 22 accept")
    before = ruleset(ns)
    up(ns, open_host(), variant)
    save = ns.run(variant + "-save", "-t", "mangle").stdout
    inputs = [line for line in save.splitlines() if line.startswith("-A INPUT ")]
    assert inputs[0] == "-A INPUT -j NACLD-IN" and len(inputs) == 3
    up(ns, closed_host(count=2), variant)
    steer(ns, "down")
    assert ruleset(ns) == before


def test_a_change_replaces_the_rules_and_keeps_the_first_place(net, variant):
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    ns.run(variant, "-w", "-t", "mangle", "-I", "INPUT", "-j", "ACCEPT")
    shown = steer(ns, "show", open_host(), check=False)
    assert shown.returncode == 1
    assert "missing:    -I INPUT 1 -j NACLD-IN" in shown.stdout
    up(ns, open_host(), variant)
    steer(ns, "show", open_host())
    save = ns.run(variant + "-save", "-t", "mangle").stdout
    assert [line for line in save.splitlines() if line.startswith("-A INPUT ")] == [
        "-A INPUT -j NACLD-IN", "-A INPUT -j ACCEPT"]


@pytest.mark.parametrize("text", [open_host(), config(subnet("10.0.1.0/24", [], [], "inner"))],
                         ids=["from-nothing", "from-other-rules"])
def test_a_failed_up_is_turned_back(net, text):
    """IPv4 loads, then ip6tables meets a table that another program holds in a form of its own."""
    ns = net.ns("lonely")
    touch_chains(ns, ["iptables-nft", "ip6tables-nft"])
    ns.run("nft", "delete table ip6 security")
    ns.run("nft", "add table ip6 security; add chain ip6 security OUTPUT "
                  "{ type filter hook output priority 7; }")
    if "10.0.1.0" in text:
        up(ns, text, "iptables-nft")
    before = ruleset(ns)
    done = steer(ns, "up", open_host(first=7), "--backend", "iptables-nft", check=False)
    assert done.returncode == 1
    assert "iptables-nft: ip6tables-nft-restore: " in done.stderr
    assert "unchanged" in done.stderr
    assert ruleset(ns) == before


@needs_two
def test_another_backend_takes_over(net):
    """`up` removes what the other one holds; `down` finds whatever is left, wherever."""
    ns = net.ns("lonely")
    touch_chains(ns)
    before = ruleset(ns)
    for new, old in zip(BACKENDS[1:] + BACKENDS[:1], BACKENDS):
        up(ns, open_host(), old)
        assert f"removed the {old} rules" in up(ns, open_host(), new).stderr
        assert json.loads(steer(ns, "show", open_host(), "--json").stdout)["backend"] == new
        steer(ns, "down")
        assert ruleset(ns) == before


@needs_two
def test_rules_in_two_backends_are_told_and_removed(net):
    ns = net.ns("lonely")
    touch_chains(ns)
    before = ruleset(ns)
    up(ns, open_host(), "iptables-legacy")
    rules = json.loads(steer(ns, "show", open_host(), "--json").stdout)["rules"]
    for command, family in zip(families("iptables-nft"), ("ipv4", "ipv6")):
        ns.run(command + "-restore", "--noflush", stdin=rules[family])
    shown = steer(ns, "show", open_host(), check=False)
    assert shown.returncode == 1 and "more than one" in shown.stdout
    steer(ns, "down")
    assert ruleset(ns) == before


def test_show(net, backend):
    ns = net.ns("lonely")
    text = open_host(on_failure="accept", fragments="strict", count=3)
    down = steer(ns, "show", text, check=False)
    assert down.returncode == 1 and "steering is down" in down.stdout
    assert json.loads(steer(ns, "show", text, "--json", check=False).stdout)["loaded"] is False

    up(ns, text, backend)
    shown = steer(ns, "show", text).stdout
    assert f"steering is up ({backend}), as " in shown
    assert '"strict"' in shown and 'packets pass (on_failure = "accept")' in shown
    data = json.loads(steer(ns, "show", text, "--json").stdout)
    assert (data["matches"], data["fragments"], data["on_failure"]) == (True, "strict", "accept")

    other = steer(ns, "show", open_host(count=3), check=False)
    assert other.returncode == 1 and "but not as" in other.stdout
    assert "missing:" in other.stdout and "unexpected:" in other.stdout
    data = json.loads(steer(ns, "show", open_host(count=3), "--json", check=False).stdout)
    assert (data["loaded"], data["matches"], data["on_failure"]) == (True, False, "accept")


def test_nft_lists_the_rules_as_rendered(net):
    """On any kernel: the queue statement, which it may lack, stands aside for an accept."""
    ns = net.ns("lonely")
    text = config(host([], [], interfaces=["eth0", "wg-0.1"]),
                  subnet(["10.0.1.0/24", "10.0.2.1/32", "2001:db8:1::/48", "2001:db8:2::1/128"], [],
                         [], "inner"))
    data = json.loads(steer(ns, "up", text, "--dry-run", "--backend", "nft", "--json").stdout)
    table = data["rules"]["inet"].replace("queue to 0", "accept")
    assert table.count("accept") == 3 + 2 * 2 + 2 * 4
    ns.run("nft", "-f", "-", stdin=table)
    assert ns.run("nft", "--stateless", "list", "table", "inet", "nacld").stdout == table


def test_nft_is_passed_over_with_a_reason(net):
    ns = net.ns("lonely")
    done = steer(ns, "up", open_host())
    if "nft" in BACKENDS:
        assert "steering is up (nft)" in done.stdout
    else:
        assert "nft: this kernel has no nft queue expression (CONFIG_NFT_QUEUE)" in done.stderr
        assert f"steering is up ({VARIANTS[0]})" in done.stdout


def test_dry_run_changes_nothing(net, backend):
    ns = net.ns("lonely")
    before = ruleset(ns)
    assert f"would load through {BACKENDS[0]}" in steer(ns, "up", open_host(), "--dry-run").stdout
    steer(ns, "up", open_host(), "--dry-run", "--backend", backend)
    assert ruleset(ns) == before
    up(ns, open_host(), backend)
    loaded = ruleset(ns)
    assert f"would remove the {backend} rules" in steer(ns, "down", None, "--dry-run").stderr
    assert ruleset(ns) == loaded


# Bad days


def test_without_privileges_one_line_says_what_to_do(net):
    ns = net.ns("lonely")
    for verb in ("up", "down", "show"):
        done = ns.run(*unprivileged(NACLCTL, "steer", verb), check=False)
        assert done.returncode == 2
        assert done.stderr == f"naclctl steer: {verb} needs CAP_NET_ADMIN; run it as root (sudo)\n"


@pytest.mark.parametrize("args", [("sideways",), (), ("up", "down"), ("up", "--backend", "ebtables"),
                                  ("up", "--wrong")])
def test_wrong_usage(net, args):
    done = naclctl(net.ns("lonely"), "steer", *args, check=False)
    assert done.returncode == 2 and done.stderr


def test_a_policy_that_protects_nothing_is_refused(net):
    ns = net.ns("lonely")
    done = steer(ns, "up", 'network_acls = ( { name = "idle"; inbound = ( ); outbound = ( ); } );\n', check=False)
    assert done.returncode == 2 and "association" in done.stderr


def test_a_missing_file_is_refused(net):
    done = naclctl(net.ns("lonely"), "steer", "up", "-f", "/nonexistent.conf", check=False)
    assert done.returncode == 2 and "/nonexistent.conf" in done.stderr


GOOD = """network_acls = ( { name = "web"; associations = ( { host = true; } );
  inbound = ( ); outbound = ( ); } );
"""


def test_the_fallback_serves_where_the_file_has_errors(net, backend, tmp_path):
    """A bad edit before a boot must not leave the host unfiltered."""
    ns = net.ns("lonely")
    fallback = tmp_path / "last-good.conf"
    fallback.write_text(GOOD)
    done = steer(ns, "up", "rubbish", "--backend", backend, "--fallback", fallback)
    assert "error" in done.stderr and f"steering with {fallback} instead" in done.stderr
    assert steer(ns, "show", GOOD, "--backend", backend).returncode == 0
    steer(ns, "down")


def test_the_fallback_serves_where_the_file_protects_nothing(net, tmp_path):
    """Or where its plan fails otherwise: it is a file that loads, and cannot be steered."""
    ns = net.ns("lonely")
    fallback = tmp_path / "last-good.conf"
    fallback.write_text(GOOD)
    nothing = GOOD.replace("associations = ( { host = true; } );", "")
    done = steer(ns, "up", nothing, "--backend", IPTABLES[0], "--fallback", fallback)
    assert "protects nothing" in done.stderr and f"steering with {fallback} instead" in done.stderr
    assert steer(ns, "show", GOOD).returncode == 0
    steer(ns, "down")


def test_a_good_file_needs_no_fallback(net, backend):
    ns = net.ns("lonely")
    done = steer(ns, "up", GOOD, "--backend", backend, "--fallback", "/nonexistent.conf")
    assert "instead" not in done.stderr
    steer(ns, "down")


def test_where_both_files_fail_nothing_is_loaded(net, backend):
    ns = net.ns("lonely")
    done = steer(ns, "up", "rubbish", "--backend", backend, "--fallback", "/nonexistent.conf",
                 check=False)
    assert done.returncode == 2
    assert steer(ns, "show", GOOD, "--backend", backend, check=False).returncode == 1


def test_show_tells_whether_packets_reach_the_daemon(net, variant):
    """A daemon that serves an empty queue protects nothing; whoever looks must see it."""
    ns = net.ns("lonely")
    nacld = Nacld(ns, GOOD)

    def steering():
        return json.loads(naclctl(ns, "show", "--json", "-s", nacld.socket_path).stdout)["steering"]

    assert steering() == {"state": "down", "backend": None}
    assert "DOWN" in naclctl(ns, "show", "-s", nacld.socket_path).stdout
    naclctl(ns, "steer", "up", "-f", nacld.conf_path, "--backend", variant)
    assert steering() == {"state": "up", "backend": variant}
    ns.run(variant, "-w", "-t", "mangle", "-F", "INPUT")
    assert steering() == {"state": "differs", "backend": variant}
    assert "NOT AS THE CONFIGURATION SAYS" in naclctl(ns, "show", "-s", nacld.socket_path).stdout
    unprivileged_view = ns.run(*unprivileged(NACLCTL, "show", "--json", "-s", nacld.socket_path),
                               check=False)
    assert unprivileged_view.returncode == 1 or \
        json.loads(unprivileged_view.stdout)["steering"] is None
    naclctl(ns, "steer", "down")


def test_the_callers_path_is_not_trusted(net, tmp_path):
    """A program of the same name in the caller's PATH is never run."""
    ns = net.ns("lonely")
    trap = tmp_path / "bin"
    trap.mkdir()
    for name in ("nft", *(f"{c}-{end}" for v in VARIANTS for c in families(v)
                          for end in ("save", "restore"))):
        (trap / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/trapped\nexit 1\n")
        (trap / name).chmod(0o755)
    steer(ns, "up", open_host(), env={"PATH": f"{trap}:/usr/sbin:/usr/bin:/sbin:/bin"})
    assert not (tmp_path / "trapped").exists()


def without(ns, *tools):
    """naclctl steer up where these tools are not: in a mount namespace that hides them."""
    path = ns.topology.tmp / "missing.conf"
    path.write_text(open_host())
    hide = " && ".join(f'mount --bind /dev/null "$(readlink -f /usr/sbin/{t})"' for t in tools)
    return ns.run("unshare", "-m", "sh", "-c", f'{hide} && exec "$@"', "sh", NACLCTL, "steer", "up",
                  "-f", path, check=False)


def test_a_missing_tool_is_named_with_its_package(net):
    ns = net.ns("lonely")
    done = without(ns, "nft")
    assert done.returncode == 0
    assert "nft: nft is not installed (Debian package nftables)" in done.stderr
    assert f"steering is up ({VARIANTS[0]})" in done.stdout
    done = without(ns, "nft", *families(f"{VARIANTS[0]}-save"))
    assert f"{VARIANTS[0]}: {VARIANTS[0]}-save is not installed (Debian package iptables)" in done.stderr
    done = without(ns, "nft", "iptables-nft", "iptables-legacy")
    assert done.returncode == 1 and "could not be loaded" in done.stderr


def test_an_interface_that_is_not_there_is_told(net):
    """It may come later; a name that was misspelt protects nothing."""
    ns = net.ns("lonely")
    text = config(host([], [], interfaces=["lo", "eht0"]))
    told = 'no interface "eht0" now: its packets are filtered once it exists'
    assert told in steer(ns, "up", text).stderr
    assert any(told in note for note in json.loads(steer(ns, "up", text, "--json").stdout)["notes"])
    assert '"lo"' not in steer(ns, "up", text).stderr


def test_monitor_with_drop_is_warned_of(net):
    ns = net.ns("lonely")
    assert 'mode is "monitor"' in steer(ns, "up", open_host(mode="monitor")).stderr
    assert "monitor" not in steer(ns, "up", open_host(mode="monitor", on_failure="accept")).stderr


def confined(ns, options, *args):
    """naclctl where /proc is mounted with these options, as a service manager may do."""
    script = f'mount -t proc -o {options} proc /proc && exec "$@"'
    return ns.run("unshare", "-m", "sh", "-c", script, "sh", NACLCTL, *args)


def test_both_families_are_steered_where_proc_shows_processes_only(net):
    """Without /proc/net the second family must not be taken for absent, and left unjudged."""
    ns = net.ns("lonely")
    path = net.tmp / "confined.conf"
    path.write_text(open_host())
    confined(ns, "subset=pid", "steer", "up", "-f", path, "--backend", "iptables-nft")
    for command in families("iptables-nft"):
        assert "-A INPUT -j NACLD-IN" in ns.run(command + "-save").stdout
    confined(ns, "subset=pid", "steer", "down")
    for command in families("iptables-nft"):
        assert "NACLD" not in ns.run(command + "-save").stdout


def test_the_units_view_of_proc_is_enough(net, variant):
    """iptables-legacy-save says "nothing" where it cannot see /proc/net: `down` would leave all."""
    ns = net.ns("lonely")
    unit = (REPO / "systemd" / "nacld-steering.service").read_text()
    options = ",".join(option for directive, option in (("ProtectProc=invisible", "hidepid=2"),
                                                        ("ProcSubset=pid", "subset=pid"))
                       if f"\n{directive}\n" in unit)
    path = net.tmp / "unit.conf"
    path.write_text(open_host())
    for _ in range(2):
        confined(ns, options, "steer", "up", "-f", path, "--backend", variant)
    steer(ns, "show", open_host())
    confined(ns, options, "steer", "down")
    assert "NACLD" not in ruleset(ns)


def test_changes_at_the_same_moment_are_made_one_after_the_other(net, variant):
    """Two that read the same start would both load everything: every jump twice."""
    ns = net.ns("lonely")
    path = net.tmp / "race.conf"
    path.write_text(open_host())
    for _ in range(5):
        steer(ns, "down")
        racers = [subprocess.Popen(ns.argv(NACLCTL, "steer", "up", "-f", path, "--backend", variant),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                  for _ in range(4)]
        assert [racer.wait(30) for racer in racers] == [0] * 4
        for command in families(variant):
            assert ns.run(command + "-save").stdout.count("-j NACLD-IN\n") == 1


def test_a_change_that_never_ends_is_not_waited_for_for_ever(net):
    ns = net.ns("lonely")
    with open("/run/nacld-steering.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        steer(ns, "show", open_host(), check=False)
        done = steer(ns, "up", open_host(), check=False)
    assert done.returncode == 1
    assert done.stderr == "naclctl steer: another naclctl is changing the steering: try again\n"
    assert "steering is down" in steer(ns, "show", open_host(), check=False).stdout


# Which packets are queued, and when


@pytest.mark.parametrize("family", [4, 6])
def test_inbound_is_queued_before_filter(net, backend, family):
    """A packet that the host's own firewall drops was judged before."""
    client, server, link = net.pair()
    up_quiet(server, closed_host(), backend)
    server.run("nft", "add table inet fw; add chain inet fw input "
                      "{ type filter hook input priority filter; policy drop; }")
    ends = ("192.0.2.2", "192.0.2.1") if family == 4 else ("2001:db8:1::2", "2001:db8:1::1")
    inject(link, client, udp(*ends))
    wait_queued(server, backend, "IN", 1, family)


@pytest.mark.parametrize("family", [4, 6])
def test_outbound_is_queued_after_filter(net, backend, family):
    """A packet that the host's own firewall drops never gets as far as the queue."""
    client, server, _ = net.pair()
    up_quiet(server, closed_host(), backend)
    server.run("nft", "add table inet fw; add chain inet fw output "
                      "{ type filter hook output priority filter; policy accept; }; "
                      f"add rule inet fw output udp dport {PORT} counter drop")
    address = "192.0.2.2" if family == 4 else "2001:db8:1::2"
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with server.socket(kind, socket.SOCK_DGRAM) as s:
        for port in (PORT, PORT, PORT + 1):
            try:
                s.sendto(b"x", (address, port))
            except PermissionError:
                assert port == PORT
    wait_queued(server, backend, "OUT", 1, family)
    assert "counter packets 2 " in server.run("nft", "list", "chain", "inet", "fw", "output").stdout


@pytest.mark.parametrize("on_failure, passes", [("accept", True), ("drop", False)])
def test_nobody_listens(net, backend, on_failure, passes):
    client, server, _ = net.pair()
    up(server, closed_host(on_failure=on_failure, count=2), backend)
    for address, kind in (("192.0.2.1", socket.AF_INET), ("2001:db8:1::1", socket.AF_INET6)):
        with udp_server(server, PORT) as receiver, client.socket(kind, socket.SOCK_DGRAM) as s:
            s.sendto(b"hello", (address, PORT))
            assert arrives(receiver, 5.0 if passes else 0.3) == (b"hello" if passes else None)


def test_a_listening_daemon_gets_the_packets(net, backend):
    client, server, _ = net.pair()
    text = config(host([allow(100, "udp", ports=PORT)], []), count=2)
    nacld = Nacld(server, text)
    up(server, text, backend)
    with udp_server(server, PORT) as receiver, client.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"no", ("192.0.2.1", PORT + 1))
        s.sendto(b"yes", ("192.0.2.1", PORT))
        assert arrives(receiver) == b"yes"
    nacld.wait_packets("web", "inbound", 100, 1)
    nacld.wait_packets("web", "inbound", "*", 1)


def test_waiting_packets_survive_a_change(net, backend):
    """The same `up` again, and one with other rules: what waits in the queue is still delivered."""
    client, server, link = net.pair()
    with udp_server(server, PORT) as receiver:
        nacld = Nacld(server, open_host())
        up(server, open_host(), backend)
        stopped(nacld)
        inject(link, client, udp(data=b"waiting"))
        wait_until(lambda: queue_file(server)[0]["waiting"] == 1, "the packet waits")
        up(server, open_host(), backend)
        up(server, config(host([], [], interfaces=["client"]),
                          subnet("10.0.1.0/24", [], [], "inner"), on_failure="accept"), backend)
        assert queue_file(server)[0]["waiting"] == 1
        nacld.kill(18)  # SIGCONT
        assert arrives(receiver, 5.0) == b"waiting"


def test_exempt_loopback(net, backend):
    ns = net.ns("lonely")
    for exempt, passes in (('["loopback"]', True), ("[]", False)):
        up(ns, closed_host() + f"exempt = {exempt};\n", backend)
        for address, kind in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
            with udp_server(ns, PORT) as receiver, ns.socket(kind, socket.SOCK_DGRAM) as s:
                s.sendto(b"self", (address, PORT))
                assert arrives(receiver, 5.0 if passes else 0.3) == (b"self" if passes else None)


def test_exempt_neighbour_discovery(net, backend):
    """Solicited, the server answers; with a hop limit that only a router leaves it is judged."""
    client, server, link = net.pair()
    ask = ICMPv6ND_NS(tgt="2001:db8:1::1")

    def solicit(hop_limit):
        inject(link, client, IPv6(src="2001:db8:1::2", dst="2001:db8:1::1", hlim=hop_limit) / ask)

    with Capture(client, link.interface(client), "in") as capture:
        up_quiet(server, closed_host(), backend)
        solicit(255)
        capture.wait_for(lambda p: ICMPv6ND_NA in p, what="an advertisement")
        assert queued(server, backend, "IN", 6) == 0
        solicit(64)
        wait_queued(server, backend, "IN", 1, 6)
        up_quiet(server, closed_host() + "exempt = [];\n", backend)
        before = queued(server, backend, "IN", 6)
        solicit(255)
        wait_queued(server, backend, "IN", before + 1, 6)


def test_exempt_dhcp_is_the_clients_side_only(net, backend):
    client, server, link = net.pair()
    up_quiet(server, closed_host(), backend)
    inject(link, client, udp(sport=67, dport=68), udp(sport=40000, dport=68), udp(sport=68, dport=67))
    wait_queued(server, backend, "IN", 1)
    v6 = ("2001:db8:1::2", "2001:db8:1::1")
    before = queued(server, backend, "IN", 6)
    inject(link, client, udp(*v6, sport=547, dport=546), udp(*v6, sport=40000, dport=546), udp(*v6, sport=546, dport=547))
    wait_queued(server, backend, "IN", before + 1, 6)


def test_only_named_interfaces_are_steered(net, backend):
    left, router, right, to_left, to_right = net.routed()
    up_quiet(router, config(host([], [], interfaces=["left"])), backend)
    inject(to_right, right, udp("203.0.113.2", "203.0.113.1"))
    inject(to_left, left, udp("198.51.100.2", "198.51.100.1"))
    wait_queued(router, backend, "IN", 1)
    with router.socket(kind=socket.SOCK_DGRAM) as s, udp_server(right, PORT) as receiver:
        s.sendto(b"out", ("203.0.113.2", PORT))
        assert arrives(receiver, 5.0) == b"out"


def test_routed_packets_of_a_subnet_are_queued_once(net, backend):
    """From one protected subnet to another: once, before filter. The host itself is not steered."""
    left, router, right, to_left, _ = net.routed()
    up_quiet(router, config(subnet(["198.51.100.0/24", "2001:db8:a::/64"], [], [], "left"),
                      subnet(["203.0.113.0/24", "2001:db8:b::/64"], [], [], "right")), backend)
    router.run("nft", "add table inet fw; add chain inet fw forward "
                      "{ type filter hook forward priority filter; policy drop; }")
    inject(to_left, left, udp("198.51.100.2", "203.0.113.2"),
           udp("2001:db8:a::2", "2001:db8:b::2"))
    if backend == "nft":
        wait_queued(router, backend, "FWD", 2)
    else:
        wait_queued(router, backend, "FWD", 1)
        wait_queued(router, backend, "FWD", 1, 6)
    with udp_server(router, PORT) as receiver:
        inject(to_left, left, udp("198.51.100.2", "198.51.100.1", data=b"host"))
        assert arrives(receiver, 5.0) == b"host"


def test_traffic_within_a_subnet_is_not_queued(net, backend):
    """192.0.0.0/3 and 2000::/3 hold both ends."""
    left, router, right, to_left, _ = net.routed()
    up_quiet(router, config(subnet(["192.0.0.0/3", "2000::/3"], [], [], "all")), backend)
    with udp_server(right, PORT) as receiver:
        inject(to_left, left, udp("198.51.100.2", "203.0.113.2", data=b"within"))
        assert arrives(receiver, 5.0) == b"within"
        inject(to_left, left, udp("2001:db8:a::2", "2001:db8:b::2", data=b"within6"))
        assert arrives(receiver, 5.0) == b"within6"
    inject(to_left, left, udp("100.64.0.1", "203.0.113.2"))
    wait_queued(router, backend, "FWD", 1)


# Fragments


def fragments_of(packet, family):
    """Three of them."""
    if family == 4:
        parts = fragment(packet, fragsize=1000)
    else:
        parts = fragment6(IPv6(src=packet.src, dst=packet.dst) / IPv6ExtHdrFragment() /
                          packet[UDP], 1048)
    assert len(parts) == 3
    return parts


@pytest.mark.parametrize("mode, count", [("reassemble", 1), ("strict", 3)])
@pytest.mark.parametrize("family", [4, 6])
def test_routed_fragments(net, backend, mode, count, family):
    left, router, right, to_left, _ = net.routed()
    ends = (("198.51.100.2", "203.0.113.2") if family == 4 else
            ("2001:db8:a::2", "2001:db8:b::2"))
    inside = "198.51.100.0/24" if family == 4 else "2001:db8:a::/64"
    up_quiet(router, config(subnet(inside, [], [], "left"), fragments=mode), backend)
    inject(to_left, left, *fragments_of(udp(*ends, data=bytes(2400)), family))
    wait_queued(router, backend, "FWD", count, family)
    assert "nf_conntrack_in" not in router.run("nft", "list", "hooks", check=False).stdout


@pytest.mark.parametrize("mode, count", [("reassemble", 1), ("strict", 3)])
def test_ipv6_fragments_to_the_host(net, backend, mode, count):
    client, server, link = net.pair()
    up_quiet(server, closed_host(fragments=mode), backend)
    inject(link, client, *fragments_of(udp("2001:db8:1::2", "2001:db8:1::1", data=bytes(2400)), 6))
    wait_queued(server, backend, "IN", count, 6)


def test_down_ends_the_reassembly(net, backend):
    """Otherwise a routed packet would go on being put together in a namespace we have left."""
    left, router, right, to_left, to_right = net.routed()
    text = config(subnet("192.0.0.0/3", [], [], "all"))
    whole = udp("198.51.100.2", "203.0.113.2", data=bytes(2400))
    with Capture(router, to_left.interface(router), "in") as capture:
        up_quiet(router, text, backend)
        steer(router, "down")
        up_quiet(router, config(subnet("198.51.100.0/24", [], [], "left"), fragments="strict"), backend)
        inject(to_left, left, *fragments_of(whole, 4))
        capture.wait_for(lambda p: IP in p and p.src == "198.51.100.2", 3)
        wait_queued(router, backend, "FWD", 3)


def test_nft_reassembles_too(net):
    """The nft table's own way, on a kernel with or without its queue statement."""
    left, router, right, to_left, _ = net.routed()
    data = json.loads(steer(router, "up", config(subnet(["198.51.100.0/24", "2001:db8:a::/64"], [],
                                                        [], "left")),
                            "--dry-run", "--backend", "nft", "--json").stdout)
    router.run("nft", "-f", "-", stdin=data["rules"]["inet"].replace("queue to 0", "drop"))

    def counted():
        listing = router.run("nft", "list", "chain", "inet", "nacld", "forward").stdout
        return sum(int(n) for n in re.findall(r"counter packets (\d+)", listing))

    for family, ends in ((4, ("198.51.100.2", "203.0.113.2")),
                         (6, ("2001:db8:a::2", "2001:db8:b::2"))):
        before = counted()
        inject(to_left, left, *fragments_of(udp(*ends, data=bytes(2400)), family))
        wait_until(lambda: counted() > before, "the whole packet was counted")
        assert counted() == before + 1


def test_not_over_ssh_into_a_queue_that_nothing_reads(net):
    """The session would end with it. With a reader, or where it is meant, or where packets pass, it is loaded."""
    ns = net.ns("lonely")
    path = net.tmp / "ssh.conf"
    path.write_text(open_host())
    ssh = {"SSH_CONNECTION": "192.0.2.2 40000 192.0.2.1 22"}

    def up_over_ssh(*args):
        return ns.run(NACLCTL, "steer", "up", "-f", path, "--backend", IPTABLES[0], *args, check=False, env=ssh)
    refused = up_over_ssh()
    assert refused.returncode == 1 and "nothing reads the queue" in refused.stderr and "--yes" in refused.stderr
    assert steer(ns, "show", open_host(), check=False).returncode == 1, "nothing was loaded"
    assert up_over_ssh("--dry-run").returncode == 0
    done = up_over_ssh("--yes")
    assert done.returncode == 0 and "NOTHING READS IT NOW" in done.stdout
    steer(ns, "down")
    path.write_text(open_host(on_failure="accept"))
    assert up_over_ssh().returncode == 0
    steer(ns, "down")
    path.write_text(open_host())
    Nacld(ns, open_host())
    done = up_over_ssh()
    assert done.returncode == 0 and "NOTHING READS" not in done.stdout
