# SPDX-License-Identifier: GPL-2.0-or-later
"""The real programs of a test: nacld and its control socket, nginx, dnsmasq, iperf3, curl."""

import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess

from lib import BUILD, TOOLS, Process, wait_until

NACLD = BUILD / "nacld"
NACLCTL = BUILD / "naclctl"
_serial = itertools.count(1)


class ControlError(Exception):
    """The daemon's answer was {"ok": false}; args[0] is the whole answer."""


class Nacld(Process):
    """The daemon in a namespace. Ready when constructed, unless ready=False."""

    def __init__(self, ns, conf, *args, expect=(0,), ready=True, prefix=()):
        stem = f"{ns.label}-nacld-{next(_serial)}"
        self.ns = ns
        self.conf_path = ns.topology.tmp / f"{stem}.conf"
        self.socket_path = ns.topology.tmp / f"{stem}.sock"
        self.write(conf)
        argv = ns.argv(*prefix, NACLD, "-f", self.conf_path, "-s", self.socket_path, *args)
        super().__init__("nacld", argv, ns.topology.tmp / f"{stem}.log", expect)
        ns.topology.own(self)
        if ready:
            self.wait_ready()

    def write(self, conf):
        """Replaces the configuration file in one step; the daemon keeps running the old one."""
        part = self.conf_path.with_suffix(".part")
        part.write_text(conf)
        part.rename(self.conf_path)

    def wait_ready(self, timeout=20.0):
        def ready():
            assert self.running(), f"nacld ended with {self.popen.returncode}:\n{self.log()}"
            try:
                return self.status()
            except (OSError, ValueError):
                return None

        return wait_until(ready, "nacld answers on its control socket", timeout)

    def connect(self, timeout=10.0):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(timeout)

        def connected():
            try:
                return s.connect(str(self.socket_path)) is None
            except BlockingIOError:  # the daemon has yet to accept those before us
                return False

        wait_until(connected, "a connection to the control socket", timeout)
        return s

    def ask(self, request):
        """One request, one answer, whatever it says."""
        with self.connect() as s:
            s.sendall(json.dumps({"request": request}).encode() + b"\n")
            return json.loads(read_line(s))

    def status(self):
        answer = self.ask("status")
        if not answer.get("ok"):
            raise ControlError(answer)
        return answer["status"]

    def reload(self, conf=None):
        """Reloads through the control socket; a refusal raises ControlError with the answer."""
        if conf is not None:
            self.write(conf)
        answer = self.ask("reload")
        if not answer.get("ok"):
            raise ControlError(answer)
        return answer

    def rule(self, acl, direction, number):
        """One rule's object of the status: packets, bytes, last_hit. number may be "*"."""
        for entry in self.status()["acls"]:
            if entry["name"] == acl:
                return next(r for r in entry[direction] if r["rule"] == number)
        raise KeyError(acl)

    def packets(self, acl, direction, number):
        return self.rule(acl, direction, number)["packets"]

    def wait_packets(self, acl, direction, number, count, timeout=10.0):
        """Until the rule has counted that many; returns how many it has."""
        wait_until(lambda: self.packets(acl, direction, number) >= count,
                   f"{acl} {direction} {number} counted {count}", timeout)
        return self.packets(acl, direction, number)

    def total(self, field):
        return sum(q[field] for q in self.status()["queues"])

    def reason(self, name):
        return self.status()["reasons"].get(name, 0)


def read_line(s):
    """One line from a control connection; ValueError when it is closed before."""
    data = b""
    while not data.endswith(b"\n"):
        part = s.recv(65536)
        if not part:
            raise ValueError(f"closed after {data[:80]!r}")
        data += part
    return data


def naclctl(ns, *args, check=True, timeout=20.0):
    return ns.run(NACLCTL, *args, check=check, timeout=timeout)


def steer(ns, conf, tool="nft"):
    """naclctl steer up, as a user would; conf is the daemon or a configuration file."""
    path = conf.conf_path if isinstance(conf, Nacld) else conf
    return naclctl(ns, "steer", "up", "-f", path, "--backend", f"iptables-{tool}")


def queue_rule(ns, hook, queue="0", family=4, tool="nft", table="mangle", bypass=False, match=()):
    """A plain NFQUEUE rule: every packet of the hook (or of `match`) goes to the queue.

    queue is "0" or a range "0:1" to balance over. tool is "nft" or "legacy".
    """
    command = {4: "iptables", 6: "ip6tables"}[family] + f"-{tool}"
    numbers = ["--queue-balance" if ":" in queue else "--queue-num", queue]
    ns.run(command, "-w", "-t", table, "-A", hook, *match, "-j", "NFQUEUE", *numbers,
           *(["--queue-bypass"] if bypass else []))


def queue_rule_packets(ns, hook, family=4, tool="nft", table="mangle"):
    """How many packets the NFQUEUE rules of a hook have seen."""
    command = {4: "iptables", 6: "ip6tables"}[family] + f"-{tool}"
    listing = ns.run(command, "-w", "-t", table, "-nvxL", hook).stdout
    return sum(int(line.split()[0]) for line in listing.splitlines() if "NFQUEUE" in line)


def queue_host(ns, tool="nft", **options):
    """INPUT and OUTPUT of both families to the queue."""
    for family in (4, 6):
        for hook in ("INPUT", "OUTPUT"):
            queue_rule(ns, hook, family=family, tool=tool, **options)


def queue_forward(ns, tool="nft", **options):
    for family in (4, 6):
        queue_rule(ns, "FORWARD", family=family, tool=tool, **options)


def queue_file(ns):
    """/proc/net/netfilter/nfnetlink_queue: {queue: {portid, waiting, dropped, user_dropped, last_id}}."""
    names = ("queue", "portid", "waiting", "mode", "range", "dropped", "user_dropped", "last_id")
    rows = [dict(zip(names, map(int, line.split())))
            for line in ns.read("/proc/net/netfilter/nfnetlink_queue").splitlines()]
    return {row["queue"]: row for row in rows}


def nginx(ns, root, ports=(80,), page="hello from nginx\n"):
    """nginx of build/tools, serving `root` on both families; the page is index.html."""
    root = pathlib.Path(root)
    root.mkdir(exist_ok=True)
    (root / "index.html").write_text(page)
    temps = "".join(f"{kind}_temp_path {root}/.{kind};\n"
                    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    listens = "".join(f"listen {port}; listen [::]:{port};\n" for port in ports)
    conf = root.parent / f"nginx-{next(_serial)}.conf"
    conf.write_text(f"""daemon off; user root; worker_processes 1; pid {conf}.pid;
error_log stderr; events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; {temps}
server {{ {listens} root {root}; }} }}
""")
    binary = TOOLS / "usr" / "sbin" / "nginx"
    process = ns.start("nginx", binary, "-e", "stderr", "-c", conf)
    wait_listening(ns, process, ports)
    return process


def dnsmasq(ns, address="192.0.2.80", name="www.example.test"):
    """A real DNS server with one name on port 53."""
    process = ns.start("dnsmasq", "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv",
                       "--no-hosts", "--pid-file=", "--bind-interfaces",
                       f"--address=/{name}/{address}", expect=(0, 2))
    wait_listening(ns, process, (53,))
    return process


def iperf3_server(ns):
    process = ns.start("iperf3", *_iperf3(), "-s", expect=(0, 1, -15))
    wait_listening(ns, process, (5201,))
    return process


def iperf3(ns, *args, timeout=30.0):
    """The client, its JSON report parsed."""
    return json.loads(ns.run(*_iperf3(), "-J", *args, timeout=timeout).stdout)


def _iperf3():
    library = next((TOOLS / "usr" / "lib").glob("*-linux-gnu"))
    return ["env", f"LD_LIBRARY_PATH={library}", TOOLS / "usr" / "bin" / "iperf3"]


def wait_listening(ns, process, ports):
    wanted = {f"{port:04X}" for port in ports}

    def listening():
        assert process.running(), f"{process.name} ended:\n{process.log()}"
        text = ns.read("/proc/net/tcp") + ns.read("/proc/net/tcp6")
        rows = [line.split() for line in text.splitlines()]
        return wanted <= {row[1].split(":")[1] for row in rows if row[3] == "0A"}

    wait_until(listening, f"{process.name} listens on {ports}")


def curl(ns, url, *args, timeout=3, check=True):
    """curl in a namespace; gives up after `timeout` seconds (exit status 28)."""
    return ns.run("curl", "-sS", "--globoff", "--max-time", str(timeout), *args, url, check=check,
                  timeout=timeout + 20)


def udp_server(ns, port, address="::"):
    """A bound UDP socket of the test inside the namespace (IPv4 too, as ::ffff:a.b.c.d)."""
    s = ns.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind((address, port))
    return s


def drain(receiver):
    """Everything that arrived and is still unread."""
    got = []
    receiver.settimeout(0)
    try:
        while True:
            got.append(receiver.recv(64))
    except BlockingIOError:
        return got


def stopped(process):
    """Freezes a process with SIGSTOP and returns once it stands still."""
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: all(
        t.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
        for t in pathlib.Path(f"/proc/{process.pid}/task").iterdir()), f"{process.name} stands still")


def unprivileged(*argv):
    """The command without CAP_NET_ADMIN, still root for files."""
    return ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", *map(str, argv)]


def run_program(*argv, timeout=20.0):
    """A program outside every test namespace, to its end."""
    return subprocess.run([str(a) for a in argv], timeout=timeout, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL)
