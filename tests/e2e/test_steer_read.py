# SPDX-License-Identifier: GPL-2.0-or-later
"""What `naclctl steer` believes about the kernel's rules: the kernel, and no tool that leaves something out.

iptables-nft-save omits a whole table, with status 0, when another program has put a rule into it that iptables
has no word for; tools are missing, or fail. None of it may look like "nothing is loaded".
"""

import json
import re

import pytest

from config import config, open_host, subnet
from services import NACLCTL, Nacld, naclctl
from test_steer import IPTABLES, families, ruleset, steer, up
from test_watch import Watch

pytestmark = pytest.mark.skipif("iptables-nft" not in IPTABLES, reason="iptables-nft cannot steer here")

SAVE = {"iptables-nft": "xtables-nft-multi", "iptables-legacy": "xtables-legacy-multi"}


@pytest.fixture(params=IPTABLES)
def variant(request):
    return request.param


def foreign_rule(ns):
    """Native, in the chain and table of our jump."""
    ns.run("nft", "add rule ip mangle INPUT ct state invalid counter drop")
    assert "NACLD" not in ns.run("iptables-nft-save").stdout.split("*security")[0], "the table is left out"


def ours(ns):
    return len(re.findall("NACLD|queue", ns.run("nft", "list", "ruleset").stdout))


def jumps(ns):
    return ns.run("nft", "list", "table", "ip", "mangle").stdout.count("jump NACLD-IN")


def without_tool(ns, variant, *command):
    """Runs it where the variant's program fails whatever it is asked."""
    return ns.run("unshare", "-m", "sh", "-c",
                  f'mount --bind /bin/false "$(readlink -f /usr/sbin/{SAVE[variant]})" && exec "$@"', "sh", *command,
                  check=False)


def test_a_foreign_rule_hides_nothing(net):
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-nft")
    foreign_rule(ns)
    assert "steering is up (iptables-nft), as" in steer(ns, "show", open_host()).stdout
    up(ns, open_host(), "iptables-nft")
    assert jumps(ns) == 1
    other = up(ns, open_host(count=2), "iptables-nft")
    assert "queues 0-1" in other.stdout and jumps(ns) == 1
    assert "num 0-1" in ns.run("nft", "list", "table", "ip", "mangle").stdout
    down = steer(ns, "down")
    assert "steering is down" in down.stdout and ours(ns) == 0
    assert "ct state invalid" in ns.run("nft", "list", "ruleset").stdout, "it stays"


def test_what_was_hidden_and_changed_is_not_called_down(net):
    """Another plan's rules under a foreign one: what is loaded cannot be printed, and is there."""
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-nft")
    foreign_rule(ns)
    ns.run("nft", "flush", "chain", "ip", "mangle", "NACLD-IN")
    shown = steer(ns, "show", open_host(), check=False)
    assert shown.returncode == 1 and "cannot be read" in shown.stdout and "is down" not in shown.stdout
    assert json.loads(steer(ns, "show", open_host(), "--json", check=False).stdout)["loaded"] is None
    doctor = naclctl(ns, "doctor", "-f", ns.topology.tmp / "lonely-steer.conf", "-s", "/nonexistent", check=False)
    assert re.search("PROBLEM +steering +not known: .*leaves out a table", doctor.stdout), doctor.stdout
    up(ns, open_host(), "iptables-nft")
    assert steer(ns, "show", open_host()).returncode == 0 and jumps(ns) == 1


def test_it_is_restored_under_a_foreign_rule(net):
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-nft")
    watch = Watch(ns, open_host(), "--guard")
    foreign_rule(ns)
    watch.look()
    assert "STEERING" not in watch.process.log(), "nothing of ours changed"
    for change in ("flush chain ip mangle NACLD-IN", "add rule ip mangle INPUT jump NACLD-IN",
                   "insert rule ip mangle NACLD-IN accept"):
        ns.run("nft", *change.split())
        watch.says("STEERING IS INCOMPLETE.*leaves out a table")
        watch.says("steering was restored")
        assert jumps(ns) == 1 and steer(ns, "show", open_host()).returncode == 0


def test_down_needs_no_tool_of_nftables(net):
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-nft")
    shown = without_tool(ns, "iptables-nft", NACLCTL, "steer", "show", "-f", ns.topology.tmp / "lonely-steer.conf")
    assert "steering is up (iptables-nft), as" in shown.stdout, "as `up` noted it, and the kernel says nothing changed"
    down = without_tool(ns, "iptables-nft", NACLCTL, "steer", "down")
    assert down.returncode == 0 and ours(ns) == 0, down.stderr


@pytest.mark.skipif("iptables-legacy" not in IPTABLES, reason="iptables-legacy cannot steer here")
def test_a_tool_that_fails_is_an_error(net):
    """iptables-legacy can be read and changed by its own program alone."""
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-legacy")
    before = ruleset(ns)
    conf = ns.topology.tmp / "lonely-steer.conf"
    down = without_tool(ns, "iptables-legacy", NACLCTL, "steer", "down")
    assert down.returncode == 1 and "iptables-legacy rules could not be removed" in down.stderr
    assert "steering is down" not in down.stdout and ruleset(ns) == before
    shown = without_tool(ns, "iptables-legacy", NACLCTL, "steer", "show", "-f", conf)
    assert shown.returncode == 1 and "cannot be read" in shown.stdout and "is down" not in shown.stdout
    doctor = without_tool(ns, "iptables-legacy", NACLCTL, "doctor", "-f", conf, "-s", "/nonexistent")
    assert re.search("PROBLEM +steering +not known", doctor.stdout), doctor.stdout
    steer(ns, "down")


@pytest.mark.skipif("iptables-legacy" not in IPTABLES, reason="iptables-legacy cannot steer here")
def test_a_tool_that_was_removed_is_an_error_while_its_rules_stand(net):
    """The package may go, or a container have another one: then nothing is loaded only if the kernel says so."""
    ns = net.ns("lonely")
    hidden = ("unshare", "-m", "sh", "-c",
              'mount --bind /dev/null "$(readlink -f /usr/sbin/iptables-legacy-save)" && exec "$@"', "sh")
    down = ns.run(*hidden, NACLCTL, "steer", "down", check=False)
    assert down.returncode == 0 and "nothing was loaded" in down.stdout
    ns.run("iptables-legacy", "-w", "-t", "mangle", "-A", "INPUT", "-j", "ACCEPT")
    assert ns.run(*hidden, NACLCTL, "steer", "down", check=False).returncode == 0, "the rules of others are none of ours"
    for text in (open_host(), config(subnet("2001:db8:1::/48", [], [], "inner"))):
        up(ns, text, "iptables-legacy")
        before = ruleset(ns)
        down = ns.run(*hidden, NACLCTL, "steer", "down", check=False)
        assert down.returncode == 1 and "iptables-legacy-save is not installed" in down.stderr, down
        assert "steering is down" not in down.stdout and ruleset(ns) == before
        steer(ns, "down")


def test_a_rule_twice_is_one_too_many(net, variant):
    """In front of the exemptions it is no mere matter of order."""
    ns = net.ns("lonely")
    up(ns, open_host(), variant)
    ns.run(families(variant)[0], "-w", "-t", "mangle", "-I", "NACLD-IN", "-j", "NFQUEUE", "--queue-num", "0")
    shown = steer(ns, "show", open_host(), check=False)
    assert shown.returncode == 1
    assert re.search("unexpected: -A NACLD-IN -j NFQUEUE --queue-num 0 .*more than once", shown.stdout), shown.stdout
    assert "another order" not in shown.stdout
    ns.run(families(variant)[0], "-w", "-t", "mangle", "-D", "NACLD-IN", "1")
    assert steer(ns, "show", open_host()).returncode == 0


FOREIGN = "add table inet nacld; add chain inet nacld mine { type filter hook input priority 0; }; " \
          "add rule inet nacld mine tcp dport 22 accept"


def test_a_foreign_table_of_our_name_is_left_alone(net):
    ns = net.ns("lonely")
    ns.run("nft", FOREIGN)
    up(ns, open_host(), "iptables-nft")
    assert "dport 22" in ns.run("nft", "list", "table", "inet", "nacld").stdout
    assert steer(ns, "show", open_host()).returncode == 0
    steer(ns, "down")
    assert "dport 22" in ns.run("nft", "list", "table", "inet", "nacld").stdout


def test_our_table_goes_with_what_others_put_into_it(net):
    """Where the kernel has no nft queue an accept is in its place: the table is ours by where its chains are."""
    ns = net.ns("lonely")
    table = json.loads(steer(ns, "up", open_host(), "--dry-run", "--backend", "nft", "--json").stdout)["rules"]["inet"]
    ns.run("nft", "-f", "-", stdin=table.replace("queue to 0", "accept"))
    ns.run("nft", "add chain inet nacld mine")
    assert "steering is up (nft), but not as" in steer(ns, "show", open_host(), check=False).stdout
    assert "removed the nft rules" in steer(ns, "down").stderr
    assert ns.run("nft", "list", "tables").stdout == ""


def test_rules_that_another_program_restored_are_noticed(net):
    """As netfilter-persistent does at a boot with what it saved before: nacld is off, and they drop everything."""
    ns = net.ns("lonely")
    up(ns, open_host(), "iptables-nft")
    saved = ns.run("iptables-nft-save").stdout
    steer(ns, "down")
    watch = Watch(ns, open_host())
    ns.run("iptables-nft-restore", "--noflush", stdin=saved)
    watch.says("steering is down, but iptables-nft rules of nacld's are loaded")
    conf = ns.topology.tmp / "lonely-steer.conf"
    doctor = naclctl(ns, "doctor", "-f", conf, "-s", "/nonexistent", check=False).stdout
    assert re.search("PROBLEM +steering +loaded .*not by `steer up`", doctor), doctor
    up(ns, open_host(), "iptables-nft")
    watch.says("watching the steering")
    steer(ns, "down")
    watch.says("steering is down: nothing to watch")


def test_what_up_says_of_the_queue(net):
    ns = net.ns("lonely")
    alone = steer(ns, "up", open_host(), "--yes", "--backend", "iptables-nft", env={"SSH_CONNECTION": "192.0.2.2 4 192.0.2.1 22"})
    assert "nothing reads the queue now: packets are dropped until nacld runs, those of this ssh" in alone.stderr
    assert "packets pass unfiltered" in up(ns, open_host(on_failure="accept"), "iptables-nft").stderr
    Nacld(ns, open_host())
    assert "nothing reads the queue" not in up(ns, open_host(), "iptables-nft").stderr
