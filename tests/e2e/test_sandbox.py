# SPDX-License-Identifier: GPL-2.0-or-later
"""What a daemon that was taken over could still do: tried from inside each of its threads.

`inject` makes a running thread issue a system call, with the thread's own rights. Every call is also made by a
process that is not confined: what is refused there too would prove nothing here.
"""

import ctypes
import errno
import os
import pathlib
import platform
import signal
import socket
import subprocess

import pytest

from config import allow, both, config, host, open_host
from keeper import Store
from lib import BUILD, REPO, wait_until
from services import NACLD, ControlError, Nacld, naclctl, queue_rule

READ, WRITE, CREATE = os.O_RDONLY, os.O_WRONLY, os.O_WRONLY | os.O_CREAT
EPERM, EACCES = -errno.EPERM, -errno.EACCES
AF_UNIX, AF_INET, AF_NETLINK = 1, 2, 16
NEWUSER, NEWNS, THREAD = 0x10000000, 0x00020000, 0x00010000
PAGE, PROT_RX, PRIVATE = 4096, 5, 0x22

# x86-64
CALLS = {"open": 2, "mmap": 9, "mprotect": 10, "getpid": 39, "socket": 41, "connect": 42, "socketpair": 53, "bind": 49, "clone": 56, "fork": 57,
         "execve": 59, "kill": 62, "rename": 82, "mkdir": 83, "link": 86, "unlink": 87, "symlink": 88,
         "chmod": 90, "ptrace": 101, "setresuid": 117, "mknod": 133, "prctl": 157, "chroot": 161, "mount": 165,
         "keyctl": 250, "unshare": 272, "perf_event_open": 298, "process_vm_readv": 310, "memfd_create": 319,
         "execveat": 322, "io_uring_setup": 425, "clone3": 435}


def landlock_version():
    """Of the running kernel; 0 where it has none."""
    return max(0, ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint(1)))


@pytest.fixture
def start(net):
    """Starts a daemon that must be confined; the sanitizers' build says that it cannot be."""

    def begin(conf, *args, ns=None, **options):
        if b"__asan_init" in NACLD.read_bytes():
            nacld = Nacld(net.ns("server"), conf)
            assert "not confined: built with a sanitizer" in nacld.log()
            assert nacld.status()["sandbox"] == {"required": True, "seccomp": False, "landlock": 0}
            pytest.skip("built with a sanitizer, which traces the process: not confined")
        return Nacld(ns or net.ns("server"), conf, *args, **options)

    return begin


@pytest.fixture(scope="module")
def inject():
    """inject(tid, "open", "@/etc/passwd", 0): what the call returned, -errno for a failure."""
    if platform.machine() != "x86_64":
        pytest.skip("the injector knows the registers of x86-64 only")
    program = BUILD / "e2e" / "inject"
    subprocess.run(["make", "-s", f"B={BUILD}", program], cwd=REPO, check=True, capture_output=True)

    def call(tid, name, *arguments):
        def attempt():
            done = subprocess.run([program, str(tid), str(CALLS[name]), *map(str, arguments)],
                                  capture_output=True, text=True, timeout=20)
            assert done.returncode in (0, 3), done.stderr
            return done.returncode == 0 and done

        return int(wait_until(attempt, f"thread {tid} waits in a system call").stdout)

    return call


@pytest.fixture
def elsewhere(tmp_path_factory):
    """A folder that no configuration names, with a file in it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "secret").write_text("192.0.2.1\n")
    return folder


def threads(process):
    return sorted(int(t.name) for t in pathlib.Path(f"/proc/{process.pid}/task").iterdir())


def logged(net):
    return f'flow_log = {{ file = "{net.tmp}/logs/flow.log"; window = 1; }};\n{open_host()}'


def files_refused(folder, conf):
    return [
        ("open", "@/etc/passwd", READ), ("open", f"@{folder}/secret", READ),
        ("open", f"@{folder}/secret", WRITE), ("open", f"@{folder}/new", CREATE, 0o600),
        ("open", f"@{conf}", WRITE), ("open", "@/proc/self/mem", WRITE),
        ("mkdir", f"@{folder}/folder", 0o700), ("rename", f"@{folder}/secret", f"@{folder}/other"),
        ("unlink", f"@{folder}/other")]


def calls_refused(folder):
    return [
        ("socket", AF_UNIX, 1), ("socket", AF_UNIX, 2), ("socket", AF_INET, 1), ("socket", AF_NETLINK, 3),
        ("connect", -1), ("socketpair", AF_UNIX, 1), ("mount", "@none", f"@{folder}", "@tmpfs"),
        ("chmod", f"@{folder}", 0o700), ("link", f"@{folder}/kept", f"@{folder}/linked"),
        ("symlink", "@/etc", f"@{folder}/symlink"), ("mknod", f"@{folder}/pipe", 0o010600),
        ("chroot", "@/"), ("setresuid", -1, -1, -1), ("bind", -1),
        ("ptrace", 16, 0x7fffffff), ("process_vm_readv", 0x7fffffff), ("unshare", 0),
        ("clone", NEWUSER | THREAD), ("clone", NEWNS | THREAD), ("fork",), ("clone", signal.SIGCHLD.value),
        ("kill", os.getpid(), 0), ("perf_event_open",), ("keyctl", 0, -3),
        ("io_uring_setup", 1), ("mmap", 0, PAGE, PROT_RX, PRIVATE, -1), ("mprotect", 0, 0, PROT_RX),
        ("prctl", 8), ("execveat", -1, "@", 0, 0, 0)]


def test_every_thread_is_refused_what_the_daemon_does_not_need(net, start, inject, elsewhere):
    (net.tmp / "logs").mkdir()
    (elsewhere / "kept").write_text("")
    nacld = start(logged(net))
    free = nacld.ns.start("sleep", "sleep", "300", expect=(0, -15))
    files = files_refused(elsewhere, nacld.conf_path) if landlock_version() else []
    tids = threads(nacld)
    assert len(tids) == 3, "main, one worker, the flow log's writer"
    wrong = []
    for call in files + calls_refused(elsewhere) + [("execve", "@/bin/true", 0, 0)]:
        refusal = EACCES if call in files else EPERM
        for tid in tids:
            if (got := inject(tid, *call)) != refusal:
                wrong.append(f"thread {tid - nacld.pid}: {call} gave {got}, not {refusal}")
        if (got := inject(free.pid, *call)) in (EPERM, EACCES):
            wrong.append(f"{call} is refused without a sandbox too ({got}): it proves nothing")
    assert not wrong, "\n".join(wrong)
    assert inject(tids[0], "clone3") == -errno.ENOSYS, "so that the C library takes clone"
    assert inject(tids[1], "open", f"@{nacld.conf_path}", READ) > 2, "what a reload reads"
    assert nacld.status()["version"] and nacld.stop() == 0
    assert not nacld.socket_path.exists(), "it may remove its socket"


def test_a_configuration_at_standard_input_opens_no_devices(net, start, inject):
    """Its folder would be /dev, where the disks are."""
    needs_landlock()
    (net.tmp / "given.conf").write_text(open_host())
    nacld = start(open_host(), "-f", "/dev/stdin",
                  prefix=("sh", "-c", f'exec "$@" <{net.tmp}/given.conf', "sh"))
    for tid in threads(nacld):
        assert inject(tid, "open", "@/dev/null", READ) == EACCES
    nacld.reload()


def test_every_thread_is_confined_also_one_that_comes_later(net, start):
    nacld = start(open_host(count=2), prefix=("env", f"LOGS_DIRECTORY={net.tmp}"))
    before = threads(nacld)
    nacld.reload(f'flow_log = {{ file = "{net.tmp}/flow.log"; }};\n{open_host(count=2)}')
    assert len(threads(nacld)) == len(before) + 1 == 4
    for tid in threads(nacld):
        said = pathlib.Path(f"/proc/{nacld.pid}/task/{tid}/status").read_text()
        assert "\nNoNewPrivs:\t1\n" in said and "\nSeccomp:\t2\n" in said
    wait_until((net.tmp / "flow.log").exists, "the new thread does its work")
    assert nacld.status()["sandbox"] == {"required": True, "seccomp": True, "landlock": landlock_version()}
    page = naclctl(nacld.ns, "show", "-s", nacld.socket_path).stdout
    assert f"confined by    landlock {landlock_version()}, seccomp\n" in page


def test_nothing_that_the_daemon_does_is_refused(net, start):
    """Started, asked, reloaded, its log turned on and over, its queues used, stopped: a call that is missing from
    the table, and whose failure the daemon would pass over in silence, is seen here."""
    client, server, _ = net.pair()
    state, logs, trace = (net.tmp / name for name in ("state", "logs", "trace"))
    state.mkdir()
    logs.mkdir()
    nacld = start(open_host(count=2), ns=server, prefix=(
        "env", f"STATE_DIRECTORY={state}", f"LOGS_DIRECTORY={logs}", "WATCHDOG_USEC=400000",
        f"NOTIFY_SOCKET={net.tmp}/nobody", "strace", "-D", "-f", "-Z", "-o", trace))
    queue_rule(server, "INPUT", "0:1")
    nacld.reload(f'flow_log = {{ file = "{logs}/flow.log"; window = 1; }};\n{open_host(count=2)}')
    with client.socket(kind=socket.SOCK_DGRAM) as s:
        s.sendto(b"x", ("192.0.2.1", 9))
    wait_until(lambda: nacld.total("accepted"), "a packet is judged")
    wait_until((logs / "flow.log").exists, "the flow log is there")
    (logs / "flow.log").rename(logs / "flow.log.1")
    nacld.kill(signal.SIGUSR1)
    wait_until((logs / "flow.log").exists, "the flow log is there again")
    nacld.reload(open_host(count=2))
    assert len(threads(nacld)) == 4 and nacld.stop() == 0
    wait_until(lambda: "+++ exited with 0" in trace.read_text(), "strace has written all")
    failed = trace.read_text().splitlines()
    assert any("clone3" in line and "ENOSYS" in line for line in failed), "the filter is seen at work"
    refused = [line for line in failed if "EPERM" in line or "EACCES" in line]
    assert not [line for line in refused if "BUFFORCE" not in line], "(those fail in a user namespace, by design)"


WITHOUT = """
import ctypes, os, struct, sys
# Each call of the list fails as if the kernel did not have it.
calls, code = [], []
def op(*fields): code.append(struct.pack("HBBI", *fields))
op(0x20, 0, 0, 0)                                   # the call's number
for number in map(int, sys.argv[1].split(",")):
    op(0x15, 0, 1, number)                          # is it this one?
    op(0x06, 0, 0, 0x00050000 | 38)                 # ENOSYS
op(0x06, 0, 0, 0x7fff0000)                          # all others: allowed
text = ctypes.create_string_buffer(b"".join(code))
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(len(code), ctypes.addressof(text))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
"""
LANDLOCK, SECCOMP = (444, 445, 446), (317,)
WITHOUT_SOME = pytest.mark.parametrize("missing,holds,said", [
    (LANDLOCK, {"seccomp": True, "landlock": 0},
     "not confined in full: no landlock (Function not implemented)"),
    (SECCOMP, {"seccomp": False, "landlock": landlock_version()}, "not confined in full: no seccomp ("),
    (LANDLOCK + SECCOMP, {"seccomp": False, "landlock": 0},
     "not confined in full: no landlock (Function not implemented), no seccomp ("),
], ids=["no-landlock", "no-seccomp", "neither"])


def without(missing):
    if platform.machine() != "x86_64":
        pytest.skip("the numbers of the calls are those of x86-64")
    return ("/usr/bin/python3", "-c", WITHOUT, ",".join(map(str, missing)))


def best_effort():
    return 'sandbox = "best-effort";\n' + open_host()


@WITHOUT_SOME
def test_a_kernel_that_has_less_is_refused(net, start, missing, holds, said):
    """Unless the configuration asks for less, what is missing is named and nothing is filtered half confined."""
    nacld = start(open_host(), prefix=without(missing), ready=False, expect=(69,))
    assert nacld.wait() == 69
    log = nacld.log()
    assert said in log and "error: not started: this kernel cannot confine nacld in full" in log
    assert 'sandbox = "best-effort" in ' in log and "is enforcing" not in log
    assert not nacld.socket_path.exists()


@WITHOUT_SOME
def test_a_kernel_that_has_less_is_told_of_and_served_where_that_is_asked_for(net, start, missing, holds, said):
    nacld = start(best_effort(), prefix=without(missing))
    warnings = [line for line in nacld.log().splitlines() if "confined" in line]
    assert len(warnings) == 1 and said in warnings[0], nacld.log()
    assert nacld.status()["sandbox"] == dict(holds, required=False)
    page = naclctl(nacld.ns, "show", "-s", nacld.socket_path).stdout
    assert "NO SECCOMP" in page if not holds["seccomp"] else "NO LANDLOCK" in page
    nacld.reload(best_effort())


@pytest.mark.parametrize("where", ["path", "abstract"])
def test_the_service_manager_is_still_heard_and_told(net, start, where):
    """By the one socket that was connected before the sandbox, also where that forbids abstract ones."""
    address = str(net.tmp / "notify") if where == "path" else f"@nacld-e2e-{os.getpid()}"
    server = net.ns("server")
    manager = Store(server, address.replace("@", "\0", 1))
    net.on_close.append(manager.close)
    nacld = start(open_host(), ns=server, prefix=("env", f"NOTIFY_SOCKET={address}"))

    def told(*keys):
        said = [key for m in list(manager.messages) for key in keys if key in m]
        return said == list(keys)

    wait_until(lambda: told("READY"), "it says that it is ready")
    manager.messages.clear()
    nacld.reload()
    wait_until(lambda: told("RELOADING", "READY"), "it says that it reloads, and is ready again")
    assert nacld.stop() == 0
    wait_until(lambda: told("RELOADING", "READY", "STOPPING"), "it says that it stops")


def with_set(path):
    return f'sets = ( {{ name = "some"; file = "{path}"; }} );\n' + config(
        host([allow(100, "udp", "@some", ports="53")], both(100)))


def needs_landlock():
    if not landlock_version():
        pytest.skip("this kernel has no landlock")


def test_a_set_of_a_folder_known_at_start_may_be_replaced(net, start, elsewhere):
    needs_landlock()
    path = elsewhere / "secret"
    nacld = start(with_set(path))
    (elsewhere / "next").write_text("192.0.2.0/24\n198.51.100.0/24\n")
    (elsewhere / "next").rename(path)
    nacld.reload()
    assert nacld.rule("web", "inbound", 100)["entries"] == 2


def test_a_reload_that_reaches_further_is_refused_with_the_remedy(net, start, elsewhere):
    needs_landlock()
    nacld = start(open_host())
    with pytest.raises(ControlError) as refused:
        nacld.reload(with_set(elsewhere / "secret"))
    assert refused.value.args[0]["error"] == (
        f"{nacld.conf_path}:1: {elsewhere}/secret is outside what nacld may read since it started: "
        "restart nacld")
    flow_log = f'flow_log = {{ file = "{elsewhere}/flow.log"; }};\n'
    with pytest.raises(ControlError) as refused:
        nacld.reload(flow_log + open_host())
    assert refused.value.args[0]["error"] == (
        f"the flow log {elsewhere}/flow.log is outside what nacld may write since it started: restart nacld")
    assert nacld.status()["reloads"] == 0 and not (elsewhere / "flow.log").exists()
    nacld.reload(open_host())


def test_a_link_may_be_turned_only_to_what_was_known(net, start, elsewhere):
    """The configuration's own file may be a link to another folder, known from the start too."""
    needs_landlock()
    target = elsewhere / "real.conf"
    target.write_text(open_host())
    link = net.tmp / "link.conf"
    link.symlink_to(target)
    nacld = start(open_host(), "-f", link)
    target.write_text(config(host(both(200), both(200))))
    nacld.reload()
    assert nacld.rule("web", "inbound", 200)
    link.unlink()
    link.symlink_to("/etc/passwd")
    with pytest.raises(ControlError) as refused:
        nacld.reload()
    assert "outside what nacld may read" in refused.value.args[0]["error"]
