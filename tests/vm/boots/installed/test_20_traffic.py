# Real packets on Debian's own kernel through the nft queue, judged by the installed service.
import os
import signal

from vm import (SERVER6, active, configure, host_acl, main_pid, page, ping, rule, run, service, show,
                steering, test, wait_for)

PING6 = ([(100, "icmpv6", "type = 128; code = -1;")], [(100, "icmpv6", "type = 129; code = -1;")])


def packets(direction, number):
    return rule(direction, number)["packets"]


@test
def the_web_server_example_serves():
    with service("web-server.conf"):
        assert page(443) and page(80)
        assert packets("inbound", 100) >= 4 and packets("inbound", 110) >= 4
        assert packets("outbound", 100) >= 6
        assert not ping(), "ping has no rule"
        assert packets("inbound", "*") >= 2


@test
def without_ephemeral_ports_the_answer_is_dropped():
    with service("web-server-no-ephemeral.conf"):
        assert not page(443, 4)
        assert packets("inbound", 100) >= 2, "the SYN comes in, and comes again"
        assert packets("outbound", 100) == 0
        assert packets("outbound", "*") >= 2, "the SYN-ACK does not leave"


@test
def monitor_mode_drops_nothing():
    with open("/usr/share/doc/nacld/examples/web-server-no-ephemeral.conf") as example:
        config = example.read().replace('mode = "enforce"', 'mode = "monitor"')
    with service(config):
        assert show()["mode"] == "monitor"
        assert page(443)
        queue = show()["queues"][0]
        assert queue["would_drop"] >= 2 and queue["dropped"] == 0, queue


def absent_daemon(on_failure):
    """Does a page load while the steering stands and nobody listens?"""
    settings = f'queue = {{ on_failure = "{on_failure}"; }};'
    allow = [(100, "tcp", 'ports = "all";')]
    with service(host_acl(allow, allow, settings)):
        assert page()
        configure("broken")
        os.kill(main_pid(), signal.SIGKILL)
        wait_for("nacld is down", lambda: not active("nacld") and main_pid() == 0)
        answered = page(80, 3 if on_failure == "drop" else 10)
        # Both by name: a stop between two attempts to start finds nacld dead already, and systemd (252) does not
        # look again at what nobody needs any more. nacld(8) says so under RUNNING.
        run("systemctl", "stop", "nacld", "nacld-steering")
    return answered


@test
def nobody_listens_and_on_failure_drops():
    assert absent_daemon("drop") is False


@test
def nobody_listens_and_on_failure_accepts():
    assert absent_daemon("accept") is True


@test
def stands_outside_a_plain_filter_chain():
    # Inbound before it: what the ACL denies is never seen there. Outbound after it: it sees an answer
    # that the ACL then drops.
    run("nft", "add table inet plain; "
        "add chain inet plain in { type filter hook input priority filter; }; "
        "add chain inet plain out { type filter hook output priority filter; }; "
        "add rule inet plain in tcp dport 80 counter comment seen; "
        "add rule inet plain out tcp sport 443 counter comment seen")

    def seen(chain):
        return int(run("nft", "list", "chain", "inet", "plain", chain).split("packets ")[1].split()[0])

    try:
        with service("web-server-no-ephemeral.conf"):
            assert not page(80, 2) and not page(443, 2)
            assert packets("inbound", "*") >= 1
            assert seen("in") == 0, "denied inbound, and yet it came to the filter chain"
            assert seen("out") >= 1 and packets("outbound", "*") >= 1
    finally:
        run("nft", "delete", "table", "inet", "plain")


@test
def ipv6_fragments_are_judged_as_one_packet():
    with service(host_acl(*PING6)):
        assert steering()["fragments"] == "reassemble", steering()
        assert ping(SERVER6, "-s", "4000")
        assert packets("inbound", 100) == 2, "two requests of three fragments each"
        assert packets("inbound", "*") == 0


@test
def strict_judges_each_ipv6_fragment():
    with service(host_acl(*PING6, settings='fragments = "strict";')):
        assert not ping(SERVER6, "-s", "4000")
        assert packets("inbound", 100) == 2, "the first fragments have a type"
        assert packets("inbound", "*") == 4, "the later ones have none"
