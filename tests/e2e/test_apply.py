# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy on trial: naclctl apply, confirm, rollback. Whoever is killed, and whenever: one whole policy filters, and
it is known which. Packets flow throughout."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from config import allow, both, config, deny, host
from faults import faulty
from keeper import STEPS, KeptNacld
from lib import wait_until
from services import NACLCTL, drain, naclctl, queue_rule, steer, udp_server

OLD_PORT, NEW_PORT, COMMON = 7001, 7002, 7003
OK, NO, USAGE, WENT_BACK = 0, 1, 2, 4


def policy(opened, closed, comment="", **settings):
    """Lets in one port and not the other: no mixture of two of these is like either."""
    rules = [deny(100, "udp", ports=closed), allow(110, "udp", ports=f"{opened},".strip(",")),
             allow(120, "udp", ports=COMMON)]
    return comment + config(host(rules, both(100)), **settings)


OLD = policy(OLD_PORT, NEW_PORT, "# the old one\n")
NEW = policy(NEW_PORT, OLD_PORT, "# the new one\n")


class Host:
    """A server whose daemon keeps its queues and its state over its own death, and a client."""

    def __init__(self, net, text=OLD):
        self.client, self.server, _ = net.pair()
        self.state = net.tmp / "state"
        self.state.mkdir()
        self.nacld = KeptNacld(self.server, text, state=self.state)
        self.nacld.expect = (0, -signal.SIGKILL)
        self.conf = self.nacld.conf_path
        queue_rule(self.server, "INPUT")
        self.receivers = {port: udp_server(self.server, port) for port in (OLD_PORT, NEW_PORT, COMMON)}
        self.sender = self.client.socket(kind=socket.SOCK_DGRAM)

    def argv(self, verb, *args):
        return self.server.argv(NACLCTL, verb, "-f", self.conf, "-s", self.nacld.socket_path, *args)

    def naclctl(self, verb, *args, prefix=(), timeout=20.0):
        """Exit status and all that it printed."""
        done = subprocess.run([*map(str, prefix), *self.argv(verb, *args)], text=True, timeout=timeout, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def start(self, verb, *args):
        return subprocess.Popen(self.argv(verb, *args), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def file(self, text=NEW, name="new.conf"):
        path = self.conf.parent / "elsewhere" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def runs(self):
        """Which policy filters, by what arrives: "old" or "new"; anything else is a mixture."""
        for receiver in self.receivers.values():
            drain(receiver)
        for port in (OLD_PORT, NEW_PORT, COMMON):
            self.sender.sendto(b"probe", ("192.0.2.1", port))
        self.receivers[COMMON].settimeout(10)
        assert self.receivers[COMMON].recv(64) == b"probe"  # what was sent before it is filtered too
        got = tuple(bool(drain(self.receivers[port])) for port in (OLD_PORT, NEW_PORT))
        return {(True, False): "old", (False, True): "new"}[got]

    def phase(self):
        return self.nacld.ask("trial")["trial"]["phase"]

    def restarted(self):
        """Killed without a word, and started again."""
        self.nacld.die()
        self.nacld.revive()
        return self.runs()

    def versions(self):
        folder = self.conf.with_name(self.conf.name + ".versions")
        return sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit()) if folder.exists() else []

    def version(self, number):
        return self.conf.with_name(self.conf.name + ".versions") / str(number)


@pytest.fixture
def there(net):
    return Host(net)


class Stream(threading.Thread):
    """Numbered datagrams to the port that both policies allow, until stop(), which says what is missing."""

    def __init__(self, at):
        super().__init__()
        self.sender = at.client.socket(kind=socket.SOCK_DGRAM)
        self.sender.connect(("192.0.2.1", COMMON + 100))
        self.receiver = udp_server(at.server, COMMON + 100)
        self.receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sent, self.over = 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.is_set():
            self.sender.send(b"%d" % self.sent)
            self.sent += 1
            time.sleep(0.002)

    def missing(self):
        self.over.set()
        self.join()
        got = set()
        self.receiver.settimeout(2)
        try:
            while len(got) < self.sent:
                got.add(int(self.receiver.recv(64)))
        except TimeoutError:
            pass
        return set(range(self.sent)) - got


def streaming(text):
    """The same policy with the stream's port open."""
    return text.replace(f'"{COMMON}"', f'"{COMMON}-{COMMON + 100}"')


def test_what_was_confirmed_is_installed_and_survives_a_restart(there):
    os.chown(there.conf, 0, 4711)
    there.conf.chmod(0o640)
    status, said = there.naclctl("apply", "--confirm", "60s", "--no-wait", there.file())
    assert status == OK and "on trial for 60 s" in said, said
    assert "7002" in said and "let through" in said, "it says which packets it treats differently"
    assert there.runs() == "new" and there.conf.read_text() == OLD, "not installed before it is confirmed"
    status, said = there.naclctl("confirm")
    assert status == OK and "version 2" in said, said
    assert there.conf.read_text() == NEW, "to the letter, comments too"
    st = there.conf.stat()
    assert (st.st_mode & 0o7777, st.st_gid) == (0o640, 4711), "owner and mode stay"
    assert there.versions() == [1, 2] and there.version(1).joinpath(there.conf.name).read_text() == OLD
    assert there.phase() == "none" and not (there.state / "trial.json").exists()
    assert there.restarted() == "new"
    assert "confirmed" in there.nacld.log()


def test_without_a_trial_it_is_installed_at_once(there):
    status, said = there.naclctl("apply", "-j", there.file())
    answer = json.loads(said)
    assert status == OK and answer["phase"] == "confirmed" and answer["version"] == 2, said
    assert answer["differences"]["closed"] and answer["differences"]["opened"]
    assert there.runs() == "new" and there.conf.read_text() == NEW


def test_the_session_is_gone_and_nacld_goes_back_by_itself(net):
    there = Host(net, streaming(OLD))
    stream = Stream(there)
    waiting = there.start("apply", "--confirm", "2s", there.file(streaming(NEW)))
    wait_until(lambda: there.phase() == "trial", "it is on trial")
    assert there.runs() == "new"
    waiting.kill()
    waiting.communicate()
    wait_until(lambda: there.phase() == "undone", "the time is over")
    assert there.runs() == "old" and there.conf.read_text() == streaming(OLD)
    assert "went back to the policy before: it was not confirmed in time" in there.nacld.log()
    status, said = there.naclctl("confirm")
    assert status == WENT_BACK and "not confirmed in time" in said, said
    assert not stream.missing(), "no packet of what both allow is lost"
    assert there.restarted() == "old"


def test_who_waits_is_told_how_it_ended(there):
    status, said = there.naclctl("apply", "--confirm", "1", there.file())
    assert status == WENT_BACK and "the policy before runs again: it was not confirmed in time" in said, said
    waiting = there.start("apply", "--confirm", "60s", there.file())
    wait_until(lambda: there.phase() == "trial", "it is on trial")
    assert there.naclctl("confirm")[0] == OK
    said, _ = waiting.communicate(timeout=20)
    assert waiting.returncode == OK and "version 2" in said, said
    waiting = there.start("apply", "-j", "--confirm", "60s", there.file(OLD))
    wait_until(lambda: there.phase() == "trial", "it is on trial")
    assert there.naclctl("rollback")[0] == OK and there.runs() == "new"
    said, _ = waiting.communicate(timeout=20)
    assert waiting.returncode == WENT_BACK and json.loads(said)["phase"] == "undone", said


def test_of_two_at_once_one_wins_and_the_other_is_told(there):
    first = there.start("apply", "--confirm", "60s", "--no-wait", there.file())
    second = there.start("apply", "--confirm", "60s", "--no-wait", there.file(name="other.conf"))
    said = [p.communicate(timeout=20)[0] for p in (first, second)]
    assert sorted((first.returncode, second.returncode)) == [OK, NO], said
    loser = said[first.returncode == OK]
    assert "on trial" in loser or "another naclctl works here" in loser, loser
    assert there.runs() == "new" and there.naclctl("confirm")[0] == OK and there.versions() == [1, 2]


def test_meanwhile_nothing_else_is_loaded(there):
    assert there.naclctl("apply", "--confirm", "60s", "--no-wait", there.file())[0] == OK
    for answer in (there.nacld.ask("reload"), there.nacld.ask("installed")):
        assert not answer["ok"], answer
    os.kill(there.nacld.pid, signal.SIGHUP)
    wait_until(lambda: "reload refused" in there.nacld.log(), "a reload by signal is refused too")
    assert there.runs() == "new" and there.naclctl("rollback")[0] == OK and there.runs() == "old"
    assert there.nacld.reload()["ok"]


@pytest.mark.parametrize("step", range(1, 9))
def test_nacld_killed_at_each_step_of_a_trial_that_is_not_confirmed(there, step):
    """1, 2: around writing what a restart needs; 3, 4: around the swap; 5, 6 around the swap back; 7, 8 around
    writing that. After each the old policy runs."""
    there.nacld.die()
    there.nacld.start(STEPS, NACLD_STEP_TRIAL=str(step))
    there.nacld.wait_ready()
    there.naclctl("apply", "--confirm", "1s", "--no-wait", there.file())
    assert there.nacld.reap() == -signal.SIGKILL
    there.nacld.revive()
    assert there.runs() == "old" and there.conf.read_text() == OLD
    assert there.restarted() == "old"
    assert there.naclctl("apply", there.file())[0] == OK, "and the next one is not in its way"
    assert there.restarted() == "new"


@pytest.mark.parametrize("step, policy_then", [(5, "old"), (6, "new"), (7, "new"), (8, "new")])
def test_nacld_killed_at_each_step_of_a_confirmation(there, step, policy_then):
    """5: before it is written that it was confirmed; 6: after; 7, 8: around forgetting it, the files are there."""
    there.nacld.die()
    there.nacld.start(STEPS, NACLD_STEP_TRIAL=str(step))
    there.nacld.wait_ready()
    assert there.naclctl("apply", "--confirm", "60s", "--no-wait", there.file())[0] == OK
    assert there.naclctl("confirm")[0] != OK
    assert there.nacld.reap() == -signal.SIGKILL
    there.nacld.revive()
    assert there.runs() == policy_then
    if policy_then == "old":
        assert there.naclctl("confirm")[0] == WENT_BACK and there.conf.read_text() == OLD
        assert there.restarted() == "old"
    else:
        assert there.restarted() == "new", "and stays"
        there.naclctl("confirm")
        assert there.conf.read_text() == NEW and there.phase() == "none" and there.versions() == [1, 2]
        assert there.restarted() == "new"


INCLUDING = NEW + '@include "parts.inc"\n'
PARTS = 'sets = ( { name = "s"; addresses = ["198.51.100.0/24"]; } );\n'


def killed_at(call, number):
    return ("strace", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={number}")


@pytest.mark.parametrize("call", ["sendmsg", "rename", "renameat", "fsync"])
@pytest.mark.parametrize("verb", ["apply", "confirm"])
def test_naclctl_killed_at_each_of_its_steps(there, verb, call):
    """Until it gets through. A restart then runs the old policy, or, once it was confirmed, the new one, also while
    its files are only half installed; and the same command goes on from there."""
    new = there.file(INCLUDING)
    new.with_name("parts.inc").write_text(PARTS)
    args = ("--confirm", "60s", "--no-wait", new)
    for number in range(1, 30):
        if verb == "confirm":
            assert there.naclctl("apply", *args)[0] == OK
        status, said = there.naclctl(verb, *(args if verb == "apply" else ()), prefix=killed_at(call, number))
        if status == OK:
            break
        assert status in (-signal.SIGKILL, 128 + signal.SIGKILL), said
        phase, runs = there.phase(), there.runs()
        assert runs == ("old" if phase == "none" and verb == "apply" else "new"), phase
        assert there.restarted() == ("new" if verb == "confirm" and phase in ("confirmed", "none") else "old"), phase
        there.naclctl("confirm")
        if there.runs() == "new":
            assert there.conf.read_text() == INCLUDING and there.phase() == "none"
            assert there.conf.with_name("parts.inc").read_text() == PARTS
            assert there.naclctl("apply", there.file(OLD, "old.conf"))[0] == OK
        assert there.conf.read_text() == OLD and there.runs() == "old"
    assert number > (1 if call == "renameat" or verb == "confirm" else 2), "it was killed somewhere"


def test_a_file_edited_in_place_is_not_loaded_by_a_restart_until_it_is_changed(there):
    there.nacld.write(NEW)
    assert there.naclctl("apply", "--confirm", "60s", "--no-wait")[0] == OK and there.runs() == "new"
    assert there.restarted() == "old", "a policy that may have killed nacld does not return"
    assert there.restarted() == "old", "nor later"
    assert "holds a policy that was not confirmed" in there.nacld.log()
    there.nacld.write(NEW.replace(f'"{COMMON}"', f'"{COMMON}-{COMMON + 1}"'))
    assert there.restarted() == "new", "what was written since counts"
    assert there.nacld.reload()["ok"] and there.restarted() == "new"


def test_a_host_that_slept_goes_back_as_soon_as_it_wakes(net):
    client, server, _ = net.pair()
    nacld, faults = faulty(server, OLD)
    new = net.tmp / "new.conf"
    new.write_text(NEW)

    def apply():
        naclctl(server, "apply", "-f", nacld.conf_path, "-s", nacld.socket_path, "--confirm", "1h", "--no-wait", new)
        return nacld.ask("trial")["trial"]

    assert apply()["phase"] == "trial"
    faults.clock_s = 86400
    time.sleep(1.5)
    assert nacld.ask("trial")["trial"]["phase"] == "trial", "the time of day is no matter"
    faults.slept_s = 3700
    wait_until(lambda: nacld.ask("trial")["trial"]["phase"] == "undone", "it looked at the clock", timeout=5)


def test_includes_and_sets_belong_to_a_version(there):
    new = there.file(streaming(NEW) + '@include "parts/sets.inc"\n')
    parts = new.parent / "parts"
    parts.mkdir()
    parts.joinpath("sets.inc").write_text('sets = ( { name = "s"; file = "parts/s.txt"; } );\n')
    parts.joinpath("s.txt").write_text("198.51.100.0/24 # ours\n")
    assert there.naclctl("apply", new)[0] == OK
    shutil.rmtree(parts)
    installed = there.conf.parent / "parts"
    assert installed.joinpath("s.txt").read_text() == "198.51.100.0/24 # ours\n"
    assert there.restarted() == "new"
    assert there.naclctl("apply", there.file(OLD))[0] == OK and there.runs() == "old"
    installed.joinpath("s.txt").write_text("broken\n")
    status, said = there.naclctl("rollback", "2")
    assert status == OK and there.runs() == "new", said
    assert installed.joinpath("s.txt").read_text() == "198.51.100.0/24 # ours\n"
    assert there.nacld.reload()["ok"]
    status, said = there.naclctl("rollback", "--list")
    assert status == OK and "version 2 again" in said and len(said.splitlines()) == 4, said
    status, said = there.naclctl("rollback", "17")
    assert status == NO and "no such version" in said


def test_ten_versions_are_kept(there):
    for turn in range(12):
        assert there.naclctl("apply", there.file(NEW if turn % 2 == 0 else OLD))[0] == OK
    assert there.versions() == list(range(4, 14))


def test_a_bad_file_and_a_cut_session_are_refused_before_anything_runs(there):
    status, said = there.naclctl("apply", there.file(NEW.replace("allow", "alow")))
    assert status == USAGE and "new.conf:" in said and "not applied" in said, said
    ssh = ("env", "SSH_CONNECTION=203.0.113.9 40000 192.0.2.1 22")
    status, said = there.naclctl("apply", there.file(), prefix=ssh)
    assert status == NO and "cuts the ssh session" in said and "--yes" in said, said
    assert there.phase() == "none" and there.runs() == "old"
    assert there.naclctl("apply", "--yes", there.file(), prefix=ssh)[0] == OK and there.runs() == "new"
    # sudo takes the variable out of the environment: the shell that called it still has it
    status, said = there.naclctl("apply", there.file(OLD), prefix=(*ssh, "sh", "-c", 'env -u SSH_CONNECTION "$@"; exit $?', "-"))
    assert status == NO and "cuts the ssh session" in said, said


def test_an_id_and_a_policy_of_anybodys_are_refused(there):
    for request in ({"request": "apply", "id": "../x", "confirm_s": 5}, {"request": "apply", "id": "x", "confirm_s": -1},
                    {"request": "apply", "id": "x", "confirm_s": 5}):
        with there.nacld.connect() as s:
            with open(there.conf, "rb") as plain:  # a file is no sealed memory
                socket.send_fds(s, [json.dumps(request).encode() + b"\n"], [plain.fileno()])
                answer = json.loads(s.recv(65536))
        assert not answer["ok"], answer
    assert there.runs() == "old" and there.phase() == "none"


def test_enforce_is_one_word(net):
    there = Host(net, streaming(OLD).replace('mode = "enforce"', 'mode = "monitor" /* for now */'))
    assert there.naclctl("apply", "--enforce", "--confirm", "60s", "--no-wait")[0] == OK
    assert there.nacld.status()["mode"] == "enforce" and there.runs() == "old"
    assert there.naclctl("confirm")[0] == OK
    assert 'mode = "enforce" /* for now */' in there.conf.read_text()
