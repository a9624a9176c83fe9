# SPDX-License-Identifier: GPL-2.0-or-later
"""The flow log: AWS's own example to the field, windows, rotation, and every way of not getting rid
of a record.

A daemon that stops writes its open window: tests that need one window use a long one and stop it.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP

from config import ANY4, ANY6, allow, both, config, host, open_host, subnet
from lib import _ip, wait_until
from services import Nacld, naclctl, queue_forward, queue_host, queue_rule, udp_server
from wire import inject

CLIENT, SERVER = {4: "192.0.2.2", 6: "2001:db8:1::2"}, {4: "192.0.2.1", 6: "2001:db8:1::1"}
PORT = 9000
DEFAULT = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
           "end action log-status").split()


def logged(net, conf, window=600, fields=None, path=None, **more):
    """The configuration with a flow log in the test's folder."""
    text = f'file = "{path or net.tmp / "flow.log"}"; window = {window};'
    if fields:
        text += ' format = "' + " ".join(f"${{{f}}}" for f in fields.split()) + '";'
    for key, value in more.items():
        text += f" {key} = " + (f'"{value}";' if isinstance(value, str) else f"{value};")
    return f"flow_log = {{ {text} }};\n{conf}"


def records(path, fields=DEFAULT):
    """Each line as {field: text}. Every line is whole and has all its fields."""
    text = pathlib.Path(path).read_text()
    assert text == "" or text.endswith("\n"), f"ends within a line: {text[-200:]!r}"
    rows = [line.split(" ") for line in text.splitlines()]
    for row in rows:
        assert len(row) == len(fields), row
    return [dict(zip(fields, row)) for row in rows]


def flows(rows):
    return [r for r in rows if r["log-status"] == "OK"]


def datagram(sport, dport=PORT, size=0):
    return IP(src=CLIENT[4], dst=SERVER[4]) / UDP(sport=sport, dport=dport) / (b"x" * size)


def spaced(number):
    """As naclctl prints it: three digits at a time."""
    return f"{number:,}".replace(",", " ")


def log_status(nacld, field):
    return nacld.status()["flow_log"][field]


def test_the_aws_ping_whose_reply_the_network_acl_drops(net):
    """VPC user guide, "Security group and network ACL rules": ICMP may come in, nothing may go out."""
    home, instance = net.ns("home"), net.ns("instance")
    link = net.veth(home, instance, ("203.0.113.12/24",), ("198.51.100.139/24",))
    _ip("route add 203.0.113.0/24 dev home", instance)
    acl = host([allow(100, "icmp", icmp=(-1, -1))], [])
    nacld = Nacld(instance, logged(net, config(acl), account="123456789010"))
    queue_host(instance)
    before = int(time.time())
    for sequence in range(1, 5):
        inject(link, home, IP(src="203.0.113.12", dst="198.51.100.139") / ICMP(id=7, seq=sequence) /
               bytes(56))
    nacld.wait_packets("web", "outbound", "*", 4)
    assert nacld.stop() == 0
    after = int(time.time())
    rows = [list(r.values()) for r in records(net.tmp / "flow.log")]
    for row in rows:
        start, end = map(int, row[10:12])
        assert before - 1 <= start <= end <= after
        del row[10:12]
    assert sorted(rows) == [
        "2 123456789010 - 198.51.100.139 203.0.113.12 0 0 1 4 336 REJECT OK".split(),
        "2 123456789010 - 203.0.113.12 198.51.100.139 0 0 1 4 336 ACCEPT OK".split()]


@pytest.mark.parametrize("family", [4, 6])
def test_a_tcp_connection_in_fields_of_all_versions(net, family):
    client, server, _ = net.pair()
    fields = ("version type srcaddr pkt-srcaddr dstport protocol tcp-flags flow-direction acl-name "
              "rule-number vpc-id action log-status")
    number = 100 if family == 4 else 101
    nacld = Nacld(server, logged(net, config(host(both(100, "tcp", "1-65535"), both(100))),
                                 fields=fields))
    queue_host(server)
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with server.socket(kind) as listener:
        listener.bind((SERVER[family], PORT))
        listener.listen()
        with client.socket(kind) as c:
            c.connect((SERVER[family], PORT))
            s, peer = listener.accept()
            c.sendall(b"request")
            assert s.recv(64) == b"request"
            s.sendall(b"answer")
            s.close()
            assert c.recv(64) == b"answer" and c.recv(64) == b""
    wait_until(lambda: nacld.packets("web", "inbound", number) >= 5, "the connection is over")
    assert nacld.stop() == 0
    rows = [list(r.values()) for r in records(net.tmp / "flow.log", fields.split())
            if r["protocol"] == "6"]
    common = ["web", str(number), "-", "ACCEPT", "OK"]
    assert sorted(rows, key=lambda r: r[7]) == [
        ["5", f"IPv{family}", SERVER[family], SERVER[family], str(peer[1]), "6", "19", "egress", *common],
        ["5", f"IPv{family}", CLIENT[family], CLIENT[family], str(PORT), "6", "3", "ingress", *common]]


def test_windows_follow_each_other_and_nothing_is_lost_between(net):
    client, server, link = net.pair()
    nacld = Nacld(server, logged(net, open_host(), window=1))
    queue_rule(server, "INPUT")
    path, sent = net.tmp / "flow.log", 0

    wait_until(path.exists, "the writer has opened the file")

    def windows():
        return [r for r in records(path) if r["log-status"] == "OK"]

    while len(windows()) < 3:
        inject(link, client, datagram(40000))
        sent += 1
        time.sleep(0.01)
    wait_until(lambda: any(r["log-status"] == "NODATA" for r in records(path)), "an empty window")
    assert nacld.stop() == 0
    rows = records(path)
    assert sum(int(r["packets"]) for r in flows(rows)) == sent == nacld_total(rows)
    assert sum(int(r["bytes"]) for r in flows(rows)) == 28 * sent
    for r in flows(rows):
        assert int(r["end"]) - int(r["start"]) <= 2, r
    starts = [int(r["start"]) for r in flows(rows)]
    assert starts == sorted(starts)
    empty = next(r for r in rows if r["log-status"] == "NODATA")
    assert list(empty.values())[:10] + [empty["action"]] == ["2"] + ["-"] * 10
    assert 1 <= int(empty["end"]) - int(empty["start"]) <= 2


def nacld_total(rows):
    return sum(int(r["packets"]) for r in rows if r["packets"] != "-")


def test_rotation_loses_no_record(net):
    client, server, link = net.pair()
    path, old = net.tmp / "flow.log", net.tmp / "flow.log.1"
    nacld = Nacld(server, logged(net, open_host(), window=1))
    queue_rule(server, "INPUT")
    inject(link, client, *[datagram(1000 + i) for i in range(100)])
    wait_until(lambda: len(flows(records(path))) == 100, "the first window is written")
    path.rename(old)
    inject(link, client, *[datagram(2000 + i) for i in range(100)])
    wait_until(lambda: len(flows(records(old))) == 200, "without a signal the old file goes on")
    nacld.kill(signal.SIGUSR1)
    wait_until(path.exists, "USR1 opens a new file at once")
    inject(link, client, *[datagram(3000 + i) for i in range(100)])
    assert wait_until(lambda: len(flows(records(path))) == 100, "the new file has the rest")
    assert len(flows(records(old))) == 200
    assert log_status(nacld, "records") == 300
    assert log_status(nacld, "lost_records") == 0
    assert oct(path.stat().st_mode & 0o777) == "0o640"


def test_a_full_disk_loses_counted_records_and_no_verdict(net):
    client, server, link = net.pair()
    disk = net.tmp / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    net.on_close.append(lambda: subprocess.run(["umount", disk], check=True))
    path = disk / "flow.log"
    nacld = Nacld(server, logged(net, open_host(), window=1, path=path))
    queue_rule(server, "INPUT")
    inject(link, client, *[datagram(1024 + i) for i in range(3000)])
    wait_until(lambda: nacld.total("accepted") == 3000, "every packet has its verdict")
    wait_until(lambda: log_status(nacld, "lost_records") > 0, "the disk is full")
    inject(link, client, *[datagram(5000 + i) for i in range(50)])
    wait_until(lambda: nacld.total("accepted") == 3050, "and those that come meanwhile too")

    def settled():
        log = nacld.status()["flow_log"]
        return log["records"] + log["lost_records"] == 3050 and log

    log = wait_until(settled, "every record is written or counted as lost")
    assert log["lost_packets"] == 0
    assert len(flows(records(path))) == log["records"] > 100
    assert "No space left on device" in nacld.log()
    page = naclctl(server, "show", "-s", nacld.socket_path).stdout
    assert re.search(rf"flow log .* s: {spaced(log['records'])} records, LOST "
                     rf"{spaced(log['lost_records'])}\b", page), page

    subprocess.run(["mount", "-o", "remount,size=1m", disk], check=True)
    inject(link, client, datagram(9))
    wait_until(lambda: log_status(nacld, "records") == log["records"] + 1, "records are written again")
    wait_until(lambda: [r["log-status"] for r in records(path)].count("SKIPDATA") == 1,
               "the loss is told once")
    assert log_status(nacld, "error") is None


def test_a_reader_that_never_reads_holds_up_nobody(net):
    client, server, link = net.pair()
    path = net.tmp / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    nacld = Nacld(server, logged(net, open_host(), window=1, path=path))
    queue_rule(server, "INPUT")
    inject(link, client, *[datagram(1024 + i) for i in range(5000)])
    wait_until(lambda: nacld.total("accepted") == 5000, "every packet has its verdict")
    slowest, deadline = 0, time.monotonic() + 20
    while not log_status(nacld, "lost_records"):
        assert time.monotonic() < deadline, "nothing was lost: is the pipe endless?"
        start = time.monotonic()
        inject(link, client, datagram(9))
        nacld.status()
        slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.01)
    assert slowest < 0.9, f"the main thread stood still for {slowest:.2f} s while the writer waited 1 s"
    assert log_status(nacld, "error") == "Connection timed out"
    os.set_blocking(reader, False)
    written = b""
    try:
        while part := os.read(reader, 65536):
            written += part
    except BlockingIOError:
        pass
    assert written.endswith(b"\n") and written.count(b"OK\n") > 100
    os.close(reader)


def test_a_full_table_loses_packets_and_says_so(net):
    client, server, link = net.pair()
    nacld = Nacld(server, logged(net, open_host(), flows=64))
    queue_rule(server, "INPUT")
    inject(link, client, *[datagram(1000 + i % 200) for i in range(400)])
    wait_until(lambda: nacld.total("accepted") == 400, "every packet has its verdict")
    assert log_status(nacld, "flows") == log_status(nacld, "flows_max") == 64
    assert log_status(nacld, "lost_packets") == 2 * (200 - 64)
    assert nacld.stop() == 0
    rows = records(net.tmp / "flow.log")
    assert len(flows(rows)) == 64 and {r["packets"] for r in flows(rows)} == {"2"}
    assert [r["log-status"] for r in rows if r["log-status"] != "OK"] == ["SKIPDATA"]


def test_monitor_mode_logs_what_was_done_and_the_rule_that_would_have(net):
    client, server, link = net.pair()
    fields = "srcport action rule-number log-status"
    nacld = Nacld(server, logged(net, config(host([allow(120, "udp", ports=PORT)], []), mode="monitor"),
                                 fields=fields))
    queue_rule(server, "INPUT")
    inject(link, client, datagram(1), datagram(2, dport=1))
    wait_until(lambda: nacld.total("accepted") == 2, "both pass")
    assert nacld.stop() == 0
    rows = [list(r.values()) for r in records(net.tmp / "flow.log", fields.split())]
    assert sorted(rows) == [["1", "ACCEPT", "120", "OK"], ["2", "ACCEPT", "*", "OK"]]


def test_routed_packets_are_logged_by_the_list_that_decided(net):
    left, router, right, _, _ = net.routed()
    fields = "srcaddr dstport flow-direction acl-name rule-number action packets log-status"
    a = subnet("198.51.100.0/24", [], [allow(100, "udp", ports="1-2")], "a")
    b = subnet("203.0.113.0/24", [allow(110, "udp", ports="1")], [], "b")
    nacld = Nacld(router, logged(net, config(a, b), fields=fields))
    queue_forward(router)
    with left.socket(kind=socket.SOCK_DGRAM) as s, udp_server(right, 1), udp_server(right, 2):
        for port in (1, 2, 3):
            s.sendto(b"across", ("203.0.113.2", port))
        wait_until(lambda: nacld.total("packets") == 3, "three packets are judged")
    assert nacld.stop() == 0
    rows = [list(r.values()) for r in records(net.tmp / "flow.log", fields.split())]
    assert sorted(rows) == [
        ["198.51.100.2", "1", "ingress", "b", "110", "ACCEPT", "1", "OK"],
        ["198.51.100.2", "2", "ingress", "b", "*", "REJECT", "1", "OK"],
        ["198.51.100.2", "3", "egress", "a", "*", "REJECT", "1", "OK"]]


def test_what_no_list_decided_is_no_record(net):
    """Malformed and exempt packets; the first are counted by reason."""
    client, server, link = net.pair()
    nacld = Nacld(server, logged(net, open_host()))
    queue_rule(server, "INPUT")
    short = IP(src=CLIENT[4], dst=SERVER[4], proto=6) / b"\0\1\0\2"
    dhcp = IP(src=CLIENT[4], dst=SERVER[4]) / UDP(sport=67, dport=68)
    inject(link, client, short, dhcp)
    wait_until(lambda: nacld.total("packets") == 2, "both came")
    assert nacld.reason("tcp-truncated") == 1
    assert nacld.stop() == 0
    assert [r["log-status"] for r in records(net.tmp / "flow.log")] == ["NODATA"]


def test_a_reload_ends_the_window_and_may_turn_the_log_on_and_off(net):
    client, server, link = net.pair()
    path, other = net.tmp / "flow.log", net.tmp / "other.log"
    nacld = Nacld(server, open_host(), prefix=("env", f"LOGS_DIRECTORY={net.tmp}"))
    queue_rule(server, "INPUT")
    assert nacld.status()["flow_log"] is None
    inject(link, client, datagram(1))
    wait_until(lambda: nacld.total("packets") == 1, "a packet before the log")

    nacld.reload(logged(net, open_host(), fields="srcport acl-name log-status"))
    inject(link, client, datagram(2))
    wait_until(lambda: log_status(nacld, "flows") == 1, "a packet in the log")
    renamed = config(host(both(100), both(100), name="renamed"))
    nacld.reload(logged(net, renamed, fields="srcport acl-name log-status", path=other))
    wait_until(lambda: path.exists() and path.read_text() == "2 web OK\n", "the window was ended")
    inject(link, client, datagram(3))
    wait_until(lambda: log_status(nacld, "flows") == 1, "a packet in the other log")
    nacld.reload(open_host())
    wait_until(lambda: other.exists() and other.read_text() == "3 renamed OK\n", "and this one too")
    assert nacld.status()["flow_log"] is None
    inject(link, client, datagram(4))
    wait_until(lambda: nacld.total("packets") == 4, "a packet after the log")
    assert nacld.stop() == 0
    assert path.read_text() + other.read_text() == "2 web OK\n3 renamed OK\n"


def test_a_log_that_cannot_be_opened_is_told_and_stops_nobody(net):
    client, server, link = net.pair()
    nacld = Nacld(server, logged(net, open_host(), path="/nowhere/nacld/flow.log"))
    queue_rule(server, "INPUT")
    wait_until(lambda: log_status(nacld, "error") == "No such file or directory", "the status says so")
    wait_until(lambda: "did its folder exist" in nacld.log(), "and the log does")
    inject(link, client, datagram(1))
    wait_until(lambda: nacld.total("accepted") == 1, "traffic goes on")


def test_traffic_through_windows_of_a_second_is_counted_to_the_packet(net):
    """Many windows under load: what the rules counted and what the log has is the same."""
    client, server, _ = net.pair()
    path = net.tmp / "flow.log"
    nacld = Nacld(server, logged(net, open_host(count=2), window=1))
    queue_rule(server, "INPUT", "0:1")
    end = time.monotonic() + 3.5
    with client.socket(kind=socket.SOCK_DGRAM) as s:
        while time.monotonic() < end:
            for i in range(50):
                s.sendto(b"load", (SERVER[4], 1 + i))
            time.sleep(0.001)
    wait_until(lambda: all(q["waiting"] == 0 for q in nacld.status()["queues"]), "the queues are empty")
    judged = nacld.packets("web", "inbound", 100)
    assert nacld.stop() == 0
    rows = records(path)
    assert nacld_total(rows) == judged > 10000
    assert not [r for r in rows if r["log-status"] == "SKIPDATA"]
    assert {r["log-status"] for r in flows(rows)} == {"OK"}
