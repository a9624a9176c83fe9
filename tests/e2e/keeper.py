# SPDX-License-Identifier: GPL-2.0-or-later
"""A service manager in miniature: what systemd does for nacld with descriptors and notifications, no more.

KeptNacld is the daemon under it. It stores the descriptors that the daemon sends (FDSTORE=1 in
sd_notify(3)), hands them to the next start (LISTEN_FDS in sd_listen_fds(3)), keeps every
notification, and starts the daemon again when a test has killed it.
"""

import array
import ctypes
import mmap
import os
import signal
import socket
import struct
import threading
import time

from lib import BUILD, Process, wait_until
from services import NACLD, Nacld, _serial

POISON = BUILD / "e2e" / "nacld-poison"
HOSTILE = BUILD / "e2e" / "nacld-hostile"
STEPS = BUILD / "e2e" / "nacld-steps"
FAULT, ABORT, LOOP, STACK = 6661, 6662, 6663, 6664  # ports that are fatal to its filter (poison.c)
# Ports at which a filtering child is taken over (hostile_child.c), by what it then spoils.
ANSWERS, RING, FLOWS, COUNTERS, EARLY = 6671, 6672, 6673, 6674, 6675

LISTEN_FDS_START = 3
FDS_MAX = 16

# struct batch_region of src/daemon/path/batch.h
GEOMETRY = struct.Struct("=5I")  # magic, layout, slots, stride, offset of the first message
JUDGING, POISONOUS, ANSWERED = 20, 24, 28


_KCMP = 312 if os.uname().machine == "x86_64" else 272  # asm-generic's


def _same_file(a, b):
    """Is it one open file? kcmp(2), as systemd asks: maps of BPF all have the same inode."""
    me = os.getpid()
    return ctypes.CDLL(None, use_errno=True).syscall(_KCMP, me, me, 0, a, b) == 0


class Store:
    """The manager's end of NOTIFY_SOCKET."""

    def __init__(self, ns, path):
        self.path = str(path)
        self.fds = {}  # name: [descriptor, ...]
        self.messages = []
        self.polled = []  # names stored without FDPOLL=0
        self.socket = ns.socket(socket.AF_UNIX, socket.SOCK_DGRAM, timeout=None)
        self.socket.bind(self.path)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        space = socket.CMSG_SPACE(FDS_MAX * 4)
        while True:
            data, ancillary, _, _ = self.socket.recvmsg(4096, space)
            fds = array.array("i")
            for _, kind, part in ancillary:
                if kind == socket.SCM_RIGHTS:
                    fds.frombytes(part[:len(part) - len(part) % 4])
            if data == b"END":
                return
            self._take(data.decode(), list(fds))

    def _take(self, text, fds):
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        name = fields.get("FDNAME")
        if fields.get("FDSTORE") == "1":
            # As systemd does: what is stored already, under whatever name, is not stored again.
            fresh = [fd for fd in fds if not any(_same_file(fd, other) for _, other in self.listed())]
            self.fds.setdefault(name, []).extend(fresh)
            if fields.get("FDPOLL") != "0":
                self.polled.append(name)
            fds = [fd for fd in fds if fd not in fresh]
        elif fields.get("FDSTOREREMOVE") == "1":
            fds = self.fds.pop(name, [])
        for fd in fds:  # a barrier's too: closing it is the answer
            os.close(fd)
        self.messages.append(fields)

    def listed(self):
        """[(name, descriptor)] in the order they are handed over."""
        return [(name, fd) for name, fds in sorted(self.fds.items()) for fd in fds]

    def close(self):
        self.socket.sendto(b"END", self.path)
        self.thread.join()
        self.socket.close()
        for _, fd in self.listed():
            os.close(fd)
        self.fds = {}


def _run_child(argv, env, log_path, stored):
    """In the forked child: becomes the program, with the stored descriptors from 3 on."""
    try:
        os.setsid()
        log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        null = os.open("/dev/null", os.O_RDONLY)
        high = [os.dup2(fd, 200 + i, inheritable=False) for i, (_, fd) in enumerate(stored)]
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.closerange(3, 200)
        for i, fd in enumerate(high):
            os.dup2(fd, LISTEN_FDS_START + i)
        if stored:
            env = dict(env, LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(stored)),
                       LISTEN_FDNAMES=":".join(name for name, _ in stored))
        os.execvpe(argv[0], argv, env)
    finally:
        os._exit(127)


class KeptNacld(Nacld):
    """nacld with its descriptors kept. It dies by die() or exit() and lives again by start()."""

    def __init__(self, ns, conf, state=None, program=NACLD, watchdog_us=None):
        stem = f"{ns.label}-kept-{next(_serial)}"
        tmp = ns.topology.tmp
        self.name, self.ns, self.expect = "nacld", ns, (0,)
        self.conf_path, self.socket_path = tmp / f"{stem}.conf", tmp / f"{stem}.sock"
        self.log_path = tmp / f"{stem}.log"
        self.write(conf)
        self.store = Store(ns, tmp / f"{stem}.notify")
        self.child = None
        self.statuses = []  # how each one ended: negative is a signal
        self.program = program
        self.argv = ns.argv(program, "-f", self.conf_path, "-s", self.socket_path)
        self.env = dict(os.environ, NOTIFY_SOCKET=self.store.path)
        if state:
            self.env["STATE_DIRECTORY"] = str(state)
        if watchdog_us:
            self.env["WATCHDOG_USEC"] = str(watchdog_us)
        ns.topology.own(self)
        self.start()
        self.wait_ready()

    @property
    def pid(self):
        return self.child

    def start(self, program=None, **env):
        """As it is, or another program for this once."""
        assert self.child is None
        argv = [str(program) if program and arg == str(self.program) else arg for arg in map(str, self.argv)]
        self.child = os.fork()
        if self.child == 0:
            _run_child(argv, dict(self.env, **env), self.log_path, self.store.listed())

    def revive(self):
        self.start()
        self.wait_ready()

    def reap(self, timeout=20.0):
        """Waits for the end; the exit status, or minus the signal."""
        deadline = time.monotonic() + timeout
        while True:
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                self.child = None
                self.statuses.append(os.waitstatus_to_exitcode(status))
                return self.statuses[-1]
            assert time.monotonic() < deadline, "nacld does not end"
            time.sleep(0.001)

    def running(self):
        return self.child is not None

    def die(self, number=signal.SIGKILL):
        os.kill(self.child, number)
        return self.reap()

    def wait_ready(self, timeout=20.0):
        def ready():
            pid, status = os.waitpid(self.child, os.WNOHANG)
            assert not pid, f"nacld ended with {os.waitstatus_to_exitcode(status)}:\n{self.log()}"
            try:
                return self.status()
            except (OSError, ValueError):
                return None

        return wait_until(ready, "nacld answers on its control socket", timeout)

    def stop(self, number=signal.SIGTERM, timeout=10.0):
        if self.child is not None:
            self.die(number)
        return self.statuses[-1]

    def problem(self):
        try:
            return Process.problem(self)
        finally:
            self.store.close()

    def notified(self, key, value=None):
        return [m for m in list(self.store.messages) if key in m and value in (None, m[key])]

    def buffers(self, queue=0):
        """The stored receive buffers, mapped."""
        return mmap.mmap(self._stored(queue, "memfd"), 0)

    def socket_fd(self, queue=0):
        return self._stored(queue, "socket")

    def _stored(self, queue, kind):
        """Of several buffers the latest generation counts."""
        names = [f"queue-{queue}", *sorted(n for n in self.store.fds if n.startswith(f"buffers-{queue}-"))]
        return [fd for name in names for fd in self.store.fds[name]
                if kind in os.readlink(f"/proc/self/fd/{fd}")][-1]


def receive_as_predecessor(nacld, count, queue=0):
    """Reads messages into the stored buffers, as a daemon does that dies before it judges them.

    Returns the slots' offsets in the region.
    """
    region = nacld.buffers(queue)
    _, _, slots, stride, first = GEOMETRY.unpack_from(region)
    s = socket.socket(fileno=os.dup(nacld.socket_fd(queue)))
    s.settimeout(10)
    offsets = []
    with s:
        for i in range(count):
            assert i < slots
            data = s.recv(stride)
            region[first + i * stride:first + i * stride + len(data)] = data
            offsets.append(first + i * stride)
    return offsets
