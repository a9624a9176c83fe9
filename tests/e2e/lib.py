# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces, the processes in them, and waiting: the ground every test stands on.

A Topology owns all it makes. Its close() stops the processes, newest first, deletes the namespaces,
and then complains about every process that did not end as it should (a daemon that crashed, a
sanitizer's report). Sockets of the test itself are opened inside a namespace and stay there.
"""

import contextlib
import ctypes
import fcntl
import itertools
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import time

BUILD = pathlib.Path(os.environ.get("NACLD_BUILD", pathlib.Path(__file__).parents[2] / "build"))
REPO = pathlib.Path(__file__).parents[2]
TOOLS = REPO / "build" / "tools"
SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:)")

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
SIOCETHTOOL, ETHTOOL_GLINK, IFA_F_TENTATIVE = 0x8946, 0x0A, 0x40
_serial = itertools.count(1)


def wait_until(condition, what, timeout=10.0):
    """The first true value of condition(), or a failure that says what never came."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"after {timeout} s still not so: {what}"
        time.sleep(0.01)


class Process:
    """A background program with its output in a file. Stopping it yields its exit status."""

    def __init__(self, name, argv, log_path, expect=(0,), env=None):
        self.name = name
        self.log_path = log_path
        self.expect = tuple(expect)
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen(
                [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True, env=env)

    @property
    def pid(self):
        return self.popen.pid

    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def wait(self, timeout=10.0):
        return self.popen.wait(timeout)

    def kill(self, number):
        os.kill(self.pid, number)

    def stop(self, number=signal.SIGTERM, timeout=10.0):
        """Asks the process to end; kills it (and says so by its status) when it does not."""
        if self.running():
            os.killpg(self.pid, signal.SIGCONT)
            os.killpg(self.pid, number)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            return self.popen.wait(timeout)

    def problem(self):
        """What is wrong with the way it ended, or None."""
        status = self.stop()
        text = self.log()
        if SANITIZER.search(text):
            return f"{self.name}: a sanitizer reported:\n{text}"
        if status not in self.expect:
            return f"{self.name}: exit status {status}, expected {self.expect}:\n{text[-4000:]}"
        return None


class Netns:
    """One network namespace of a Topology."""

    def __init__(self, topology, label, name):
        self.topology = topology
        self.label = label
        self.name = name
        self.path = f"/run/netns/{name}"

    @contextlib.contextmanager
    def inside(self):
        """This thread in the namespace. Sockets opened here stay in it."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(there, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            if _libc.setns(home, _CLONE_NEWNET):
                os._exit(70)  # in the wrong namespace every later result would lie
            os.close(home)
            os.close(there)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, proto=0, timeout=5.0):
        with self.inside():
            s = socket.socket(family, kind, proto)
        s.settimeout(timeout)
        return s

    def sysctl(self, key, value):
        with self.inside():
            pathlib.Path("/proc/sys/net", *key.split("/")).write_text(str(value))

    def read(self, path):
        """A file of /proc as this namespace sees it."""
        with self.inside():
            return pathlib.Path(path.replace("/proc/net/", "/proc/thread-self/net/")).read_text()

    def argv(self, *argv):
        return ["ip", "netns", "exec", self.name, *[str(a) for a in argv]]

    def run(self, *argv, timeout=20.0, check=True, stdin=None, env=None):
        """Runs a command to its end. CompletedProcess with text; a failure shows both outputs."""
        done = subprocess.run(self.argv(*argv), timeout=timeout, text=True, errors="replace",
                              input=stdin, capture_output=True, env=env,
                              stdin=subprocess.DEVNULL if stdin is None else None)
        if check and done.returncode:
            raise AssertionError(f"{self.label}: {' '.join(map(str, argv))}: exit status "
                                 f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, name, *argv, expect=(0,), env=None):
        """Starts a program that lives until the Topology closes."""
        log = self.topology.tmp / f"{self.label}-{name}-{next(_serial)}.log"
        return self.topology.own(Process(name, self.argv(*argv), log, expect, env))


class Link:
    """A veth pair: (namespace, interface, MAC) at both ends. Offloads are the kernel's defaults."""

    def __init__(self, a, b):
        self.ends = {}
        for ns, peer in ((a, b), (b, a)):
            with ns.inside():
                interface = peer.label
                self.ends[ns] = (interface, _hwaddr(interface))

    def interface(self, ns):
        return self.ends[ns][0]

    def mac(self, ns):
        return self.ends[ns][1]

    def other(self, ns):
        return next(n for n in self.ends if n is not ns)


def _announce_carrier(interface):
    """Asking for the link state makes recent kernels tell it to IPv6 at once, not within a second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_GLINK, 0), 8)
        request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
        fcntl.ioctl(s, SIOCETHTOOL, request.ljust(40, b"\0"))


def _hwaddr(interface):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
        s.bind((interface, 0))
        return ":".join(f"{b:02x}" for b in s.getsockname()[4])


class Topology:
    """Namespaces and veth pairs; everything it made is gone after close()."""

    def __init__(self, tmp):
        self.tmp = pathlib.Path(tmp)
        self.namespaces = []
        self.processes = []
        self.on_close = []

    def own(self, process):
        self.processes.append(process)
        return process

    def ns(self, label):
        """A namespace; interfaces towards it carry its label, so it is short."""
        assert len(label) <= 12
        ns = Netns(self, label, f"nacld-e2e-{os.getpid()}-{next(_serial)}-{label}")
        _ip(f"netns add {ns.name}")
        self.namespaces.append(ns)
        for key, value in (("accept_dad", 0), ("router_solicitations", 0),
                           ("mldv1_unsolicited_report_interval", 1),
                           ("mldv2_unsolicited_report_interval", 1)):
            ns.sysctl(f"ipv6/conf/default/{key}", value)
            ns.sysctl(f"ipv6/conf/all/{key}", value)
        ns.sysctl("ipv4/ip_local_reserved_ports", "40000-40010,50000")  # tests fix these themselves
        _ip("link set lo up", ns)
        return ns

    def veth(self, a, b, a_addrs=(), b_addrs=()):
        """Connects two namespaces. In each the interface is named after the other's label."""
        _ip(f"link add {b.label} netns {a.name} type veth peer name {a.label} netns {b.name}")
        for ns, peer, addrs in ((a, b, a_addrs), (b, a, b_addrs)):
            for addr in addrs:
                _ip(f"addr add {addr} dev {peer.label}{' nodad' if ':' in addr else ''}", ns)
            _ip(f"link set {peer.label} up", ns)
        link = Link(a, b)
        for ns in (a, b):
            self._settle(ns, link)
        return link

    def _settle(self, ns, link):
        """Until the end has carrier, usable addresses, and has made its multicast reports.

        Afterwards it sends nothing by itself: what a test then counts is what the test sent.
        """
        interface = link.interface(ns)

        def settled():
            with ns.inside():
                _announce_carrier(interface)
                state = pathlib.Path("/proc/thread-self/net/if_inet6").read_text()
            rows = [line.split() for line in state.splitlines() if line.split()[5] == interface]
            link_local = [row for row in rows if row[3] == "20"]
            return link_local and not any(int(row[4], 16) & IFA_F_TENTATIVE for row in rows)

        def reports():
            with ns.inside():
                text = pathlib.Path("/proc/thread-self/net/dev_snmp6", interface).read_text()
            return int(re.search(r"Icmp6OutMLDv2Reports\s+(\d+)", text)[1])

        wait_until(settled, f"{ns.label}: addresses of {interface} are usable")
        seen = [(0, time.monotonic())]

        def quiet():
            if reports() != seen[-1][0]:
                seen.append((reports(), time.monotonic()))
            return seen[-1][0] and time.monotonic() - seen[-1][1] > 0.05

        wait_until(quiet, f"{ns.label}: multicast reports are over")

    def pair(self, client="client", server="server"):
        """client 192.0.2.2, 2001:db8:1::2  -  server 192.0.2.1, 2001:db8:1::1."""
        a, b = self.ns(client), self.ns(server)
        link = self.veth(a, b, ("192.0.2.2/24", "2001:db8:1::2/64"),
                         ("192.0.2.1/24", "2001:db8:1::1/64"))
        return a, b, link

    def routed(self):
        """left 198.51.100.2, 2001:db8:a::2  -  router (.1, ::1)  -  right 203.0.113.2, 2001:db8:b::2."""
        left, router, right = self.ns("left"), self.ns("router"), self.ns("right")
        router.sysctl("ipv4/ip_forward", 1)
        router.sysctl("ipv6/conf/all/forwarding", 1)
        to_left = self.veth(left, router, ("198.51.100.2/24", "2001:db8:a::2/64"),
                            ("198.51.100.1/24", "2001:db8:a::1/64"))
        to_right = self.veth(right, router, ("203.0.113.2/24", "2001:db8:b::2/64"),
                             ("203.0.113.1/24", "2001:db8:b::1/64"))
        for ns, v4, v6 in ((left, "198.51.100.1", "2001:db8:a::1"),
                           (right, "203.0.113.1", "2001:db8:b::1")):
            _ip(f"route add default via {v4}", ns)
            _ip(f"-6 route add default via {v6}", ns)
        return left, router, right, to_left, to_right

    def close(self):
        """Stops and deletes everything, then fails if a process did not end as expected."""
        problems = []
        for process in reversed(self.processes):
            try:
                problem = process.problem()
                print(f"---- {process.name}\n{process.log()}" if process.log() else "", end="")
            except Exception as error:  # the rest must still be cleaned up
                problem = f"{process.name}: {error!r}"
            if problem:
                problems.append(problem)
        for action in reversed(self.on_close):
            action()
        for ns in self.namespaces:
            subprocess.run(["ip", "netns", "del", ns.name], check=False, capture_output=True)
        assert not problems, "\n".join(problems)


def _ip(text, ns=None):
    where = ["-n", ns.name] if ns else []
    done = subprocess.run(["ip", *where, *text.split()], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, f"ip {text}: {done.stderr}"
