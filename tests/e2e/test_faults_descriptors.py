# SPDX-License-Identifier: GPL-2.0-or-later
"""Not one descriptor more to be had, and fewer than are open."""

import os
import pathlib
import resource
import signal
import socket
import time

import pytest

from config import closed_host, open_host
from lib import wait_until
from services import Nacld, queue_rule, udp_server

from test_failure import all_pass


def open_descriptors(nacld):
    """Once the daemon has seen that its clients are gone: its end of a connection is listed where they are."""
    wait_until(lambda: str(nacld.socket_path) not in pathlib.Path("/proc/net/unix").read_text(),
               "nobody is connected")
    return len(os.listdir(f"/proc/{nacld.pid}/fd"))


def allow_descriptors(nacld, number):
    _, hard = resource.prlimit(nacld.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(nacld.pid, resource.RLIMIT_NOFILE, (number, hard))


def cpu_ticks(nacld):
    with open(f"/proc/{nacld.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.parametrize("spare", [0, -1000], ids=["none-left", "fewer-than-open"])
def test_without_a_free_descriptor_packets_flow(net, spare):
    """poll(2) refuses more places than the limit has, accept(2) a connection: neither is a reason to end
    or to turn round without a rest."""
    client, server, link = net.pair()
    nacld = Nacld(server, open_host())
    queue_rule(server, "INPUT")
    held = open_descriptors(nacld)
    limit = resource.prlimit(nacld.pid, resource.RLIMIT_NOFILE)[0]
    allow_descriptors(nacld, max(held + spare, 1))
    waiting = nacld.connect()
    waiting.sendall(b'{"request": "status"}\n')

    ticks, start = cpu_ticks(nacld), time.monotonic()
    with udp_server(server, 9000) as receiver:
        all_pass(link, client, receiver)
        waiting.settimeout(2)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
    busy = (cpu_ticks(nacld) - ticks) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - start)
    assert busy < 0.3, f"a busy loop: {busy:.0%} of a processor"

    nacld.write(closed_host())
    nacld.kill(signal.SIGHUP)
    wait_until(lambda: "Too many open files" in nacld.log() and "reload refused" in nacld.log(),
               "the reload is refused for want of a descriptor")
    allow_descriptors(nacld, limit)
    waiting.settimeout(10)
    assert b'"reloads":0' in waiting.makefile("rb").readline(), "who waited is served"
    waiting.close()
    status = nacld.status()
    assert "Too many open files" in status["last_reload_error"]
    assert status["acls"][0]["inbound"][0]["rule"] == 100, "the old policy stays"
    nacld.reload()
    assert nacld.status()["last_reload_error"] is None
    assert nacld.log().count("control connections have to wait") <= 1
    if spare == 0:
        assert "control connections have to wait: Too many open files" in nacld.log()
    assert open_descriptors(nacld) == held


@pytest.mark.parametrize("spare", [0, -1000], ids=["none-left", "fewer-than-open"])
def test_without_a_free_descriptor_the_watchdog_is_fed(net, spare):
    """Else the service manager would end a daemon that works. Here the test is the service manager."""
    path = net.tmp / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(10)
        nacld = Nacld(net.ns("server"), open_host(),
                      prefix=("env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=400000"))
        allow_descriptors(nacld, max(open_descriptors(nacld) + spare, 1))
        manager.setblocking(False)
        try:
            while manager.recv(4096):  # what was said before
                pass
        except BlockingIOError:
            pass
        manager.settimeout(10)
        for _ in range(5):
            assert manager.recv(4096) == b"WATCHDOG=1"
        allow_descriptors(nacld, 1024)
        assert nacld.stop() == 0
