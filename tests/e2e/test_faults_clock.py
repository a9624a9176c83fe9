# SPDX-License-Identifier: GPL-2.0-or-later
"""The wall clock put a day forward and back under the daemon. (The real one: vm/guest/test_faults.py.)"""

import json

import pytest

from config import open_host
from faults import faulty
from lib import wait_until
from services import naclctl, queue_rule, read_line
from wire import inject

from test_flowlog import datagram, flows, log_status, logged, records

DAY = 86400


@pytest.mark.parametrize("step", [DAY, -DAY], ids=["forward", "back"])
def test_a_day_changes_nothing_but_the_times_written(net, step):
    client, server, link = net.pair()
    path, sent = net.tmp / "flow.log", 0
    nacld, faults = faulty(server, logged(net, open_host(), window=1))
    queue_rule(server, "INPUT")

    def two_windows():
        nonlocal sent
        seen = log_status(nacld, "windows")
        while log_status(nacld, "windows") < seen + 2:
            inject(link, client, datagram(40000))
            sent += 1

    with nacld.connect() as idle:
        two_windows()
        before = max(int(r["end"]) for r in flows(records(path)))
        faults.clock_s = step
        two_windows()
        idle.sendall(b'{"request": "status"}\n')
        assert json.loads(read_line(idle))["ok"], "a connection is not older by a day"
    wait_until(lambda: int(records(path)[-1]["end"]) - before in range(step, step + 60),
               "the new time is written")
    status = nacld.status()
    assert 0 <= status["uptime_s"] < 3600 and 0 <= status["policy_age_s"] < 3600
    faults.clock_s = 0
    two_windows()
    assert nacld.packets("web", "inbound", 100) == sent, "each was judged"
    assert " ago" in naclctl(server, "show", "-s", nacld.socket_path).stdout
    assert nacld.stop() == 0
    rows = records(path)
    for row in rows:
        assert 0 <= int(row["end"]) - int(row["start"]) <= 5, row
    assert sum(int(r["packets"]) for r in flows(rows)) == sent, "each is logged"
    assert not [r for r in rows if r["log-status"] == "SKIPDATA"]


def test_a_window_that_spans_the_step_is_neither_turned_round_nor_a_day_long(net):
    client, server, link = net.pair()
    nacld, faults = faulty(server, logged(net, open_host(), window=600))
    queue_rule(server, "INPUT")
    for at, clock in enumerate((0, DAY, 0)):
        faults.clock_s = clock
        inject(link, client, datagram(1), datagram(2 + at))
        wait_until(lambda at=at: nacld.total("packets") == 2 + 2 * at, "both are judged")
    assert nacld.stop() == 0
    rows = flows(records(net.tmp / "flow.log"))
    assert sorted(int(r["packets"]) for r in rows) == [1, 1, 1, 3]
    for row in rows:
        assert 0 <= int(row["end"]) - int(row["start"]) <= 60, row


@pytest.mark.parametrize("steps", [(0, DAY), (DAY, 0)], ids=["forward", "back"])
def test_an_empty_window_over_the_step_is_as_long_as_it_was(net, steps):
    nacld, faults = faulty(net.ns("server"), logged(net, open_host(), window=600),
                           faults={"clock_s": steps[0]})
    faults.clock_s = steps[1]
    assert nacld.stop() == 0
    row, = records(net.tmp / "flow.log")
    assert row["log-status"] == "NODATA"
    assert 0 <= int(row["end"]) - int(row["start"]) <= 60, row
