# SPDX-License-Identifier: GPL-2.0-or-later
"""A log that nobody takes: stderr is a full pipe, or a full disk that last-good.conf should go to as well. (The
flow log's: test_flowlog.py.)"""

import fcntl
import os
import re
import subprocess

import pytest

from config import open_host
from faults import skip_under_a_sanitizer
from lib import wait_until
from services import Nacld, naclctl, queue_rule, udp_server

from test_failure import all_pass

PIPE = 8192  # bytes: soon full
TOLD = re.compile(r"^nacld: warning: (\d+) lines? of this log (?:is|are) lost: stderr did not accept them$", re.M)
BROKEN = 'mode = "enforced";\n'
TO = ("sh", "-c", 'log=$1; shift; exec "$@" 2>"$log"', "sh")


def fill(nacld):
    """Refused reloads, each a few lines, until some are lost."""
    good = nacld.conf_path.read_text()
    nacld.write(BROKEN)

    def lost():
        assert nacld.ask("reload")["ok"] is False
        return nacld.status()["log_lost_lines"] > 3

    wait_until(lost, "the log is full")
    nacld.write(good)


def told_lost(text):
    """What the log itself says is missing in it."""
    return sum(map(int, TOLD.findall(text)))


def judges_and_answers(net, nacld, client, server, link):
    """Packets, control requests, a reload and a signal, all while the log takes nothing."""
    before = nacld.status()["log_lost_lines"]
    with udp_server(server, 9000) as receiver:
        all_pass(link, client, receiver)
    nacld.reload(open_host(length=2048))
    assert nacld.status()["queues"][0]["errors"] == {}
    assert nacld.status()["log_lost_lines"] > before, "the reload's line is lost and counted"
    page = naclctl(server, "show", "-s", nacld.socket_path).stdout
    assert re.search(r"^ +log +LOST \d+ lines", page, re.M), page


@pytest.mark.parametrize("foreign", [False, True], ids=["own", "not-to-be-opened"])
def test_a_full_pipe_at_stderr_holds_up_nobody(net, foreign):
    """Where the pipe may be opened again it is ours, and never waits; else each line looks first."""
    client, server, link = net.pair()
    path = net.tmp / "stderr"
    os.mkfifo(path, 0o600)
    reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE)
    prefix = (*TO, path)
    if foreign:  # without /proc there is no opening it again
        skip_under_a_sanitizer()
        prefix = (*prefix, "unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh")
    nacld = Nacld(server, open_host(), prefix=prefix)
    queue_rule(server, "INPUT")
    fill(nacld)
    judges_and_answers(net, nacld, client, server, link)

    lost = nacld.status()["log_lost_lines"]
    said = os.read(reader, 65536).decode()
    assert said.startswith("nacld: ") and said.endswith("\n"), "whole lines only"
    nacld.reload()
    said += os.read(reader, 65536).decode()
    assert said.splitlines()[-1].startswith("nacld: reloaded "), said
    assert told_lost(said) == nacld.status()["log_lost_lines"] == lost
    assert nacld.stop() == 0
    os.close(reader)


def test_a_full_disk_under_stderr_holds_up_nobody(net):
    client, server, link = net.pair()
    disk = net.tmp / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk], check=True)
    net.on_close.append(lambda: subprocess.run(["umount", disk], check=True))
    (disk / "ballast").write_bytes(bytes(8192))
    nacld = Nacld(server, open_host(), prefix=("env", f"STATE_DIRECTORY={disk}", *TO, disk / "log"))
    queue_rule(server, "INPUT")
    judges_and_answers(net, nacld, client, server, link)
    lost = nacld.status()["log_lost_lines"]
    wait_until(lambda: sorted(f.name for f in disk.iterdir()) == ["ballast", "log"], "no half of last-good.conf is left")
    (disk / "ballast").unlink()
    nacld.reload()
    wait_until(lambda: (disk / "last-good.conf").exists(), "the configuration is saved")
    assert "length = 2048" in (disk / "last-good.conf").read_text()
    said = (disk / "log").read_text()
    assert said.splitlines()[-1].startswith("nacld: reloaded "), said
    assert told_lost(said) == nacld.status()["log_lost_lines"] == lost
