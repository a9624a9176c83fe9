# edge = [...] with nft's queue: NAT and a flowtable behind the wall, the default route.
import contextlib
import os
import subprocess
import tempfile

from vm import SERVER, SERVER6, client, page, run, service, show, steering, test, wait_for


def acl(name, interfaces, inbound="", associations=None):
    """Everything may pass, but datagrams to port 9 are denied: so a list's count says what it was asked about."""
    stands = associations or "edge = [ " + ", ".join(f'"{i}"' for i in interfaces) + " ];"
    deny = '{ rule = 50; action = "deny"; protocol = "udp"; ports = "9"; source = "0.0.0.0/0"; },'
    everything = '{{ rule = {}; action = "allow"; protocol = "all"; {} = "{}"; }}'
    both = ", ".join(everything.format(100 + i, "source", any_) for i, any_ in enumerate(("0.0.0.0/0", "::/0")))
    return (f'{{ name = "{name}"; associations = ( {{ {stands} }} );\n'
            f'inbound = ( {inbound or deny + both} );\noutbound = ( {both.replace("source", "destination")} ); }}')


def edges(*acls, settings=""):
    return f'mode = "enforce";\n{settings}\nnetwork_acls = ( {", ".join(acls)} );\n'


def counts(number=100):
    """{ACL: packets of that inbound rule}"""
    return {acl["name"]: next(r["packets"] for r in acl["inbound"] if r["rule"] == number) for acl in show()["acls"]}


def far(*argv):
    run(*client(*argv))


PUBLISHED = """table ip published {
	chain prerouting { type nat hook prerouting priority dstnat; iifname "wire" tcp dport 8080 redirect to :80; }
}
"""


@contextlib.contextmanager
def rules(text):
    run("bash", "-c", f"nft -f - <<'END'\n{text}\nEND")
    try:
        yield
    finally:
        run("nft", "delete", "table", *text.split()[1:3])


def only(ports):
    return edges(acl("wire", ["wire"], f'{{ rule = 100; action = "allow"; protocol = "tcp"; ports = "{ports}"; '
                                       f'source = "0.0.0.0/0"; }}'))


@test
def a_published_port_is_judged_before_nats_nat():
    with rules(PUBLISHED), service(only(8080)):
        assert page(8080)
        assert not page(80, 2), "behind the port, and not on the list"
        with open("/etc/nacld/nacld.conf", "w") as file:
            file.write(only(80))
        run("systemctl", "reload", "nacld")
        assert not page(8080, 2) and page(80)


@test
def the_default_route_is_the_edge_and_without_one_all_is():
    text = edges(acl("wire", [], associations='edge = "default-route";'))
    with service(text):
        listed = run("nft", "list", "chain", "inet", "nacld", "prerouting")
        assert 'iifname != "lo"' in listed, listed
        run("ip", "route", "add", "default", "via", "192.0.2.9", "dev", "wire")
        try:
            wait_for("the watch follows", lambda: 'iifname "wire"' in run(
                "nft", "list", "chain", "inet", "nacld", "prerouting"), 5)
            assert steering()["matches"]
        finally:
            run("ip", "route", "del", "default")
        wait_for("closed on all sides again", lambda: 'iifname != "lo"' in run(
            "nft", "list", "chain", "inet", "nacld", "prerouting"), 5)


FLOWTABLE = """table inet carrier {
	flowtable ft {
		hook ingress priority 0
		devices = { wire, inner }
	}
	chain forward {
		type filter hook forward priority 0; policy accept
		meta l4proto udp ct state established flow add @ft
	}
}
"""
ECHO = """
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 9000))
while True:
    data, peer = s.recvfrom(64)
    s.sendto(data, peer)
"""
ASK = """
import socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.2)
while True:
    s.sendto(b"x", (sys.argv[1], 9000))
    try:
        s.recv(64)
        print("echo", flush=True)
    except TimeoutError:
        pass
    time.sleep(0.05)
"""


@contextlib.contextmanager
def flow(address):
    """Datagrams through this machine and back, again and again; yields a count of the echoes so far."""
    with tempfile.TemporaryFile("w+") as out:
        asker = subprocess.Popen(client("python3", "-c", ASK, address), stdout=out)
        try:
            yield lambda: os.fstat(out.fileno()).st_size // len("echo\n")
        finally:
            asker.kill()
            asker.wait()


@contextlib.contextmanager
def inner_network():
    run("bash", "-ec", "ip netns add inner; ip link add inner type veth peer name far netns inner; "
        "ip addr add 203.0.113.1/24 dev inner; ip addr add 2001:db8:b::1/64 dev inner nodad; ip link set inner up; "
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    for words in ("addr add 203.0.113.2/24 dev far", "addr add 2001:db8:b::2/64 dev far nodad", "link set far up",
                  "route add default via 203.0.113.1", "-6 route add default via 2001:db8:b::1"):
        run("ip", "-n", "inner", *words.split())
    far("ip", "route", "add", "203.0.113.0/24", "via", SERVER)
    far("ip", "-6", "route", "add", "2001:db8:b::/64", "via", SERVER6)
    echo = subprocess.Popen(["ip", "netns", "exec", "inner", "python3", "-c", ECHO])
    try:
        yield
    finally:
        echo.kill()
        echo.wait()
        far("ip", "route", "del", "203.0.113.0/24")
        far("ip", "-6", "route", "del", "2001:db8:b::/64")
        run("ip", "netns", "del", "inner")


@test
def a_flow_that_a_flowtable_carries_ends_at_a_reload_that_denies():
    """Both families: naclctl reload has it let go of the flow, whose next packet meets the deny."""
    everything = "".join(f'{{ rule = {n}; action = "allow"; protocol = "all"; source = "{any_}"; }},'
                         for n, any_ in ((100, "0.0.0.0/0"), (101, "::/0"))).rstrip(",")
    allowed = edges(acl("wire", ["wire"], everything))
    denied = edges(acl("wire", ["wire"], everything.replace("100; action = \"allow\"", "100; action = \"deny\"")
                       .replace("101; action = \"allow\"", "101; action = \"deny\"")))
    with inner_network(), rules(FLOWTABLE):
        for number, address in ((100, "203.0.113.2"), (101, "2001:db8:b::2")):
            with service(allowed), flow(address) as echoes:
                wait_for("the flow is in the flowtable", lambda: "OFFLOAD" in run(
                    "conntrack", "-L", "-f", "ipv6" if ":" in address else "ipv4", check=False))
                assert "flowtable ft of table carrier" in run("naclctl", "doctor", check=False)
                before = echoes()
                wait_for("it goes on", lambda: echoes() > before)
                with open("/etc/nacld/nacld.conf", "w") as file:
                    file.write(denied)
                run("systemctl", "reload", "nacld")
                wait_for("its packets meet the deny", lambda: counts(number)["wire"] >= 3)
                ended = echoes()
                wait_for("and more of them", lambda: counts(number)["wire"] >= 10)
                assert echoes() == ended
