# The watch over the steering: real nft, real units. What is removed is noticed, a guard puts it back, and
# nobody undoes what systemd or an administrator does on purpose.
import json
import os
import signal

from vm import (active, main_pid, page, prop, run, service, steering, steering_at_rest, test, wait_for)

GUARD = 'steering = "guard";\n'


def config(settings=""):
    with open("/usr/share/doc/nacld/examples/web-server.conf") as example:
        return settings + example.read()


def said(since):
    """What the watcher has written since that cursor: (priority, text, monotonic microseconds)."""
    text = run("journalctl", "-o", "json", "-u", "nacld-watch", "--after-cursor", since)
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [(line["PRIORITY"], line["MESSAGE"], int(line["__MONOTONIC_TIMESTAMP"])) for line in lines
            if line.get("SYSLOG_IDENTIFIER") == "naclctl"]


def cursor():
    # Of the unit's own lines: with another's, journalctl 252 leaves out the first one behind it.
    text = run("journalctl", "-u", "nacld-watch", "-n", "1", "-o", "export")
    return text.split("__CURSOR=")[1].splitlines()[0]


def wait_said(since, words):
    """The first line with these words, written after the cursor."""
    def found():
        return next((line for line in said(since) if words in line[1]), None)
    wait_for(f"the watcher says {words!r}", found)
    return found()


def problems():
    """What `naclctl doctor` finds wrong."""
    checks = json.loads(run("naclctl", "doctor", "--json", check=False))["checks"]
    return [check["check"] for check in checks if not check["ok"]]


def uptime_us():
    with open("/proc/uptime") as uptime:
        return int(float(uptime.read().split()[0]) * 1e6)


@test
def the_watch_comes_and_goes_with_the_steering():
    assert not active("nacld-watch")
    with service(config()):
        wait_for("the watch is up", lambda: active("nacld-watch"))
        watch = prop("nacld-watch", "InvocationID")
        run("systemctl", "restart", "nacld")
        os.kill(main_pid(), signal.SIGKILL)
        wait_for("nacld is back", lambda: active("nacld") and main_pid())
        assert prop("nacld-watch", "InvocationID") == watch, "neither a restart nor a crash touches it"
        since = cursor()
        run("systemctl", "restart", "nacld-steering")
        wait_said(since, "watching the steering")
        assert active("nacld-watch")
    wait_for("the watch is gone", lambda: prop("nacld-watch", "ActiveState") == "inactive")


@test
def a_stop_while_the_watch_starts_takes_the_steering_away():
    for settled in ("nacld", "nacld-steering"):
        with service(config(GUARD)):
            pass
        run("systemctl", "start", "nacld")
        wait_for(f"{settled} is up", lambda: active(settled))
        run("systemctl", "stop", "nacld")
        wait_for("the steering is gone", steering_at_rest)
        wait_for("the watch is gone", lambda: prop("nacld-watch", "ActiveState") == "inactive")
        assert run("nft", "list", "ruleset") == ""
    with service(config(GUARD)):
        wait_for("the watch is up", lambda: active("nacld-watch"))
        os.kill(int(prop("nacld-watch", "MainPID")), signal.SIGKILL)  # it waits to be started again
    assert run("nft", "list", "ruleset") == ""
    wait_for("the watch is gone", lambda: prop("nacld-watch", "ActiveState") == "inactive")


@test
def a_flush_is_an_alarm():
    with service(config()):
        wait_for("the watch is up", lambda: active("nacld-watch"))
        assert not page(81, 2)
        since, begin = cursor(), uptime_us()
        run("nft", "flush", "ruleset")
        priority, text, when = wait_said(since, "STEERING IS GONE")
        print(f"    noticed {(when - begin) / 1000:.0f} ms after `nft flush ruleset` began")
        run("journalctl", "--update-catalog")
        assert ("Subject: The kernel rules that bring packets to nacld were changed or removed" in
                run("journalctl", "-x", "-u", "nacld-watch", "-n", "30"))
        assert priority == "3" and " by nft (pid " in text, text
        assert not steering()["loaded"], "watch only"
        assert problems() == ["steering"], run("naclctl", "doctor", check=False)
        run("systemctl", "reload", "nacld-steering")
        wait_said(since, "complete again")
        assert not problems(), run("naclctl", "doctor", check=False)
        assert "reads queue 0, where the kernel sends packets" in run("naclctl", "doctor")


@test
def a_guard_puts_it_back():
    with service(config(GUARD)):
        wait_for("the watch is up", lambda: active("nacld-watch"))
        for command in (["nft", "flush", "ruleset"], ["nft", "delete", "chain", "inet", "nacld", "input"],
                        ["nft", "flush", "table", "inet", "nacld"]):
            since, begin = cursor(), uptime_us()
            run(*command)
            _, text, when = wait_said(since, "restored (")
            print(f"    restored {(when - begin) / 1000:.0f} ms after `{' '.join(command)}` began")
            assert steering()["matches"], text
        assert page() and not page(81, 2), "filtered as before"


@test
def a_reload_of_the_hosts_own_ruleset_is_survived():
    with open("/etc/nftables.conf") as ruleset:
        assert "flush ruleset" in ruleset.read()
    with service(config(GUARD)):
        wait_for("the watch is up", lambda: active("nacld-watch"))
        since = cursor()
        run("systemctl", "start", "nftables")
        wait_said(since, "restored (")
        assert steering()["matches"]
    run("systemctl", "stop", "nftables")


@test
def a_guard_undoes_neither_stop_nor_down():
    with service(config(GUARD)):
        wait_for("the watch is up", lambda: active("nacld-watch"))
        since = cursor()
        run("naclctl", "steer", "down")
        wait_said(since, "steering is down")
        assert run("nft", "list", "ruleset") == ""
        run("naclctl", "steer", "up")
        wait_said(since, "watching the steering")
    assert steering_at_rest() and run("nft", "list", "ruleset") == ""
    wait_for("the watch is gone", lambda: prop("nacld-watch", "ActiveState") == "inactive")
    lines = [text for _, text, _ in said(since)]
    assert not [text for text in lines if "restored (" in text or "STEERING" in text], lines


@test
def a_watcher_that_was_killed_makes_up_for_it():
    with service(config(GUARD)):
        wait_for("the watch is up", lambda: active("nacld-watch"))
        since = cursor()
        os.kill(int(prop("nacld-watch", "MainPID")), signal.SIGKILL)
        run("nft", "flush", "ruleset")
        wait_said(since, "restored (")
        assert steering()["matches"] and active("nacld-watch")
