# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon dies in every way it can while packets flow, and none is lost, doubled or overtaken.

Its descriptors are kept by keeper.py, as systemd keeps them; tests/vm has the same with systemd itself.
"""

import functools
import os
import pathlib
import random
import re
import signal
import struct
import time

import pytest
from scapy.utils import rdpcap

from config import allow, both, closed_host, config, host, open_host
from keeper import (ABORT, ANSWERED, FAULT, GEOMETRY, JUDGING, LOOP, POISON, POISONOUS, STACK, STEPS, KeptNacld,
                    receive_as_predecessor)
from lib import BUILD, wait_until
from services import (ControlError, Nacld, _iperf3, drain, iperf3_server, queue_file, queue_host, queue_rule,
                      queue_rule_packets, stopped, udp_server)
from wire import datagram, inject, numbers

NUMBERED = BUILD / "e2e" / "numbered"
PORT = 9000
RATE = 10000
WHOLE = "lost 0 duplicated 0 reordered 0"


class Stream:
    """Numbered datagrams from client to server at RATE."""

    def __init__(self, client, server, count):
        self.receiver = server.start("receive", NUMBERED, "receive", PORT, count, 8)
        wait_until(lambda: "ready" in self.receiver.log(), "the receiver is there")
        self.sender = client.start("send", NUMBERED, "send", "192.0.2.1", PORT, count, RATE)

    def flowing(self):
        return self.sender.running()

    def result(self):
        assert self.receiver.wait(60) == 0
        return self.receiver.log().splitlines()[-1]


def waiting(ns, count):
    wait_until(lambda: queue_file(ns)[0]["waiting"] == count, f"{count} packets wait")


def die_holding(nacld, client, link, packets, read):
    """Killed; then the packets come, and `read` of them it had already in its buffers, unjudged."""
    nacld.die()
    inject(link, client, *packets)
    waiting(nacld.ns, len(packets))
    receive_as_predecessor(nacld, read)


def kill_during(nacld, stream, kills, number):
    """Kills at random moments, also while the successor is still starting, for as long as it flows."""
    done = 0
    chance = random.Random(20260)
    while done < kills and stream.flowing():
        time.sleep(chance.uniform(0.01, 0.1))  # when, not whether: nothing waits for this
        nacld.die(number)
        nacld.start()
        done += 1
    assert done == kills, f"the stream was over after {done} of {kills}"
    nacld.wait_ready()


def test_a_hundred_kills_lose_nothing(net):
    """kill -9 a hundred times at 10,000 packets a second: each arrives once, in order."""
    client, server, _ = net.pair()
    nacld = KeptNacld(server, open_host(length=65536))
    nacld.expect = (0, -signal.SIGKILL)
    queue_rule(server, "INPUT")
    stream = Stream(client, server, 20 * RATE)
    kill_during(nacld, stream, 100, signal.SIGKILL)
    assert stream.result() == f"received {20 * RATE} {WHOLE}"
    assert not nacld.store.polled, "stored without FDPOLL=0"
    assert not nacld.status()["queues"][0]["poisoned"], "a kill from outside is no packet's fault"


def test_an_overflow_is_told_once(net):
    """The kernel counts on in a queue that is taken over: what happened meanwhile is news, what is known is not."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host(length=8))
    queue_rule(server, "INPUT")
    nacld.die()
    inject(link, client, *numbers(20))
    waiting(server, 8)
    nacld.revive()
    wait_until(lambda: nacld.log().count("queue 0 was full: 12 packets") == 1, "what was lost meanwhile")
    nacld.die()
    inject(link, client, *numbers(13))
    waiting(server, 8)
    nacld.revive()
    wait_until(lambda: "queue 0 was full: 5 packets" in nacld.log(), "what was lost since")
    assert nacld.log().count("was full") == 2


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_other_ends_lose_nothing(net, number):
    """A crash from outside eight times, and a restart (TERM, then started again) ten times."""
    client, server, _ = net.pair()
    nacld = KeptNacld(server, open_host(length=65536))
    queue_rule(server, "INPUT")
    stream = Stream(client, server, 6 * RATE)
    kill_during(nacld, stream, 10 if number == signal.SIGTERM else 8, number)
    assert stream.result() == f"received {6 * RATE} {WHOLE}"
    expected = 0 if number == signal.SIGTERM else -number
    # TERM before it has begun to listen for it ends it at once.
    assert set(nacld.statuses) <= {expected, -number}, nacld.statuses
    assert not nacld.status()["queues"][0]["poisoned"]


def test_a_transfer_and_pings_finish_intact(net):
    """TCP through both directions and a ping flood, over a dozen kills."""
    client, server, _ = net.pair()
    nacld = KeptNacld(server, open_host(length=65536))
    queue_host(server)
    iperf3_server(server)
    ping = client.start("ping", "ping", "-i", "0.01", "-c", "300", "-q", "192.0.2.1")
    transfer = client.start("iperf3", *_iperf3(), "-c", "192.0.2.1", "-t", "2", "-b", "300M")
    for _ in range(12):
        time.sleep(0.1)
        nacld.die()
        nacld.revive()
    assert transfer.wait(60) == 0, transfer.log()
    assert ping.wait(60) == 0, ping.log()
    assert re.search(r"300 packets transmitted, 300 received", ping.log()), ping.log()


def test_what_was_read_is_judged_by_the_successor_in_order(net):
    """Read from the socket and not judged: the moment in which a usual design loses packets."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host())
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    die_holding(nacld, client, link, numbers(12), 7)
    nacld.revive()
    wait_until(lambda: nacld.total("accepted") == 12, "all were judged")
    assert drain(receiver) == [bytes([i]) for i in range(12)]
    assert nacld.status()["queues"][0]["errors"] == {}


def test_a_verdict_that_was_sent_is_not_given_twice(net):
    """Killed after sending and before that was noted: the second verdict finds nobody."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host())
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    die_holding(nacld, client, link, numbers(3), 3)
    nacld.revive()
    wait_until(lambda: nacld.total("accepted") == 3, "judged")
    nacld.die()
    struct.pack_into("=I", nacld.buffers(), ANSWERED, 0)
    nacld.revive()
    wait_until(lambda: nacld.status()["queues"][0]["errors"] == {"enoent": 1}, "no packet waits for it")
    assert drain(receiver) == [b"\0", b"\1", b"\2"]


def test_what_was_answered_is_not_judged_again(net):
    """The buffers still hold it; the successor sees that its verdict was sent."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host())
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    stopped(nacld)  # so that they come in one batch
    inject(link, client, *numbers(20))
    waiting(server, 20)
    nacld.kill(signal.SIGCONT)
    wait_until(lambda: nacld.total("accepted") == 20, "judged")
    die_holding(nacld, client, link, numbers(2), 1)
    nacld.revive()
    wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "judged")
    assert nacld.total("packets") == 2
    assert nacld.status()["queues"][0]["errors"] == {}
    assert len(drain(receiver)) == 22


def test_the_successor_judges_by_its_own_rules(net):
    """The policy has changed between death and life: what waited is judged by the new one."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host())
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    die_holding(nacld, client, link, numbers(4), 2)
    nacld.write(closed_host())
    nacld.revive()
    wait_until(lambda: nacld.total("dropped") == 4, "all were judged")
    assert drain(receiver) == []


def test_buffers_of_another_version_go_through_the_hook_again(net, tool):
    """An upgrade that finds what it cannot read: nothing is lost, and nothing passes unjudged."""
    client, server, link = net.pair()
    rules = host([allow(100, "udp", ports=PORT)], both(100))
    nacld = KeptNacld(server, config(rules))
    queue_rule(server, "INPUT", tool=tool)
    receiver, other = udp_server(server, PORT), udp_server(server, PORT + 1)
    die_holding(nacld, client, link, numbers(5) + numbers(5, PORT + 1), 10)
    of_another_version(nacld)
    nacld.revive()
    wait_until(lambda: nacld.total("accepted") == 5 and nacld.total("dropped") == 5, "all were judged")
    assert drain(receiver) == [bytes([i]) for i in range(5)]
    assert drain(other) == []
    assert queue_file(server)[0]["waiting"] == 0
    assert stored(nacld) == ["buffers-0-1", "queue-0", "queue-0"], "the new buffers are there, beside the socket"
    die_holding(nacld, client, link, numbers(3), 3)
    of_another_version(nacld)
    nacld.revive()
    wait_until(lambda: nacld.total("accepted") == 3, "those too")
    assert stored(nacld) == ["buffers-0-2", "queue-0", "queue-0"], "and no more with each upgrade"
    nacld.die()
    nacld.revive()
    assert stored(nacld) == ["buffers-0-2", "queue-0", "queue-0"], "which the same version goes on with"


def of_another_version(nacld):
    region = nacld.buffers()
    geometry = list(GEOMETRY.unpack_from(region))
    geometry[1] += 1
    GEOMETRY.pack_into(region, 0, *geometry)
    region.close()


def stored(nacld):
    return [name for name, _ in nacld.store.listed()]


def walk(nacld, receiver, prepare, late, **env):
    """Killed at one step after the other until it gets through; how many there were. No packet is lost."""
    for step in range(1, 200):
        count = prepare()
        nacld.start(STEPS, NACLD_STEP=str(step), **env)
        if env:
            nacld.wait_ready()
            os.kill(nacld.child, signal.SIGTERM)
        if not env and wait_until(lambda: ended(nacld) or answers(nacld), "it dies or gets through") == "answers":
            break
        if nacld.reap() == 0:
            break
        late()  # it waits in the queue, which nobody reads
        nacld.revive()
        got = []
        wait_until(lambda: got.extend(drain(receiver)) or len(got) > count, f"all arrive after step {step}")
        assert sorted(got) == [bytes([i]) for i in range(count)] + [b"late"], f"killed at step {step}"
    return step - 1


def ended(nacld):
    state = pathlib.Path(f"/proc/{nacld.child}/stat").read_text().rsplit(") ", 1)[1][0]
    return "ended" if state == "Z" else None


def answers(nacld):
    try:
        return nacld.status() and "answers"
    except (OSError, ValueError):
        return None


@pytest.mark.parametrize("upgrade", [False, True], ids=["restart", "upgrade"])
def test_a_kill_at_each_step_of_the_start_loses_nothing(net, upgrade):
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host())
    nacld.expect = (0, -signal.SIGKILL)
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)

    def prepare():
        die_holding(nacld, client, link, numbers(6), 3)
        if upgrade:
            of_another_version(nacld)
        return 6

    steps = walk(nacld, receiver, prepare, functools.partial(inject, link, client, datagram(b"late")))
    assert steps >= (14 if upgrade else 10), f"only {steps} steps"


def test_a_kill_at_each_step_of_the_end_loses_nothing(net):
    """The descriptors stay stored: what comes meanwhile waits for the successor."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host())
    nacld.expect = (0, -signal.SIGKILL)
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)

    def prepare():
        die_holding(nacld, client, link, numbers(6), 3)
        return 6

    late = functools.partial(inject, link, client, datagram(b"late"))
    assert walk(nacld, receiver, prepare, late, NACLD_STEP_STOPPING="1") >= 8


def test_descriptors_that_are_no_queue_are_left(net):
    """Garbage in the store: said, and a new queue is opened."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host())
    queue_rule(server, "INPUT")
    nacld.die()
    region = nacld.buffers()
    region[0:4] = b"\0\0\0\0"
    region.close()
    nacld.revive()
    assert "cannot be taken over" in nacld.log()
    receiver = udp_server(server, PORT)
    inject(link, client, datagram(b"x"))
    wait_until(lambda: drain(receiver) == [b"x"], "it works again")


def test_a_queue_the_configuration_no_longer_names_is_let_go(net):
    _, server, _ = net.pair()
    nacld = KeptNacld(server, open_host(count=2))
    assert set(queue_file(server)) == {0, 1}
    nacld.die()
    nacld.write(open_host(first=1, count=2))
    nacld.revive()
    assert set(queue_file(server)) == {1, 2}
    assert set(nacld.store.fds) == {"queue-1", "queue-2"}


@pytest.mark.parametrize("on_failure", ["drop", "accept"])
def test_a_successor_that_cannot_start_lets_go(net, on_failure):
    """A broken file after a crash: nobody will judge, so the queue is given up and on_failure holds."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host(on_failure=on_failure))
    queue_rule(server, "INPUT", bypass=on_failure == "accept")
    receiver = udp_server(server, PORT)
    nacld.die()
    nacld.write("mode = \"enforc\";\n")
    nacld.start()
    assert nacld.reap() == 78
    nacld.expect = (78,)
    assert 0 not in queue_file(server)
    assert not nacld.store.fds
    inject(link, client, datagram(b"x"))
    if on_failure == "accept":
        wait_until(lambda: drain(receiver) == [b"x"], "the bypass")
    else:
        wait_until(lambda: queue_rule_packets(server, "INPUT") == 1, "it met the rule")
        assert drain(receiver) == []


@pytest.mark.parametrize("port", [FAULT, ABORT, STACK])
def test_a_poisonous_packet_costs_itself_alone(net, port):
    """The judge crashes on it: the successor drops and saves that packet, and judges all others."""
    client, server, link = net.pair()
    state = net.tmp / "state"
    state.mkdir()
    nacld = KeptNacld(server, open_host(isolation="none"), state=state, program=POISON)
    queue_rule(server, "INPUT")
    receiver, poisoned = udp_server(server, PORT), udp_server(server, port)
    first = numbers(20)
    inject(link, client, *first[:10], datagram(b"poison", port), *first[10:])
    assert nacld.reap() == (-signal.SIGABRT if port == ABORT else -signal.SIGSEGV)
    nacld.revive()
    wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "all are answered")
    assert drain(receiver) == [bytes([i]) for i in range(20)]
    assert drain(poisoned) == [], "the packet nobody could judge was let through"
    assert nacld.status()["queues"][0]["poisoned"] == 1
    wait_until(lambda: "its packet is saved in " in nacld.log(), "it is saved")
    files = list((state / "poison").iterdir())
    assert len(files) == 1
    assert str(files[0]) in nacld.log()
    saved = rdpcap(str(files[0]))
    assert len(saved) == 1
    assert bytes(saved[0]) == bytes(datagram(b"poison", port))


def test_poison_files_are_bounded(net):
    client, server, link = net.pair()
    state = net.tmp / "state"
    state.mkdir()
    nacld = KeptNacld(server, open_host(isolation="none"), state=state, program=POISON)
    queue_rule(server, "INPUT")
    for i in range(18):
        inject(link, client, datagram(struct.pack("B", i), FAULT))
        assert nacld.reap() == -signal.SIGSEGV
        nacld.revive()
        wait_until(lambda: nacld.log().count("its packet is saved in ") == i + 1, "it is saved")
    files = sorted((state / "poison").iterdir())
    assert len(files) == 16
    assert bytes(rdpcap(str(files[-1]))[0])[-1] == 17, "the last one is the latest"
    assert nacld.status()["queues"][0]["poisoned"] == 18


def test_a_kill_while_judging_is_not_poison(net):
    """The mark of the packet in hand is there, and nobody accused it: it is judged again."""
    client, server, link = net.pair()
    nacld = KeptNacld(server, open_host())
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    die_holding(nacld, client, link, numbers(3), 3)
    struct.pack_into("=I", nacld.buffers(), JUDGING, 2)
    nacld.revive()
    wait_until(lambda: nacld.total("accepted") == 3, "all were judged")
    assert drain(receiver) == [b"\0", b"\1", b"\2"]
    die_holding(nacld, client, link, numbers(3), 3)
    struct.pack_into("=II", nacld.buffers(), JUDGING, 2, 2)
    assert POISONOUS == JUDGING + 4
    nacld.revive()
    wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "all are answered")
    assert drain(receiver) == [b"\0", b"\2"], "the accused one, and it alone"


def test_a_worker_that_hangs_is_noticed_and_its_packet_accused(net):
    """An endless loop in the judge: the service manager is told within the time it allows."""
    client, server, link = net.pair()
    limit_us = 2000000
    nacld = KeptNacld(server, open_host(isolation="none"), program=POISON, watchdog_us=limit_us)
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    wait_until(lambda: nacld.notified("WATCHDOG", "1"), "it feeds the watchdog")
    inject(link, client, datagram(b"first"), datagram(b"loop", LOOP), datagram(b"second"))
    wait_until(lambda: nacld.notified("WATCHDOG", "trigger"), "it asks to be restarted", 20)
    assert nacld.status()["queues"][0]["waiting"] >= 2, "the main thread still answers"
    nacld.die(signal.SIGKILL)
    nacld.revive()
    wait_until(lambda: queue_file(server)[0]["waiting"] == 0, "all are answered")
    assert drain(receiver) == [b"first", b"second"]
    assert nacld.status()["queues"][0]["poisoned"] == 1


def test_a_reload_is_given_time(net):
    """A large file on a busy machine takes longer than a hang may; so does the first one."""
    nacld = KeptNacld(net.ns("server"), open_host(), watchdog_us=2000000)
    assert nacld.notified("EXTEND_TIMEOUT_USEC", "120000000")
    nacld.reload()
    nacld.write("rubbish")
    with pytest.raises(ControlError):
        nacld.reload()
    limits = [m["WATCHDOG_USEC"] for m in nacld.notified("WATCHDOG_USEC")]
    assert limits == ["120000000", "2000000"] * 2, "given back in either case"


def test_without_a_service_manager_a_kill_loses_what_waits(net):
    """The plain daemon's smaller promise: the kernel drops what waited, and the next one works."""
    client, server, link = net.pair()
    nacld = Nacld(server, open_host(), expect=(-signal.SIGKILL,))
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    stopped(nacld)
    inject(link, client, *numbers(5))
    waiting(server, 5)
    nacld.kill(signal.SIGKILL)
    nacld.wait()
    assert 0 not in queue_file(server)
    Nacld(server, open_host())
    inject(link, client, datagram(b"x"))
    wait_until(lambda: drain(receiver) == [b"x"], "the next one judges")
