# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that stands still: whoever writes to it cannot be interrupted, not even by SIGKILL, until it moves again.

An ext4 of its own is frozen (fsfreeze(8)), as a suspended device or a server that is gone would do it. No packet
waits for it, no watchdog barks, nobody who has a queue hangs: not at a reload, a start, a stop or a kill.
"""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from config import open_host
from keeper import FAULT, POISON, KeptNacld
from lib import wait_until
from services import NACLCTL, NACLD, drain, queue_file, queue_rule, udp_server
from wire import datagram, inject, numbers

PORT = 9000
WATCHDOG_US = 1000000


class Disk:
    def __init__(self, net):
        self.folder, image = net.tmp / "disk", net.tmp / "image"
        self.folder.mkdir()
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        done = subprocess.run(["mount", "-o", "loop", image, self.folder], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no loop device can be mounted here: {done.stderr.strip()}")
        net.on_close.append(self.close)
        self.frozen = False

    def freeze(self):
        subprocess.run(["fsfreeze", "-f", self.folder], check=True)
        self.frozen = True

    def thaw(self):
        subprocess.run(["fsfreeze", "-u", self.folder], check=True)
        self.frozen = False

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


@pytest.fixture
def disk(net):
    """It moves again before anything is cleaned up, or that would stand still too."""
    made = Disk(net)
    yield made
    if made.frozen:
        made.thaw()


def conf(disk, **options):
    return f'flow_log = {{ file = "{disk.folder}/logs/flow.log"; window = 1; }};\n{open_host(**options)}'


def begin(net, disk, program=NACLD, **options):
    client, server, link = net.pair()
    (disk.folder / "state").mkdir()
    (disk.folder / "logs").mkdir()
    nacld = KeptNacld(server, conf(disk, **options), state=disk.folder / "state", program=program,
                      watchdog_us=WATCHDOG_US)
    nacld.expect = (0, -signal.SIGKILL)
    queue_rule(server, "INPUT")
    return nacld, udp_server(server, PORT), lambda *packets: inject(link, client, *packets)


def last_good(disk):
    file = disk.folder / "state" / "last-good.conf"
    return file.read_text() if file.exists() else ""


def stuck(nacld):
    """Processes of this daemon that no signal reaches."""
    tasks = pathlib.Path(f"/proc/{nacld.pid}/task").glob("*/children")
    return [pid for task in tasks for pid in task.read_text().split()
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] == "D"]


def passes_traffic(nacld, receiver, send, seconds=0):
    """For so long at least; each packet arrives."""
    until = time.monotonic() + seconds
    while True:
        send(*numbers(20))
        got = []
        wait_until(lambda: got.extend(drain(receiver)) or len(got) >= 20, "all pass")
        assert got == [bytes([i]) for i in range(20)]
        if time.monotonic() >= until:
            return


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_traffic_does_not_notice(net, disk, isolation):
    nacld, receiver, send = begin(net, disk, isolation=isolation)
    wait_until(lambda: last_good(disk), "the first policy is saved")
    pid = nacld.pid
    disk.freeze()
    for length in (512, 256):
        began = time.monotonic()
        nacld.reload(conf(disk, length=length, isolation=isolation))
        assert time.monotonic() - began < 5, "a reload waited for the disk"
    wait_until(lambda: stuck(nacld), "somebody is stuck in a write: the test does what it says")
    passes_traffic(nacld, receiver, send, 3 * WATCHDOG_US / 1e6)
    assert nacld.pid == pid and not nacld.notified("WATCHDOG", "trigger")
    assert nacld.status()["queues"][0]["packets"] == nacld.status()["queues"][0]["accepted"]
    disk.thaw()
    wait_until(lambda: "length = 256" in last_good(disk), "the latest policy is saved after all")
    wait_until(lambda: (disk.folder / "logs/flow.log").read_text(), "and flows are")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "stop"])
def test_who_ends_frees_the_queue_and_a_successor_starts(net, disk, end):
    """Nobody who has the queue is stuck; what comes in between waits, and the successor does not wait for the disk."""
    nacld, receiver, send = begin(net, disk)
    passes_traffic(nacld, receiver, send)
    disk.freeze()
    nacld.reload(conf(disk, length=512))
    wait_until(lambda: stuck(nacld), "somebody is stuck in a write")
    nacld.die(end)
    send(*numbers(10))
    began = time.monotonic()
    nacld.revive()
    wait_until(lambda: nacld.notified("READY"), "it is ready")
    assert time.monotonic() - began < 5
    got = []
    wait_until(lambda: got.extend(drain(receiver)) or len(got) >= 10, "what waited arrives")
    assert got == [bytes([i]) for i in range(10)]
    passes_traffic(nacld, receiver, send)
    assert queue_file(nacld.ns)[0]["dropped"] == 0


def test_a_fatal_packet_is_dropped_though_it_cannot_be_saved(net, disk):
    nacld, receiver, send = begin(net, disk, POISON, isolation="process")
    disk.freeze()
    nacld.reload(conf(disk, length=512, isolation="process"))
    wait_until(lambda: stuck(nacld), "somebody is stuck in a write")
    for _ in range(3):
        send(datagram(b"fault", FAULT), *numbers(5))
        got = []
        wait_until(lambda: got.extend(drain(receiver)) or len(got) >= 5, "the others pass")
    assert nacld.status()["queues"][0]["poisoned"] == 3
    disk.thaw()
    wait_until(lambda: len(list((disk.folder / "state/poison").glob("*"))) == 3, "they are saved after all")


def test_a_disk_that_became_read_only_costs_records_only(net, disk):
    nacld, receiver, send = begin(net, disk)
    wait_until(lambda: last_good(disk), "saved")
    passes_traffic(nacld, receiver, send)
    wait_until(lambda: nacld.status()["flow_log"]["records"], "written")
    before = last_good(disk)
    subprocess.run(["mount", "-o", "remount,abort", disk.folder], check=True)  # as after an error of the disk
    nacld.reload(conf(disk, length=512))
    passes_traffic(nacld, receiver, send)
    wait_until(lambda: "cannot write" in nacld.log(), "it says so")
    assert nacld.stop() == 0
    assert last_good(disk) == before


def writer_of(nacld):
    """The process that writes files, or None."""
    tasks = pathlib.Path(f"/proc/{nacld.pid}/task").glob("*/children")
    pids = [int(pid) for task in tasks for pid in task.read_text().split()]
    return next((pid for pid in pids if pathlib.Path(f"/proc/{pid}/comm").read_text() == "nacld-disk\n" and
                 pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"), None)


def test_who_writes_is_started_again_when_it_dies(net):
    """After a pause that grows; the flow log goes on, and the policy that runs is saved."""
    client, server, link = net.pair()
    state, log = net.tmp / "state", net.tmp / "flow.log"
    state.mkdir()
    conf = f'flow_log = {{ file = "{log}"; window = 1; }};\n{open_host()}'
    nacld = KeptNacld(server, conf, state=state)
    queue_rule(server, "INPUT")
    receiver = udp_server(server, PORT)
    good = state / "last-good.conf"
    for restarts in (1, 2, 3):
        wait_until(good.exists, "the policy is saved")
        good.unlink()
        os.kill(wait_until(lambda: writer_of(nacld), "there is one"), signal.SIGKILL)
        passes_traffic(nacld, receiver, lambda *packets: inject(link, client, *packets))
        wait_until(lambda: nacld.status()["disk"]["restarts"] == restarts, "another takes over")
    said = [line for line in nacld.log().splitlines() if "the process that writes files has ended" in line]
    assert [part.split(" ms")[0].rsplit(" ", 1)[1] for part in said] == ["100", "200", "400"]
    wait_until(good.exists, "the policy is saved")
    assert nacld.status()["disk"] == {"running": True, "restarts": 3, "lost_packets": 0}
    lines = log.read_text().count("\n")
    wait_until(lambda: log.read_text().count("\n") > lines, "the flow log goes on")
    page = nacld.ns.run(NACLCTL, "show", "-s", nacld.socket_path).stdout
    assert "the process that writes them runs, 3 restarts" in page
    assert nacld.stop() == 0
