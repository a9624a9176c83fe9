# SPDX-License-Identifier: GPL-2.0-or-later
"""Large packets: a transfer arrives byte for byte through enforcing rules, and GSO really happened."""

import hashlib
import random

from config import EPHEMERAL, allow, config, host
from services import Nacld, curl, iperf3, iperf3_server, nginx, steer

SIZE = 100 << 20
MTU = 1500


def test_100_mb_arrive_intact_through_enforcing_rules(net, tmp_path):
    client, server, _ = net.pair()
    root = tmp_path / "www"
    nginx(server, root)
    data = random.Random(1).randbytes(SIZE)
    (root / "big").write_bytes(data)
    nacld = Nacld(server, config(host([allow(100, "tcp", ports=80)],
                                      [allow(100, "tcp", ports=EPHEMERAL)])))
    steer(server, nacld)
    target = tmp_path / "received"
    curl(client, "http://192.0.2.1/big", "-o", target, timeout=60)
    assert target.stat().st_size == SIZE
    assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(data).digest()
    rule = nacld.rule("web", "outbound", 100)
    assert rule["bytes"] >= SIZE, "the counters saw every byte"
    per_packet = rule["bytes"] / rule["packets"]
    assert per_packet > 2 * MTU, f"no GSO packets: {per_packet:.0f} bytes a packet"
    assert nacld.total("dropped") == 0
    target.unlink()


def test_large_packets_of_an_upload_pass_input(net):
    """The client's own segmentation crosses the veth unsplit and meets INPUT as one packet."""
    client, server, _ = net.pair()
    iperf3_server(server)
    nacld = Nacld(server, config(host([allow(100, "tcp", ports=5201)],
                                      [allow(100, "tcp", ports=EPHEMERAL)])))
    steer(server, nacld)
    report = iperf3(client, "-c", "192.0.2.1", "-n", 30 << 20)
    received = report["end"]["sum_received"]["bytes"]
    assert received > 10 << 20, "the receiver stops counting when the sender is done, not before"
    rule = nacld.rule("web", "inbound", 100)
    assert rule["bytes"] >= received
    assert rule["bytes"] / rule["packets"] > 2 * MTU
