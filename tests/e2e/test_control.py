# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket under good and hostile clients. Whatever they send, the daemon judges on."""

import json
import os
import socket
import stat

import pytest

from config import open_host
from lib import wait_until
from services import Nacld, naclctl, queue_file, read_line

REQUEST_MAX, CLIENTS_MAX = 4096, 32
EX_UNAVAILABLE = 69


@pytest.fixture
def nacld(net):
    return Nacld(net.ns("server"), open_host())


def answer_or_close(s):
    """The JSON answer, or None when the daemon closed the connection."""
    try:
        return json.loads(read_line(s))
    except (ValueError, ConnectionError):
        return None


@pytest.mark.parametrize("line", [
    b"\n", b"{}\n", b"nonsense\n", b"[]\n", b'"status"\n', b"null\n", b"\0\0\0\n", b"\xff\xfe\xfd\n",
    b'{"request": 3}\n', b'{"request": null}\n', b'{"request": "frobnicate"}\n', b'{"request": "',
    b'{"request": "status"\n', b"[" * 2000 + b"\n", b'{"request": "status\\u0000"}\n',
    b'{"request": "status", "request": "x"}\n',
], ids=lambda line: repr(line[:22]))
def test_a_bad_line_is_answered_with_an_error_or_closed(nacld, line):
    with nacld.connect() as s:
        s.sendall(line)
        if not line.endswith(b"\n"):
            s.shutdown(socket.SHUT_WR)
        answer = answer_or_close(s)
        assert answer is None or (answer["ok"] is False and answer["error"])
    assert nacld.status()["version"]


def test_an_unknown_request_keeps_the_connection(nacld):
    with nacld.connect() as s:
        s.sendall(b'{"request": "frobnicate"}\n')
        answer = json.loads(read_line(s))
        assert answer["ok"] is False and "unknown request" in answer["error"]
        s.sendall(b'{"request": "status"}\n')
        assert json.loads(read_line(s))["ok"] is True


def test_a_line_that_never_ends_is_refused(nacld):
    with nacld.connect() as s:
        try:
            for _ in range(64):
                s.sendall(b"x" * REQUEST_MAX)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = answer_or_close(s)
        assert answer is None or answer["ok"] is False
    assert nacld.status()["version"]


def test_a_request_in_pieces_is_one_request(nacld):
    with nacld.connect() as s:
        for part in (b'{"requ', b'est": "sta', b'tus"}', b"\n"):
            s.sendall(part)
        assert json.loads(read_line(s))["ok"] is True


def test_two_requests_in_one_write_get_two_answers(nacld):
    with nacld.connect() as s:
        s.sendall(b'{"request": "status"}\n{"request": "config"}\n')
        stream = s.makefile()
        assert "status" in json.loads(stream.readline())
        assert "config" in json.loads(stream.readline())


def test_a_client_that_leaves_in_the_middle_harms_nobody(nacld):
    for _ in range(50):
        with nacld.connect() as s:
            s.sendall(b'{"request": "status"}\n{"request": ')
    assert nacld.status()["version"]


def test_one_client_too_many_is_told_so(nacld):
    crowd = [nacld.connect() for _ in range(CLIENTS_MAX)]
    try:
        with nacld.connect() as s:
            answer = answer_or_close(s)
            assert answer is None or answer["ok"] is False
        crowd[0].sendall(b'{"request": "status"}\n')
        assert json.loads(read_line(crowd[0]))["ok"] is True
    finally:
        for s in crowd:
            s.close()
    assert wait_until(nacld.status, "room again")["version"]


def test_a_crowd_of_readers_cannot_keep_root_out(nacld):
    """The last places are for those who may change things."""
    for folder in nacld.socket_path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o111)
    nacld.socket_path.chmod(0o666)
    crowd = []
    try:
        try:
            os.seteuid(65534)
        except OSError:
            pytest.skip("one user only in this user namespace")
        try:
            crowd = [nacld.connect() for _ in range(CLIENTS_MAX)]
        finally:
            os.seteuid(0)
        turned_away = [answer for s in crowd[-4:] if (answer := answer_or_close(s)) is not None]
        assert turned_away and not any(answer["ok"] for answer in turned_away)
        assert nacld.status()["version"]
    finally:
        for s in crowd:
            s.close()


def test_an_idle_client_is_closed_and_the_next_is_served(nacld):
    """PROTOCOL_TIMEOUT_MS is five seconds."""
    with nacld.connect(timeout=9.0) as idle:
        idle.sendall(b'{"request"')
        assert nacld.status()["version"], "others are served meanwhile"
        said = idle.makefile().read()  # to the end of the connection, or a TimeoutError
        assert not said or json.loads(said)["ok"] is False


GROUP = 4711


@pytest.fixture
def grouped(net):
    """A daemon on a host that has the group nacld."""
    (net.tmp / "group").write_text(f"root:x:0:\nnacld:x:{GROUP}:\n")
    script = f'mount --bind {net.tmp}/group /etc/group && exec "$@"'
    return Nacld(net.ns("server"), open_host(), prefix=("sh", "-c", script, "sh"))


def asked_by(nacld, request, *who):
    """The answer to somebody else (options of setpriv), let in by a mode that is wider than the daemon's."""
    script = ("import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
              "s.sendall(b'{\"request\": \"%s\"}\\n' % sys.argv[2].encode())\n"
              "print(s.makefile().readline())\n")
    path = f"/tmp/nacld-e2e-{os.getpid()}.sock"
    os.chmod(nacld.socket_path, 0o777)
    os.link(nacld.socket_path, path)
    try:
        done = nacld.ns.run("setpriv", *who, "/usr/bin/python3", "-c", script, path, request, check=False)
    finally:
        os.unlink(path)
    if "Invalid argument" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("one user only in this user namespace: nobody else to be")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


NOBODY = ("--reuid=65534", "--regid=65534", "--clear-groups")
MEMBERS = {
    "primary": ("--reuid=65534", f"--regid={GROUP}", "--clear-groups"),
    "supplementary": ("--reuid=65534", "--regid=65534", f"--groups=4712,{GROUP},4713"),
}


@pytest.mark.parametrize("daemon", ["nacld", "grouped"])
def test_a_stranger_whom_the_mode_lets_in_reads_and_changes_nothing(request, daemon):
    nacld = request.getfixturevalue(daemon)
    assert asked_by(nacld, "status", *NOBODY)["status"]["version"]
    refused = asked_by(nacld, "reload", *NOBODY)
    assert refused == {"ok": False, "error": "only root and the group nacld may change anything: use sudo"}
    near = ("--reuid=65534", "--regid=65534", "--groups=4710,4712")
    assert asked_by(nacld, "reload", *near)["ok"] is False
    assert nacld.status()["reloads"] == 0


@pytest.mark.parametrize("how", MEMBERS)
def test_a_member_of_the_group_may_reload(grouped, how):
    assert os.stat(grouped.socket_path).st_gid == GROUP
    assert asked_by(grouped, "reload", *MEMBERS[how])["ok"] is True
    assert grouped.status()["reloads"] == 1


def test_without_the_group_its_number_means_nothing(nacld):
    if any(line.startswith("nacld:") for line in open("/etc/group", encoding="utf-8")):
        pytest.skip("this machine has the group nacld")
    assert asked_by(nacld, "reload", *MEMBERS["supplementary"])["ok"] is False


def test_the_socket_is_not_for_everybody_and_goes_with_the_daemon(nacld):
    mode = stat.S_IMODE(nacld.socket_path.stat().st_mode)
    assert mode & 0o007 == 0, f"{mode:o}"
    assert nacld.stop() == 0
    assert not nacld.socket_path.exists()


def test_what_is_no_socket_is_not_replaced(net):
    """A wrong -s must not cost a file."""
    path = net.tmp / "precious"
    path.write_text("still here")
    nacld = Nacld(net.ns("server"), open_host(), "-s", path, ready=False, expect=(EX_UNAVAILABLE,))
    assert nacld.wait() == EX_UNAVAILABLE
    assert nacld.log().splitlines() == [
        f"nacld: error: cannot listen on {path}: a file there is not a socket: choose another path"]
    assert path.read_text() == "still here"


def test_a_second_daemon_at_the_socket_is_refused(nacld):
    """Another queue, the same socket: the first keeps its socket, its queue and its packets."""
    other = open_host(first=1)
    second = Nacld(nacld.ns, other, "-s", nacld.socket_path, ready=False, expect=(EX_UNAVAILABLE,))
    assert second.wait() == EX_UNAVAILABLE
    assert second.log().splitlines() == [
        f"nacld: error: cannot listen on {nacld.socket_path}: another nacld listens there"]
    assert nacld.status()["pid"] == nacld.pid
    assert set(queue_file(nacld.ns)) == {0}, "the second has given its queue back"


def test_closed_standard_streams_are_not_taken_by_others(net):
    """Else the log would go into the first descriptor that is opened: a queue, a client."""
    nacld = Nacld(net.ns("server"), open_host(),
                  prefix=("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"))
    for number in range(3):
        assert os.readlink(f"/proc/{nacld.pid}/fd/{number}") == "/dev/null"
    assert nacld.status()["version"]


def test_naclctl_reads_it(nacld):
    show = naclctl(nacld.ns, "show", "--json", "-s", nacld.socket_path)
    assert json.loads(show.stdout)["mode"] == "enforce"
