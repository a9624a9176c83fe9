# What tests of dying and starting again share: numbered datagrams, other builds of the daemon, who serves just now.
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess

from vm import CONFIG, SERVER, client, host_acl, prop, run, wait_for

NUMBERED, POISON, NEXT = "/vm/bin/numbered", "/vm/bin/nacld-poison", "/vm/bin/nacld-next"
PROGRAM = "/usr/sbin/nacld"
DROP_IN = "/run/systemd/system/nacld.service.d/test.conf"
CONTROL = "/run/nacld/nacld.sock"
PROCESSES = "/sys/fs/cgroup/system.slice/nacld.service/cgroup.procs"
PORT = 9000
RATE = 1000
LENGTH = 65535  # a minute of it
WAITING, LAST_ID = 2, 7  # columns of the kernel's table


def lost_elsewhere():
    """Drops before the queue (each processor's backlog) and after it (the receiver's buffer)."""
    with open("/proc/net/softnet_stat") as stat:
        backlog = sum(int(line.split()[1], 16) for line in stat)
    with open("/proc/net/snmp") as snmp:
        names, values = (line.split() for line in snmp if line.startswith("Udp:"))
    return backlog, int(values[names.index("RcvbufErrors")])


def everything(**queue):
    settings = "".join(f"{key} = {value}; " for key, value in dict({"length": LENGTH}, **queue).items())
    allow = [(100, "all", "")]
    return host_acl(allow, allow, f"queue = {{ {settings}}};")


class Stream:
    """Numbered datagrams from the client to this host, from here on until result().

    What happens on the way there is not the question: the sender stays on one processor, since packets overtake
    each other between two, and where it has to catch up, the backlog of the cable has room.
    """

    def __init__(self):
        with open("/proc/sys/net/core/netdev_max_backlog", "w") as backlog:
            backlog.write("100000")
        most = str(600 * RATE)
        self.receiver = subprocess.Popen([NUMBERED, "receive", str(PORT), most, "90"],
                                         stdout=subprocess.PIPE, text=True)
        assert self.receiver.stdout.readline() == "ready\n"
        before = queue_file(LAST_ID)[0]
        self.elsewhere = lost_elsewhere()
        self.sender = subprocess.Popen(client("taskset", "-c", "0", NUMBERED, "send", SERVER, str(PORT), most,
                                              str(RATE)))
        wait_for("it flows", lambda: queue_file(LAST_ID)[0] > before + RATE / 10)

    def result(self, what):
        """What is to be said of those that arrived; printed with `what` happened meanwhile."""
        assert self.sender.poll() is None, "it ended before its time"
        self.sender.terminate()
        assert self.sender.wait(30) == 0
        line = self.receiver.communicate(timeout=180)[0].strip()
        print(f"  {what}: {line}")
        assert lost_elsewhere() == self.elsewhere, "lost on the cable or by the receiver"
        return line.split(" ", 2)[2]

    def kill(self):
        for process in (self.sender, self.receiver):
            process.kill()
            process.wait()


@contextlib.contextmanager
def flowing():
    stream = Stream()
    try:
        yield stream
    finally:
        stream.kill()


@contextlib.contextmanager
def drop_in(text):
    """More lines for nacld.service's [Service]."""
    os.makedirs(os.path.dirname(DROP_IN), exist_ok=True)
    with open(DROP_IN, "w") as file:
        file.write("[Service]\n" + text)
    run("systemctl", "daemon-reload")
    try:
        yield
    finally:
        os.remove(DROP_IN)
        run("systemctl", "daemon-reload")


def program(path):
    return f"ExecStart=\nExecStart={path} -f {CONFIG}\n"


@contextlib.contextmanager
def installed(path):
    """Another build in the place of the installed one, put there as a package manager does."""
    shutil.copy(PROGRAM, "/run/nacld.before")

    def put(source):
        shutil.copy(source, PROGRAM + ".new")
        os.rename(PROGRAM + ".new", PROGRAM)
        run("systemctl", "daemon-reload")

    try:
        put(path)
        yield lambda: put("/run/nacld.before")
    finally:
        put("/run/nacld.before")
        os.remove("/run/nacld.before")


def processes():
    try:
        with open(PROCESSES) as file:
            return [int(pid) for pid in file]
    except OSError:
        return []  # between two lives the control group may be gone


def kill(number=signal.SIGKILL):
    """Whoever is there, even when it only just starts; then waits until it is gone."""
    wait_for("there is somebody to kill", processes, 60)
    pid = processes()[0]
    os.kill(pid, number)
    wait_for("it is gone", lambda: pid not in processes())


def status():
    """As naclctl asks for it, and cheaper here; None when nobody answers."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        try:
            s.connect(CONTROL)
            s.sendall(b'{"request": "status"}\n')
            return json.loads(s.makefile().readline())["status"]
        except (OSError, ValueError):
            return None


def serving(*before):
    """The process id of the one that serves, which is none of those before."""
    pids = []

    def serves():
        pids.append((status() or {"pid": 0})["pid"])
        return pids[-1] not in (0, *before)

    wait_for("nacld serves", serves, 60)
    return pids[-1]


def stored():
    return int(prop("nacld", "NFileDescriptorStore"))


def queue_file(column=WAITING):
    """{queue: that column}, as the kernel has it."""
    with open("/proc/net/netfilter/nfnetlink_queue") as file:
        return {int(line.split()[0]): int(line.split()[column]) for line in file}


def wait_until_judged():
    wait_for("nothing waits any more", lambda: queue_file()[0] == 0, 60)


def send(port, payload):
    """One datagram from the client; the moment it left."""
    return float(run(*client("python3", "-c", "import socket, time\n"
                             "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                             "print(time.monotonic())\n"
                             f"s.sendto({payload!r}, ('{SERVER}', {port}))")))


@contextlib.contextmanager
def listening(port):
    """A UDP socket; got() is what it has received so far."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((SERVER, port))
        s.setblocking(False)
        got = []

        def received():
            with contextlib.suppress(BlockingIOError):
                while True:
                    got.append(s.recv(2048))
            return got

        yield received
