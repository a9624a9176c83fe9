# The service: installed, started, reloaded, restarted, killed, hung, stopped, under real systemd.
import contextlib
import os
import signal

import vm
from vm import (CONFIG, active, configure, exit_status, main_pid, page, process_exists, prop, run,
                service, show, steering, steering_at_rest, steering_identity, test, wait_for)

LAST_GOOD = "/var/lib/nacld/last-good.conf"
FOREIGN = """
table inet foreign {
	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport 9999 drop
	}
	chain output {
		type filter hook output priority filter; policy accept;
		tcp dport 9998 drop
	}
}
"""


def process_field(name):
    with open(f"/proc/{main_pid()}/status") as status:
        return next(line.split()[1] for line in status if line.startswith(name + ":"))


@test
def installed_and_not_enabled():
    enabled = run("systemctl", "is-enabled", "nacld", "nacld-steering", check=False)
    assert enabled.split() == ["disabled", "static"], enabled
    assert not active("nacld") and not active("nacld-steering")
    assert not process_exists("nacld")
    assert run("nft", "list", "ruleset") == ""


@test
def sysusers_makes_the_account():
    run("systemd-sysusers")
    fields = run("getent", "passwd", "nacld").split(":")
    assert int(fields[2]) < 1000 and fields[5:] == ["/var/lib/nacld", "/usr/sbin/nologin"], fields


@test
def the_installed_configuration_starts():
    run("cp", f"{vm.EXAMPLES}/nacld.conf", CONFIG)
    with open(CONFIG) as config, service(config.read()):
        assert show()["mode"] == "monitor"


@test
def starts_with_one_capability_and_steers_with_nft():
    with service("web-server.conf"):
        assert process_field("Uid") == run("id", "-u", "nacld")
        net_admin = "0000000000001000"
        caps = [process_field(name) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")]
        assert caps == [net_admin] * 4, caps
        assert process_field("NoNewPrivs") == "1" and process_field("Seccomp") == "2"
        loaded = steering()
        assert loaded["backend"] == "nft" and loaded["matches"], loaded
        modes = [oct(os.stat(p).st_mode & 0o777) for p in ("/run/nacld", "/run/nacld/nacld.sock")]
        assert modes == ["0o750", "0o660"], modes


@test
def confines_itself_beyond_the_unit():
    with service("web-server.conf"):
        for task in os.listdir(f"/proc/{main_pid()}/task"):
            with open(f"/proc/{main_pid()}/task/{task}/status") as status:
                text = status.read()
            assert "\nNoNewPrivs:\t1\n" in text and "\nSeccomp:\t2\n" in text, text
        sandbox = show()["sandbox"]
        assert sandbox["seccomp"] is True and sandbox["landlock"] >= 2, sandbox
        run("naclctl", "reload")
        with open("/usr/share/nacld-set", "w") as elsewhere:
            elsewhere.write("192.0.2.0/24\n")
        configure('sets = ( { name = "s"; file = "/usr/share/nacld-set"; } );\n' + open(CONFIG).read())
        assert "outside what nacld may read since it started" in run("naclctl", "reload", check=False)
        run("systemctl", "restart", "nacld")
        assert show()["sandbox"] == sandbox and page()


@test
def a_member_of_the_group_may_reload_and_nobody_else():
    with service("web-server.conf"):
        member = ("setpriv", "--reuid=65534", "--regid=65534", "--groups=nacld", "naclctl")
        run(*member, "show")
        run(*member, "reload")
        assert show()["reloads"] == 1
        stranger = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "naclctl")
        assert "no permission to open" in run(*stranger, "show", check=False)
        run("chmod", "o+x", "/run/nacld")
        run("chmod", "o+rw", "/run/nacld/nacld.sock")
        run(*stranger, "show")
        assert "only root and the group nacld" in run(*stranger, "reload", check=False)
        assert show()["reloads"] == 1


@test
def knows_what_waits_in_the_queues():
    # From a file that only root may open: systemd hands it over.
    with service("web-server.conf"):
        queue = show()["queues"][0]
        assert [type(queue[k]) for k in ("waiting", "kernel_dropped", "user_dropped")] == [int] * 3, queue


@test
def reload_takes_a_good_file():
    with service("web-server-no-ephemeral.conf"):
        before, pid = steering_identity(), main_pid()
        assert not page(443, 2)
        configure("web-server.conf")
        run("systemctl", "reload", "nacld")
        assert page(443)
        assert steering_identity() == before and main_pid() == pid


@test
def reload_refuses_a_bad_file_loudly():
    with service("web-server.conf"):
        pid = main_pid()
        configure('mode = "enforced";\n')
        assert exit_status("systemctl", "reload", "nacld") != 0
        assert active("nacld") and main_pid() == pid
        assert page(), "the old policy stays"
        assert f"{CONFIG}:1: error" in run("journalctl", "-o", "cat", "-u", "nacld", "-n", "20")


@test
def restart_leaves_the_steering_alone():
    with service("web-server.conf"):
        before, pid = steering_identity(), main_pid()
        run("systemctl", "restart", "nacld")
        assert main_pid() != pid
        assert steering_identity() == before
        assert page()


@test
def a_crash_leaves_the_steering_alone():
    with service("web-server.conf"):
        before, pid = steering_identity(), main_pid()
        os.kill(pid, signal.SIGKILL)
        wait_for("nacld is back", lambda: active("nacld") and main_pid() not in (0, pid))
        assert steering_identity() == before
        assert page()


@test
def a_crash_loop_keeps_the_steering_and_ends_with_its_cause():
    with service("web-server.conf"):
        before = steering_identity()
        configure('mode = "enforced";\n')
        os.kill(main_pid(), signal.SIGKILL)
        wait_for("it was started in vain seven times", lambda: int(prop("nacld", "NRestarts")) >= 7)
        assert steering_identity() == before
        assert not page(80, 2), "on_failure is drop"
        configure("web-server.conf")
        wait_for("nacld is back", lambda: active("nacld"))
        assert page()
        assert steering_identity() == before


@test
def the_watchdog_ends_a_hang():
    with service("web-server.conf"):
        before, pid = steering_identity(), main_pid()
        os.kill(pid, signal.SIGSTOP)
        wait_for("nacld was replaced", lambda: active("nacld") and main_pid() not in (0, pid), 60)
        assert "watchdog" in run("journalctl", "-o", "cat", "-u", "nacld", "-n", "30").lower()
        assert steering_identity() == before
        assert page()


@test
def the_watchdog_lets_an_idle_daemon_live():
    with service("web-server.conf"):
        pid, limit = main_pid(), int(prop("nacld", "WatchdogTimestampMonotonic"))
        wait_for("it was fed", lambda: int(prop("nacld", "WatchdogTimestampMonotonic")) > limit)
        assert main_pid() == pid and prop("nacld", "NRestarts") == "0"


@test
def a_start_with_a_bad_file_fails_loudly():
    configure('mode = "enforced";\n')
    try:
        assert exit_status("systemctl", "start", "nacld") != 0
        assert f"{CONFIG}:1: error" in run("journalctl", "-o", "cat", "-u", "nacld", "-n", "20")
    finally:
        run("systemctl", "stop", "nacld")
    wait_for("the steering is gone", steering_at_rest)
    run("systemctl", "reset-failed", "nacld", "nacld-steering", check=False)


@test
def a_bad_edit_before_a_boot_is_steered_by_the_last_good_file():
    with service("web-server.conf"):
        pass
    configure('mode = "enforced";\n')
    try:
        assert exit_status("systemctl", "start", "nacld") != 0
        wait_for("the steering stands", lambda: active("nacld-steering"))
        assert not page(80, 2), "on_failure is drop"
        configure("web-server.conf")
        wait_for("nacld is up", lambda: active("nacld"))
        assert page()
    finally:
        run("systemctl", "stop", "nacld")
    wait_for("the steering is gone", steering_at_rest)


@test
def a_bad_file_where_none_was_ever_accepted_filters_nothing():
    with contextlib.suppress(FileNotFoundError):
        os.remove(LAST_GOOD)
    configure('mode = "enforced";\n')
    try:
        assert exit_status("systemctl", "start", "nacld") != 0
        wait_for("the steering has given up", lambda: prop("nacld-steering", "ActiveState") == "failed")
        assert run("nft", "list", "ruleset") == ""
        assert page()
    finally:
        run("systemctl", "stop", "nacld")
    wait_for("the steering is at rest", steering_at_rest)
    run("systemctl", "reset-failed", "nacld", "nacld-steering", check=False)


@test
def stop_leaves_nothing_behind():
    before = run("nft", "list", "ruleset")
    with service("web-server.conf"):
        assert run("nft", "list", "ruleset") != before
        assert os.path.exists("/run/nacld/nacld.sock")
    assert run("nft", "list", "ruleset") == before
    assert not os.path.exists("/run/nacld")
    assert not process_exists("nacld")
    with open("/proc/net/netfilter/nfnetlink_queue") as queues:
        assert queues.read() == ""
    assert page(81) is False and page(), "no filter is left"


@test
def a_hasty_stop_leaves_nothing_behind():
    configure("web-server.conf")
    run("systemctl", "start", "--no-block", "nacld")
    wait_for("the steering is on its way", lambda: prop("nacld-steering", "ActiveState") != "inactive")
    run("systemctl", "stop", "nacld")
    wait_for("the steering is gone", steering_at_rest)
    assert run("nft", "list", "ruleset") == ""


@test
def a_steering_cut_short_leaves_nothing_behind():
    with service("web-server.conf"):
        run("systemctl", "stop", "nacld-steering")
        run("naclctl", "steer", "up")  # as one that was killed before it said so would have
        configure("broken")
        os.remove(LAST_GOOD)
        assert exit_status("systemctl", "start", "nacld-steering") != 0
        assert run("nft", "list", "ruleset") == ""
    run("systemctl", "reset-failed", "nacld-steering")


@test
def a_foreign_table_is_never_touched():
    run("bash", "-c", f"nft -f - <<'END'\n{FOREIGN}\nEND")
    try:
        def foreign():
            return run("nft", "--stateless", "--handle", "list", "table", "inet", "foreign")
        before = foreign()
        with service("web-server.conf"):
            run("systemctl", "reload", "nacld")
            run("systemctl", "restart", "nacld")
            assert foreign() == before
        assert foreign() == before
        assert run("nft", "list", "tables") == "table inet foreign"
    finally:
        run("nft", "delete", "table", "inet", "foreign")
