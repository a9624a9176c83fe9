# SPDX-License-Identifier: GPL-2.0-or-later
"""What doctor says becomes of packets, and what does: real packets beside every state of the queue's reader."""

import pathlib
import signal
import sys

import pytest

from config import allow, config, host
from lib import wait_until
from services import Nacld, drain, naclctl, queue_file, stopped, udp_server
from test_doctor import Doctor
from test_steer import IPTABLES, steer, up

ALLOWED, DENIED = 5000, 9


def text(**settings):
    return config(host([allow(100, "udp", ports=ALLOWED)], [allow(100)]), **settings)


class Host:
    """A protected server, a client, and what arrives of a packet to an allowed port and one to a denied port."""

    def __init__(self, net, **settings):
        self.net, self.conf = net, text(**settings)
        self.client, self.server, _ = net.pair()
        self.nacld = Nacld(self.server, self.conf)
        self.servers = {port: udp_server(self.server, port) for port in (ALLOWED, DENIED)}
        up(self.server, self.conf, IPTABLES[0])

    def foreign(self, *name):
        """Another program in nacld's place."""
        assert self.nacld.stop() == 0
        reader = self.server.start("foreign", sys.executable, pathlib.Path(__file__).parent / "foreign_reader.py", "0", *name,
                                   expect=(-signal.SIGTERM,))
        wait_until(lambda: "reading" in reader.log(), "it reads the queue")
        return reader

    def send(self):
        with self.client.socket(kind=2) as s:
            for port in self.servers:
                s.sendto(b"x", ("192.0.2.1", port))

    def arrive(self):
        """The ports whose packet arrived; a marker by TCP is no help here, so both get their time."""
        self.send()
        arrived = set()
        for port, receiver in self.servers.items():
            receiver.settimeout(0.5)
            try:
                receiver.recv(10)
                arrived.add(port)
            except TimeoutError:
                pass
        return arrived

    def state(self, *args):
        doctor = Doctor(self.server, "-f", self.nacld.conf_path, "-s", self.nacld.socket_path)
        return doctor.answer["state"], doctor


@pytest.mark.parametrize("mode, fate, arrives", [("enforce", "filtered", {ALLOWED}),
                                                 ("monitor", "monitored", {ALLOWED, DENIED})])
def test_nacld_answers(net, mode, fate, arrives):
    it = Host(net, mode=mode)
    state, doctor = it.state()
    assert (state["reader"], state["packets"], state["pid"]) == ("nacld", fate, it.nacld.pid)
    assert "packets" not in doctor.problems()
    assert it.arrive() == arrives


@pytest.mark.parametrize("on_failure, fate, arrives", [("drop", "dropped", set()), ("accept", "pass", {ALLOWED, DENIED})])
def test_nobody_reads(net, on_failure, fate, arrives):
    it = Host(net, on_failure=on_failure)
    assert it.nacld.stop() == 0
    state, doctor = it.state()
    assert (state["reader"], state["packets"], state["pid"]) == ("nobody", fate, None)
    assert ("all dropped" in doctor.says("packets")) == (on_failure == "drop")
    assert it.arrive() == arrives


@pytest.mark.parametrize("on_failure", ["drop", "accept"])
def test_nacld_is_stopped(net, on_failure):
    it = Host(net, on_failure=on_failure)
    stopped(it.nacld)
    it.send()
    wait_until(lambda: queue_file(it.server)[0]["waiting"] == 2, "both wait")
    state, doctor = it.state()
    assert (state["reader"], state["packets"], state["waiting"], state["pid"]) == ("stopped", "wait", 2, it.nacld.pid)
    assert f"kill -CONT {it.nacld.pid}" in doctor.problems()["daemon"]["next"]
    assert "wait in queue 0 (2 now)" in doctor.says("packets") and "all dropped" not in str(doctor.lines)
    assert "another program" not in str(doctor.lines) and "queues" not in doctor.problems()
    it.nacld.kill(signal.SIGCONT)
    assert it.servers[ALLOWED].recv(10) == b"x", "it waited, and was filtered"
    assert not drain(it.servers[DENIED])


def test_nacld_does_not_answer(net):
    """It reads the queue, and this is not its socket."""
    it = Host(net)
    doctor = Doctor(it.server, "-f", it.nacld.conf_path, "-s", net.tmp / "none.sock")
    assert (doctor.answer["state"]["reader"], doctor.answer["state"]["packets"]) == ("silent", "wait")
    assert f"nacld (pid {it.nacld.pid}) reads the queue" in doctor.says("daemon")


@pytest.mark.parametrize("on_failure", ["drop", "accept"])
def test_another_program_reads(net, on_failure):
    it = Host(net, on_failure=on_failure)
    reader = it.foreign()
    state, doctor = it.state()
    assert (state["reader"], state["packets"], state["pid"]) == ("other", "decided", reader.pid)
    assert f"(pid {reader.pid}), not by nacld" in doctor.says("daemon")
    assert "all dropped" not in str(doctor.lines)
    assert it.arrive() == {ALLOWED, DENIED}, "it accepts all"


def test_another_program_that_calls_itself_nacld(net):
    it = Host(net)
    reader = it.foreign("nacld")
    assert pathlib.Path(f"/proc/{reader.pid}/comm").read_text() == "nacld\n"
    state, doctor = it.state()
    assert (state["reader"], state["packets"]) == ("other", "decided")
    assert it.arrive() == {ALLOWED, DENIED}


def test_nothing_is_steered(net):
    it = Host(net)
    steer(it.server, "down")
    state, doctor = it.state()
    assert (state["packets"], state["queue"]) == ("unsteered", None)
    assert it.arrive() == {ALLOWED, DENIED}


def test_other_queues_than_nacld_reads(net):
    it = Host(net)
    up(it.server, text(first=4), IPTABLES[0])
    state, doctor = it.state()
    assert (state["reader"], state["packets"], state["queue"]) == ("nobody", "dropped", 4)
    assert it.arrive() == set()
