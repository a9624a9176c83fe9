# SPDX-License-Identifier: GPL-2.0-or-later
"""naclctl panic and resume: one word each, in the kernel and in the log."""

import socket

from config import closed_host
from lib import wait_until
from services import NACLCTL, Nacld, curl, naclctl, nginx

# A /dev with a system log of ours: its socket is a link, as systemd's is.
WITH_LOG = """set -e; mount -t tmpfs dev "$1"; touch "$1/null"; mount --bind /dev/null "$1/null"; ln -s "$2" "$1/log"
mount --move "$1" /dev; shift 2; exec "$@" """


def test_off_and_on_again_and_who_did_it_is_logged(net):
    client, server, _ = net.pair()
    nacld = Nacld(server, closed_host())
    nginx(server, net.tmp / "www")
    dev = net.tmp / "dev"
    dev.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(net.tmp / "log"))
        log.settimeout(10)

        def run(*words):
            return server.run("unshare", "-m", "sh", "-c", WITH_LOG, "-", dev, net.tmp / "log",
                              "env", "SUDO_USER=alice", NACLCTL, *words)

        run("resume", "-f", nacld.conf_path)
        assert b"steering is on again: alice ran naclctl resume" in log.recv(4096)
        assert curl(client, "http://192.0.2.1/", timeout=1, check=False).returncode == 28, "it is filtered"
        watch = server.start("watch", NACLCTL, "steer", "watch", "--guard", "-f", nacld.conf_path)
        run("panic")
        assert b"steering is off: alice ran naclctl panic" in log.recv(4096)
        assert curl(client, "http://192.0.2.1/").stdout == "hello from nginx\n", "nothing is filtered"
        assert watch.running() and naclctl(server, "steer", "show", "-f", nacld.conf_path, check=False).returncode == 1
        run("resume", "-f", nacld.conf_path)
    wait_until(lambda: curl(client, "http://192.0.2.1/", timeout=1, check=False).returncode == 28, "it is filtered again")
