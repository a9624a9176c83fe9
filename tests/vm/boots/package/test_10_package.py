# The package on a host: installed, upgraded and downgraded under traffic, removed and purged.
import glob
import os
import subprocess

from restarts import PROGRAM, everything, flowing, serving
from vm import (CONFIG, active, configure, exit_status, page, process_exists, prop, run, steering, steering_at_rest,
                steering_identity, test, wait_for)

FIRST, NEXT = "/vm/deb/first.deb", "/vm/deb/next.deb"
WHOLE = "lost 0 duplicated 0 reordered 0"
STATE = "/var/lib/nacld"
# What dpkg, systemd and the account tools keep for themselves, whatever comes and goes.
OTHERS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/.pwd.lock", "/var/lib/dpkg/",
          "/var/log/", "/var/lib/systemd/", "/var/cache/", "/etc/systemd/system", "/root", "/vm/",
          "/var/lib/nginx/", "/var/tmp/systemd-private-")


def dpkg(*words):
    done = subprocess.run(("dpkg", "--force-confdef", "--force-confold", *words), stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                          env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == 0, done.stdout
    return done.stdout


def files():
    found = run("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/sys", "-o", "-path", "/dev", "-o", "-path",
                "/run", "-o", "-path", "/tmp", ")", "-prune", "-o", "-print", timeout=600).splitlines()
    return {name for name in found if not name.startswith(OTHERS)}


before = files()


def start():
    configure(everything())
    run("systemctl", "start", "nacld")
    wait_for("nacld and its steering are up", lambda: active("nacld") and active("nacld-steering"))


@test
def installed_it_waits_to_be_started():
    dpkg("-i", FIRST)
    assert run("getent", "passwd", "nacld").endswith(":/var/lib/nacld:/usr/sbin/nologin")
    for folder in (STATE, "/var/log/nacld"):
        assert run("stat", "-c", "%U:%G %a", folder) == "nacld:nacld 750"
    for unit in ("nacld", "nacld-steering", "nacld-watch"):
        assert prop(unit, "ActiveState") == "inactive", unit
    assert run("systemctl", "is-enabled", "nacld", check=False) == "disabled"
    assert not run("nft", "list", "tables") and page()
    assert CONFIG in run("dpkg-query", "-W", "-f", "${Conffiles}", "nacld")
    assert exit_status("naclctl", "check") == 0


@test
def upgraded_while_stopped_it_stays_so():
    dpkg("-i", NEXT)
    assert not active("nacld") and not run("nft", "list", "tables")
    assert "later version" in open(CONFIG).read(), "untouched, so it is the new version's"
    dpkg("-i", FIRST)
    assert not active("nacld")


@test
def upgraded_and_downgraded_under_traffic_it_loses_nothing():
    start()
    first, steered = serving(), steering_identity()
    with flowing() as stream:
        out = dpkg("-i", NEXT)
        second = serving(first)
        assert os.path.samefile(f"/proc/{second}/exe", PROGRAM), out
        dpkg("-i", FIRST)
        third = serving(first, second)
        assert os.path.samefile(f"/proc/{third}/exe", PROGRAM)
        assert stream.result("an upgrade and a downgrade") == WHOLE
    assert steering_identity() == steered, "an upgrade does not touch the kernel's rules"
    wait_for("the watch runs", lambda: active("nacld-watch"))


@test
def an_edited_configuration_stays():
    mine = open(CONFIG).read()
    dpkg("-i", NEXT)
    assert open(CONFIG).read() == mine
    assert "later version" in open(CONFIG + ".dpkg-dist").read()


@test
def removed_its_steering_goes_first():
    assert steering()["backend"] == "nft" and active("nacld")
    dpkg("-r", "nacld")
    assert not run("nft", "list", "tables") and page()
    assert steering_at_rest() and not process_exists("nacld")
    said = run("journalctl", "-b", "-o", "cat", "-t", "systemd").splitlines()
    stopped = [next(n for n in range(len(said) - 1, -1, -1) if said[n].startswith(f"Stopped {unit}"))
               for unit in ("nacld-steering", "nacld.service")]
    assert stopped == sorted(stopped), [said[n] for n in stopped]
    assert not glob.glob("/usr/*bin/nacl*") and os.path.exists(CONFIG) and os.path.isdir(STATE)


@test
def purged_nothing_is_left():
    dpkg("-P", "nacld")
    left = sorted(files() - before)
    assert left == [], left
    assert not glob.glob("/var/l*/nacld*") and not os.path.exists("/run/nacld")
    assert not glob.glob("/sys/fs/bpf/*nacld*") and not run("nft", "list", "tables")
    assert not glob.glob("/etc/systemd/system/**/nacld*", recursive=True)
