# Beside the host's own firewall, as a network ACL beside a security group: inbound before it, outbound after it,
# and each may load its rules as it likes.
import contextlib
import re
import shutil
import subprocess

from vm import (host_acl, main_pid, page, prop, rule, run, service, steering, steering_identity, test)

CLIENT = "192.0.2.9"
PLAIN = f"""
table inet plain {{
	chain in {{
		type filter hook input priority filter
		tcp dport 81 counter comment "81"
		tcp dport 443 counter drop comment "443"
	}}
	chain out {{
		type filter hook output priority filter
		ip daddr {CLIENT} udp dport 9999 counter drop comment "9999"
	}}
}}
"""


def acl():
    """The ACL lets in 80 and 443, and not 81; it lets out the answers, and datagrams to two ports."""
    return host_acl([(100, "tcp", 'ports = "443";'), (110, "tcp", 'ports = "80";')],
                    [(100, "tcp", 'ports = "1024-65535";'), (200, "udp", 'ports = "9998";'),
                     (210, "udp", 'ports = "9999";')])


def ufw_command(*words):
    run("ufw", *words, timeout=400)  # hundreds of programs, one after the other


@contextlib.contextmanager
def ufw():
    """Debian's ufw, enabled: 80 and 81 may come in and nothing else, datagrams to 9999 may not go out."""
    shutil.copytree("/etc/ufw", "/run/vm-ufw", dirs_exist_ok=True)
    for words in ("allow 80/tcp", "allow 81/tcp", f"deny out proto udp to {CLIENT} port 9999"):
        ufw_command(*words.split())
    ufw_command("--force", "enable")
    try:
        yield
    finally:
        shutil.copytree("/run/vm-ufw", "/etc/ufw", dirs_exist_ok=True)
        for table in ("ip", "ip6"):  # its "disable" leaves them too, and takes a minute
            run("nft", "delete", "table", table, "filter")


def load_plain():
    run("bash", "-c", f"nft -f - <<'END'\ntable inet plain {{ }}\ndelete table inet plain\n{PLAIN}\nEND")


@contextlib.contextmanager
def plain():
    """The same as plain nft rules."""
    load_plain()
    try:
        yield
    finally:
        run("nft", "delete", "table", "inet", "plain")


def seen_by_ufw(port):
    if port == 443:  # no rule is for it
        return int(re.search(r"policy DROP (\d+) packets", run("iptables", "-L", "INPUT", "-v", "-n", "-x")).group(1))
    chain = "ufw-user-output" if port == 9999 else "ufw-user-input"
    rules = run("iptables", "-L", chain, "-v", "-n", "-x").splitlines()
    counts = [int(line.split()[0]) for line in rules if line.endswith(f"dpt:{port}")]
    assert len(counts) == 1, rules
    return counts[0]


def seen_by_plain(port):
    return int(re.search(rf'packets (\d+) bytes \d+ (drop )?comment "{port}"',
                         run("nft", "list", "table", "inet", "plain")).group(1))


def datagram(port):
    """To the client; a firewall that drops it may tell the sender, which is not the question."""
    subprocess.run(["bash", "-c", f"echo >/dev/udp/{CLIENT}/{port}"], stderr=subprocess.DEVNULL, check=False)


def assert_the_order(seen):
    assert page(80), "both allow it"
    assert not page(81, 2) and rule("inbound", "*")["packets"] >= 1
    assert seen(81) == 0, "the ACL denies it, and yet the firewall saw it"
    assert not page(443, 2) and rule("inbound", 100)["packets"] >= 1
    assert seen(443) >= 1, "the ACL allows it, and the firewall drops it"
    datagram(9998)
    datagram(9999)
    assert rule("outbound", 200)["packets"] == 1
    assert seen(9999) == 1 and rule("outbound", 210)["packets"] == 0


def assert_both_work(firewall, seen, load_again):
    """The firewall comes up under a running nacld, stands in its place, and loads its rules again."""
    with service(acl()):
        before, pid = steering_identity(), main_pid()
        with firewall():
            assert_the_order(seen)
            load_again()
            assert page(80) and not page(443, 2)
            assert steering_identity() == before and steering()["matches"]
        assert main_pid() == pid and prop("nacld", "NRestarts") == "0"


@test
def inbound_before_plain_nft_and_outbound_after():
    assert_both_work(plain, seen_by_plain, load_plain)


@test
def inbound_before_ufw_and_outbound_after():
    assert_both_work(ufw, seen_by_ufw, lambda: ufw_command("reload"))
