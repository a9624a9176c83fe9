# What the boots with a peer on the cable share: what arrived, what was delivered, what the peer heard.
import json
import re

from vm import CONFIG, active, prop, run, wait_for

MANY = 30  # packets to each of the two ports, of which the peer sends thirty a second


def early():
    """The early listener's counts, and what the peer told it last."""
    with open("/run/vm-early.json") as file:
        return json.load(file)


def counted(chain, kind):
    """Packets to the allowed or the denied port, before all chains (arrived) or behind all (delivered)."""
    text = run("nft", "list", "chain", "inet", "early", chain)
    return int(re.search(rf'packets (\d+) bytes \d+ comment "{kind}"', text).group(1))


def heard_by_peer(boot=-1):
    """What the peer heard of this machine, by protocol and port, in this boot or an earlier one."""
    report = early()["peer"]
    return report[boot]["heard"] if report else {}


def wait_for_arrivals():
    before = {kind: counted("arrived", kind) for kind in ("allowed", "denied")}
    wait_for("the peer's packets arrive", lambda: all(
        counted("arrived", kind) >= before[kind] + MANY for kind in before))


def wait_for_answers():
    """Until the peer has heard all three kinds of answers from the allowed port."""
    wait_for("the peer was answered", lambda: {"udp4 7007", "udp6 7007", "tcp4 7007"} <= set(heard_by_peer()))


def wait_for_service():
    wait_for("both units are up", lambda: active("nacld") and active("nacld-steering"), 60)


def from_the_denied_port(heard):
    return {name: count for name, count in heard.items() if name.endswith(" 9009")}


def repair(on_failure):
    with open("/vm/peer/nacld.conf") as good, open(CONFIG, "w") as config:
        config.write(good.read().replace('"drop"', f'"{on_failure}"'))
    wait_for_service()


def assert_nothing_denied_was_delivered():
    """Since the machine was started: by the kernel's count, the listener's and the peer's."""
    assert counted("delivered", "denied") == 0
    assert early()["denied"] == {"udp4": 0, "udp6": 0}, early()
    assert from_the_denied_port(heard_by_peer()) == {}


def assert_broken():
    """The state of a boot with a bad file: started in vain, more than once, and with the steering up."""
    wait_for("nacld was started in vain, and again", lambda: int(prop("nacld", "NRestarts")) >= 2, 60)
    assert active("nacld-steering")
    assert f"{CONFIG}:1: error" in run("journalctl", "-b", "-o", "cat", "-u", "nacld", "-n", "30")
