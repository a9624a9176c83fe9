# What the tests of this machine share: commands, waiting, the web server and its client.
import contextlib
import json
import os
import subprocess
import time

SLOWER = 4  # than a machine of its own: how long a wait may take
CONFIG = "/etc/nacld/nacld.conf"
SERVER, SERVER6 = "192.0.2.1", "2001:db8::1"
EXAMPLES = "/usr/share/doc/nacld/examples"
tests = []


class Skip(Exception):
    """Raised by a test that cannot run here, with the reason."""


def test(function):
    tests.append(function)
    return function


def run(*argv, check=True, timeout=60):
    """One command; its output and errors together, as text."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)} exited {done.returncode}: {done.stdout.strip()}")
    return done.stdout.strip()


def exit_status(*argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, timeout=60).returncode


def wait_for(what, condition, seconds=30):
    """Until the condition holds, for so long on a machine of its own; `what` says what did not happen.

    An emulated machine whose host has other work is slower by far, and a wait is no measurement.
    """
    seconds *= SLOWER
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def prop(unit, name):
    return run("systemctl", "show", "-P", name, unit)


def active(unit):
    return prop(unit, "ActiveState") == "active"


def main_pid():
    return int(prop("nacld", "MainPID"))


def configure(text):
    """Writes the configuration: an example by name, or a text."""
    if text.endswith(".conf"):
        with open(f"{EXAMPLES}/{text}") as example:
            text = example.read()
    with open(CONFIG, "w") as config:
        config.write(text)


def host_acl(inbound, outbound, settings=""):
    """A configuration for the host; rules as (number, protocol, what else)."""
    def rules(side, lines):
        return ",\n".join(f'{{ rule = {number}; action = "allow"; protocol = "{protocol}"; {rest} '
                          f'{side} = "{"::/0" if protocol == "icmpv6" else "0.0.0.0/0"}"; }}'
                          for number, protocol, rest in lines)
    return (f'mode = "enforce";\n{settings}\nnetwork_acls = ( {{ name = "web"; '
            f'associations = ( {{ host = true; }} );\n'
            f'inbound = ( {rules("source", inbound)} );\n'
            f'outbound = ( {rules("destination", outbound)} ); }} );\n')


@contextlib.contextmanager
def service(config):
    """nacld with this configuration, started and stopped by systemd."""
    configure(config)
    if exit_status("getent", "passwd", "nacld") != 0:
        run("systemd-sysusers")  # a single test was asked for, and not the one that makes the account
    run("systemctl", "start", "nacld")
    try:
        wait_for("nacld and its steering are up",
                 lambda: active("nacld") and active("nacld-steering"))
        yield
    finally:
        run("systemctl", "stop", "nacld")
    wait_for("the steering is gone", steering_at_rest)


def steering_at_rest():
    return prop("nacld-steering", "ActiveState") in ("inactive", "failed")


def show():
    return json.loads(run("naclctl", "show", "--json"))


def rule(direction, number):
    """One rule of the only ACL, as `naclctl show --json` has it."""
    acl = show()["acls"][0]
    return next(r for r in acl[direction] if r["rule"] == number)


def steering():
    return json.loads(run("naclctl", "steer", "show", "--json", "-f", CONFIG, check=False))


def steering_identity():
    """Changes when the steering was taken down or loaded again: systemd's id, the kernel's handles."""
    return (prop("nacld-steering", "InvocationID"),
            run("nft", "--stateless", "--handle", "list", "table", "inet", "nacld"))


def client(*argv):
    return ("ip", "netns", "exec", "client") + argv


def page(port=80, seconds=5):
    """The client asks for the page; did it come?"""
    return exit_status(*client("curl", "-sf", "-o", "/dev/null", "--max-time", str(seconds),
                               f"http://{SERVER}:{port}/")) == 0


def ping(address=SERVER, *options):
    return exit_status(*client("ping", "-q", "-c", "2", "-i", "0.2", "-W", "3", *options, address)) == 0


def build_network():
    """A client in a namespace of its own, one cable, and a web server on this host."""
    run("ip", "netns", "add", "client")
    run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire0", "netns", "client")
    run("ip", "address", "add", f"{SERVER}/24", "dev", "wire")
    run("ip", "address", "add", f"{SERVER6}/64", "dev", "wire", "nodad")
    run("ip", "link", "set", "wire", "up")
    run(*client("ip", "address", "add", "192.0.2.9/24", "dev", "wire0"))
    run(*client("ip", "address", "add", "2001:db8::9/64", "dev", "wire0", "nodad"))
    run(*client("ip", "link", "set", "lo", "up"))
    run(*client("ip", "link", "set", "wire0", "up"))
    run("nginx", "-c", "/vm/nginx.conf")
    wait_for("the page loads without nacld", page)


def process_exists(name):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/comm") as comm:
                if comm.read().strip() == name:
                    return True
    return False
