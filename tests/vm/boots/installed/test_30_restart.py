# The daemon dies, hangs and is replaced in every way systemd knows, while numbered datagrams flow: each arrives once.
#
# tests/e2e/test_restart.py has the same without systemd, faster; here it is the real descriptor store, the real
# watchdog, and what is installed. The machine is emulated and slow: rates are low, and a time is bounded with room
# for it and printed.
import contextlib
import glob
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

from restarts import (DROP_IN, NEXT, POISON, PROGRAM, RATE, drop_in, everything, flowing, installed, kill, listening,
                      program, queue_file, send, serving, status, stored, wait_until_judged)
from vm import (SERVER, client, configure, exit_status, page, prop, run, service, show, steering_identity, test,
                wait_for)

POISON_FOLDER = "/var/lib/nacld/poison"
FAULT, LOOP = 6661, 6663  # ports that are fatal to the parser of POISON
WATCHDOG, ALLOWED, SLOWNESS = 4, 1, 10  # seconds: the unit's limit here, the promise beyond it, this machine
WHOLE = "lost 0 duplicated 0 reordered 0"


def poisoned():
    return status()["queues"][0]["poisoned"]


def monotonic_of(name):
    return int(prop("nacld", name)) / 1e6


@test
def the_store_holds_two_descriptors_a_queue():
    with service(everything(count=2)):
        assert stored() == 4
        with open(f"/proc/{serving()}/environ") as environ:
            assert "LISTEN_FDS" not in environ.read(), "the first life has no predecessor"
        first = serving()
        os.kill(first, signal.SIGKILL)
        second = serving(first)
        run("systemctl", "restart", "nacld")
        serving(first, second)
        run("systemctl", "daemon-reexec")
        assert stored() == 4
        with open(f"/proc/{serving()}/environ") as environ:
            assert "LISTEN_FDS=4" in environ.read()
        assert set(queue_file()) == {0, 1}
        assert page()


@test
def killed_thirty_times_it_loses_nothing():
    chance = random.Random(20261)
    with service(everything()), flowing() as stream:
        before, in_service = steering_identity(), 0
        for i in range(30):
            if i % 3:
                serving()
            time.sleep(chance.uniform(0, 0.3))  # when, not whether: nothing waits for this
            in_service += status() is not None
            kill()
        serving()
        assert stream.result(f"30 kills, {in_service} of them in service") == WHOLE
        assert steering_identity() == before
        assert poisoned() == 0, "a kill from outside is no packet's fault"


@test
def restarted_ten_times_it_loses_nothing():
    with service(everything()), flowing() as stream:
        for _ in range(10):
            run("systemctl", "restart", "nacld")
        assert stream.result("10 restarts") == WHOLE


@test
def crashed_from_outside_eight_times_it_loses_nothing():
    with service(everything()), flowing() as stream:
        pids = [0]
        for _ in range(8):
            pids.append(serving(*pids))
            os.kill(pids[-1], signal.SIGSEGV)
        serving(*pids)
        assert stream.result("8 SIGSEGV") == WHOLE
        assert poisoned() == 0, "the fault came from outside"


@test
def upgraded_and_back_it_loses_nothing():
    with service(everything()), flowing() as stream, installed(NEXT) as put_back:
        run("systemctl", "restart", "nacld")
        assert os.path.samefile(f"/proc/{serving()}/exe", PROGRAM)
        put_back()
        run("systemctl", "restart", "nacld")
        assert os.path.samefile(f"/proc/{serving()}/exe", PROGRAM)
        assert stream.result("2 upgrades") == WHOLE


@test
def an_upgrade_that_meets_a_kill_loses_nothing():
    # Whoever comes next cannot read what was left. What it puts back into the queue may be overtaken.
    with service(everything()), flowing() as stream, installed(NEXT) as put_back:
        for replace in (put_back, None):
            pid = serving()
            os.kill(pid, signal.SIGKILL)
            run("systemctl", "restart", "nacld")
            serving(pid)
            if replace:
                replace()
        assert stream.result("2 upgrades with a kill").startswith("lost 0 duplicated 0 ")
        assert stored() == 3, "the socket with its first buffers, and the newest buffers"


@test
def an_upgrade_saves_what_a_hung_daemon_had_read():
    # The packet that hangs the one is nothing special to the other: with all that was read with it, it
    # goes through the queue again.
    with drop_in(program(POISON)), listening(LOOP) as looped, service(everything()), flowing() as stream:
        send(LOOP, b"loop")
        wait_for("packets wait", lambda: queue_file()[0] > RATE)
        assert looped() == []
        hung = serving()
        with open(DROP_IN, "w") as file:
            file.write("[Service]\n" + program(NEXT))
        run("systemctl", "daemon-reload")
        os.kill(hung, signal.SIGKILL)
        serving(hung)
        wait_until_judged()
        assert looped() == [b"loop"]
        assert stream.result("an upgrade from a hung one").startswith("lost 0 duplicated 0 ")
        assert poisoned() == 0


def transfer(folder):
    """A web server of its own, and a client that takes half a minute for a file of it."""
    with open(f"{folder}/data", "wb") as data:
        data.write(os.urandom(12 << 20))
    server = subprocess.Popen(["python3", "-m", "http.server", "--bind", SERVER, "--directory", folder, "8080"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for("the web server is there", lambda: "LISTEN" in run("ss", "-Hltn", "sport = :8080"))
    fetch = subprocess.Popen(client("curl", "-sf", "--limit-rate", "400k", "-o", f"{folder}/copy",
                                    f"http://{SERVER}:8080/data"))
    return server, fetch


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).digest()


@test
def a_transfer_and_pings_finish_intact():
    with service(everything()), tempfile.TemporaryDirectory() as folder:
        server, fetch = transfer(folder)
        pings = subprocess.Popen(client("ping", "-q", "-i", "0.05", "-c", "600", "-W", "20", SERVER),
                                 stdout=subprocess.PIPE, text=True)
        rounds = 0
        try:
            while fetch.poll() is None and pings.poll() is None:
                kill()
                serving()
                run("systemctl", "restart", "nacld")
                rounds += 1
            words = pings.communicate(timeout=120)[0]
            print(f"  {rounds} kills and as many restarts:", re.search(r".* packet loss", words)[0])
            assert rounds >= 2, "they were over too soon"
            assert " 600 received, 0% packet loss" in words and "duplicates" not in words, words
            assert fetch.wait(120) == 0
            assert digest(f"{folder}/data") == digest(f"{folder}/copy")
        finally:
            for process in (server, fetch, pings):
                process.kill()
                process.wait()


def replaced_in_time(hung, since, what):
    """Waits for the next daemon; how long that took, within what is promised."""
    serving(hung)
    started = monotonic_of("ExecMainStartTimestampMonotonic") - since
    ready = monotonic_of("ActiveEnterTimestampMonotonic") - since
    print(f"  {what}: WatchdogSec={WATCHDOG}, started again after {started:.2f} s, ready after {ready:.2f} s")
    assert 0 < started < WATCHDOG + ALLOWED + SLOWNESS


@test
def a_daemon_that_stands_still_is_replaced_in_time():
    with drop_in(f"WatchdogSec={WATCHDOG}\n"), service(everything()), flowing() as stream:
        hung = serving()
        since = time.monotonic()
        os.kill(hung, signal.SIGSTOP)
        replaced_in_time(hung, since, "SIGSTOP")
        assert stream.result("SIGSTOP") == WHOLE
        assert poisoned() == 0


def saved_packets():
    """The payloads of what is in the poison folder: a file header, a packet header, IPv4, UDP."""
    payloads = []
    for path in sorted(glob.glob(f"{POISON_FOLDER}/*.pcap")):
        with open(path, "rb") as file:
            payloads.append(file.read()[24 + 16 + 20 + 8:])
    return payloads


@contextlib.contextmanager
def fragile():
    """The daemon whose parser some ports are fatal to, with nothing saved yet."""
    shutil.rmtree(POISON_FOLDER, ignore_errors=True)
    with drop_in(program(POISON) + f"WatchdogSec={WATCHDOG}\n"), service(everything()):
        yield
    shutil.rmtree(POISON_FOLDER, ignore_errors=True)


@test
def a_worker_that_hangs_is_replaced_in_time():
    with fragile(), listening(LOOP) as looped, flowing() as stream:
        hung = serving()
        replaced_in_time(hung, send(LOOP, b"endless"), "a worker in an endless loop")
        assert stream.result("an endless loop") == WHOLE
        assert looped() == [], "the packet nobody could judge was let through"
        assert saved_packets() == [b"endless"]
        assert poisoned() == 1
        assert "its worker makes no progress" in run("journalctl", "-o", "cat", "-u", "nacld", "-n", "50")


@test
def a_poisonous_packet_costs_itself_alone():
    with fragile(), listening(FAULT) as fatal, flowing() as stream:
        pid = serving()
        for payload in (b"first", b"second"):
            send(FAULT, payload)
            pid = serving(pid)
        wait_until_judged()
        assert stream.result("2 poisonous packets") == WHOLE
        assert fatal() == [], "the packet nobody could judge was let through"
        assert saved_packets() == [b"first", b"second"]
        assert poisoned() == 2
        assert "2 packets made nacld crash or hang" in run("naclctl", "show")
        said = run("journalctl", "-o", "cat", "-u", "nacld", "-n", "50")
        assert "a packet made its filter crash or hang; it is dropped" in said
        assert f"{POISON_FOLDER}/01.pcap: please report it" in said


@test
def in_a_crash_loop_packets_wait():
    # Whatever on_failure says: the store holds the queue, so it is not so that nobody listens.
    obstacle = "/run/obstacle"
    with drop_in(f"ExecStartPre=/usr/bin/test ! -e {obstacle}\n"), service(everything(on_failure='"accept"')):
        with flowing() as stream, listening(FAULT) as got:
            open(obstacle, "w").close()
            kill()
            lives = int(prop("nacld", "NRestarts"))
            wait_for("it starts in vain", lambda: int(prop("nacld", "NRestarts")) >= lives + 3, 120)
            send(FAULT, b"late")
            assert queue_file()[0] > 0 and stored() == 2
            assert got() == []
            os.remove(obstacle)
            serving()
            wait_until_judged()
            assert got() == [b"late"]
            assert stream.result("a crash loop") == WHOLE


@test
def stop_lets_go_of_the_queues():
    with service(everything()):
        assert stored() == 2 and set(queue_file()) == {0}
        configure(everything(first=3))
    assert stored() == 0 and queue_file() == {}
    assert run("nft", "list", "ruleset") == ""
    with service(everything(first=3)):
        assert stored() == 2 and set(queue_file()) == {3}, "nothing of the first one came back"
        assert page()
        assert show()["queues"][0]["packets"] > 0
    assert exit_status("systemctl", "is-failed", "nacld") != 0
