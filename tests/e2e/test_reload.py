# SPDX-License-Identifier: GPL-2.0-or-later
"""Reload: no packet is lost, no unchanged counter, and a broken file changes nothing."""

import json
import os
import signal
import socket
import threading
import time

import pytest

from config import allow, config, deny, host, open_host
from lib import wait_until
from services import ControlError, Nacld, curl, nginx, read_line, steer, udp_server

PORT = 9000
SECONDS, RATE, SIGNALS = 10.0, 3000, 1000
OPEN, SHUT = 7001, 7002  # what each of two policies says of them, and no mixture of the two


class Collector(threading.Thread):
    """The numbers that arrive at one port, until stop()."""

    def __init__(self, ns, port):
        super().__init__()
        self.socket = udp_server(ns, port)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.settimeout(0.2)
        self.got = []
        self.done = threading.Event()
        self.start()

    def run(self):
        while True:
            try:
                self.got.append(int(self.socket.recv(64)))
            except TimeoutError:
                if self.done.is_set():
                    return

    def stop(self):
        self.done.set()
        self.join()
        self.socket.close()


def numbered_streams(ns, ports, stop_at):
    """Sends 0, 1, 2, ... as datagrams to each port, at about RATE a second in all; returns how many each."""
    senders = [ns.socket(kind=socket.SOCK_DGRAM) for _ in ports]
    for sender, port in zip(senders, ports):
        sender.connect(("192.0.2.1", port))
    start, number = time.monotonic(), 0
    while (now := time.monotonic()) < stop_at:
        while number < (now - start) * RATE / len(ports):
            for sender in senders:
                sender.send(b"%d" % number)
            number += 1
        time.sleep(0.002)
    for sender in senders:
        sender.close()
    return number


def test_a_thousand_reloads_under_load_lose_nothing_and_no_packet_sees_half_a_policy(net):
    """A thousand SIGHUPs in ten seconds, between two policies that differ in two rules and agree about every
    packet. Rule 100 of the first with 110 of the second would let SHUT in, 100 of the second with 110 of
    the first would drop OPEN."""
    client, server, _ = net.pair()
    span, same = f"{OPEN}-{SHUT}", allow(120, "udp", ports=PORT)
    texts = [config(host(rules, []), length=4096) for rules in (
        [allow(100, "udp", ports=OPEN), deny(110, "udp", ports=span), same],
        [deny(100, "udp", ports=SHUT), allow(110, "udp", ports=span), same])]
    nacld = Nacld(server, texts[0])
    steer(server, nacld)

    def reload_often(start):
        for turn in range(SIGNALS):
            time.sleep(max(0, start + turn * SECONDS / SIGNALS - time.monotonic()))
            nacld.write(texts[turn % 2])
            nacld.kill(signal.SIGHUP)

    collectors = {port: Collector(server, port) for port in (PORT, OPEN, SHUT)}
    start = time.monotonic()
    hand = threading.Thread(target=reload_often, args=(start,))
    hand.start()
    sent = numbered_streams(client, (PORT, OPEN, SHUT), start + SECONDS)
    hand.join()
    wait_until(lambda: nacld.total("packets") == 3 * sent, "every packet is judged")
    for collector in collectors.values():
        collector.stop()
    assert sent > RATE, "there was no load"
    for port in (PORT, OPEN):
        got = collectors[port].got
        assert got == list(range(sent)), f"port {port}: lost {sent - len(set(got))} of {sent}"
    assert collectors[SHUT].got == [], "let in, though both policies deny it"
    status = nacld.status()
    assert status["reloads"] >= SIGNALS / 10, "hardly a reload happened"
    assert status["last_reload_error"] is None
    assert nacld.packets("web", "inbound", 120) == sent, "rule 120 never changed: it counted each one"
    assert nacld.total("dropped") == sent
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


def test_a_configuration_that_became_a_pipe_does_not_hang_the_daemon(net):
    """Opening a pipe waits for its other end: the control socket must go on answering."""
    nacld = Nacld(net.ns("server"), open_host())
    nacld.conf_path.unlink()
    os.mkfifo(nacld.conf_path)
    with pytest.raises(ControlError, match="not a plain file"):
        nacld.reload()
    assert "not a plain file" in nacld.status()["last_reload_error"]


def test_a_reload_dies_with_who_asked_for_it(net):
    """What has failed for the caller does not happen later; a caller that only sends no more still waits."""
    nacld = Nacld(net.ns("server"), open_host())
    nacld.write(open_host(length=512))
    with nacld.connect() as s, nacld.connect() as waits:
        wait_until(lambda: nacld.status(), "both are accepted")
        nacld.kill(signal.SIGSTOP)
        s.sendall(b'{"request": "reload"}\n')
        s.close()
        waits.sendall(b'{"request": "status"}\n')
        waits.shutdown(socket.SHUT_WR)
        nacld.kill(signal.SIGCONT)
        assert json.loads(read_line(waits))["status"]["reloads"] == 0
    assert nacld.status()["reloads"] == 0 and nacld.status()["last_reload_error"] is None
    nacld.reload()
    assert nacld.status()["reloads"] == 1


def test_a_reload_is_given_up_when_who_asked_goes_meanwhile(net):
    """A large set keeps it busy for far longer than the caller waits."""
    nacld = Nacld(net.ns("server"), open_host())
    prefixes = "\n".join(f"10.{i >> 12}.{i >> 4 & 255}.{(i & 15) << 4}/30" for i in range(100000))
    (net.tmp / "large.txt").write_text(prefixes + "\n")
    large = f'sets = ( {{ name = "large"; file = "{net.tmp}/large.txt"; }} );\n' + config(
        host([allow(100, "udp", "@large", ports="53")], [allow(100, "udp", ports="53")]))
    nacld.write(large)
    with nacld.connect() as s:
        s.sendall(b'{"request": "reload"}\n')
        time.sleep(0.02)  # by then it has begun or has not: both must come to nothing
    assert nacld.status()["reloads"] == 0
    assert nacld.status()["last_reload_error"] in (None, "who asked for it did not wait for the end")
    nacld.reload()
    assert nacld.rule("web", "inbound", 100)["entries"] == 100000
