# SPDX-License-Identifier: GPL-2.0-or-later
"""Reload: no packet is lost, no unchanged counter, and a broken file changes nothing."""

import signal
import socket
import threading
import time

import pytest

from config import allow, config, host, open_host
from lib import wait_until
from services import ControlError, Nacld, curl, nginx, steer, udp_server

PORT = 9000
SECONDS, RATE, EVERY = 4.0, 3000, 0.05


def numbered_stream(sender, stop_at):
    """Sends 0, 1, 2, ... as datagrams at about RATE a second; returns how many."""
    start, number = time.monotonic(), 0
    while (now := time.monotonic()) < stop_at:
        while number < (now - start) * RATE:
            sender.send(b"%d" % number)
            number += 1
        time.sleep(0.002)
    return number


def test_reload_under_load_loses_no_packet(net):
    """A stream of numbered datagrams while the daemon reloads twenty times a second."""
    client, server, _ = net.pair()
    rules = [allow(100, "udp", ports=PORT), allow(110, "tcp", ports=80)]
    other = [allow(100, "udp", ports=PORT), allow(105, "tcp", ports=443), allow(110, "tcp", ports=80)]
    texts = [config(host(rules, []), length=4096), config(host(other, []), length=4096)]
    nacld = Nacld(server, texts[0])
    steer(server, nacld)
    got, done = [], threading.Event()
    with udp_server(server, PORT) as receiver, client.socket(kind=socket.SOCK_DGRAM) as sender:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        receiver.settimeout(0.2)

        def collect():
            while True:
                try:
                    got.append(int(receiver.recv(64)))
                except TimeoutError:
                    if done.is_set():
                        return

        def reload_often(until):
            turn = 0
            while time.monotonic() < until:
                turn += 1
                nacld.write(texts[turn % 2])
                nacld.kill(signal.SIGHUP)
                time.sleep(EVERY)

        sender.connect(("192.0.2.1", PORT))
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=collect), threading.Thread(target=reload_often, args=(until,))]
        for thread in threads:
            thread.start()
        sent = numbered_stream(sender, until)
        wait_until(lambda: len(got) >= sent or not threads[0].is_alive(), "the stream arrived", 5)
        done.set()
        for thread in threads:
            thread.join()
    assert sent > RATE, "there was no load"
    assert got == list(range(sent)), f"lost {sent - len(set(got))} of {sent}"
    status = nacld.status()
    assert status["reloads"] >= SECONDS / EVERY / 4, "hardly a reload happened"
    assert status["last_reload_error"] is None
    assert nacld.packets("web", "inbound", 100) == sent, "rule 100 never changed: it counted each one"
    assert nacld.total("kernel_dropped") == nacld.total("user_dropped") == 0


def test_a_broken_file_keeps_the_old_policy_and_names_the_line(net, tmp_path):
    client, server, _ = net.pair()
    nginx(server, tmp_path / "www")
    good = open_host()
    nacld = Nacld(server, good)
    steer(server, nacld)
    assert curl(client, "http://192.0.2.1/").stdout == "hello from nginx\n"
    before = nacld.packets("web", "inbound", 100)
    broken = good.replace("outbound = (", "outbund = (")
    line = broken[:broken.index("outbund")].count("\n") + 1
    with pytest.raises(ControlError) as refused:
        nacld.reload(broken)
    answer = refused.value.args[0]
    assert f"{nacld.conf_path}:{line}: error:" in answer["report"]
    assert "outbund" in answer["report"]
    assert curl(client, "http://192.0.2.1/").stdout == "hello from nginx\n"
    status = nacld.status()
    assert status["reloads"] == 0
    assert status["last_reload_error"]
    assert nacld.packets("web", "inbound", 100) > before, "the counters went on"

    nacld.kill(signal.SIGHUP)
    wait_until(lambda: nacld.log().count(f":{line}: error:") >= 1, "SIGHUP says it in the log too")
    assert nacld.running()
    nacld.reload(good)
    assert nacld.status()["last_reload_error"] is None


def test_counters_follow_the_meaning_of_a_rule(net):
    """Same number and same meaning: kept. Changed or new: from zero."""
    client, server, _ = net.pair()
    nacld = Nacld(server, config(host([allow(100, "udp", ports=PORT), allow(110, "udp", ports=PORT + 1)],
                                      [])))
    steer(server, nacld)

    def send(port):
        with client.socket(kind=socket.SOCK_DGRAM) as s:
            s.sendto(b"x", ("192.0.2.1", port))

    with udp_server(server, PORT), udp_server(server, PORT + 1):
        send(PORT)
        send(PORT + 1)
        send(PORT + 2)
        nacld.wait_packets("web", "inbound", "*", 1)
        nacld.reload(config(host([allow(90, "tcp", ports=1), allow(100, "udp", ports=PORT),
                                  allow(110, "udp", ports=f"{PORT + 1}-{PORT + 2}")], [])))
        assert nacld.packets("web", "inbound", 90) == 0
        assert nacld.packets("web", "inbound", 100) == 1
        assert nacld.packets("web", "inbound", 110) == 0
        assert nacld.packets("web", "inbound", "*") == 1
        send(PORT + 2)
        nacld.wait_packets("web", "inbound", 110, 1)


def test_the_running_configuration_is_readable_and_loads_again(net):
    server = net.ns("server")
    nacld = Nacld(server, open_host())
    text = nacld.ask("config")["config"]
    nacld.reload(text)
    assert nacld.ask("config")["config"] == text
