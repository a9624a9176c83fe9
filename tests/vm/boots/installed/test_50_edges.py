# edge = [...] with nft's queue and interfaces that are made of others: whose name a packet has, what is seen twice, NAT
# and a flowtable behind the wall.
import contextlib
import os
import subprocess
import tempfile

from vm import SERVER, SERVER6, client, page, run, service, show, steering, test, wait_for

# name, the server's side, the client's side; {n} is the shape's own /28 of 198.51.100.0/24.
SHAPES = {
    "vlan": ("ip link add link wire name wire.7 type vlan id 7", "ip link add link wire0 name far type vlan id 7"),
    "bond": ("ip link add bond0 type bond mode active-backup; ip link add port type veth peer name far netns client; "
             "ip link set port master bond0; ip link set port up", ""),
    "macvlan": ("ip link add link wire name macvlan0 type macvlan mode bridge",
                "ip link add link wire0 name far type macvlan mode bridge"),
    "vrf": ("ip link add red type vrf table 10; ip link set red up; "
            "ip link add vrfport type veth peer name far netns client; ip link set vrfport master red", ""),
    "wireguard": ("ip link add wg0 type wireguard", "ip link add far type wireguard"),
}
DEVICE = {"vlan": "wire.7", "bond": "bond0", "macvlan": "macvlan0", "vrf": "vrfport", "wireguard": "wg0"}


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


def asked(action, number=100):
    """Which ACLs' inbound rule counted something during the action."""
    before = counts(number)
    action()
    return {name for name, count in counts(number).items() if count > before[name]}


def far(*argv):
    run(*client(*argv))


def connected(shape, position):
    """Makes the shape's interfaces with addresses .1 and .2 of its own /28; returns the server's address."""
    here, there = SHAPES[shape]
    run("bash", "-ec", here)
    if there:
        run(*client("bash", "-ec", there))
    first = 16 * position + 1
    run("ip", "addr", "add", f"198.51.100.{first}/28", "dev", DEVICE[shape])
    run("ip", "link", "set", DEVICE[shape], "up")
    far("ip", "addr", "add", f"198.51.100.{first + 1}/28", "dev", "far")
    if shape == "wireguard":
        keys(first)
    far("ip", "link", "set", "far", "up")
    return f"198.51.100.{first}"


def keys(first):
    ends = {"here": ([], "wg0", SERVER, first + 1), "there": (client(), "far", "192.0.2.9", first)}
    public = {}
    for end in ends:
        private = run("wg", "genkey")
        with open(f"/run/{end}.key", "w") as file:
            file.write(private)
        public[end] = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True).stdout.strip()
    for end, other in (("here", "there"), ("there", "here")):
        prefix, device, _, allowed = ends[end]
        run(*prefix, "wg", "set", device, "listen-port", "51820", "private-key", f"/run/{end}.key", "peer",
            public[other], "allowed-ips", f"198.51.100.{allowed}/32", "endpoint", f"{ends[other][2]}:51820")


@contextlib.contextmanager
def made(shape, position):
    try:
        yield connected(shape, position)
    finally:
        for device in (DEVICE[shape], "bond0", "red", "port"):
            run("ip", "link", "del", device, check=False)
        run(*client("ip", "link", "del", "far"), check=False)


def reached(address):
    wait_for(f"{address} answers", lambda: subprocess.run(
        client("ping", "-q", "-c1", "-W2", address), stdout=subprocess.DEVNULL, check=False).returncode == 0)


def to_the_denied_port(address):
    far("bash", "-c", f"echo >/dev/udp/{address}/9")


@test
def every_shape_of_interface_is_an_edge_by_its_own_name():
    """And what carries it is one of its own, which sees nothing (VLAN, bond, macvlan) or the outside (WireGuard)."""
    under = acl("under", ["wire", "port"])
    tops = [acl(name, [DEVICE[name]]) for name in SHAPES] + [acl("red", ["red"])]
    expected = {"vlan": {"vlan"}, "bond": {"bond"}, "macvlan": {"macvlan"}, "vrf": {"vrf", "red"},
                "wireguard": {"wireguard", "under"}}
    with service(edges(under, *tops)):
        for position, shape in enumerate(SHAPES):
            with made(shape, position) as address:
                reached(address)
                assert (seen := asked(lambda: reached(address))) == expected[shape], (shape, seen)
                seen = asked(lambda: to_the_denied_port(address), 50)
                assert seen == {shape}, ("denied once, at the first wall", shape, seen)


@test
def what_ipsec_wraps_is_seen_twice():
    """As ESP and, by the same interface, as what was in it: transport and tunnel mode."""
    key = "0x00112233445566778899aabbccddeeff"
    esp = '{ rule = 10; action = "allow"; protocol = "esp"; source = "0.0.0.0/0"; }'
    inner = '{ rule = 20; action = "allow"; protocol = "icmp"; type = 8; code = -1; source = "0.0.0.0/0"; }'
    with service(edges(acl("wire", ["wire"], f"{esp}, {inner}"))):
        for prefix, way in (((), ("out", "in")), (client(), ("in", "out"))):
            for n, (src, dst) in enumerate(((SERVER, "192.0.2.9"), ("192.0.2.9", SERVER)), 1):
                for mode, spi, near, distant in (("transport", n, src, dst), ("tunnel", n + 8, "198.51.100.241",
                                                                              "198.51.100.242")):
                    if n == 2 and mode == "tunnel":
                        near, distant = distant, near
                    run(*prefix, *f"ip xfrm state add src {src} dst {dst} proto esp spi {spi} reqid {spi} mode {mode} "
                        f"auth hmac(sha1) {key}00112233 enc cbc(aes) {key}".split())
                    run(*prefix, *f"ip xfrm policy add src {near} dst {distant} dir {way[n - 1]} tmpl src {src} "
                        f"dst {dst} proto esp reqid {spi} mode {mode}".split())
        run("ip", "addr", "add", "198.51.100.241/32", "dev", "lo")
        far("ip", "addr", "add", "198.51.100.242/32", "dev", "lo")
        run(*"ip route add 198.51.100.242 via 192.0.2.9 src 198.51.100.241".split())
        far(*"ip route add 198.51.100.241 via 192.0.2.1 src 198.51.100.242".split())
        try:
            for address in (SERVER, "198.51.100.241"):
                before = {number: counts(number)["wire"] for number in (10, 20)}
                reached(address)
                after = {number: counts(number)["wire"] for number in (10, 20)}
                assert after[10] > before[10] and after[20] > before[20], (address, before, after)
        finally:
            for prefix in ((), client()):
                run(*prefix, "ip", "xfrm", "policy", "flush")
                run(*prefix, "ip", "xfrm", "state", "flush")
            run("ip", "addr", "del", "198.51.100.241/32", "dev", "lo")
            run("ip", "route", "del", "198.51.100.242")


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
