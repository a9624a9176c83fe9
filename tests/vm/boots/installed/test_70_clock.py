# The clock of the whole machine, set under the installed service.
import os
import time

from vm import (active, host_acl, main_pid, page, prop, run, service, show, test, wait_for)

DAY = 86400
LOG = "/var/log/nacld/flow.log"


@test
def the_clock_a_day_forward_and_back():
    allow = [(100, "tcp", 'ports = "all";')]
    settings = f'flow_log = {{ file = "{LOG}"; window = 1; }};'
    try:
        with service(host_acl(allow, allow, settings)):
            pid = main_pid()
            for step in (DAY, -DAY):
                before = show()
                time.clock_settime(time.CLOCK_REALTIME, time.time() + step)
                assert page()
                wait_for("windows go on", lambda seen=before["flow_log"]["windows"]:
                         show()["flow_log"]["windows"] >= seen + 3)
                assert 0 <= show()["uptime_s"] - before["uptime_s"] < 600
                fed = prop("nacld", "WatchdogTimestampMonotonic")
                wait_for("the watchdog is fed",
                         lambda seen=fed: prop("nacld", "WatchdogTimestampMonotonic") != seen)
            assert active("nacld") and main_pid() == pid and prop("nacld", "NRestarts") == "0"
            log = show()["flow_log"]
            assert log["lost_records"] == log["lost_packets"] == 0, log
        with open(LOG) as file:
            rows = [line.split() for line in file]
        assert sum(r[13] == "OK" for r in rows) >= 4, rows
        # From the first packet to the last: a page takes its time here, the clock's step none.
        assert all(0 <= int(r[11]) - int(r[10]) <= 60 for r in rows), rows
        starts = [int(r[10]) for r in rows]
        assert max(starts) - min(starts) > DAY / 2, "the records have the clock's new time"
    finally:
        if os.path.exists(LOG):
            run("rm", LOG)
