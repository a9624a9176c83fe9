# SPDX-License-Identifier: GPL-2.0-or-later
"""naclctl check --live and apply: which of this host's connections would a policy break?"""

import os
import pathlib
import socket

from config import ANY6, EPHEMERAL, allow, config, edge, host
from services import NACLCTL, naclctl

OWN = pathlib.Path("/proc/self/comm").read_text().strip()


def connections(client, server):
    """One over IPv4 to a socket of both families, and one over IPv6: ours at both ends."""
    listener = server.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", 8000))
    listener.listen()
    held = [listener]
    for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8:1::1")):
        s = client.socket(family)
        s.connect((address, 8000))
        held += [s, listener.accept()[0]]
    return held


def check(net, server, text, **env):
    path = net.tmp / "new.conf"
    path.write_text(text)
    done = server.run(NACLCTL, "check", "--live", path, check=False, env=dict(os.environ, **env))
    return done.stdout + done.stderr


def test_those_that_break_are_named_and_all_that_survive_are_counted(net):
    client, server, _ = net.pair()
    held = connections(client, server)
    port = held[1].getsockname()[1]
    v4, v4_reply = allow(100, "tcp", ports=8000), allow(100, "tcp", ports=EPHEMERAL)
    v6, v6_reply = allow(110, "tcp", ANY6, 8000), allow(110, "tcp", ANY6, EPHEMERAL)

    assert "established" not in check(net, server, config(host([v4, v6], [v4_reply, v6_reply]))), "all survive"
    said = check(net, server, config(host([v4], [v4_reply])))
    assert "of 2 established TCP connections 1 survives, 1 breaks:" in said
    assert f"{OWN} from 2001:db8:1::2: in tcp" in said, said
    said = check(net, server, config(host([v4, v6], [v6_reply])),
                 SSH_CONNECTION=f"192.0.2.2 {port} 192.0.2.1 8000")
    assert f"{OWN} from 192.0.2.2 (your session): out tcp" in said and "1 survives, 1 breaks" in said, said
    assert "session-cut" in said
    # An edge that is not theirs does not concern them; their own does, among others too.
    assert "established" not in check(net, server, config(edge(["eth7"], [], [])))
    said = check(net, server, config(edge(["eth7"], [v4, v6], [v4_reply, v6_reply], "far"), edge(["client"], [], [])))
    assert "0 survive, 2 break:" in said, said
    for s in held:
        s.close()
    assert "established" not in check(net, server, config(host([], [])))


def test_connections_over_loopback_are_not_of_concern(net):
    server = net.ns("server")
    held = [server.socket() for _ in range(2)]
    held[0].bind(("127.0.0.1", 8000))
    held[0].listen()
    held[1].connect(("127.0.0.1", 8000))
    assert "established" not in check(net, server, config(host([], [])))
    assert naclctl(server, "check", "--live", net.tmp / "new.conf").returncode == 0
    for s in held:
        s.close()
