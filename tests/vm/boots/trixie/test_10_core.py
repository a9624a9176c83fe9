# A later kernel under Debian 12's programs, Debian 13's or that of its backports: the unit's life here; what becomes of
# packets is asked by the same tests as in the installed boot.
import os
import signal

from vm import active, main_pid, page, run, service, steering, steering_identity, test, wait_for


LEAST = {"trixie": (6, 12), "newest": (7, 3)}[os.environ["PHASE"]]


@test
def the_kernel_is_the_later_one():
    version = tuple(map(int, os.uname().release.split(".")[:2]))
    assert version >= LEAST, version


@test
def reloaded_restarted_and_killed_it_keeps_its_steering():
    with service("web-server-no-ephemeral.conf"):
        assert steering()["backend"] == "nft" and steering()["matches"], steering()
        before = steering_identity()
        assert not page(443, 2)
        run("cp", "/usr/share/doc/nacld/examples/web-server.conf", "/etc/nacld/nacld.conf")
        run("systemctl", "reload", "nacld")
        assert page(443)
        run("systemctl", "restart", "nacld")
        assert page(443)
        pid = main_pid()
        os.kill(pid, signal.SIGKILL)
        wait_for("nacld is back", lambda: active("nacld") and main_pid() not in (0, pid))
        assert page(443)
        assert steering_identity() == before
